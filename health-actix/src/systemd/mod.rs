//! Telling systemd how the process is.
//!
//! Source: the manuals `sd_notify(3)`, `sd_watchdog_enabled(3)` and `systemd.service(5)` of systemd 252.

#[cfg(unix)]
mod environment;
#[cfg(unix)]
mod notifier;
#[cfg(unix)]
mod socket;
#[cfg(unix)]
mod tasks;
#[cfg(all(test, target_os = "linux"))]
mod tests;
#[cfg(unix)]
mod words;

use std::io;

use health_core::Health;

use crate::standalone::ensure_standalone;

/// What a [`Health`] tells systemd, for a service of `Type=notify`.
///
/// ```no_run
/// use actix_web::{App, HttpServer};
/// use health_actix::{Health, HealthService, SystemdExt};
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let health = Health::builder().build()?;
/// let endpoints = HealthService::new(&health);
/// let server = HttpServer::new(move || App::new().service(endpoints.clone()))
///     .bind(("0.0.0.0", 8000))?;
/// health.notify_systemd()?; // now that connections are accepted
/// server.run().await?;
/// # Ok(())
/// # }
/// ```
pub trait SystemdExt {
    /// Tells systemd from now on, on the threads of the checks and for as long as there is this
    /// [`Health`] or a clone of it:
    ///
    /// | told | when |
    /// |---|---|
    /// | `READY=1` | startup has passed. It is asked once a second until then; one that never passes is for `TimeoutStartSec=` to end |
    /// | `WATCHDOG=1` | liveness passes: it is asked every half of `WatchdogSec=`, once the process is ready, and eight times as often while it fails. While it fails nothing is sent, and systemd ends a process that it has not heard of for `WatchdogSec=` |
    /// | `STOPPING=1` | the process drains, unless SIGUSR1 alone has asked it to (see [`DrainExt::drain`]): from then on systemd gives it `TimeoutStopSec=` to end, even if draining is taken back |
    /// | `STATUS=` | that text has changed: `starting: waits for model (loading, 40 %)`, `ready`, `degraded: cache`, `not ready: database`, `unhealthy: event_loop`, `draining`, `maintenance: moving racks`, or `started, not asked yet: database` while nobody has asked readiness |
    ///
    /// The text names checks that everybody may be told of, and says nothing that is private. It
    /// tells what is known: for it no check is run.
    ///
    /// Where `NOTIFY_SOCKET` is not set, and where there is no systemd, nothing is told: the same
    /// program runs anywhere. What systemd does not take is offered again a second later; a warning
    /// says so once. Called again, it does nothing.
    ///
    /// Call it once the server is bound: connections that come from then on are answered. In the
    /// unit belong `Type=notify` and, for the watchdog, `WatchdogSec=` of at least twice what
    /// liveness may take, and a `Restart=` such as `on-failure`.
    ///
    /// # Errors
    /// If a check takes `web::Data<T>` that the builder's `data` does not provide, also where there
    /// is no systemd: no request of the application asks here. If `NOTIFY_SOCKET`, `WATCHDOG_USEC`
    /// or `WATCHDOG_PID` cannot be understood: a socket is a path that begins with `/`, or `@` and
    /// an abstract name. If no socket can be made, or no thread.
    ///
    /// [`DrainExt::drain`]: crate::DrainExt::drain
    fn notify_systemd(&self) -> io::Result<()>;
}

impl SystemdExt for Health {
    fn notify_systemd(&self) -> io::Result<()> {
        ensure_standalone(self)?;
        #[cfg(unix)]
        if let Some(environment) = environment::Environment::read(|name| std::env::var_os(name))? {
            tasks::start(self, &environment)?;
        }
        Ok(())
    }
}
