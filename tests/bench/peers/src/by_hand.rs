//! axum alone: what the actix-web server of the benchmark does by hand.

use std::error::Error;
use std::future::Future;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::Result;
use crate::clients::{self, Clients};

pub(crate) fn router(clients: Clients) -> Result<Router> {
    Ok(Router::new()
        .route("/health/ready", get(ready))
        .with_state(clients))
}

async fn ready(
    State(clients): State<Clients>,
) -> (StatusCode, [(&'static str, &'static str); 1], Json<Value>) {
    let (database, cache, service) = tokio::join!(
        look(2000, clients::select_one(&clients.database)),
        look(1000, clients::send_ping(&clients.cache)),
        look(3000, clients::get(&clients.http, &clients.url)),
    );
    let all = [&database, &cache, &service];
    let is_ready = all.iter().all(|check| check["healthy"] == true);
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({
        "status": if is_ready { "ready" } else { "not_ready" },
        "checks": { "database": database, "cache": cache, "service": service },
    });
    (status, [("cache-control", "no-store")], Json(body))
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
