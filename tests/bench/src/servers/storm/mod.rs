//! An application with a pool, and with health checks over that pool, with a health endpoint of
//! static bytes, or with none.

mod pool;
mod told;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::error::ErrorServiceUnavailable;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, Error, HttpResponse, HttpServer, rt, web};
use health_actix::{Check, Health, HealthBuilder, HealthService};
use health_indicators::postgres;

use self::pool::Pool;
pub(crate) use self::told::{Endpoint, Told};
use super::Kind;
use crate::Result;
use crate::server::Serve;
use crate::storm::limit::raise_descriptors;

pub(crate) const KIND: Kind = Kind { name: "storm", run };

/// What health is asked for, in all that have it.
pub(crate) const READINESS: &str = "/health/ready";

/// So long that no connection is closed while others are measured.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

fn run(serve: &Serve) -> Result {
    raise_descriptors();
    let told: Told = serde_json::from_str(&serve.told)?;
    let workers = serve.workers;
    rt::System::new().block_on(async {
        let things = Things::new(&told)?;
        let listener = serve.listen()?;
        match told.endpoint {
            Endpoint::None => application(listener, workers, None, things, |_| {}).await,
            Endpoint::Static => {
                let (port, address) = port()?;
                let management = HttpServer::new(|| App::new().configure(fixed));
                rt::spawn(management.workers(1).listen(port)?.run());
                application(listener, workers, Some(address), things, fixed).await
            }
            Endpoint::Health => {
                let health = health(&told, &things)?;
                let (port, address) = port()?;
                drop(port);
                rt::spawn(HealthService::new(&health).listen_on(address)?);
                let service = HealthService::new(&health);
                let mount = move |config: &mut ServiceConfig| {
                    config.service(service.clone());
                };
                application(listener, workers, Some(address), things, mount).await
            }
        }
    })
}

fn port() -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// What the application works with.
#[derive(Clone)]
struct Things {
    pools: Vec<Pool>,
    database: Option<deadpool_postgres::Pool>,
}

impl Things {
    fn new(told: &Told) -> Result<Self> {
        let pools = told.dependencies.iter().map(|at| Pool::new(*at));
        let database = told.postgres.as_deref().map(pool::of_postgres);
        Ok(Self {
            pools: pools.collect::<Result<_>>()?,
            database: database.transpose()?,
        })
    }
}

fn health(told: &Told, things: &Things) -> Result<Health> {
    let configured = |check: Check| {
        check
            .readiness()
            .with_timeout(Duration::from_millis(told.timeout_ms))
            .with_cache(Duration::from_millis(told.cache_ms))
    };
    let mut builder = HealthBuilder::empty();
    for (number, pool) in things.pools.iter().enumerate() {
        let (pool, blocks) = (pool.clone(), told.blocking == Some(number));
        let check = Check::new(format!("dependency-{number}"), move || {
            let pool = pool.clone();
            async move {
                if blocks {
                    pool.ping_blocking()
                } else {
                    pool.ping().await
                }
            }
        });
        builder = builder.check(configured(check));
    }
    if let Some(database) = &things.database {
        builder = builder.check(configured(postgres::check(database.clone())));
    }
    Ok(builder.build()?)
}

async fn application(
    listener: TcpListener,
    workers: usize,
    management: Option<SocketAddr>,
    things: Things,
    mount: impl FnOnce(&mut ServiceConfig) + Clone + Send + 'static,
) -> Result {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(things.clone()))
            .configure(mount.clone())
            .route("/plain", web::get().to(async || "plain"))
            .route("/pool", web::get().to(over_the_pool))
            .route("/postgres", web::get().to(over_postgres))
            .route("/large", web::get().to(async || vec![b'x'; 1 << 20]))
            .route(
                "/management",
                web::get().to(move || std::future::ready(management.map(|at| at.to_string()))),
            )
    });
    let server = server.workers(workers).keep_alive(KEEP_ALIVE);
    Ok(server.listen(listener)?.run().await?)
}

async fn over_the_pool(things: Data<Things>) -> Result<&'static str, Error> {
    let pool = things.pools.first();
    let pool = pool.ok_or_else(|| ErrorServiceUnavailable("no pool"))?;
    pool.ping().await.map_err(ErrorServiceUnavailable)?;
    Ok("rows")
}

async fn over_postgres(things: Data<Things>) -> Result<String, Error> {
    let pool = things.database.as_ref();
    let pool = pool.ok_or_else(|| ErrorServiceUnavailable("no database"))?;
    let client = pool.get().await.map_err(ErrorServiceUnavailable)?;
    let statement = client.prepare_cached("SELECT count(*) FROM generate_series(1, 10)");
    let statement = statement.await.map_err(ErrorServiceUnavailable)?;
    let row = client.query_one(&statement, &[]).await;
    let rows: i64 = row.map_err(ErrorServiceUnavailable)?.get(0);
    Ok(rows.to_string())
}

fn fixed(config: &mut ServiceConfig) {
    config.route(
        READINESS,
        web::get().to(async || {
            HttpResponse::Ok()
                .content_type("application/json")
                .insert_header(("cache-control", "no-store"))
                .body(r#"{"status":"ready"}"#)
        }),
    );
}
