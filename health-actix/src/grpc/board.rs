//! What all who watch are told, found out once for all of them.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use health_core::{Caller, Check, Health, ProbePath, Watch};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout};
use tonic::Status;
use tonic_health::pb::health_check_response::ServingStatus;

use super::snapshot::{Snapshot, serving};
use super::subject::{Subject, is_out_of_service, steers_traffic};
use crate::access::Level;
use crate::dialect::view::may_know;

/// How often checks are asked while somebody watches.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// How old what is told may be, where nothing has happened since.
pub(super) const FRESH: Duration = Duration::from_millis(250);

/// How long whoever begins to watch waits for results.
const PATIENCE: Duration = Duration::from_millis(100);

/// How many streams are kept open.
pub(super) const MOST_STREAMS: usize = 1024;

pub(super) type Asked = Pin<Box<dyn Future<Output = ServingStatus> + Send>>;

/// What all who watch are told, found out once for all of them.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) health: Health,
    level: Level,
    kept: Mutex<Kept>,
    happens: Watch,
    seats: Arc<Semaphore>,
    ending: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Kept {
    snapshot: Option<Arc<Snapshot>>,
    asked: Option<Instant>,
}

impl Board {
    pub(super) fn new(health: &Health, level: Level) -> Arc<Self> {
        Arc::new(Self {
            health: health.clone(),
            level,
            kept: Mutex::default(),
            happens: health.watch(),
            seats: Arc::new(Semaphore::new(MOST_STREAMS)),
            ending: watch::Sender::new(false),
        })
    }

    /// Asks for it, as a probe does. What is not there, or is not to be known, is not run.
    pub(super) fn ask(&self, subject: &Subject, path: &ProbePath) -> Result<Asked, Status> {
        let caller = Caller::nobody().along(path);
        match subject {
            Subject::Probe(probe) => {
                let report = self.health.probe(*probe, caller);
                Ok(Box::pin(async move { serving(report.await.status()) }))
            }
            Subject::Check { name, is_own } => {
                let check = self.find(name)?;
                if !is_own && steers_traffic(&check) && is_out_of_service(&self.health) {
                    return Ok(Box::pin(ready(ServingStatus::NotServing)));
                }
                let entry = self.health.check(name, caller).ok_or_else(unknown)?;
                Ok(Box::pin(async move { serving(entry.await.status()) }))
            }
        }
    }

    fn find(&self, name: &str) -> Result<Arc<Check>, Status> {
        if self.health.is_misconfigured() {
            return Err(misconfigured());
        }
        let checks = self.health.checks();
        let mut known = checks.into_iter().filter(|it| may_know(it, self.level));
        known.find(|it| it.name() == name).ok_or_else(unknown)
    }

    /// What is known once this has been asked for, or those who wait for it should not wait longer.
    pub(super) async fn first(&self, subject: &Subject) -> Arc<Snapshot> {
        let begun = Instant::now();
        if let Ok(asked) = self.ask(subject, &ProbePath::default()) {
            // What is not known by then is told when it is.
            let _ = timeout(PATIENCE, asked).await;
        }
        self.taken_since(begun)
    }

    /// What is known once everything has been asked for.
    pub(super) async fn current(&self, path: &ProbePath) -> Arc<Snapshot> {
        if let Some(recent) = self.recent(before(FRESH)) {
            return recent;
        }
        let begun = Instant::now();
        let asked = self.health.everything(Caller::nobody().along(path));
        asked.await;
        self.taken_since(begun)
    }

    /// Has all checks asked, as probes would, unless that was done lately. Nobody waits for it.
    pub(super) fn ask_all(&self) {
        let now = Instant::now();
        let mut kept = self.kept();
        if kept.asked.is_some_and(|asked| now - asked < PAUSE) {
            return;
        }
        kept.asked = Some(now);
        drop(kept);
        drop(tokio::spawn(self.health.everything(Caller::nobody())));
    }

    /// What is known, and was found out no earlier than that, nor before the last thing happened.
    pub(super) fn taken_since(&self, since: Instant) -> Arc<Snapshot> {
        if let Some(recent) = self.recent(since) {
            return recent;
        }
        // First: what happens meanwhile is to be looked at again.
        let last_event = self.happens.last();
        let new = Arc::new(Snapshot::take(&self.health, self.level, last_event));
        self.kept().snapshot = Some(Arc::clone(&new));
        new
    }

    fn recent(&self, since: Instant) -> Option<Arc<Snapshot>> {
        let last_event = self.happens.last();
        let kept = self.kept();
        let recent = kept.snapshot.as_ref();
        let recent = recent.filter(|it| it.taken >= since && it.last_event >= last_event);
        recent.cloned()
    }

    pub(super) fn watch(&self) -> Watch {
        self.health.watch()
    }

    /// A place for one more stream, unless all are taken, or none is to be opened any more.
    pub(super) fn seat(&self) -> Result<OwnedSemaphorePermit, Status> {
        if *self.ending.borrow() {
            return Err(stopping());
        }
        let seat = Arc::clone(&self.seats).try_acquire_owned();
        seat.map_err(|_| full())
    }

    /// Tells when streams are to end.
    pub(super) fn ending(&self) -> watch::Receiver<bool> {
        self.ending.subscribe()
    }

    pub(super) fn end_streams(&self) {
        self.ending.send_replace(true);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The moment that was so long ago.
pub(super) fn before(age: Duration) -> Instant {
    let now = Instant::now();
    now.checked_sub(age).unwrap_or(now)
}

fn unknown() -> Status {
    Status::not_found("there is no service of this name")
}

fn misconfigured() -> Status {
    Status::unavailable("the health checks are misconfigured; the log lists the mistakes")
}

fn full() -> Status {
    Status::resource_exhausted(format!(
        "{MOST_STREAMS} services are watched already, and no more can be: use Check, or watch again \
         later"
    ))
}

pub(super) fn stopping() -> Status {
    Status::unavailable("the server is about to stop")
}
