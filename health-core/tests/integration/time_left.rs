//! How much time a check still has, as it is told.

use std::sync::{Arc, Mutex};

use health_core::{Check, Outcome, Probe, Runtime, Value, time_left};
use tokio::time::{advance, sleep};

use crate::support::{health, ms, ready};

fn left() -> Outcome {
    let left = time_left().map_or(-1, |left| left.as_millis() as i64);
    Outcome::healthy().with_data("left_ms", left)
}

#[tokio::test(start_paused = true)]
async fn a_check_is_told_how_long_it_may_still_take() {
    let check = Check::new("steps", async || {
        sleep(ms(300)).await;
        left()
    });
    let check = check
        .readiness()
        .startup()
        .with_timeout(ms(500))
        .with_timeout_for(Probe::Startup, ms(2000));
    let report = ready(&health([check])).await;
    let told: Vec<_> = report.entries()[0].data().collect();
    assert_eq!(
        told,
        [("left_ms", &Value::Integer(1700))],
        "its longest timeout counts"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_once_the_time_is_over_nor_to_what_a_check_started() {
    let of_task = Arc::<Mutex<Vec<_>>>::default();
    let told = Arc::clone(&of_task);
    let check = Check::new("overdue", move || {
        let told = Arc::clone(&told);
        async move {
            let of_task = tokio::spawn(async { time_left() }).await.unwrap();
            told.lock().unwrap().push(of_task);
            sleep(ms(900)).await;
            told.lock().unwrap().push(time_left());
        }
    });
    let check = check.readiness().with_timeout(ms(500));
    let health = health([check.with_cancel_after(ms(1000))]);
    assert!(!ready(&health).await.is_passing());
    advance(ms(600)).await;
    sleep(ms(1)).await;
    assert_eq!(*of_task.lock().unwrap(), [None, Some(ms(0))]);
    assert_eq!(time_left(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_blocks_is_told_too() {
    let check = Check::blocking("blocking", || {
        time_left().is_some_and(|left| left > ms(1000) && left <= ms(60_000))
    });
    let builder = health_core::HealthBuilder::empty().runtime(Runtime::current());
    let check = check.readiness().with_timeout(ms(60_000));
    let health = builder.check(check).build().unwrap();
    assert!(ready(&health).await.is_passing());
}
