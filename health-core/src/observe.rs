use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::finding::Finding;
use crate::lifecycle::Lifecycle;
use crate::sync::{Mutex, discard, guarded, lock};
use crate::told::Line;
pub(crate) use crate::told::Told;
use crate::{Check, Reason, Status};

/// Is told what happens to checks.
///
/// It is called outside every lock, on a thread of its own and in order, so it may take its time,
/// call the [`Health`](crate::Health) that it observes, and panic: probes and other observers
/// notice nothing. Of what it is too slow for, the newest is lost, and a warning says so.
pub trait Observer: Send + Sync + 'static {
    /// The result of a run is known. A run that is overdue has not ended, but has failed.
    fn run_finished(&self, run: &FinishedRun) {
        let _ = run;
    }

    /// A check has another status than before, after thresholds.
    fn transition(&self, transition: &Transition) {
        let _ = transition;
    }
}

/// A run whose result is known.
#[derive(Clone, Debug)]
pub struct FinishedRun {
    check: Arc<Check>,
    finding: Finding,
}

impl FinishedRun {
    /// The check.
    pub fn check(&self) -> &Check {
        &self.check
    }

    /// When it was asked for.
    pub fn started_at(&self) -> SystemTime {
        self.finding.sample.at
    }

    /// How long it took; none if it did not end in time.
    pub fn latency(&self) -> Option<Duration> {
        self.finding.sample.latency
    }

    /// What it found, before thresholds.
    pub fn status(&self) -> Status {
        self.finding.sample.raw
    }

    /// Why that is not simply what the check returned.
    pub fn reason(&self) -> Option<Reason> {
        self.finding.sample.reason
    }

    /// The text of its error, or else its message. Secrets are masked, but it may not be public.
    pub fn text(&self) -> Option<&str> {
        self.finding.sample.text()
    }
}

/// A change of a check's status, after thresholds.
#[derive(Clone, Debug)]
pub struct Transition {
    check: Arc<Check>,
    from: Option<Status>,
    to: Status,
    finding: Finding,
    expected: bool,
}

impl Transition {
    /// The check.
    pub fn check(&self) -> &Check {
        &self.check
    }

    /// The status before; none if nothing had been decided.
    pub const fn from(&self) -> Option<Status> {
        self.from
    }

    /// The status now.
    pub const fn to(&self) -> Status {
        self.to
    }

    /// Since when: the start of the run that decided it.
    pub fn since(&self) -> SystemTime {
        let since = self.finding.standing.since();
        since.map_or(self.finding.sample.at, |since| since.at)
    }

    /// Why the result is not simply what the check returned.
    pub fn reason(&self) -> Option<Reason> {
        self.finding.sample.reason
    }

    /// The cause: the text of the error, or else the message. Secrets are masked, but it may not
    /// be public.
    pub fn cause(&self) -> Option<&str> {
        self.finding.sample.text()
    }

    /// Whether it is to be expected, because the process starts or drains: no reason to wake
    /// anybody.
    pub const fn is_expected(&self) -> bool {
        self.expected
    }
}

/// A result, and what is to be said of it.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) finding: Finding,
    /// What the check was taken to be before.
    pub(crate) before: Option<Status>,
    /// Whether it is the result of a run, or the same run counting again.
    pub(crate) ran: bool,
    pub(crate) line: Option<Line>,
    /// Whether it is a failure that is no surprise.
    pub(crate) expected: bool,
}

/// Tells the log and the observers.
pub(crate) struct Teller {
    lifecycle: Arc<Lifecycle>,
    remembered: usize,
    observers: Mutex<Vec<Sender<Notice>>>,
    lost: AtomicU64,
}

#[derive(Clone)]
enum Notice {
    Run(FinishedRun),
    Transition(Transition),
}

impl Teller {
    pub(crate) fn new(lifecycle: Arc<Lifecycle>, remembered: usize) -> Self {
        Self {
            lifecycle,
            remembered,
            observers: Mutex::default(),
            lost: AtomicU64::new(0),
        }
    }

    /// Tells the log alone.
    #[cfg(test)]
    pub(crate) fn nobody() -> Self {
        Self::new(Arc::default(), 10)
    }

    /// To whom nothing has been told yet.
    pub(crate) fn told(&self) -> Told {
        Told::nothing(&self.lifecycle)
    }

    /// How many runs of each check are remembered.
    pub(crate) const fn remembered(&self) -> usize {
        self.remembered
    }

    /// Adds an observer: on the given runtime, or on a thread of its own.
    pub(crate) fn add(&self, observer: Arc<dyn Observer>, place: Option<&Handle>) {
        /// A burst of results; beyond it an observer is too slow.
        const ROOM: usize = 1024;
        let (sender, receiver) = mpsc::channel(ROOM);
        let started = match place {
            Some(handle) => {
                drop(handle.spawn(deliver(receiver, observer)));
                Ok(())
            }
            None => deliver_on_thread(receiver, observer),
        };
        match started {
            Ok(()) => lock(&self.observers).push(sender),
            Err(error) => tracing::error!(
                target: "health",
                "an observer is told nothing, for it gets no thread: {error}"
            ),
        }
    }

    pub(crate) fn tell(&self, check: &Arc<Check>, news: &News) {
        if let Some(line) = news.line {
            line.log(check, &news.finding, news.expected);
        }
        let observers = lock(&self.observers).clone();
        if observers.is_empty() {
            return;
        }
        if news.ran {
            let run = FinishedRun {
                check: Arc::clone(check),
                finding: news.finding.clone(),
            };
            self.send(&observers, &Notice::Run(run));
        }
        let decided = news.finding.standing.decided();
        if let Some(to) = decided.filter(|_| decided != news.before) {
            let transition = Transition {
                check: Arc::clone(check),
                from: news.before,
                to,
                finding: news.finding.clone(),
                expected: news.expected,
            };
            self.send(&observers, &Notice::Transition(transition));
        }
    }

    fn send(&self, observers: &[Sender<Notice>], notice: &Notice) {
        for observer in observers {
            let full = matches!(
                observer.try_send(notice.clone()),
                Err(TrySendError::Full(_))
            );
            if full && self.lost.fetch_add(1, Ordering::Relaxed) == 0 {
                tracing::warn!(
                    target: "health",
                    "an observer of health checks is too slow: it is not told of everything"
                );
            }
        }
    }
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller")
            .field("remembered", &self.remembered)
            .finish_non_exhaustive()
    }
}

async fn deliver(mut notices: Receiver<Notice>, observer: Arc<dyn Observer>) {
    while let Some(notice) = notices.recv().await {
        notice.deliver(&*observer);
    }
    discard(observer);
}

fn deliver_on_thread(
    mut notices: Receiver<Notice>,
    observer: Arc<dyn Observer>,
) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name("health-observer".to_owned());
    let deliver = move || {
        while let Some(notice) = notices.blocking_recv() {
            notice.deliver(&*observer);
        }
        discard(observer);
    };
    thread.spawn(deliver).map(drop)
}

impl Notice {
    fn deliver(self, observer: &dyn Observer) {
        discard(guarded(|| match &self {
            Self::Run(run) => observer.run_finished(run),
            Self::Transition(transition) => observer.transition(transition),
        }));
    }
}
