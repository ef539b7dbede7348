use actix_web::HttpResponse;
use health_actix::health_check;

#[health_check(kind = "readiness")]
fn database() -> Result<HttpResponse, actix_web::Error> {
    Ok(HttpResponse::Ok().finish())
}

fn main() {}
