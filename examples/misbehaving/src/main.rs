//! Checks that go wrong in every way, to see what the framework promises.
//!
//! ```text
//! cargo run -p misbehaving
//! time curl -i http://127.0.0.1:8000/health/ready    # 503 in half a second, every time
//! curl http://127.0.0.1:8000/demo/runs               # how often each check was started
//! curl http://127.0.0.1:8000/demo/overlaps           # how often twice at once: never
//! curl http://127.0.0.1:8000/demo/query              # the application itself is unharmed
//! ```
//!
//! What else can be said of a check is switched on with `MISBEHAVE`: see `attributes.rs`.

use std::env;
use std::error::Error;
use std::io::{self, IsTerminal};
use std::thread;
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use health_actix::{Health, HealthService, health_check};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::runs::Runs;

mod attributes;
mod runs;

static RUNS: Runs = Runs::new();

/// The database answers.
#[health_check(kind = "readiness", timeout_ms = 500, cache_ms = 0)]
async fn fine(pool: web::Data<SqlitePool>) -> Result<(), sqlx::Error> {
    let _run = RUNS.start("fine");
    sqlx::query("SELECT 1")
        .execute(pool.get_ref())
        .await
        .map(drop)
}

/// Never completes.
#[health_check(kind = "readiness", timeout_ms = 500, cache_ms = 0)]
async fn hang() {
    let _run = RUNS.start("hang");
    std::future::pending::<()>().await;
}

/// Blocks its thread, although it is async.
#[health_check(kind = "readiness", timeout_ms = 500, cache_ms = 0)]
async fn block() {
    let _run = RUNS.start("block");
    thread::sleep(Duration::from_secs(10));
}

/// Panics with a text that must not get out.
#[health_check(kind = "readiness", timeout_ms = 500, cache_ms = 0)]
async fn panic() {
    let _run = RUNS.start("panic");
    panic!("no answer from redis://:hunter2@cache.internal");
}

/// Takes 10 s on a thread of its own.
#[health_check(kind = "readiness", timeout_ms = 500, cache_ms = 0)]
fn sync_slow() {
    let _run = RUNS.start("sync_slow");
    thread::sleep(Duration::from_secs(10));
}

/// Fails with a text that must not get out.
#[health_check(kind = "readiness", timeout_ms = 500, cache_ms = 0)]
async fn error() -> Result<(), String> {
    let _run = RUNS.start("error");
    Err("cannot connect to postgres://orders:hunter2@db.internal:5432/orders".to_owned())
}

async fn demo_runs() -> HttpResponse {
    HttpResponse::Ok().json(RUNS.counts())
}

/// How often a check was started while it was running: never.
async fn demo_overlaps() -> HttpResponse {
    HttpResponse::Ok().json(RUNS.overlaps())
}

async fn demo_query(pool: web::Data<SqlitePool>) -> Result<HttpResponse, Box<dyn Error>> {
    let answer: i64 = sqlx::query_scalar("SELECT 6 * 7")
        .fetch_one(pool.get_ref())
        .await?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "answer": answer })))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let port: u16 = env::var("PORT")
        .unwrap_or_else(|_| "8000".to_owned())
        .parse()?;

    let options = SqliteConnectOptions::new()
        .in_memory(true)
        .shared_cache(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(4)
        .connect_with(options)
        .await?;
    let pool = web::Data::new(pool);
    let health = attributes::left_out(&env::var("MISBEHAVE").unwrap_or_default())?
        .fold(Health::builder(), |builder, check| builder.exclude(check))
        .build()?;
    HttpServer::new(move || {
        App::new()
            .app_data(pool.clone())
            .service(HealthService::new(&health))
            .route("/demo/runs", web::get().to(demo_runs))
            .route("/demo/overlaps", web::get().to(demo_overlaps))
            .route("/demo/query", web::get().to(demo_query))
    })
    .bind((host, port))?
    .run()
    .await?;
    Ok(())
}
