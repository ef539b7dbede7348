//! Stopping without losing requests.

mod layer;
mod signals;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use health_core::Health;
use tokio::runtime;
use tokio::time::{Instant, timeout};

pub(crate) use self::layer::close;
pub use self::layer::{DrainLayer, DrainService};
use self::signals::Asked;
pub(crate) use self::signals::Signals;
#[cfg(all(feature = "clap", target_os = "linux"))]
pub(crate) use self::signals::catches;

/// What a [`Health`] does for a server that is about to stop.
///
/// ```no_run
/// use std::time::Duration;
///
/// use actix_web::{App, HttpServer};
/// use health_actix::{DrainExt, Health, HealthService};
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let health = Health::builder().build()?;
/// let drain = health.drain(Duration::from_secs(5));
/// HttpServer::new(move || {
///     App::new()
///         .wrap(health.drain_layer())
///         .service(HealthService::new(&health))
/// })
/// .shutdown_signal(drain)
/// .shutdown_timeout(20)
/// .bind(("0.0.0.0", 8000))?
/// .run()
/// .await?;
/// # Ok(())
/// # }
/// ```
pub trait DrainExt {
    /// The signal to give to [`HttpServer::shutdown_signal`]: it comes when the process was asked
    /// to stop and balancers have had the delay to notice. A process that stops at once needs no
    /// delay: zero is allowed.
    ///
    /// From the call on, not only from its first poll, these signals are handled, in place of what
    /// they do by themselves:
    ///
    /// - SIGTERM and SIGINT (Ctrl-C): [`Health::start_draining`], and after the delay the server
    ///   stops. A second one ends the delay. Requests in flight are finished all the same, for as
    ///   long as `shutdown_timeout` allows; what comes after the delay changes nothing.
    /// - SIGUSR1: [`Health::start_draining`], and nothing is stopped. The delay of a later SIGTERM
    ///   then counts from here, unless draining was taken back.
    ///
    /// SIGQUIT is left alone, and ends the process at once. Where there are no such signals, on
    /// Windows, only Ctrl-C is handled.
    ///
    /// So call this first, before what takes its time at the start: what comes before the server
    /// runs is not lost, but waits for it, so long work belongs behind a
    /// [`Health::startup_gate`]. Called outside a tokio runtime, it handles signals from its first
    /// poll on. Each server of a process takes one of its own. A signal that cannot be handled is
    /// logged as an error, and does what it does by itself.
    ///
    /// # Panics
    /// In a tokio runtime without I/O and timers, where no server runs either.
    ///
    /// [`HttpServer::shutdown_signal`]: actix_web::HttpServer::shutdown_signal
    fn drain(&self, delay: Duration) -> Drain;

    /// The middleware to give to [`App::wrap`], outside of all other: while the process drains,
    /// every answer closes its connection, so that clients who keep theirs alive move elsewhere
    /// before the server stops. Before that it changes nothing.
    ///
    /// It says `Connection: close` in HTTP/1; HTTP/2 and connections that are upgraded are left
    /// alone. The health endpoints do so without it.
    ///
    /// [`App::wrap`]: actix_web::App::wrap
    fn drain_layer(&self) -> DrainLayer;
}

impl DrainExt for Health {
    fn drain(&self, delay: Duration) -> Drain {
        let installed = runtime::Handle::try_current().is_ok();
        let installed = installed.then(Signals::install);
        let health = self.clone();
        Drain(Box::pin(async move {
            let signals = installed.unwrap_or_else(Signals::install);
            drained(&health, delay, signals).await;
        }))
    }

    fn drain_layer(&self) -> DrainLayer {
        DrainLayer::new(self)
    }
}

/// Comes when a server is to stop; see [`DrainExt::drain`].
#[must_use = "give it to `HttpServer::shutdown_signal`"]
pub struct Drain(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Future for Drain {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").finish_non_exhaustive()
    }
}

async fn drained(health: &Health, delay: Duration, mut signals: Signals) {
    let mut since = None;
    let since = loop {
        let asked = signals.asked().await;
        let began = begin(health, asked, since);
        if asked == Asked::ToStop {
            break began;
        }
        since = Some(began);
    };
    let left = delay.saturating_sub(since.elapsed());
    let seconds = left.as_secs_f64();
    tracing::info!(target: "health", "asked to stop: the server does in {seconds:.1} s");
    if timeout(left, signals.asked_to_stop()).await.is_ok() {
        tracing::info!(target: "health", "asked again: the server stops now");
    }
}

/// Starts draining, or goes on with it; returns since when.
fn begin(health: &Health, asked: Asked, since: Option<Instant>) -> Instant {
    let since = since.filter(|_| health.is_draining());
    match asked {
        Asked::ToDrain => health.park(),
        Asked::ToStop => health.start_draining(),
    }
    since.unwrap_or_else(Instant::now)
}

#[cfg(test)]
mod tests {
    use health_core::HealthBuilder;

    use super::*;

    #[test]
    fn draining_that_was_taken_back_begins_anew() -> Result<(), health_core::BuildError> {
        let health = HealthBuilder::empty().build()?;
        let first = begin(&health, Asked::ToDrain, None);
        assert!(health.is_draining() && !health.is_stopping());
        assert_eq!(begin(&health, Asked::ToStop, Some(first)), first);
        assert!(health.is_stopping());
        health.stop_draining();
        assert!(begin(&health, Asked::ToDrain, Some(first)) > first);
        assert!(health.is_draining() && !health.is_stopping());
        Ok(())
    }
}
