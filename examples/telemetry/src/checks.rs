//! A check that passes, and opens a span of its own; and one that fails.

use health_actix::health_check;
use tracing::Instrument;

/// The orders database answers a query.
#[health_check(kind = "readiness")]
async fn database() {
    let query = tracing::info_span!("query", otel.kind = "client", db.query.text = "SELECT 1");
    async { tracing::debug!("answered") }
        .instrument(query)
        .await;
}

/// The cache answers.
#[health_check(kind = "readiness", critical = false)]
async fn cache() -> Result<(), &'static str> {
    Err("connection refused: redis://:hunter2@cache:6379")
}
