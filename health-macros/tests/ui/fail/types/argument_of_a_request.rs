use actix_web::{HttpRequest, web};
use health_actix::health_check;

#[health_check(kind = "readiness")]
async fn database(_request: HttpRequest, _id: web::Path<u32>) {}

fn main() {}
