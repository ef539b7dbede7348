//! A service with ten readiness checks that do nothing.

use std::time::Duration;

use actix_web::{App, HttpServer};
use health_actix::{BuildError, Check, Health, HealthBuilder, HealthService};

use super::Kind;
use crate::Result;
use crate::server::Serve;

pub(crate) const KIND: Kind = Kind {
    name: "ten-checks",
    run: |serve| run(serve, false),
};

/// With a liveness check besides, whose result is kept as those of the others are.
pub(crate) const ALIVE: Kind = Kind {
    name: "liveness-check",
    run: |serve| run(serve, true),
};

fn run(serve: &Serve, checks_liveness: bool) -> Result {
    let health = health(checks_liveness)?;
    let service = HealthService::new(&health);
    let server = HttpServer::new(move || App::new().service(service.clone()))
        .workers(serve.workers)
        .listen(serve.listen()?)?;
    Ok(actix_web::rt::System::new().block_on(server.run())?)
}

pub(super) fn health(checks_liveness: bool) -> Result<Health, BuildError> {
    let kept = Duration::from_secs(1);
    let mut builder = HealthBuilder::empty();
    for number in 0..10 {
        let check = Check::new(format!("check-{number}"), async || ());
        builder = builder.check(check.readiness().with_cache(kept));
    }
    if checks_liveness {
        let check = Check::new("alive", async || ());
        builder = builder.check(check.liveness().with_cache(kept));
    }
    builder.build()
}
