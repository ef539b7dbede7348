use actix_web::Responder;
use health_actix::health_check;

#[health_check(kind = "readiness")]
async fn database() -> impl Responder {
    "up"
}

fn main() {}
