//! A service whose readiness asks three real dependencies, as users of the library write it.

use actix_web::{App, HttpServer, web};
use health_actix::{Health, HealthConfig, HealthService, health_check};
use redis::aio::ConnectionManager;
use serde_json::json;
use sqlx::PgPool;

use super::Kind;
use super::clients::{Clients, get, select_one, send_ping};
use crate::Result;
use crate::server::Serve;

pub(crate) const KIND: Kind = Kind {
    name: "dependencies",
    run,
};

/// The URL of the service that is asked.
struct Url(String);

#[health_check(kind = "readiness", timeout_ms = 2000)]
async fn database(database: web::Data<PgPool>) -> Result<(), sqlx::Error> {
    select_one(&database).await
}

#[health_check(kind = "readiness", timeout_ms = 1000)]
async fn cache(cache: web::Data<ConnectionManager>) -> redis::RedisResult<()> {
    send_ping(&cache).await
}

#[health_check(kind = "readiness", timeout_ms = 3000)]
async fn service(http: web::Data<reqwest::Client>, url: web::Data<Url>) -> reqwest::Result<()> {
    get(&http, &url.0).await
}

fn run(serve: &Serve) -> Result {
    actix_web::rt::System::new().block_on(async {
        let clients = Clients::connect().await?;
        let database = web::Data::new(clients.database);
        let cache = web::Data::new(clients.cache);
        let http = web::Data::new(clients.http);
        let url = web::Data::new(Url(clients.url));
        let health = Health::builder().config(config(serve.cache_ms)?).build()?;
        let service = HealthService::new(&health);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(database.clone())
                .app_data(cache.clone())
                .app_data(http.clone())
                .app_data(url.clone())
                .service(service.clone())
        })
        .workers(serve.workers)
        .listen(serve.listen()?)?;
        Ok(server.run().await?)
    })
}

fn config(cache_ms: Option<u64>) -> Result<HealthConfig> {
    let Some(cache_ms) = cache_ms else {
        return Ok(HealthConfig::default());
    };
    let names = ["database", "cache", "service"];
    let checks: serde_json::Map<_, _> = names
        .into_iter()
        .map(|name| (name.to_owned(), json!({ "cache_ms": cache_ms })))
        .collect();
    Ok(serde_json::from_value(json!({ "checks": checks }))?)
}
