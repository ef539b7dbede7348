//! The same readiness as somebody who is good at it writes it by hand.

use std::error::Error;
use std::future::Future;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Kind;
use super::clients::{Clients, get, select_one, send_ping};
use crate::Result;
use crate::server::Serve;

pub(crate) const KIND: Kind = Kind {
    name: "by-hand",
    run,
};

fn run(serve: &Serve) -> Result {
    actix_web::rt::System::new().block_on(async {
        let clients = web::Data::new(Clients::connect().await?);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(clients.clone())
                .route("/health/ready", web::get().to(ready))
        })
        .workers(serve.workers)
        .listen(serve.listen()?)?;
        Ok(server.run().await?)
    })
}

async fn ready(clients: web::Data<Clients>) -> HttpResponse {
    let (database, cache, service) = tokio::join!(
        look(2000, select_one(&clients.database)),
        look(1000, send_ping(&clients.cache)),
        look(3000, get(&clients.http, &clients.url)),
    );
    let all = [&database, &cache, &service];
    let is_ready = all.iter().all(|check| check["healthy"] == true);
    let mut answer = if is_ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    answer
        .insert_header(("cache-control", "no-store"))
        .json(json!({
            "status": if is_ready { "ready" } else { "not_ready" },
            "checks": { "database": database, "cache": cache, "service": service },
        }))
}

async fn look<E: Error>(timeout_ms: u64, check: impl Future<Output = Result<(), E>>) -> Value {
    let start = Instant::now();
    match timeout(Duration::from_millis(timeout_ms), check).await {
        Ok(Ok(())) => {
            let latency_ms = start.elapsed().as_secs_f64() * 1000.0;
            json!({ "healthy": true, "latency_ms": latency_ms })
        }
        Ok(Err(error)) => json!({ "healthy": false, "error": error.to_string() }),
        Err(_) => {
            json!({ "healthy": false, "error": format!("Timeout after {timeout_ms}ms") })
        }
    }
}
