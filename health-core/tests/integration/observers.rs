//! Who is told what, and that it harms nobody.

use std::sync::{Arc, Mutex, mpsc};

use health_core::{
    Caller, Check, FinishedRun, Health, HealthBuilder, Observer, Outcome, Probe, Runtime, Status,
    Transition,
};
use tokio::time::{advance, sleep};

use crate::support::{Count, ms, probe, ready};

/// Writes down what it is told.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<Mutex<Vec<String>>>);

impl Book {
    /// What was written, once everything that can happen has happened.
    pub(crate) async fn read(&self) -> Vec<String> {
        sleep(ms(1)).await;
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    pub(crate) fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl Observer for Book {
    fn run_finished(&self, run: &FinishedRun) {
        let name = run.check().name();
        let took = run.latency().map(|latency| latency.as_millis());
        self.write(format!(
            "{name} ran: {} {took:?} {:?}",
            run.status(),
            run.text()
        ));
    }

    fn transition(&self, transition: &Transition) {
        let from = transition.from().map_or("nothing", Status::as_str);
        self.write(format!(
            "{}: {from} -> {}, {:?}, {:?}",
            transition.check().name(),
            transition.to(),
            transition.cause(),
            transition.reason(),
        ));
    }
}

/// Writes down what checks turn to, and whether that is expected.
pub(crate) struct Expected(pub(crate) Book);

impl Observer for Expected {
    fn transition(&self, transition: &Transition) {
        self.0
            .write(format!("{} {}", transition.to(), transition.is_expected()));
    }
}

fn observed(check: Check, observer: impl Observer) -> Health {
    HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(check)
        .observer(observer)
        .build()
        .unwrap()
}

/// Passes in the runs of which the number is listed.
pub(crate) fn passes_in(name: &'static str, runs: &'static [usize]) -> Check {
    let calls = Count::default();
    Check::new(name, move || {
        let passes = runs.contains(&calls.one_more());
        async move {
            if passes {
                Outcome::healthy()
            } else {
                Outcome::unhealthy("down")
            }
        }
    })
    .readiness()
    .with_cache(ms(0))
}

#[tokio::test(start_paused = true)]
async fn observers_are_told_of_each_run_and_of_each_transition() {
    let book = Book::default();
    let check = passes_in("db", &[1, 4]).with_failure_threshold(2);
    let health = observed(check, book.clone());
    ready(&health).await;
    let expected = [
        "db ran: healthy Some(0) None",
        "db: nothing -> healthy, None, None",
    ];
    assert_eq!(book.read().await, expected);
    ready(&health).await;
    assert_eq!(
        book.read().await,
        ["db ran: unhealthy Some(0) Some(\"down\")"]
    );
    ready(&health).await;
    let expected = [
        "db ran: unhealthy Some(0) Some(\"down\")",
        "db: healthy -> unhealthy, Some(\"down\"), None",
    ];
    assert_eq!(book.read().await, expected);
    ready(&health).await;
    let expected = [
        "db ran: healthy Some(0) None",
        "db: unhealthy -> healthy, None, None",
    ];
    assert_eq!(book.read().await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_overdue_is_told_once_and_turns_when_it_counts_again() {
    let book = Book::default();
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let started = Count::default();
    let counted = started.clone();
    let check = Check::blocking("stuck", move || {
        counted.one_more();
        let _ = held.lock().unwrap().recv();
    });
    let health = observed(check.liveness().with_failure_threshold(2), book.clone());
    let first = tokio::spawn(health.probe(Probe::Liveness, Caller::nobody()));
    while started.now() == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..90 {
        advance(ms(10)).await;
    }
    first.await.unwrap();
    let stuck = "stuck ran: unhealthy None Some(\"Timeout after 800ms\")";
    advance(ms(1)).await;
    assert_eq!(take(&book), [stuck]);
    advance(ms(800)).await;
    probe(&health, Probe::Liveness).await;
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert_eq!(
        take(&book),
        ["stuck: nothing -> unhealthy, Some(\"still running after 1.7 s\"), Some(StillRunning)"]
    );
    drop(release);
}

fn take(book: &Book) -> Vec<String> {
    std::mem::take(&mut *book.0.lock().unwrap())
}

#[tokio::test(start_paused = true)]
async fn what_happens_while_the_process_starts_or_drains_is_expected() {
    let book = Book::default();
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(passes_in("db", &[2, 4]).liveness())
        .startup_gate("model")
        .observer(Expected(book.clone()))
        .build()
        .unwrap();
    let ask = async || {
        probe(&health, Probe::Liveness).await;
        book.read().await
    };
    assert_eq!(ask().await, ["unhealthy true"]);
    health.startup_gate("model").unwrap().open();
    assert_eq!(ask().await, ["healthy false"]);
    assert_eq!(ask().await, ["unhealthy false"]);
    assert_eq!(ask().await, ["healthy false"]);
    health.start_draining();
    assert_eq!(ask().await, ["unhealthy true"]);
}

/// Panics whenever it is told something.
struct Rude;

impl Observer for Rude {
    fn run_finished(&self, _: &FinishedRun) {
        panic!("rude");
    }

    fn transition(&self, _: &Transition) {
        panic!("rude");
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_harms_neither_probes_nor_the_next_notice() {
    let book = Book::default();
    let health = observed(passes_in("db", &[1, 2]), Rude);
    health.observe(book.clone());
    assert!(ready(&health).await.is_passing());
    assert_eq!(book.read().await.len(), 2);
    assert!(ready(&health).await.is_passing());
    assert_eq!(book.read().await.len(), 1);
}

#[tokio::test]
async fn an_observer_that_hangs_harms_neither_probes_nor_other_observers() {
    struct Stuck(Mutex<mpsc::Receiver<()>>);
    impl Observer for Stuck {
        fn run_finished(&self, _: &FinishedRun) {
            let _ = self.0.lock().unwrap().recv();
        }
    }
    struct Tells(Mutex<mpsc::Sender<Status>>);
    impl Observer for Tells {
        fn run_finished(&self, run: &FinishedRun) {
            let _ = self.0.lock().unwrap().send(run.status());
        }
    }
    let (release, held) = mpsc::channel::<()>();
    let (tells, told) = mpsc::channel();
    let health = HealthBuilder::empty()
        .check(
            Check::new("fine", async || ())
                .readiness()
                .with_cache(ms(0)),
        )
        .observer(Stuck(Mutex::new(held)))
        .observer(Tells(Mutex::new(tells)))
        .build()
        .unwrap();
    // More than an observer has room for, so that the first one loses some.
    for _ in 0..1100 {
        assert!(ready(&health).await.is_passing());
        let patience = std::time::Duration::from_secs(10);
        assert_eq!(told.recv_timeout(patience), Ok(Status::Healthy));
    }
    drop(release);
}

#[tokio::test(start_paused = true)]
async fn history_is_bounded_and_says_since_when() {
    let check = passes_in("db", &[2, 3]);
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(check)
        .history(3)
        .build()
        .unwrap();
    let start = health.wall_clock();
    let history = || health.history("db", Caller::nobody()).unwrap();
    assert!(history().runs().is_empty() && history().status().is_none());
    for _ in 0..5 {
        ready(&health).await;
        advance(ms(1000)).await;
    }
    let history = history();
    let runs: Vec<_> = history
        .runs()
        .iter()
        .map(|run| {
            (
                run.started_at().duration_since(start).unwrap(),
                run.status(),
            )
        })
        .collect();
    assert_eq!(
        runs,
        [
            (ms(2000), Status::Healthy),
            (ms(3000), Status::Unhealthy),
            (ms(4000), Status::Unhealthy)
        ]
    );
    assert_eq!(history.last_success(), Some(start + ms(2000)));
    assert_eq!(history.first_failure(), Some(start + ms(3000)));
    assert_eq!(history.since(), Some(start + ms(3000)));
    assert_eq!(history.consecutive_failures(), 2);
    assert!(health.history("nobody", Caller::nobody()).is_none());
}
