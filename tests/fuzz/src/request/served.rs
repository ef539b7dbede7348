//! A service with everything configured, in each situation.

use std::time::Duration;

use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, Error, HttpResponse, web};
use health_actix::{
    Access, Check, Details, Dialect, DrainExt, Group, GuardExt, Health, HealthService, Maintenance,
    Outcome, RateLimit, StatusCodes, Visibility, allow, api_key, bearer, networks, testing,
};

pub(crate) const TOKEN: &str = "token-of-operators";
pub(crate) const KEY: &str = "key-of-operators";
/// What only those may know who have the one or the other: the private text of a failure, and the
/// name of a check.
pub(crate) const SECRET: &str = "secret of the check";
pub(crate) const HIDDEN: &str = "hidden-from-strangers";

/// The only address that is let in at [`INSIDE`], and the proxy that is believed there.
pub(crate) const CLIENT: &str = "192.0.2.7";
pub(crate) const PROXY: &str = "10.0.0.1";

/// Where nothing is special.
pub(crate) const USUAL: &str = "/health";
/// Where status codes are others.
pub(crate) const CODES: &str = "/codes";
/// Where details are for those alone who may know everything.
pub(crate) const ONLY: &str = "/only";
/// Where nobody may ask often.
pub(crate) const LIMITED: &str = "/limited";
/// Where nobody is let in without a credential.
pub(crate) const RESTRICTED: &str = "/restricted";
/// Where nobody is let in from elsewhere; who is may know everything.
pub(crate) const INSIDE: &str = "/inside";

/// Where a service is mounted that speaks every dialect ...
const PLACES: [&str; 7] = [
    USUAL,
    CODES,
    ONLY,
    LIMITED,
    RESTRICTED,
    INSIDE,
    "/status-only",
];

/// ... or its like in a situation of its own.
const SITUATIONS: [&str; 3] = ["/draining", "/maintenance", "/misconfigured"];

/// The probes of every dialect, below such a place.
const PROBES: [&str; 27] = [
    "",
    "/live",
    "/ready",
    "/started",
    "/aspnet",
    "/aspnet/live",
    "/aspnet/ready",
    "/aspnet/started",
    "/components/health",
    "/components/live",
    "/components/ready",
    "/components/started",
    "/ietf",
    "/ietf/live",
    "/ietf/ready",
    "/ietf/started",
    "/kubernetes/healthz",
    "/kubernetes/livez",
    "/kubernetes/readyz",
    "/kubernetes/startupz",
    "/microprofile",
    "/microprofile/live",
    "/microprofile/ready",
    "/microprofile/started",
    "/spring/health",
    "/spring/health/liveness",
    "/spring/health/readiness",
];

/// Whether that is a probe, with a slash at its end or without.
pub(crate) fn is_probe(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut situations = SITUATIONS.iter();
    let path = situations
        .find_map(|it| path.strip_prefix(it))
        .unwrap_or(path);
    let mut rests = PLACES.iter().filter_map(|place| path.strip_prefix(place));
    rests.any(|rest| PROBES.contains(&rest))
}

type Answers = ServiceResponse<EitherBody<BoxBody>>;

pub(crate) fn app() -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = Answers, Error = Error, InitError = ()>,
> {
    let usual = health();
    let (draining, maintained) = (health(), health());
    draining.start_draining();
    maintained.start_maintenance(Maintenance::new("new disks"));
    let situations = [&draining, &maintained, &Health::misconfigured()];
    let mut app = App::new();
    for (path, health) in SITUATIONS.iter().zip(situations) {
        let scope = web::scope(path);
        app = app.service(PLACES.iter().fold(scope, |scope, place| {
            scope.service(service_at(place, health))
        }));
    }
    for place in PLACES {
        app = app.service(service_at(place, &usual));
    }
    let roots = [Dialect::kubernetes(), Dialect::spring()];
    let roots = HealthService::new(&usual).prefix("/roots").dialects(roots);
    let app = app.service(roots);
    let guarded = web::scope("/orders")
        .wrap(usual.guard("broken"))
        .wrap(usual.drain_layer())
        .default_service(web::to(HttpResponse::Ok));
    let outermost = HealthService::new(&usual).prefix("/outermost");
    app.service(guarded).wrap(outermost.layer())
}

/// It speaks every dialect.
fn service_at(place: &str, health: &Health) -> HealthService {
    let below = |dialect: Dialect, name: &str| dialect.at(format!("{place}/{name}"));
    let strict = Group::new("storage").status_codes(StatusCodes::new().degraded(503));
    let text = Group::new("broken").dialect(Dialect::kubernetes());
    let service = HealthService::new(health)
        .prefix(place)
        .service_name("fuzzed")
        .group(strict)
        .group(text)
        .dialects([
            Dialect::default(),
            below(Dialect::aspnet(), "aspnet"),
            below(Dialect::components(), "components"),
            below(Dialect::ietf(), "ietf"),
            below(Dialect::kubernetes(), "kubernetes"),
            below(Dialect::microprofile(), "microprofile"),
            below(Dialect::spring(), "spring"),
        ]);
    let service = service.details(Details::when(operators()));
    let codes = StatusCodes::new().degraded(429).unhealthy(500);
    let inside = networks([CLIENT]).behind([PROXY]);
    let service = match place {
        CODES => service.status_codes(codes).envoy_degraded(true),
        ONLY => service.details(Details::only(operators())),
        LIMITED => service.rate_limit(RateLimit::per_second(5)),
        RESTRICTED => service.restrict(operators()).details(Details::full()),
        INSIDE => service.restrict(inside).details(Details::full()),
        USUAL => service,
        _ => service.details(Details::status_only()),
    };
    service.validate().expect("no mistakes");
    service
}

/// By token or key, or whom a closure lets in, which is nobody.
fn operators() -> Access {
    bearer(TOKEN).or(api_key(KEY)).or(allow(|_| false))
}

fn health() -> Health {
    let builder = testing::builder()
        .check(fine())
        .check(broken())
        .check(slow());
    builder.check(hidden()).build().expect("no mistakes")
}

fn fine() -> Check {
    let check = async || {
        Outcome::healthy()
            .with_data("rows", 12)
            .with_child("shard.1", ())
    };
    kept(Check::new("fine", check))
        .liveness()
        .startup()
        .with_tag("storage")
}

fn broken() -> Check {
    let check = async || {
        let failed = || Outcome::unhealthy("no route").with_error(SECRET);
        failed().with_child("shard.2", failed())
    };
    kept(Check::new("broken", check))
        .with_critical(false)
        .with_tag("broken")
}

/// Its name is that of a check and of a tag.
fn slow() -> Check {
    let check = async || Outcome::degraded("answers slowly").with_error(SECRET);
    kept(Check::new("slow", check))
        .with_tag("storage")
        .with_tag("slow")
}

fn hidden() -> Check {
    let check = async || Err::<(), _>(SECRET);
    let check = kept(Check::new(HIDDEN, check)).with_critical(false);
    check.with_visibility(Visibility::Full).with_tag("storage")
}

/// Run once: what comes after depends on requests alone.
fn kept(check: Check) -> Check {
    const KEPT: Duration = Duration::from_secs(24 * 3600);
    check.readiness().with_cache(KEPT).with_cache_failure(KEPT)
}
