//! What the one line mounts: the health of the whole process.

use std::sync::OnceLock;

use health_core::{BuildError, Health};

use super::{HealthService, tell};

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
