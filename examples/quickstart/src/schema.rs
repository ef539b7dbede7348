//! The tables, created in the background while the service already answers probes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::web;
use sqlx::SqlitePool;
use tokio::time::sleep;

/// The migration of a grown service takes a while. This one pretends, so that you can watch
/// `/health/started` go from `starting` to `started` at the first start.
const PRETENDED_WORK: Duration = Duration::from_millis(300);

/// How long a failed migration waits before it tries again.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether the tables are there. Shared by the migration, the checks and the endpoints.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    migrated: AtomicBool,
}

impl Schema {
    /// Looks until they are: an earlier process may have made them.
    pub(crate) async fn is_migrated(&self, pool: &SqlitePool) -> bool {
        if self.migrated.load(Ordering::Acquire) {
            return true;
        }
        // What goes wrong here is told by the check of the database.
        let is_there = sqlx::query("SELECT 1 FROM notes LIMIT 0")
            .execute(pool)
            .await
            .is_ok();
        self.migrated.fetch_or(is_there, Ordering::AcqRel);
        is_there
    }
}

/// Migrates the schema, trying until it works.
pub(crate) async fn migrate(pool: web::Data<SqlitePool>, schema: web::Data<Schema>) {
    sleep(PRETENDED_WORK).await;
    while let Err(error) = create_tables(&pool).await {
        tracing::error!("the migration failed and is tried again in {PAUSE:?}: {error}");
        sleep(PAUSE).await;
    }
    schema.migrated.store(true, Ordering::Release);
    tracing::info!("the schema is migrated");
}

/// Does no harm where the tables are there already.
async fn create_tables(pool: &SqlitePool) -> sqlx::Result<()> {
    let notes = "CREATE TABLE IF NOT EXISTS notes (
        id INTEGER PRIMARY KEY,
        text TEXT NOT NULL,
        created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
    )";
    sqlx::query(notes).execute(pool).await.map(drop)
}
