//! Ready-made checks over what an application has: a database, a model that it loads, the system
//! that it runs on.
//!
//! ```text
//! cargo run -p ready-made
//! curl http://127.0.0.1:8000/health/ready             # not yet: the model is loading
//! curl http://127.0.0.1:8000/health/checks/disk       # with measured values for who may see them
//! ASK=127.0.0.1:5432 cargo run -p ready-made          # asks for that TCP port, too
//! ```

use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use actix_web::{App, HttpServer, rt, web};
use health_actix::{Details, Health, HealthService, Outcome, health_check, networks};
use health_indicators::loading::Loading;
use health_indicators::system::{descriptors, memory};
use health_indicators::transaction::{self, OpenTransaction};
use health_indicators::{disk, sqlite, tcp};
use sqlx::{Sqlite, SqlitePool};

/// The database of the orders answers.
#[health_check(kind = "readiness", timeout_ms = 1000)]
async fn orders(pool: web::Data<SqlitePool>) -> Outcome {
    sqlite::ping(&pool).await
}

/// What the application does to place one; here it is always rolled back.
async fn place_order(mut transaction: OpenTransaction<Sqlite>) -> sqlx::Result<()> {
    let order = sqlx::query("INSERT INTO orders (customer) VALUES (?)").bind("probe");
    order.execute(&mut *transaction).await.map(drop)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let pool = SqlitePool::connect("sqlite::memory:").await?;
    sqlx::query("CREATE TABLE orders (customer TEXT NOT NULL)")
        .execute(&pool)
        .await?;
    let model = Loading::new("Embedding model");
    let health = health(&pool, &model)?;
    rt::spawn(load(model));

    let pool = web::Data::new(pool);
    let server = HttpServer::new(move || {
        let full_here = Details::when(networks(["127.0.0.0/8"]));
        App::new()
            .app_data(pool.clone())
            .service(HealthService::new(&health).details(full_here))
    })
    .bind(("127.0.0.1", port()?))?;
    for address in server.addrs() {
        writeln!(io::stdout(), "listening on http://{address}: /health/ready")?;
    }
    Ok(server.run().await?)
}

fn health(pool: &SqlitePool, model: &Loading) -> Result<Health, Box<dyn Error>> {
    let placing = transaction::check(pool.clone(), place_order);
    let mut builder = Health::builder()
        .check(placing.with_name("place_order").readiness())
        .check(disk::free_space(".").readiness().with_critical(false))
        .check(memory::check().readiness())
        .check(descriptors::check().readiness())
        .check(model.check("embedding_model").startup().readiness());
    if let Ok(address) = std::env::var("ASK") {
        builder = builder.check(tcp::check(address).with_name("asked").readiness());
    }
    Ok(builder.build()?)
}

/// As long as it takes, in ten steps.
async fn load(model: Loading) {
    let attempt = model.begin();
    for tenth in 0..10 {
        attempt.progress(f64::from(tenth) / 10.0);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    attempt.loaded();
}

/// What PORT says, else 8000.
fn port() -> Result<u16, Box<dyn Error>> {
    match std::env::var("PORT") {
        Ok(port) => Ok(port.parse().map_err(|_| "PORT is no number of a port")?),
        Err(_) => Ok(8000),
    }
}
