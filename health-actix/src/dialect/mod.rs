//! The wire formats. Each is one file: what it is called, where it is mounted, and how it writes
//! what was found. What a caller may be told is not theirs to know: see [`view`].

mod aspnet;
mod components;
pub(crate) mod default;
mod format;
mod ietf;
mod json;
mod kubernetes;
pub(crate) mod members;
mod microprofile;
pub(crate) mod problem;
pub(crate) mod schema;
mod spring;
pub(crate) mod time;
pub(crate) mod view;

use std::fmt;
use std::str::FromStr;

pub(crate) use self::format::Format;
use crate::access::Details;
use crate::status_codes::StatusCodes;

/// Every format, by the names that [`Dialect`] parses.
const FORMATS: [&dyn Format; 7] = [
    &default::Default,
    &components::Components,
    &kubernetes::Kubernetes,
    &microprofile::MicroProfile,
    &spring::Spring,
    &aspnet::AspNet,
    &ietf::Ietf,
];

/// A family of paths, wire format and status codes, for one kind of consumer.
///
/// | dialect | its paths |
/// |---|---|
/// | [`default`](Self::default) | `/health`, `/health/live`, `/health/ready`, `/health/started`, `/health/checks/{name}` |
/// | [`components`](Self::components) | `/health`, `/live`, `/ready`, `/started` |
/// | [`spring`](Self::spring) | `/actuator/health`, `/actuator/health/liveness`, `/actuator/health/readiness`, `/actuator/health/startup`, `/actuator/health/{tag}`, `/actuator/health/{check}/{child}` |
/// | [`kubernetes`](Self::kubernetes) | `/livez`, `/readyz`, `/startupz`, `/healthz`, each with `/{name}` below it |
/// | [`aspnet`](Self::aspnet) | `/health`, `/health/live`, `/health/ready`, `/health/started` |
/// | [`microprofile`](Self::microprofile) | `/health`, `/health/live`, `/health/ready`, `/health/started` |
/// | [`ietf`](Self::ietf) | `/health`, `/health/live`, `/health/ready`, `/health/started` |
///
/// A service speaks the default one; [`HealthService::dialects`] makes it speak others, and
/// several at once, as long as no two claim one path: [`Dialect::at`] moves one out of the way.
///
/// ```standalone_crate
/// use health_actix::{Dialect, Health, HealthService};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let health = Health::builder().build()?;
/// let service = HealthService::new(&health)
///     .dialects([Dialect::default(), "default".parse::<Dialect>()?.at("/also")]);
/// service.validate()?;
/// # Ok(())
/// # }
/// ```
///
/// [`HealthService::dialects`]: crate::HealthService::dialects
#[derive(Clone)]
#[must_use = "give it to `HealthService::dialects`"]
pub struct Dialect {
    format: &'static dyn Format,
    prefix: Option<String>,
    codes: Option<StatusCodes>,
    details: Option<Details>,
}

impl Dialect {
    /// JSON as guides to health checks have it, among them those for `FastAPI`, Flask and Django:
    /// `{"status":"UP","timestamp":"2023-10-27T10:30:00.000Z","components":{"database":
    /// {"status":"UP","message":"connected"}}}`.
    ///
    /// `/health` is everything: `UP`, `DEGRADED` or `DOWN`, with a component for each check, and
    /// last one called `application_uptime`. `/live` is `{"status":"OK"}`, `/ready` and `/started`
    /// are `READY` and `STARTED`, and else `NOT READY` and `NOT STARTED` with the `reason`: the
    /// checks that fail, or that the service starts, drains or is in maintenance.
    ///
    /// `DEGRADED` is 200 and `DOWN` 503. Where guides have 500 for `DOWN`, [`StatusCodes`] have it
    /// too; it then holds for `/live`, `/ready` and `/started` as well.
    ///
    /// `/health` is also the path of the default dialect, `MicroProfile`, ASP.NET and IETF: move
    /// one of them with [`Dialect::at`] to have both.
    ///
    /// Source: no specification; what those guides have in common.
    pub fn components() -> Self {
        Self::of(&components::Components)
    }

    /// The health endpoint of Spring Boot Actuator, for Spring Boot Admin and its kin:
    /// `{"status":"UP","components":{"database":{"status":"UP"}},"groups":["liveness"]}`.
    ///
    /// `/actuator/health` is everything; below it are the probes, the tags, which are groups there,
    /// the checks, their children, and each below a probe or a tag that it belongs to. A tag goes
    /// before a check of the same name. `OPTIONS` on `/actuator/health` itself does not tell of
    /// health: Spring Boot Admin asks so whether there is such an endpoint.
    ///
    /// While the process starts, drains or is in maintenance there is a component `readinessState`,
    /// or `startupState`, which is `OUT_OF_SERVICE`. What is degraded is `UP`, and so is what fails
    /// without being critical; `degraded` tells it from the rest.
    ///
    /// Source: Spring Boot 4, `spring-boot-health`, and "Health (`health`)" in the reference of the
    /// actuator's web API.
    pub fn spring() -> Self {
        Self::of(&spring::Spring)
    }

    /// Text as the API server of Kubernetes answers it: `ok`, or a line for each check where
    /// something fails, or where `?verbose` asks for it.
    ///
    /// `?exclude={name}`, as often as needed, leaves a check out of the verdict, for this caller
    /// alone. What fails a probe by itself is listed as a check too, and can be left out:
    /// `shutdown` while the process drains, `maintenance`, `startup`, and `configuration` for a
    /// registry with mistakes. Until every startup check has passed, `startup` fails beside those
    /// that have not. A check that degrades the probe is listed as
    /// `[+]{name} degraded: ok`. Why something fails is told at its own path, `/readyz/{name}`, and
    /// in the list to those alone who may know everything. Those who are told the status alone get
    /// `ok` or `readyz check failed`, and their query is not read.
    ///
    /// What fails is 503, and 500 there: `StatusCodes::new().unhealthy(500)` makes it so here.
    /// `/livez` and `/healthz` both tell of liveness; `/startupz` is not known there.
    ///
    /// ```text
    /// $ curl 'http://127.0.0.1:8000/readyz?verbose&exclude=cache'
    /// [+]cache excluded: ok
    /// [-]database failed: reason withheld
    /// readyz check failed
    /// ```
    ///
    /// Source: kubernetes/apiserver, `pkg/server/healthz/healthz.go`.
    pub fn kubernetes() -> Self {
        Self::of(&kubernetes::Kubernetes)
    }

    /// The report that `UIResponseWriter` writes in ASP.NET, for the dashboard of
    /// `AspNetCore.Diagnostics.HealthChecks`:
    /// `{"status":"Healthy","totalDuration":"00:00:00.0123456","entries":{}}`.
    ///
    /// `/health` is everything. A child of a check is an entry of its own, `check.child`. While
    /// the process starts or drains there is an entry `ApplicationLifecycle`, while it is in
    /// maintenance one called `Manual`. What fails without being critical is `Degraded`.
    ///
    /// Source: Xabaril/AspNetCore.Diagnostics.HealthChecks, `UIResponseWriter` and
    /// `HealthCheckReportCollector`.
    pub fn aspnet() -> Self {
        Self::of(&aspnet::AspNet)
    }

    /// JSON as `MicroProfile` Health 4.0 has it, for the UI of `SmallRye` Health, for Quarkus, and
    /// for what else reads `{"status":"UP","checks":[{"name":"database","status":"UP"}]}`.
    ///
    /// `/health` is everything. It knows `UP` and `DOWN` alone: what degrades is `UP`, and its data
    /// have `degraded`, and the text of what failed. Data that a check measured are for those who
    /// may know everything; where one is called as ours are, it gets `_` behind its name. A child is
    /// a check of its own, `database.shard_1`. What fails a probe by itself is listed as a check
    /// too: `Graceful Shutdown`, `Maintenance`, `Startup`, and `Configuration` for a registry with
    /// mistakes.
    ///
    /// What fails is 503, also where a check panics, for which that specification has 500 as well.
    ///
    /// Source: `MicroProfile` Health 4.0, "Protocol and Wireformat", appendices A and B.
    pub fn microprofile() -> Self {
        Self::of(&microprofile::MicroProfile)
    }

    /// `application/health+json`, by the Internet-Draft `draft-inadarei-api-health-check-06`:
    /// `{"status":"pass","checks":{"database:responseTime":[{"status":"pass"}]}}`.
    ///
    /// `/health` is everything. A child of a check is another object of its array. What fails
    /// without being critical warns; while the process starts, drains or is in maintenance, there
    /// is a `lifecycle` that fails.
    ///
    /// Other than all others, it tells how long an answer is fresh, `Cache-Control: max-age`: for
    /// as long as the results are kept, in whole seconds. Whoever keeps it so long learns of a drain
    /// as late, so let balancers ask without a cache between. Some consumers read
    /// `application/json` only: the dashboards of Spring and ASP.NET have their own dialects. It is
    /// the longest format: ten checks take about 1.5 KiB, and balancers of Google Cloud look at the
    /// first KiB of a body, where the verdict is all the same.
    ///
    /// Source: `draft-inadarei-api-health-check-06`, sections 3, 4 and 9.
    pub fn ietf() -> Self {
        Self::of(&ietf::Ietf)
    }

    fn of(format: &'static dyn Format) -> Self {
        Self {
            format,
            prefix: None,
            codes: None,
            details: None,
        }
    }

    /// Moves it below another path than its usual one: `/health`, or what the service's
    /// [`prefix`] says, for the default one, MicroProfile, ASP.NET and IETF; `/actuator` for
    /// Spring; the root for Kubernetes and the components dialect.
    ///
    /// A slash at the end is ignored. A path that cannot be mounted is a mistake: see
    /// [`HealthService::validate`].
    ///
    /// [`prefix`]: crate::HealthService::prefix
    /// [`HealthService::validate`]: crate::HealthService::validate
    pub fn at(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Status codes of its own, instead of those of the service.
    pub fn status_codes(mut self, codes: StatusCodes) -> Self {
        self.codes = Some(codes);
        self
    }

    /// Tells how much it tells whom, instead of what the service says. Groups, and the OpenAPI
    /// document, are the service's: they tell as much as that says.
    pub fn details(mut self, details: Details) -> Self {
        self.details = Some(details);
        self
    }

    pub(crate) const fn format(&self) -> &'static dyn Format {
        self.format
    }

    /// Where it is to be mounted, if not at its usual path.
    pub(crate) fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    pub(crate) const fn own_codes(&self) -> Option<StatusCodes> {
        self.codes
    }

    pub(crate) const fn own_details(&self) -> Option<&Details> {
        self.details.as_ref()
    }
}

impl Default for Dialect {
    /// Small JSON objects whose first member is `status`; what a service speaks unless told
    /// otherwise.
    fn default() -> Self {
        Self::of(&default::Default)
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    /// By its name, as it is called here: `default`.
    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        let format = FORMATS.into_iter().find(|format| format.name() == name);
        let format = format.ok_or_else(|| UnknownDialect(name.to_owned()));
        format.map(Self::of)
    }
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialect")
            .field("name", &self.format.name())
            .field("prefix", &self.prefix)
            .field("codes", &self.codes)
            .field("details", &self.details)
            .finish()
    }
}

/// There is no dialect of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownDialect(String);

impl fmt::Display for UnknownDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = FORMATS.map(Format::name).join(", ");
        write!(f, "there is no dialect `{}`; there are: {known}", self.0)
    }
}

impl std::error::Error for UnknownDialect {}
