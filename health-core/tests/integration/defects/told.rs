//! What observers and the log are told.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use health_core::{
    Caller, Check, FinishedRun, HealthBuilder, Observer, Probe, Runtime, Status, Transition,
};
use tokio::time::sleep;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use super::PATIENCE;
use crate::log::Log;
use crate::operations::TemporaryFile;
use crate::support::{Count, ms, ready};

/// Counts what it is told.
#[derive(Clone, Default)]
struct Tally {
    runs: Count,
    transitions: Count,
}

impl Observer for Tally {
    fn run_finished(&self, _: &FinishedRun) {
        self.runs.one_more();
    }

    fn transition(&self, _: &Transition) {
        self.transitions.one_more();
    }
}

fn many(checks: usize, tally: &Tally) -> HealthBuilder {
    let checks = (0..checks).map(|i| Check::new(format!("c{i}"), async || ()).readiness());
    let builder = HealthBuilder::empty().observer(tally.clone());
    checks.fold(builder, HealthBuilder::check)
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_first_results_is_told_in_full() {
    const MANY: usize = 1000;
    let tally = Tally::default();
    let health = many(MANY, &tally).runtime(Runtime::current());
    ready(&health.build().unwrap()).await;
    sleep(ms(1)).await;
    assert_eq!((tally.runs.now(), tally.transitions.now()), (MANY, MANY));
}

#[tokio::test]
async fn a_burst_of_first_results_of_many_threads_is_told_in_full() {
    const MANY: usize = 5000;
    let tally = Tally::default();
    let health = many(MANY, &tally).build().unwrap();
    ready(&health).await;
    let start = Instant::now();
    while tally.transitions.now() < MANY && start.elapsed() < PATIENCE {
        sleep(ms(5)).await;
    }
    assert_eq!((tally.runs.now(), tally.transitions.now()), (MANY, MANY));
}

/// Takes its time over the first error, until it is told to go on.
#[derive(Clone)]
struct Slow {
    errors: Count,
    held: Arc<Mutex<mpsc::Receiver<()>>>,
}

impl<S: Subscriber> Layer<S> for Slow {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let is_error = metadata.target() == "health" && *metadata.level() == Level::ERROR;
        if is_error && self.errors.one_more() == 1 {
            let _ = self.held.lock().unwrap().recv_timeout(PATIENCE);
        }
    }
}

#[derive(Clone, Default)]
struct Turns(Arc<Mutex<Vec<Status>>>);

impl Turns {
    fn now(&self) -> Vec<Status> {
        self.0.lock().unwrap().clone()
    }

    async fn are_all_told(&self) {
        let start = Instant::now();
        while self.now().len() < 3 && start.elapsed() < ms(500) {
            sleep(ms(5)).await;
        }
    }
}

impl Observer for Turns {
    fn transition(&self, transition: &Transition) {
        self.0.lock().unwrap().push(transition.to());
    }
}

#[tokio::test]
async fn transitions_are_told_in_order_however_slow_the_log_is() {
    let (release, held) = mpsc::channel::<()>();
    let slow = Slow {
        errors: Count::default(),
        held: Arc::new(Mutex::new(held)),
    };
    let (calls, errors) = (Count::default(), slow.errors.clone());
    // The log is that of the thread on which the check runs, and of no other test.
    let check = Check::blocking("c", move || {
        let subscriber = tracing_subscriber::registry().with(slow.clone());
        std::mem::forget(tracing::subscriber::set_default(subscriber));
        calls.one_more() != 2
    });
    let turns = Turns::default();
    let health = HealthBuilder::empty()
        .check(check.readiness().with_cache(ms(0)))
        .observer(turns.clone())
        .build()
        .unwrap();
    use Status::{Healthy, Unhealthy};
    for expected in [Healthy, Unhealthy, Healthy] {
        let report = health.probe(Probe::Readiness, Caller::nobody()).await;
        assert_eq!(report.status(), expected);
    }
    turns.are_all_told().await;
    drop(release);
    turns.are_all_told().await;
    assert_eq!(turns.now(), [Healthy, Unhealthy, Healthy]);
    // The thread of that run logs after it has let the probe go on.
    let start = Instant::now();
    while errors.now() == 0 && start.elapsed() < PATIENCE {
        sleep(ms(5)).await;
    }
    assert_eq!(errors.now(), 1, "the log was slow");
}

#[tokio::test(start_paused = true)]
async fn secrets_in_the_override_file_are_masked() {
    let log = Log::default();
    let _guard = log.listen();
    let file = TemporaryFile::new("secrets");
    file.write("password=hunter2 healthy\n");
    let _health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .override_file(file.path())
        .build()
        .unwrap();
    sleep(ms(300)).await;
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(!lines[0].contains("hunter2"), "{lines:?}");
}
