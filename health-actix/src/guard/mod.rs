//! Refusing requests while what they need does not work.

mod keeper;
mod layer;
mod verdict;

use health_core::Health;

pub use self::layer::{GuardLayer, GuardService};

/// What a [`Health`] does for requests that cannot be served anyway.
///
/// ```standalone_crate
/// use actix_web::{App, HttpResponse, web};
/// use health_actix::{Check, GuardExt, Health, HealthService};
///
/// let database = Check::new("primary", async || true).readiness().with_tag("database");
/// let health = Health::builder().check(database).build()?;
///
/// // In the factory of the server:
/// let app = App::new()
///     .service(HealthService::new(&health))
///     .service(
///         web::scope("/orders")
///             .wrap(health.guard("database")) // 503 while the database is unhealthy
///             .route("", web::get().to(HttpResponse::Ok)),
///     );
/// # Ok::<(), health_actix::BuildError>(())
/// ```
pub trait GuardExt {
    /// The middleware to give to `App::wrap`, or `wrap` of a scope: while the checks that have
    /// this tag are unhealthy together (see [`GroupReport`](crate::GroupReport)), it answers 503
    /// `unavailable` instead of the handlers. Health endpoints, wherever they are mounted, are let
    /// through. Mount them first: if something before them matches their path, though for another
    /// host or method only, then only those of the last service are known, and only where nothing
    /// before their prefix is dynamic.
    ///
    /// Where a balancer or Kubernetes asks for readiness, that is what takes traffic away, and a
    /// guard adds nothing. It is for platforms that ask for nothing, and for one scope of an
    /// application that can serve the rest. A guard of what all replicas share turns a partial
    /// outage, in which cached or simple answers would still work, into a whole one.
    ///
    /// Requests do not wait for checks: they go by the last verdict. One that is older than 1 s is
    /// renewed in the background, by the first request that finds it so. Only where there is none
    /// yet, or none of the last 10 s and none on its way, does a request wait for the answer, for
    /// no longer than the checks' timeouts and the probe's deadline. Verdicts belong to one worker,
    /// and results to all (see [`Check::with_cache`](crate::Check::with_cache)), so more workers do
    /// not mean more runs, but may for a second be of two minds.
    ///
    /// Degraded passes, and so does the failure of a check that is not critical. Draining and
    /// maintenance refuse nothing. While no check has the tag every request passes, and a line at
    /// WARN says so once; so it is, without the line, with a registry that has mistakes.
    fn guard(&self, group: &str) -> GuardLayer;
}

impl GuardExt for Health {
    fn guard(&self, group: &str) -> GuardLayer {
        GuardLayer::new(self, group)
    }
}
