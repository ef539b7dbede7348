mod announce;
mod layer;
mod mistakes;
mod process;
mod route;
mod routes;

use std::fmt;
use std::rc::Rc;

use actix_web::dev::{AppService, HttpServiceFactory};
use health_core::{BuildError, Health, Mistake};

pub use self::layer::{HealthLayer, HealthLayerService};
pub use self::process::{service, try_service};
use self::route::Route;
use self::routes::{Routes, is_mountable, not_mountable};
use crate::access::{Access, Details, RateLimit};
use crate::dashboard::Board;
use crate::dialect::Dialect;
use crate::endpoint::{Endpoint, resource};
use crate::group::Group;
use crate::kept::KeptAnswers;
use crate::mounted::{Documents, Mounted};
use crate::notation::Notation;
use crate::openapi::{self, Levels};
use crate::status_codes::StatusCodes;
use crate::voice::Voice;
#[cfg(feature = "prometheus")]
use crate::workers::Workers;

/// The health endpoints of one [`Health`], to be mounted with [`App::service`].
///
/// | path | answers |
/// |---|---|
/// | `/health`, `/health/live` | liveness |
/// | `/health/ready` | readiness: point balancers here |
/// | `/health/started` | startup |
/// | `/health/checks/{name}` | one check |
/// | `/health/groups/{tag}` | the checks that have a tag |
/// | `/health/openapi.json` | the OpenAPI document; `/health/openapi.yaml` under the feature `yaml` |
///
/// Results belong to a check and the `web::Data` that it takes. Make data outside the factory of
/// the server: made inside, every worker has its own, and with it its own runs and results.
///
/// Mount it first: an application answers with the first service that matches. Middleware that
/// is added with `App::wrap` reaches these endpoints too; the outermost layer and a management port
/// are out of its reach, see [`HealthService::layer`] and [`HealthService::listen_on`].
///
/// [`App::service`]: actix_web::App::service
#[derive(Clone)]
#[must_use = "mount it with `App::service`"]
pub struct HealthService {
    health: Health,
    prefix: String,
    service_name: Option<String>,
    dialects: Vec<Dialect>,
    groups: Vec<Group>,
    codes: StatusCodes,
    details: Details,
    restriction: Option<Access>,
    limit: Option<RateLimit>,
    tells_envoy: bool,
    dashboard: Option<Details>,
    metrics: Option<Details>,
    #[cfg(feature = "prometheus")]
    workers: Option<Workers>,
    mistakes: Vec<Mistake>,
}

impl HealthService {
    /// The endpoints of this `Health` below `/health`.
    pub fn new(health: &Health) -> Self {
        Self {
            health: health.clone(),
            prefix: "/health".to_owned(),
            service_name: None,
            dialects: vec![Dialect::default()],
            groups: Vec::new(),
            codes: StatusCodes::new(),
            details: Details::default(),
            restriction: None,
            limit: None,
            tells_envoy: false,
            dashboard: None,
            metrics: None,
            #[cfg(feature = "prometheus")]
            workers: None,
            mistakes: Vec::new(),
        }
    }

    /// What these endpoints tell of. Of [`service`] it is the one that the whole process shares.
    pub const fn health(&self) -> &Health {
        &self.health
    }

    /// Mounts the endpoints below another path than `/health`: those of the default dialect,
    /// MicroProfile, ASP.NET and IETF, unless [`Dialect::at`] says otherwise, the groups and the
    /// OpenAPI document.
    ///
    /// A slash at the end is ignored. A path that cannot be mounted is a mistake: see
    /// [`HealthService::validate`].
    pub fn prefix(mut self, prefix: &str) -> Self {
        let bare = prefix.trim_end_matches('/');
        if is_mountable(bare) {
            self.prefix = bare.to_owned();
        } else {
            self.mistakes
                .push(not_mountable(prefix, "the health endpoints"));
        }
        self
    }

    /// Speaks these dialects instead of the default one, each at its own paths. In the first of
    /// them groups answer, unless they have one of their own.
    ///
    /// Two that claim one path are a mistake: see [`HealthService::validate`] and
    /// [`Dialect::at`].
    ///
    /// ```standalone_crate
    /// use health_actix::{Dialect, Health, HealthService};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let health = Health::builder().build()?;
    /// let service = HealthService::new(&health)
    ///     .dialects([Dialect::default(), Dialect::default().at("/internal")]);
    /// service.validate()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn dialects(mut self, dialects: impl IntoIterator<Item = Dialect>) -> Self {
        self.dialects = dialects.into_iter().collect();
        self
    }

    /// Makes one group answer otherwise than the service does. One that is given twice is a mistake:
    /// see [`HealthService::validate`].
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// The status codes of answers; 200 and 503 by default.
    pub const fn status_codes(mut self, codes: StatusCodes) -> Self {
        self.codes = codes;
        self
    }

    /// Tells how much is told to whom; names, statuses, latencies and public messages to
    /// everybody by default.
    pub fn details(mut self, details: Details) -> Self {
        self.details = details;
        self
    }

    /// Turns everybody else away, with 401 or 403: from the probes too, so that probers have to
    /// bring what is asked for. To restrict only what is no probe, see [`Details::only`].
    ///
    /// The methods, which OPTIONS asks for in a CORS preflight, and that a method is not answered,
    /// are told to everybody.
    pub fn restrict(mut self, access: Access) -> Self {
        self.restriction = Some(access);
        self
    }

    /// Turns those away, with 429, who ask too often for what is no probe: single checks, groups,
    /// the OpenAPI document. Probes are never turned away: they cost no more, however often they
    /// are asked, for results are kept, and runs are shared.
    ///
    /// Make the limit, or the service, outside of the server's factory: made inside, it counts for
    /// one worker.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Whether readiness that is degraded has the header `x-envoy-degraded: true`; not by default,
    /// for Envoy then moves traffic to hosts that are not degraded.
    ///
    /// Source: Envoy's documentation, "Degraded endpoints".
    pub const fn envoy_degraded(mut self, tells: bool) -> Self {
        self.tells_envoy = tells;
        self
    }

    /// Mounts `/health/ui`, a page that shows how all checks are doing, live: their verdicts and
    /// why, their history, what depends on what, and what has happened.
    ///
    /// An [`Access`] lets those look, and see everything, whom it lets in; [`Details`] say who sees
    /// how much: at [`Level::StatusOnly`](crate::Level::StatusOnly) the verdicts, since when, what the
    /// process is about, and for how long it has been up. The page asks for a token or an API key
    /// where that is what is needed, and holds nothing itself. It is one page with its own style and
    /// script, which loads nothing from elsewhere, and works below a path prefix. With the middleware
    /// `NormalizePath`, which changes paths on their way, open it as that leaves it, with the slash at
    /// its end or without.
    ///
    /// Who looks has the checks asked once a second, as probes are: results are kept, and runs are
    /// shared. A worker keeps at most 16 streams of news open, each for a few seconds, and none
    /// while the process drains; others ask every two seconds.
    ///
    /// ```standalone_crate
    /// use health_actix::{Health, HealthService, networks};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let health = Health::builder().build()?;
    /// let service = HealthService::new(&health).dashboard(networks(["127.0.0.0/8", "::1"]));
    /// service.validate()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn dashboard(mut self, access: impl Into<Details>) -> Self {
        self.dashboard = Some(access.into());
        self
    }

    #[doc = include_str!("../docs/metrics.md")]
    #[doc = ""]
    #[doc = include_str!("../docs/alerts.md")]
    #[cfg(feature = "prometheus")]
    #[cfg_attr(docsrs, doc(cfg(feature = "prometheus")))]
    pub fn metrics(mut self, access: impl Into<Details>) -> Self {
        self.metrics = Some(access.into());
        self
    }

    /// Has the [metrics](Self::metrics) tell of these workers too: for how long each has been silent,
    /// how late it is, and how many requests it has to answer.
    #[cfg(feature = "prometheus")]
    #[cfg_attr(docsrs, doc(cfg(feature = "prometheus")))]
    pub fn workers(mut self, workers: &Workers) -> Self {
        self.workers = Some(workers.clone());
        self
    }

    /// Adds the member `service` to the body of liveness.
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = Some(name.into());
        self
    }

    /// Makes sure that the service can be mounted as it was configured.
    ///
    /// Mounting it all the same does not panic: the mistakes are logged, and readiness and
    /// startup answer 503 `misconfigured`, at those paths that are not in doubt; to everybody, if
    /// it is what restricts the service that has mistakes.
    ///
    /// # Errors
    /// Every mistake at once.
    pub fn validate(&self) -> Result<(), BuildError> {
        mistakes::validate(self, &Routes::of(self))
    }

    /// The OpenAPI document of these endpoints, as JSON, as everybody may read it. The same is
    /// served, with more in it to those who may know more; mounted in a scope, with the scope's
    /// path before all others.
    ///
    /// A snapshot, and it says so: its checks are those of this moment, while in the served one a
    /// check appears as it is registered, and goes as it is removed.
    ///
    /// Those who may know everything are also told the settings of each check, as extensions that
    /// are called as the arguments of the attribute are: `x-health-timeout-ms`,
    /// `x-health-depends-on`. What is not the same for every probe is an object by probe:
    /// `x-health-cache-ms`, and where a probe has its own, `x-health-timeout-ms-for` and
    /// `x-health-critical-for`. `x-health-source` is the place in the source code,
    /// and `x-health-disabled` is there while the check is disabled.
    ///
    /// With utoipa 5, read it and merge it:
    ///
    /// ```standalone_crate
    /// # use utoipa5 as utoipa;
    /// use health_actix::{Health, HealthService};
    /// use utoipa::openapi::OpenApi;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut api = OpenApi::default();
    /// let service = HealthService::new(&Health::builder().build()?);
    /// let health: OpenApi = serde_json::from_str(&service.openapi_json())?;
    /// api.merge(health);
    /// # assert!(api.paths.paths.contains_key("/health/ready"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn openapi_json(&self) -> String {
        self.openapi_text(Notation::Json)
    }

    /// The same as YAML.
    #[cfg(feature = "yaml")]
    #[cfg_attr(docsrs, doc(cfg(feature = "yaml")))]
    pub fn openapi_yaml(&self) -> String {
        self.openapi_text(Notation::Yaml)
    }

    fn openapi_text(&self, notation: Notation) -> String {
        let (levels, endpoints) = self.for_everybody();
        openapi::text(notation, &self.health, &levels, &endpoints, None)
    }

    /// The OpenAPI document of these endpoints, to merge into your own with one line, before or
    /// after you mount them.
    ///
    /// A snapshot, as [`openapi_json`](Self::openapi_json) is; the description of the tag
    /// `health-checks` says so where it was merged. Names of components and of security schemes begin
    /// with `Health` or `health`; of what is yours nothing is replaced.
    ///
    /// ```standalone_crate
    /// use health_actix::{Health, HealthService};
    /// use utoipa::openapi::OpenApi;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let health = Health::builder().build()?;
    /// let mut api = OpenApi::default(); // `ApiDoc::openapi()`, where yours is derived
    /// api.merge(HealthService::new(&health).openapi());
    /// assert!(api.paths.paths.contains_key("/health/ready"));
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "utoipa")]
    #[cfg_attr(docsrs, doc(cfg(feature = "utoipa")))]
    pub fn openapi(&self) -> utoipa::openapi::OpenApi {
        let (levels, endpoints) = self.for_everybody();
        openapi::document(&self.health, &levels, &endpoints, None)
    }

    /// The endpoints, and what everybody is told there.
    pub(crate) fn for_everybody(&self) -> (Levels, Vec<Endpoint>) {
        let endpoints = Routes::of(self).endpoints;
        let level = |voice: &Voice| voice.details.for_everybody();
        (Levels::of(&endpoints, level), endpoints)
    }

    /// Where the first dialect answers a probe.
    #[cfg(feature = "clap")]
    pub(crate) fn path_of(&self, probe: health_core::Probe) -> Option<String> {
        Routes::of(self).path_of(probe).map(ToOwned::to_owned)
    }

    /// Where the metrics are, once they are mounted.
    #[cfg(feature = "clap")]
    pub(crate) fn metrics_path(&self) -> String {
        crate::endpoint::below(&self.prefix, "/metrics")
    }

    #[cfg(feature = "clap")]
    pub(crate) const fn has_metrics(&self) -> bool {
        #[cfg(feature = "prometheus")]
        return self.metrics.is_some();
        #[cfg(not(feature = "prometheus"))]
        false
    }

    /// How it answers where no dialect or group says otherwise.
    fn own_voice(&self) -> Voice {
        let default = Dialect::default();
        let first = self.dialects.first().unwrap_or(&default);
        // One with mistakes would turn liveness away too, and have the process restarted for ever.
        // There is nothing to protect then: what is mounted tells of nothing but the mistakes.
        let restriction = self.restriction.as_ref();
        let restriction = restriction.filter(|access| access.mistakes().is_empty());
        Voice {
            format: first.format(),
            codes: self.codes,
            details: self.details.clone(),
            restriction: restriction.cloned(),
            tells_envoy: self.tells_envoy,
            limit: self.limit.clone(),
            is_of_group: false,
        }
    }

    /// As it can be mounted: with mistakes, one that says so.
    fn mount(self) -> Mounted {
        let routes = Routes::of(&self);
        let health = match mistakes::validate(&self, &routes) {
            Ok(()) => {
                self.announce(&routes);
                self.health.clone()
            }
            Err(error) => {
                tell(&error, &self.health);
                Health::misconfigured()
            }
        };
        Mounted {
            board: Board::new(&health, self.service_name.as_deref()),
            health,
            prefix: self.prefix,
            service_name: self.service_name,
            kept: KeptAnswers::of(routes.endpoints.len()),
            endpoints: routes.endpoints,
            documents: Documents::default(),
            #[cfg(feature = "prometheus")]
            workers: self.workers,
        }
    }
}

impl HttpServiceFactory for HealthService {
    fn register(self, config: &mut AppService) {
        let mounted = Rc::new(self.mount());
        for place in 0..mounted.endpoints.len() {
            for patterns in mounted.endpoints[place].resources() {
                let route = Route::new(&mounted, place);
                config.register_service(resource(patterns), None, route, None);
            }
        }
    }
}

/// Logs mistakes, once for all workers.
fn tell(error: &BuildError, health: &Health) {
    if health.is_news(&error.to_string()) {
        tracing::error!(target: "health", "{error}");
    }
}

impl fmt::Debug for HealthService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthService")
            .field("health", &self.health)
            .field("prefix", &self.prefix)
            .field("dialects", &self.dialects)
            .finish_non_exhaustive()
    }
}
