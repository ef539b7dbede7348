use std::fmt;
use std::sync::{Arc, OnceLock};

use actix_web::dev::{AppService, HttpServiceFactory};
use health_core::{BuildError, Health, Mistake, Probe};

use crate::endpoint::{ENDPOINTS, resource};
use crate::mounted::Mounted;
use crate::openapi::{self, Known};
use crate::respond::respond;

/// The one line: mounts the health endpoints for every annotated function that is linked into
/// the program.
///
/// All workers, and all applications of the process that use this line, share one [`Health`].
/// A registry with mistakes never stops the application: they are logged once, liveness passes,
/// and readiness and startup answer 503 `misconfigured`. [`try_service`] returns them instead.
///
/// ```
/// use actix_web::App;
///
/// let app = App::new().service(health_actix::service());
/// ```
pub fn service() -> HealthService {
    let Process { health, error } = Process::shared();
    if let Some(error) = error {
        tell(error, health);
    }
    HealthService::new(health)
}

/// Like [`service`], but returns the mistakes of the registry.
///
/// # Errors
/// Every mistake at once, each with its place and how to mend it.
pub fn try_service() -> Result<HealthService, BuildError> {
    match &Process::shared().error {
        None => Ok(service()),
        Some(error) => Err(error.clone()),
    }
}

/// Logs mistakes, once for all workers.
fn tell(error: &BuildError, health: &Health) {
    if health.is_news(&error.to_string()) {
        tracing::error!(target: "health", "{error}");
    }
}

/// The health of the process, built when it is first needed.
struct Process {
    health: Health,
    error: Option<BuildError>,
}

impl Process {
    fn shared() -> &'static Self {
        static PROCESS: OnceLock<Process> = OnceLock::new();
        PROCESS.get_or_init(|| match Health::builder().build() {
            Ok(health) => Self {
                health,
                error: None,
            },
            Err(error) => Self {
                health: Health::misconfigured(),
                error: Some(error),
            },
        })
    }
}

/// The health endpoints of one [`Health`], to be mounted with [`App::service`].
///
/// | path | answers |
/// |---|---|
/// | `/health`, `/health/live` | liveness |
/// | `/health/ready` | readiness: point balancers here |
/// | `/health/started` | startup |
/// | `/health/checks/{name}` | one check |
/// | `/health/openapi.json` | the OpenAPI document |
///
/// Results belong to a check and the `web::Data` that it takes. Make data outside the factory of
/// the server: made inside, every worker has its own, and with it its own runs and results.
///
/// Mount it first: an application answers with the first service that matches. Middleware that
/// is added with `App::wrap` reaches these endpoints too; a management port is out of its reach,
/// see [`HealthService::listen_on`].
///
/// [`App::service`]: actix_web::App::service
#[derive(Clone)]
#[must_use = "mount it with `App::service`"]
pub struct HealthService {
    health: Health,
    prefix: String,
    service_name: Option<String>,
    mistakes: Vec<Mistake>,
}

impl HealthService {
    /// The endpoints of this `Health` below `/health`.
    pub fn new(health: &Health) -> Self {
        Self {
            health: health.clone(),
            prefix: "/health".to_owned(),
            service_name: None,
            mistakes: Vec::new(),
        }
    }

    /// What these endpoints tell of. Of [`service`] it is the one that the whole process shares.
    pub const fn health(&self) -> &Health {
        &self.health
    }

    /// Mounts the endpoints below another path than `/health`.
    ///
    /// A slash at the end is ignored. A path that cannot be mounted is a mistake: see
    /// [`HealthService::validate`].
    pub fn prefix(mut self, prefix: &str) -> Self {
        let bare = prefix.trim_end_matches('/');
        if is_mountable(bare) {
            self.prefix = bare.to_owned();
        } else {
            self.mistakes.push(Mistake::new(format!(
                "the prefix `{prefix}` of the health endpoints cannot be mounted: begin it with \
                 `/` and use letters, digits, `_`, `-`, `.` and `~` between single slashes"
            )));
        }
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
    /// startup answer 503 `misconfigured` below `/health`.
    ///
    /// # Errors
    /// Every mistake at once.
    pub fn validate(&self) -> Result<(), BuildError> {
        BuildError::unless_empty(self.mistakes.clone())
    }

    /// The OpenAPI document of these endpoints, as JSON. The same is served; mounted in a scope,
    /// with the scope's path before all others.
    pub fn openapi_json(&self) -> String {
        openapi::json(&Known::of(&self.health), &self.prefix)
    }

    /// The OpenAPI document of these endpoints, to merge into your own:
    /// `api.merge(health_service.openapi())`.
    #[cfg(feature = "utoipa")]
    #[cfg_attr(docsrs, doc(cfg(feature = "utoipa")))]
    pub fn openapi(&self) -> utoipa::openapi::OpenApi {
        openapi::document(&Known::of(&self.health), &self.prefix)
    }

    /// As it can be mounted: with mistakes, one that says so.
    fn mountable(self) -> Self {
        let Err(error) = self.validate() else {
            return self;
        };
        tell(&error, &self.health);
        Self::new(&Health::misconfigured())
    }

    /// One line, once: what was found, and what to point where.
    fn announce(&self) {
        if self.health.is_misconfigured() || !self.health.is_news(&self.prefix) {
            return;
        }
        let at = |path: &str| format!("{}{path}", self.prefix);
        let checks = self.health.checks();
        let found = Probe::ALL.map(|probe| {
            let serving = checks.iter().filter(|c| c.probes().contains(probe));
            let names: Vec<_> = serving.map(|check| check.name()).collect();
            let names = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            format!("{probe}: {names}")
        });
        tracing::info!(
            target: "health",
            "{} health checks ({}). Point balancers and the readinessProbe at {}, the \
             livenessProbe at {}, the startupProbe at {}; {} is liveness, no path for balancers; \
             OpenAPI: {}",
            checks.len(),
            found.join("; "),
            at("/ready"),
            at("/live"),
            at("/started"),
            ENDPOINTS[0].below(&self.prefix),
            at("/openapi.json"),
        );
    }
}

impl HttpServiceFactory for HealthService {
    fn register(self, config: &mut AppService) {
        let service = self.mountable();
        service.announce();
        let patterns = ENDPOINTS.map(|endpoint| (endpoint, endpoint.patterns(&service.prefix)));
        let mounted = Mounted::new(service.health, service.prefix, service.service_name);
        let mounted = Arc::new(mounted);
        for (endpoint, patterns) in patterns {
            let mounted = Arc::clone(&mounted);
            resource(patterns)
                .to(move |request| respond(Arc::clone(&mounted), endpoint, request))
                .register(config);
        }
    }
}

impl fmt::Debug for HealthService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthService")
            .field("health", &self.health)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Whether a path, without a slash at its end, can be a prefix: nothing that a router or a URL
/// would read as something else.
fn is_mountable(prefix: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '~');
    let is_segment = |segment: &str| {
        !segment.is_empty() && segment.chars().all(fits) && segment != "." && segment != ".."
    };
    match prefix.strip_prefix('/') {
        Some(rest) => rest.split('/').all(is_segment),
        None => prefix.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_plain_paths() {
        for good in ["", "/health", "/internal/v1.0/health_check", "/~ops"] {
            assert!(is_mountable(good), "{good}");
        }
        for bad in [
            "health", "//x", "/a//b", "/{id}", "/a b", "/a/../b", "/ü", "/a?b",
        ] {
            assert!(!is_mountable(bad), "{bad}");
        }
    }
}
