//! What a service has to reach its dependencies, and how it asks them: the same for all that are
//! compared.

use std::env;
use std::error::Error;

use redis::aio::ConnectionManager;
use reqwest::Client;
use sqlx::PgPool;

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// A pool of ten connections, which is what sqlx has by default, and one connection each for the rest.
#[derive(Clone)]
pub(crate) struct Clients {
    pub(crate) database: PgPool,
    pub(crate) cache: ConnectionManager,
    pub(crate) http: Client,
    pub(crate) url: String,
}

impl Clients {
    /// At the addresses that the bench says.
    pub(crate) async fn connect() -> Result<Self> {
        let postgres = address("HEALTH_BENCH_POSTGRES")?;
        let redis = redis::Client::open(format!("redis://{}/", address("HEALTH_BENCH_REDIS")?))?;
        Ok(Self {
            database: PgPool::connect(&format!("postgres://postgres@{postgres}/postgres")).await?,
            cache: ConnectionManager::new(redis).await?,
            http: Client::new(),
            url: format!("http://{}/", address("HEALTH_BENCH_HTTP")?),
        })
    }
}

pub(crate) async fn select_one(database: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT 1").execute(database).await.map(drop)
}

pub(crate) async fn send_ping(cache: &ConnectionManager) -> redis::RedisResult<()> {
    redis::cmd("PING").query_async(&mut cache.clone()).await
}

pub(crate) async fn get(http: &Client, url: &str) -> reqwest::Result<()> {
    let answer = http.get(url).send().await?.error_for_status()?;
    answer.bytes().await.map(drop)
}

fn address(variable: &str) -> Result<String> {
    env::var(variable).map_err(|_| format!("no {variable}").into())
}
