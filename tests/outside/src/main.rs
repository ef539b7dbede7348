use actix_web::{App, HttpServer, web};
use health_actix::health_check;
use sqlx::SqlitePool;

/// The orders database answers a query.
#[health_check(kind = "readiness", timeout_ms = 2000)]
async fn database(pool: web::Data<SqlitePool>) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT 1").execute(pool.get_ref()).await.map(drop)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = web::Data::new(SqlitePool::connect("sqlite::memory:").await?);
    HttpServer::new(move || {
        App::new()
            .app_data(pool.clone())
            .service(health_actix::service())          // the one line
    })
    .bind(("127.0.0.1", 8000))?
    .run()
    .await?;
    Ok(())
}
