use std::fs;
use std::path::Path;
use std::time::Duration;

use ::sqlx::SqlitePool;
use ::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use health_core::Outcome;
use health_indicators::sqlite::{self, Sqlite};
use tokio::time::timeout;

use crate::support::{Faults, Probes, Program, pool_use, told};

pub(crate) fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .busy_timeout(Duration::from_millis(200))
}

pub(crate) fn pool(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(2)
        .connect_lazy_with(options)
}

async fn written(file: &Path) -> SqlitePool {
    let pool = pool(options(file));
    let table = "CREATE TABLE settings (name TEXT, value TEXT)";
    ::sqlx::raw_sql(table).execute(&pool).await.unwrap();
    pool
}

async fn says(check: health_core::Check) -> String {
    told(&Probes::of(check).at_once(200).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let folder = Program::folder("sqlite").unwrap();
    let file = |name: &str| folder.join(name);
    let mut faults = Faults::of("SQLite (sqlx)");
    let mut row = |fault: &str, report: String| faults.add(fault, &report, "");
    let good = file("good.db");
    let pooled = written(&good).await;
    row("none", says(sqlite::check(pooled.clone())).await);
    row(
        "none, with a write",
        says(Sqlite::new(pooled.clone()).with_write().check()).await,
    );

    let missing = pool(options(&file("missing.db")).create_if_missing(false));
    row("no file", says(sqlite::check(missing)).await);
    fs::write(
        file("text.db"),
        "a text of more than sixteen bytes\n".repeat(200),
    )
    .unwrap();
    row(
        "another file",
        says(sqlite::check(pool(options(&file("text.db"))))).await,
    );
    let overwritten = written(&file("overwritten.db")).await;
    row(
        "overwritten, before",
        says(sqlite::check(overwritten.clone())).await,
    );
    fs::write(
        file("overwritten.db"),
        "a text of more than sixteen bytes\n".repeat(400),
    )
    .unwrap();
    row(
        "overwritten while open",
        says(sqlite::check(overwritten)).await,
    );
    let deleted = written(&file("deleted.db")).await;
    fs::remove_file(file("deleted.db")).unwrap();
    row("deleted while open", says(sqlite::check(deleted)).await);

    let other = pool(options(&good));
    let mut exclusive = other.begin_with("BEGIN EXCLUSIVE").await.unwrap();
    ::sqlx::raw_sql("INSERT INTO settings VALUES ('a', 'b')")
        .execute(&mut *exclusive)
        .await
        .unwrap();
    row("locked", says(sqlite::check(pooled.clone())).await);
    let patient = pool(options(&good).busy_timeout(Duration::from_secs(5)));
    row(
        "locked, with a long busy_timeout",
        says(sqlite::check(patient.clone())).await,
    );
    exclusive.rollback().await.unwrap();
    row(
        "locked, then over",
        says(sqlite::check(pooled.clone())).await,
    );
    row(
        "locked with a long busy_timeout, then over",
        says(sqlite::check(patient)).await,
    );
    let writing = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    row("another writes", says(sqlite::check(pooled.clone())).await);
    let with_write = || Sqlite::new(pooled.clone()).with_write().check();
    row("another writes, with a write", says(with_write()).await);
    writing.rollback().await.unwrap();

    let read_only = pool(options(&good).create_if_missing(false).read_only(true));
    row("read-only", says(sqlite::check(read_only.clone())).await);
    row(
        "read-only, with a write",
        says(Sqlite::new(read_only).with_write().check()).await,
    );
    let (one, two) = (pooled.acquire().await, pooled.acquire().await);
    row("pool exhausted", says(sqlite::check(pooled.clone())).await);
    drop((one, two));
    row(
        "pool exhausted, then over",
        says(sqlite::check(pooled.clone())).await,
    );
    pooled.close().await;
    row("pool closed", says(sqlite::check(pooled)).await);
    faults.finish();
}

/// Its only connection is the database; and a write leaves nothing behind, given up or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_in_memory_survive_what_is_given_up() {
    let one = SqlitePoolOptions::new().max_connections(1);
    let pool = one.connect("sqlite::memory:").await.unwrap();
    let table = "CREATE TABLE settings (name TEXT); INSERT INTO settings VALUES ('kept')";
    ::sqlx::raw_sql(table).execute(&pool).await.unwrap();
    let check = Sqlite::new(pool.clone()).with_write();
    for at in 0..200 {
        let given_up: Result<Outcome, _> =
            timeout(Duration::from_micros(at * 10), check.ping()).await;
        drop(given_up);
    }
    assert_eq!(check.ping().await.message(), None);
    let names = "SELECT group_concat(name) FROM sqlite_schema";
    let tables: String = ::sqlx::query_scalar(names).fetch_one(&pool).await.unwrap();
    assert_eq!(tables, "settings");
    let kept = ::sqlx::query_scalar("SELECT name FROM settings").fetch_one(&pool);
    let kept: String = kept.await.unwrap();
    assert_eq!(kept, "kept");
    // No transaction is open still.
    pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_check_itself_uses_of_the_pool_is_not_told_as_used() {
    let one = SqlitePoolOptions::new().max_connections(2);
    let pool = one.connect("sqlite::memory:").await.unwrap();
    let held = pool.acquire().await.unwrap();
    let check = Sqlite::new(pool);
    assert_eq!(pool_use(&check.ping().await), [1, 1, 2]);
    drop(held);
}
