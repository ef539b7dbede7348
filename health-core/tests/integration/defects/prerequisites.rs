//! Prerequisites: what is skipped, and for how long.

use std::thread;

use health_core::{Check, HealthBuilder, Override, Reason, Status};
use tokio::time::sleep;

use super::{seconds, statuses};
use crate::observers::passes_in;
use crate::operations::fine;
use crate::support::{Count, entry, health, ms, ready};

use Status::{Degraded, Healthy, Unhealthy};

fn failing(name: &'static str) -> Check {
    Check::new(name, async || false).readiness()
}

#[tokio::test(start_paused = true)]
async fn a_prerequisite_that_passes_keeps_nobody_from_running() {
    let health = health([
        failing("a").with_critical(false),
        fine("b").with_depends_on("a"),
        fine("c").with_depends_on("b").with_cache(ms(500)),
    ]);
    assert_eq!(ready(&health).await.status(), Degraded);
    // `c` is no longer kept; `a` and `b` are.
    sleep(ms(600)).await;
    let report = ready(&health).await;
    assert_eq!(report.status(), Degraded);
    assert_eq!(
        statuses(&report),
        [("a", Unhealthy), ("b", Healthy), ("c", Healthy)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_prerequisite_that_is_forced_to_pass_keeps_nobody_from_running() {
    let health = health([
        failing("a").with_critical(false),
        failing("b").with_depends_on("a"),
        fine("c").with_depends_on("b").with_cache(ms(0)),
    ]);
    health.force("b", Override::new(Healthy, "INC-42")).unwrap();
    for _ in 0..2 {
        let report = ready(&health).await;
        assert_eq!(report.status(), Degraded);
        assert_eq!(entry(&report, "c").status(), Healthy);
    }
}

#[tokio::test(start_paused = true)]
async fn a_schedule_does_not_run_what_is_to_be_skipped() {
    let calls = Count::default();
    let counted = calls.clone();
    let counts = Check::new("counts", move || {
        counted.one_more();
        async {}
    })
    .readiness()
    .with_depends_on("network")
    .with_interval(ms(1000))
    .with_initial_delay(ms(500))
    .with_jitter(false);
    let health = health([failing("network").with_interval(ms(1000)), counts]);
    sleep(seconds(10)).await;
    let report = ready(&health).await;
    assert_eq!(calls.now(), 0, "its prerequisite is known to fail");
    assert!(!entry(&report, "counts").status().is_passing());
}

#[tokio::test(start_paused = true)]
async fn what_is_shared_and_skipped_fails_closed_in_the_end() {
    let network = passes_in("network", &[1])
        .with_critical(false)
        .with_cache_failure(seconds(3600));
    let shared = fine("shared")
        .with_depends_on("network")
        .with_shared(true)
        .with_fail_closed_after(seconds(60));
    let health = health([network, shared]);
    assert!(ready(&health).await.is_passing());
    sleep(seconds(10)).await;
    assert_eq!(ready(&health).await.status(), Degraded, "it is forgiven");
    for _ in 0..40 {
        sleep(seconds(10)).await;
        ready(&health).await;
    }
    let report = ready(&health).await;
    assert_eq!(entry(&report, "shared").reason(), Some(Reason::Skipped));
    assert_eq!(report.status(), Unhealthy, "but not for 400 s");
}

/// On a thread with the stack that Rust gives to threads, which no recursion may use up.
#[test]
fn ten_thousand_prerequisites_may_stand_in_a_row() {
    const MANY: usize = 10_000;
    const STACK: usize = 2 << 20;
    let asked = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let name = |index: usize| format!("c{index:06}");
            let first = Check::new(name(0), async || ()).readiness();
            let builder = HealthBuilder::empty().check(first);
            let rest = (1..MANY).map(|index| {
                let check = Check::new(name(index), async || ()).readiness();
                check.with_depends_on(name(index - 1))
            });
            let health = rest.fold(builder, HealthBuilder::check).build().unwrap();
            let report = ready(&health).await;
            assert_eq!(report.entries().len(), MANY);
        });
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(asked);
    thread.unwrap().join().unwrap();
}
