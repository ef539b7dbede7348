use health_actix::health_check;

#[health_check(kind = "readiness")]
async fn database() -> actix_web::Result<()> {
    Ok(())
}

fn main() {}
