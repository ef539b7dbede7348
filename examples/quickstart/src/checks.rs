//! The health checks. Their doc comments are what operators read in `/health/openapi.json`.

use actix_web::web;
use health_actix::{Outcome, health_check};
use rustix::fs::statvfs;
use sqlx::SqlitePool;

use crate::database::DatabaseFile;
use crate::notes;
use crate::schema::Schema;

/// Below this the database may soon be unable to write, so the service takes no more requests.
const LEAST_MIB: u64 = 50;

/// Below this somebody should make room.
const ENOUGH_MIB: u64 = 200;

/// More waiting notes than this are a backlog.
const MOST_NOTES: i64 = 1000;

/// The database answers a query.
#[health_check(kind = "readiness", timeout_ms = 500, tags = ["db"])]
async fn database(pool: web::Data<SqlitePool>) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT 1")
        .execute(pool.get_ref())
        .await
        .map(drop)
}

/// The disk of the database has room: fails below 50 MiB, degraded below 200 MiB.
#[health_check(kind = "readiness", tags = ["disk"])]
fn disk(file: web::Data<DatabaseFile>) -> rustix::io::Result<Outcome> {
    let stat = statvfs(file.into_inner().directory())?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    Ok(judge_disk(free >> 20))
}

fn judge_disk(free_mib: u64) -> Outcome {
    let outcome = if free_mib < LEAST_MIB {
        Outcome::unhealthy(format!("{free_mib} MiB free, {LEAST_MIB} are needed"))
    } else if free_mib < ENOUGH_MIB {
        Outcome::degraded(format!("{free_mib} MiB free, {ENOUGH_MIB} would be enough"))
    } else {
        Outcome::healthy().with_message(format!("{free_mib} MiB free"))
    };
    outcome.with_data("free_mib", free_mib)
}

/// The schema of the database is migrated. Until then the log says what goes wrong.
// A flag is read faster than a result is looked up; kept, it would hold up the start.
#[health_check(kind = "startup", cache_ms = 0, tags = ["db"])]
async fn schema(pool: web::Data<SqlitePool>, schema: web::Data<Schema>) -> Outcome {
    if schema.is_migrated(&pool).await {
        Outcome::healthy()
    } else {
        Outcome::unhealthy("the schema is not migrated yet")
    }
}

/// At most 1000 notes wait. More are served all the same, but somebody should deal with them.
#[health_check(kind = "readiness", critical = false, tags = ["db"])]
async fn notes_backlog(
    pool: web::Data<SqlitePool>,
    schema: web::Data<Schema>,
) -> Result<Outcome, sqlx::Error> {
    // Readiness is asked from the first moment on, when there may be no table to count in.
    if !schema.is_migrated(&pool).await {
        return Ok(Outcome::healthy());
    }
    Ok(judge_backlog(notes::count(&pool).await?))
}

fn judge_backlog(waiting: i64) -> Outcome {
    let outcome = if waiting <= MOST_NOTES {
        Outcome::healthy()
    } else {
        Outcome::unhealthy(format!("{waiting} notes wait, more than {MOST_NOTES}"))
    };
    outcome.with_data("waiting", waiting)
}

#[cfg(test)]
mod tests {
    use health_actix::Status;

    use super::*;

    #[test]
    fn a_disk_that_fills_up_degrades_before_it_fails() {
        let status = |free_mib| judge_disk(free_mib).status();
        assert_eq!(status(49), Status::Unhealthy);
        assert_eq!(status(50), Status::Degraded);
        assert_eq!(status(199), Status::Degraded);
        assert_eq!(status(200), Status::Healthy);
    }

    #[test]
    fn a_backlog_is_more_than_the_limit() {
        assert_eq!(judge_backlog(MOST_NOTES).status(), Status::Healthy);
        assert_eq!(judge_backlog(MOST_NOTES + 1).status(), Status::Unhealthy);
    }
}
