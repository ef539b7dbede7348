//! What one worker knows to tell those who look at the page.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use actix_web::HttpRequest;
use health_core::{Caller, Event, Health, Watch};
use tokio::time::{Instant, timeout};

use super::check::CheckOf;
use super::snapshot::{Pieces, Snapshot, json};
use super::state::Source;
use crate::access::Level;
use crate::dialect::view::Told;

/// How often checks are asked for those who look.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// How old what is told may be.
const FRESH: Duration = Duration::from_millis(250);

/// How long whoever comes first waits for results.
const PATIENCE: Duration = Duration::from_millis(100);

/// How many streams a worker keeps open: each costs a connection, and, once a second, what is new.
const MOST_STREAMS: usize = 16;

/// How long a stream lasts. A server that stops waits for open connections, and who may look may
/// change; the page opens another one at once, and is told what is new since.
pub(super) const LIFE: Duration = Duration::from_secs(5);

/// What one worker knows to tell those who look at the page. What is told at one moment is shared by
/// all who may know as much.
#[derive(Debug)]
pub(crate) struct Board {
    health: Health,
    service: Option<String>,
    /// Tells the versions of this board from those of others.
    pub(super) id: u64,
    kept: Mutex<Kept>,
    happens: Watch,
}

#[derive(Debug, Default)]
struct Kept {
    snapshots: BTreeMap<Level, Arc<Snapshot>>,
    asked: Option<Instant>,
    /// The places that are taken, and until when at most.
    seats: Vec<Weak<Instant>>,
}

impl Board {
    pub(crate) fn new(health: &Health, service: Option<&str>) -> Arc<Self> {
        Arc::new(Self {
            health: health.clone(),
            service: service.map(str::to_owned),
            id: RandomState::new().build_hasher().finish(),
            kept: Mutex::default(),
            happens: health.watch(),
        })
    }

    /// What is told to whoever comes.
    pub(super) async fn current(&self, request: &HttpRequest, level: Level) -> Arc<Snapshot> {
        let now = Instant::now();
        let recent = self.recent(level, now.checked_sub(FRESH).unwrap_or(now));
        let is_news = |snapshot: &Snapshot| snapshot.last_event < self.happens.last();
        if let Some(snapshot) = recent.filter(|snapshot| !is_news(snapshot)) {
            return snapshot;
        }
        if self.may_ask() {
            let asked = self.health.everything(Caller::of(request));
            // What is not known by then is told when it is.
            let _ = timeout(PATIENCE, asked).await;
        }
        self.taken_since(now, request, level)
    }

    /// Has all checks asked, as probes would, unless that was done lately. Nobody waits for it.
    pub(super) fn ask(&self, request: &HttpRequest) {
        if self.may_ask() {
            drop(tokio::spawn(self.health.everything(Caller::of(request))));
        }
    }

    fn may_ask(&self) -> bool {
        let now = Instant::now();
        let mut kept = self.kept();
        let may = kept.asked.is_none_or(|asked| now - asked >= PAUSE);
        if may {
            kept.asked = Some(now);
        }
        may
    }

    /// What is known, and was taken down later than that.
    pub(super) fn taken_since(
        &self,
        since: Instant,
        request: &HttpRequest,
        level: Level,
    ) -> Arc<Snapshot> {
        if let Some(snapshot) = self.recent(level, since) {
            return snapshot;
        }
        let taken = Instant::now();
        let pieces = self.pieces(request, level);
        let mut kept = self.kept();
        let before = kept.snapshots.get(&level).map(|before| &**before);
        let snapshot = Arc::new(Snapshot::after(before, pieces, taken));
        kept.snapshots.insert(level, Arc::clone(&snapshot));
        snapshot
    }

    fn recent(&self, level: Level, since: Instant) -> Option<Arc<Snapshot>> {
        let kept = self.kept();
        let recent = kept.snapshots.get(&level);
        recent.filter(|last| last.taken > since).cloned()
    }

    fn pieces(&self, request: &HttpRequest, level: Level) -> Pieces {
        let caller = Caller::of(request);
        let glance = self.health.glance(caller);
        let overrides: BTreeMap<_, _> = self.health.overrides().into_iter().collect();
        // The last, for a glance may find that something has happened.
        let events = self.health.timeline();
        let source = Source {
            health: &self.health,
            service: self.service.as_deref(),
            glance: &glance,
            events: &events,
            level,
        };
        let check = |told: Told<'_>| {
            let history = self.health.history(told.name(), caller);
            let check = CheckOf::new(told, history.as_ref(), overrides.get(told.name()));
            (told.name().to_owned(), json(&check))
        };
        Pieces {
            head: json(&source.head()),
            checks: source.checks().map(check).collect(),
            last_event: events.last().map_or(0, Event::number),
            events: source.events().map(|(id, it)| (id, json(&it))).collect(),
        }
    }

    pub(super) fn watch(&self) -> Watch {
        self.health.watch()
    }

    pub(super) fn is_draining(&self) -> bool {
        self.health.is_draining()
    }

    /// A place for one more stream, unless all are taken. A stream that nobody reads is never asked
    /// whether it has ended, and could keep its place for ever: so it counts no longer than others.
    pub(super) fn seat(self: &Arc<Self>) -> Option<Seat> {
        let now = Instant::now();
        let lasts = |seat: &Weak<Instant>| seat.upgrade().is_some_and(|until| *until > now);
        let seats = &mut self.kept().seats;
        seats.retain(lasts);
        if seats.len() >= MOST_STREAMS {
            return None;
        }
        let until = Arc::new(now + LIFE + PAUSE);
        seats.push(Arc::downgrade(&until));
        Some(Seat(Arc::clone(self), until))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that is free again when this is dropped, or has lasted too long.
#[derive(Debug)]
pub(super) struct Seat(
    pub(super) Arc<Board>,
    #[expect(dead_code, reason = "lives as long as this")] Arc<Instant>,
);
