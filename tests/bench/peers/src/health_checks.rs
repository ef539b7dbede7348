//! health-checks: all checks at once for each request, each with a timeout.

use std::env;
use std::time::Duration;

use axum::Router;
use health_checks::axum::RouterExt;
use health_checks::checks::{PostgresCheck, RedisCheck};
use health_checks::{HealthCheckOptions, HealthCheckResult, HealthCheckService, HealthChecks};

use crate::Result;
use crate::clients::{self, Clients};

const TIMEOUT: Duration = Duration::from_secs(2);

/// Its checks for PostgreSQL, which connects each time, and Redis.
pub(crate) fn ready_made(clients: Clients) -> Result<Router> {
    let postgres = env::var("HEALTH_BENCH_POSTGRES")?;
    let database = PostgresCheck::new(&format!(
        "postgres://postgres@{postgres}/postgres?sslmode=disable"
    ))
    .map_err(|error| error.to_string())?;
    let Clients {
        cache, http, url, ..
    } = clients;
    let health = HealthChecks::builder()
        .default_timeout(TIMEOUT)
        .add_check("database", database)
        .add_check("cache", RedisCheck::from_connection_manager(cache))
        .add_async_fn("service", move || {
            let (http, url) = (http.clone(), url.clone());
            async move {
                Ok(clients::get(&http, &url)
                    .await
                    .map(|()| HealthCheckResult::healthy())?)
            }
        })
        .build();
    Ok(router(health))
}

/// Over the pool that the others have.
pub(crate) fn with_pools(clients: Clients) -> Result<Router> {
    let Clients {
        database,
        cache,
        http,
        url,
    } = clients;
    let health = HealthChecks::builder()
        .default_timeout(TIMEOUT)
        .add_async_fn("database", move || {
            let database = database.clone();
            async move {
                Ok(clients::select_one(&database)
                    .await
                    .map(|()| HealthCheckResult::healthy())?)
            }
        })
        .add_check("cache", RedisCheck::from_connection_manager(cache))
        .add_async_fn("service", move || {
            let (http, url) = (http.clone(), url.clone());
            async move {
                Ok(clients::get(&http, &url)
                    .await
                    .map(|()| HealthCheckResult::healthy())?)
            }
        })
        .build();
    Ok(router(health))
}

fn router(health: HealthCheckService) -> Router {
    Router::new().map_health_checks("/health/ready", health, HealthCheckOptions::json())
}
