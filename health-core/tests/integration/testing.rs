//! The kit for tests of one's own checks.

use health_core::testing::{self, Assert};
use health_core::{Caller, Check, Health, Outcome, Probe, Status};

use crate::support::{Count, ms, ready};

#[tokio::test(start_paused = true)]
async fn chosen_annotated_functions_and_fakes_in_their_place() {
    let health = testing::builder()
        .annotated(["integration::annotated::other::same"])
        .replace("same", async || Outcome::degraded("faked"))
        .build()
        .unwrap();
    let checks = health.checks();
    let names: Vec<_> = checks.iter().map(|check| check.name()).collect();
    assert_eq!(names, ["same"]);
    let same = testing::run(&health, "same").await;
    same.assert_degraded("faked");
    let text = testing::builder()
        .annotated(["nobody"])
        .replace("nothing", async || ())
        .build()
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("there is no annotated function `nobody`, asked for at"),
        "{text}"
    );
    assert!(
        text.contains("there is no check `nothing` to replace at"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_fake_keeps_what_is_said_of_the_check() {
    let check = Check::new("db", async || ())
        .readiness()
        .with_timeout(ms(70));
    let health = testing::builder()
        .check(check)
        .replace("db", std::future::pending::<()>)
        .build()
        .unwrap();
    testing::run(&health, "db")
        .await
        .assert_unhealthy("Timeout after 70ms");
}

fn every_second(runs: &Count) -> Health {
    let runs = runs.clone();
    let check = Check::new("c", move || {
        runs.one_more();
        async {}
    });
    let check = check
        .readiness()
        .liveness()
        .with_interval(ms(1000))
        .with_jitter(false);
    testing::builder().check(check).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn time_is_driven_in_order() {
    let runs = Count::default();
    let health = every_second(&runs);
    testing::advance(ms(10_500)).await;
    assert_eq!(runs.now(), 11, "at 0 s, 1 s and so on");
    drop(health);
    testing::advance(ms(10_500)).await;
    assert_eq!(runs.now(), 11);
}

#[tokio::test(start_paused = true)]
async fn a_suspended_process_does_nothing_until_it_is_asked() {
    let runs = Count::default();
    let health = every_second(&runs);
    testing::advance(ms(500)).await;
    testing::suspend(ms(93_000));
    let asked = health.probe(Probe::Readiness, Caller::nobody());
    assert_eq!(runs.now(), 1);
    let report = asked.await;
    let entry = &report.entries()[0];
    assert_eq!(
        (entry.status(), entry.message()),
        (Status::Unhealthy, Some("no result for 94 s"))
    );
    testing::advance(ms(1)).await;
    assert!(ready(&health).await.is_passing(), "the schedule goes on");
    assert_eq!(runs.now(), 2, "and does not catch up");
}

#[tokio::test(start_paused = true)]
async fn children_are_asserted_by_name() {
    let shards = async || vec![("a", Ok(())), ("b", Err("refused"))];
    let outcome = testing::outcome_of(shards().await);
    outcome.assert_unhealthy("");
    outcome.child("b").assert_unhealthy("refused");
    let check = Check::new("shards", shards).readiness();
    let health = testing::builder().check(check).build().unwrap();
    let entry = testing::run(&health, "shards").await;
    entry.assert_unhealthy("failing: b");
    entry.child("a").assert_healthy();
    entry.child("b").assert_unhealthy("refused");
    let told = |assertion: &dyn Fn()| {
        let assert = std::panic::AssertUnwindSafe(assertion);
        let panic = std::panic::catch_unwind(assert).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    };
    assert_eq!(
        told(&|| entry.child("b").assert_healthy()),
        "child `b` of check `shards` should be healthy, but is unhealthy, saying `refused`"
    );
    assert_eq!(
        told(&|| drop(outcome.child("c"))),
        "the outcome has no child `c`; it has: a, b"
    );
}

#[test]
fn assertions_say_what_was_found() {
    let outcome = testing::outcome_of(Err::<(), _>("refused"));
    outcome.assert_unhealthy("refused");
    let told = |assertion: fn(&Outcome)| {
        let assert = || assertion(&Outcome::unhealthy("down").with_error("refused"));
        let panic = std::panic::catch_unwind(assert).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    };
    assert_eq!(
        told(Assert::assert_healthy),
        "the outcome should be healthy, but is unhealthy, saying `down` and `refused`"
    );
    assert_eq!(
        told(|outcome| outcome.assert_unhealthy("timeout")),
        "the outcome is unhealthy, but should say `timeout`; it says `down` and `refused`"
    );
}
