//! What runs beside the checks: one task for how the process is, one for the watchdog.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use health_core::{Caller, Health, Probe, Report, Watch, WeakHealth};
use sd_notify::NotifyState;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::environment::Environment;
use super::notifier::{Notifier, Told};
use super::words;

/// How often is looked at what nobody tells of: whether startup passes, and how far gates are.
const PAUSE: Duration = Duration::from_secs(1);

/// What happens in less than this is told together.
const BREATH: Duration = Duration::from_millis(50);

pub(super) fn start(health: &Health, environment: &Environment) -> io::Result<()> {
    if !health.is_news("systemd") {
        return Ok(());
    }
    if let Some(watchdog) = environment.watchdog {
        warn_if_short(watchdog, health.longest(Probe::Liveness));
    }
    let notifier = Notifier::new(&environment.address)?;
    health.plan(report(
        health.downgrade(),
        health.watch(),
        Arc::new(notifier),
        environment.watchdog,
    ))
}

/// Between two signs of life lie half of the time and what liveness takes.
fn warn_if_short(watchdog: Duration, longest: Duration) {
    let least = longest * 2;
    if watchdog < least {
        tracing::warn!(
            target: "health",
            "systemd waits {watchdog:?} for a sign of life, but liveness may take {longest:?}: \
             set WatchdogSec= to at least {least:?}, or the timeouts to less"
        );
    }
}

/// Tells what is new, until the health is gone.
async fn report(
    health: WeakHealth,
    mut watch: Watch,
    notifier: Arc<Notifier>,
    watchdog: Option<Duration>,
) {
    let mut told = Told::default();
    let mut has_started = false;
    loop {
        if !has_started {
            let Some(asked) = ask(&health, Probe::Startup) else {
                return;
            };
            // What hangs keeps the rest from nobody. Its run goes on, and is joined the next time.
            has_started = timeout(PAUSE, asked).await.is_ok_and(|it| it.is_passing());
        }
        let Some(now) = present(&health, &told, has_started) else {
            return;
        };
        let news = now.since(&told);
        if !news.is_empty() && notifier.tell(&news) {
            if now.ready && !told.ready {
                watch_over(&health, &notifier, watchdog);
            }
            told = now;
        }
        sleep(BREATH).await;
        if timeout(PAUSE, watch.changed()).await == Ok(false) {
            return;
        }
    }
}

/// How things are. Who stops is not made ready any more.
fn present(health: &WeakHealth, told: &Told, has_started: bool) -> Option<Told> {
    let health = health.upgrade()?;
    let stopping = told.stopping || health.is_stopping();
    Some(Told {
        ready: told.ready || (has_started && !stopping),
        stopping,
        status: words::status(&health.glance(Caller::nobody())),
    })
}

fn watch_over(health: &WeakHealth, notifier: &Arc<Notifier>, watchdog: Option<Duration>) {
    let (Some(watchdog), Some(there)) = (watchdog, health.upgrade()) else {
        return;
    };
    let task = keep_alive(health.clone(), Arc::clone(notifier), watchdog / 2);
    if let Err(error) = there.plan(task) {
        tracing::error!(
            target: "health",
            "systemd gets no sign of life, for no thread can be started: {error}"
        );
    }
}

/// Gives a sign of life this often, while liveness passes and until the health is gone. While it fails
/// it is asked more often: one failure alone must not take up all the time that systemd waits.
async fn keep_alive(health: WeakHealth, notifier: Arc<Notifier>, period: Duration) {
    loop {
        let began = Instant::now();
        let Some(asked) = ask(&health, Probe::Liveness) else {
            return;
        };
        if asked.await.is_passing() && notifier.tell(&[NotifyState::Watchdog]) {
            sleep_until(began + period).await;
        } else {
            sleep(period / 8).await;
        }
    }
}

/// Asks a probe, without keeping the health while it is waited for.
fn ask(health: &WeakHealth, probe: Probe) -> Option<impl Future<Output = Report> + Send + use<>> {
    let health = health.upgrade()?;
    Some(health.probe(probe, Caller::nobody()))
}
