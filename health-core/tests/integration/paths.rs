//! Services that ask each other for their health.

use std::sync::{Arc, Mutex};

use health_core::{Caller, Check, Entry, Health, Probe, ProbePath, Status, probe_path};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::support::{health, ms};

/// A check that asks others, as far as the engine can tell, and then waits to be let go.
#[derive(Clone, Default)]
struct Asks {
    paths: Arc<Mutex<Vec<ProbePath>>>,
    go: Arc<Notify>,
}

impl Asks {
    /// Beside it stands one that asks nobody, and takes a moment.
    fn health(&self) -> Health {
        let beside = Check::new("slow", async || sleep(ms(10)).await);
        let asks = self.clone();
        let check = Check::new("other", move || {
            let asks = asks.clone();
            async move {
                let path = probe_path().expect("it runs");
                asks.paths.lock().unwrap().push(path);
                asks.go.notified().await;
            }
        });
        let check = check.readiness().with_cache(ms(0));
        health([check, beside.readiness().with_cache(ms(0))])
    }

    fn runs(&self) -> usize {
        self.paths.lock().unwrap().len()
    }

    /// The path of the last run.
    fn path(&self) -> ProbePath {
        self.paths.lock().unwrap().last().unwrap().clone()
    }
}

async fn along(health: &Health, path: &str) -> Entry {
    let path = ProbePath::parse(path);
    let caller = Caller::nobody().along(&path);
    let began = Instant::now();
    let report = health.probe(Probe::Readiness, caller).await;
    // Nobody waits for a timeout.
    assert!(began.elapsed() < ms(100), "{:?}", began.elapsed());
    report.entries()[0].clone()
}

/// Who is told first, and last, to wait for whom.
const FIRST: &str = "0000000000000000";
const LAST: &str = "ffffffffffffffff";

#[tokio::test(start_paused = true)]
async fn a_check_that_is_asked_by_way_of_itself_is_not_waited_for() {
    let asks = Asks::default();
    let health = asks.health();
    let (one, other) = tokio::join!(along(&health, FIRST), async {
        while asks.runs() == 0 {
            yield_now().await;
        }
        let path = asks.path().to_string();
        assert!(path.starts_with(FIRST), "{path}");
        let entry = along(&health, &format!("{path},{LAST}")).await;
        asks.go.notify_one();
        entry
    });
    assert_eq!(one.status(), Status::Healthy);
    assert_eq!(other.status(), Status::Degraded);
    assert_eq!(
        other.message(),
        Some("probe loop: it is asked by way of itself")
    );
    assert_eq!(asks.runs(), 1);
    // Nor is it run.
    let path = asks.path().to_string();
    assert_eq!(along(&health, &path).await.status(), Status::Degraded);
    assert_eq!(asks.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_two_that_begin_at_once_one_does_not_wait() {
    let asks = Asks::default();
    let health = asks.health();
    let begun = async |runs: usize| {
        while asks.runs() < runs {
            yield_now().await;
        }
    };
    let (first, last) = tokio::join!(along(&health, ""), async {
        begun(1).await;
        let (waits, entry) = tokio::join!(along(&health, FIRST), async {
            let entry = along(&health, LAST).await;
            asks.go.notify_one();
            entry
        });
        assert_eq!(waits.status(), Status::Healthy);
        entry
    });
    assert_eq!(first.status(), Status::Healthy);
    let words = "not waited for: it asks other services, and has no result yet";
    assert_eq!(
        (last.status(), last.message()),
        (Status::Degraded, Some(words))
    );
    // Once there is a result, that is told.
    let (_, known) = tokio::join!(along(&health, ""), async {
        begun(2).await;
        let entry = along(&health, LAST).await;
        asks.go.notify_one();
        entry
    });
    assert_eq!((known.status(), known.message()), (Status::Healthy, None));
}
