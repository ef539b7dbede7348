use actix_web::Responder;
use health_actix::health_check;

#[health_check(kind = "readiness")]
fn database() -> impl Responder {
    "up"
}

fn main() {}
