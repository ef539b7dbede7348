//! health 0.2.0: checks that run in the background, of which a handler tells what is known.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, rt, web};
use async_trait::async_trait;
use health::{Checkable, Config, PeriodicChecker, Reporter, Status};
use serde_json::json;

use crate::clients::{self, Clients};
use crate::{Result, WORKERS, listen};

/// As fresh as our results are by default.
const INTERVAL: Duration = Duration::from_secs(1);

enum Dependency {
    Database(Clients),
    Cache(Clients),
    Service(Clients),
}

#[async_trait]
impl Checkable for Dependency {
    type Error = io::Error;

    async fn check(&self) -> io::Result<()> {
        match self {
            Self::Database(c) => clients::select_one(&c.database)
                .await
                .map_err(io::Error::other),
            Self::Cache(c) => clients::send_ping(&c.cache).await.map_err(io::Error::other),
            Self::Service(c) => clients::get(&c.http, &c.url)
                .await
                .map_err(io::Error::other),
        }
    }

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Database(_) => "database",
            Self::Cache(_) => "cache",
            Self::Service(_) => "service",
        })
    }
}

type Checker = PeriodicChecker<Dependency>;

pub(crate) fn run() -> Result {
    rt::System::new().block_on(async {
        let clients = Clients::connect().await?;
        let checkers = [
            Dependency::Database(clients.clone()),
            Dependency::Cache(clients.clone()),
            Dependency::Service(clients),
        ];
        let checkers = checkers.map(|dependency| {
            let config = Config {
                check_interval: INTERVAL,
                leeway: 2 * INTERVAL,
                ..Config::default()
            };
            let checker = PeriodicChecker::new(dependency, config);
            rt::spawn(checker.clone().run());
            checker
        });
        let checkers = web::Data::new(checkers);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(checkers.clone())
                .route("/health/ready", web::get().to(ready))
        })
        .workers(WORKERS)
        .listen(listen()?)?;
        Ok(server.run().await?)
    })
}

async fn ready(checkers: web::Data<[Checker; 3]>) -> HttpResponse {
    let [database, cache, service] = checkers
        .each_ref()
        .map(|checker| checker.status() == Some(Status::Healthy));
    let is_ready = database && cache && service;
    let mut answer = if is_ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    answer.json(json!({
        "status": if is_ready { "ready" } else { "not_ready" },
        "checks": {
            "database": { "healthy": database },
            "cache": { "healthy": cache },
            "service": { "healthy": service },
        },
    }))
}
