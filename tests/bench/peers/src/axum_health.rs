//! axum-health: one check after the other for each request, none with a timeout.

use async_trait::async_trait;
use axum::Router;
use axum::routing::get;
use axum_health::health_check;
use axum_health::indicator::{HealthDetail, HealthIndicator};
use axum_health::service::Health;
use redis::aio::ConnectionManager;
use reqwest::Client;
use sqlx::PgPool;

use crate::Result;
use crate::clients::{self, Clients};

/// What its own does, which compiles only where sqlx has its drivers for MySQL and SQLite too.
struct Database(PgPool);

#[async_trait]
impl HealthIndicator for Database {
    fn name(&self) -> String {
        "database".to_owned()
    }

    async fn details(&self) -> HealthDetail {
        detail(clients::select_one(&self.0).await.is_ok())
    }
}

/// Its own indicator of Redis blocks the thread; this one is what its users write instead.
struct Cache(ConnectionManager);

#[async_trait]
impl HealthIndicator for Cache {
    fn name(&self) -> String {
        "cache".to_owned()
    }

    async fn details(&self) -> HealthDetail {
        detail(clients::send_ping(&self.0).await.is_ok())
    }
}

struct Service(Client, String);

#[async_trait]
impl HealthIndicator for Service {
    fn name(&self) -> String {
        "service".to_owned()
    }

    async fn details(&self) -> HealthDetail {
        detail(clients::get(&self.0, &self.1).await.is_ok())
    }
}

fn detail(is_up: bool) -> HealthDetail {
    if is_up {
        HealthDetail::up()
    } else {
        HealthDetail::down()
    }
}

pub(crate) fn router(clients: Clients) -> Result<Router> {
    let health = Health::builder()
        .with_indicator(Database(clients.database))
        .with_indicator(Cache(clients.cache))
        .with_indicator(Service(clients.http, clients.url))
        .build();
    Ok(Router::new()
        .route("/health/ready", get(health_check))
        .layer(health))
}
