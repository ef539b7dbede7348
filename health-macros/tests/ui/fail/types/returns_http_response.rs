use actix_web::HttpResponse;
use health_actix::health_check;

#[health_check(kind = "readiness")]
async fn database() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {}
