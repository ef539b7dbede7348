use std::time::Duration;

use health_core::{Check, HealthBuilder, Probe};
use proptest::prelude::*;

use super::*;
use crate::Dialect;

fn budget(startup: u64, drain: u64, shutdown: u64) -> Budget {
    Budget {
        startup: Duration::from_millis(startup),
        drain: Duration::from_millis(drain),
        shutdown: Duration::from_millis(shutdown),
    }
}

fn plan_of(checks: impl IntoIterator<Item = Check>) -> Plan {
    let builder = checks
        .into_iter()
        .fold(HealthBuilder::empty(), HealthBuilder::check);
    let service = HealthService::new(&builder.build().unwrap());
    Plan::of(&service, &budget(300_000, 5000, 30_000))
}

fn check(name: &'static str) -> Check {
    Check::new(name, async || ())
}

fn of(plan: &ProbePlan) -> [u64; 3] {
    let plan = plan.clone();
    [
        plan.timeout_seconds,
        plan.period_seconds,
        plan.failure_threshold,
    ]
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_service_without_checks_gets_the_usual_numbers() {
    let plan = plan_of([]);
    assert_eq!(of(&plan.liveness), [1, 10, 3]);
    assert_eq!(of(&plan.readiness), [1, 5, 2]);
    // The first of them may fail right after the start: 60 times 5 s lie between 61.
    assert_eq!(of(&plan.startup), [1, 5, 61]);
    assert_eq!(plan.grace_seconds, 40);
    assert_eq!(plan.readiness.notice, None);
    assert_eq!(plan.readiness.path.as_deref(), Some("/health/ready"));
}

#[test]
fn slow_checks_are_waited_for() {
    let plan = plan_of([check("slow").readiness().with_timeout(3 * SECOND)]);
    assert_eq!(of(&plan.readiness), [4, 5, 2]);
    let plan = plan_of([check("slower").readiness().with_timeout(9 * SECOND)]);
    // The deadline of a probe is 5 s where nothing else is said.
    assert_eq!(of(&plan.readiness), [6, 6, 2]);
    assert_eq!(of(&plan.liveness), [1, 10, 3]);
}

#[test]
fn readiness_waits_for_startup_checks_as_long_as_they_are_asked() {
    let plan = plan_of([check("warm").startup().with_timeout(4 * SECOND)]);
    assert_eq!(of(&plan.readiness), [5, 5, 2]);
    assert_eq!((plan.readiness.checks, plan.startup.checks), (0, 1));
}

#[test]
fn nothing_is_asked_before_there_can_be_news() {
    let kept = |seconds: u32| check("kept").with_cache(seconds * SECOND);
    for (cache, readiness, liveness) in [(1, 5, 10), (8, 8, 10), (30, 10, 30), (500, 10, 60)] {
        let plan = plan_of([kept(cache).readiness().liveness()]);
        assert_eq!(plan.readiness.period_seconds, readiness, "{cache}");
        assert_eq!(plan.liveness.period_seconds, liveness, "{cache}");
    }
    // One that has news sooner is asked as usual, but a single run restarts nothing.
    let plan = plan_of([
        kept(30).readiness().liveness(),
        check("x").readiness().liveness(),
    ]);
    assert_eq!(
        (plan.readiness.period_seconds, plan.liveness.period_seconds),
        (5, 30)
    );
    // What only degrades does not matter.
    let plan = plan_of([kept(30).readiness().liveness().with_critical(false)]);
    assert_eq!(
        (plan.readiness.period_seconds, plan.liveness.period_seconds),
        (5, 10)
    );
    let scheduled = check("x").liveness().with_interval(20 * SECOND);
    assert_eq!(plan_of([scheduled]).liveness.period_seconds, 20);
}

#[test]
fn what_notices_last_is_told() {
    let plan = plan_of([
        check("quick").readiness(),
        check("slow").readiness().with_cache(4 * SECOND),
    ]);
    // 4 s kept, 0.8 s until it times out, 2 times 5 s.
    let notice = plan.readiness.notice.unwrap();
    assert_eq!((notice.check.as_str(), notice.seconds), ("slow", 15));
    let scheduled = check("x")
        .readiness()
        .with_interval(10 * SECOND)
        .with_failure_threshold(3);
    // 30 s and by jitter 3 s more, 0.8 s, and two periods of 10 s: nothing is new before.
    let plan = plan_of([scheduled]);
    assert_eq!(plan.readiness.notice.unwrap().seconds, 34 + 20);
    let thrice = check("x")
        .readiness()
        .with_failure_threshold(3)
        .with_cache(Duration::ZERO);
    assert_eq!(plan_of([thrice]).readiness.notice.unwrap().seconds, 11 + 10);
    let shared = check("x").readiness().with_shared(true);
    assert_eq!(plan_of([shared]).readiness.notice, None);
}

#[test]
fn what_is_disabled_does_not_count() {
    let health = HealthBuilder::empty()
        .check(check("x").readiness())
        .build()
        .unwrap();
    health.disable("x").unwrap();
    let plan = Plan::of(&HealthService::new(&health), &budget(1, 1, 1));
    assert_eq!((plan.readiness.checks, plan.readiness.notice), (0, None));
}

#[test]
fn paths_are_those_of_the_service() {
    let health = HealthBuilder::empty().build().unwrap();
    let plan = |service: HealthService| Plan::of(&service, &budget(1, 1, 1));
    let moved = plan(HealthService::new(&health).prefix("/internal"));
    assert_eq!(
        moved.probe(Probe::Liveness).path.as_deref(),
        Some("/internal/live")
    );
    let service = HealthService::new(&health).dialects([Dialect::kubernetes()]);
    assert_eq!(plan(service).readiness.path.as_deref(), Some("/readyz"));
    assert_eq!(
        plan(HealthService::new(&health).dialects([])).startup.path,
        None
    );
}

#[test]
fn balancers_notice_a_drain_before_it_ends() {
    for (drain, interval, within) in [(0, 1, 2), (2000, 1, 2), (5000, 2, 4), (60_000, 5, 10)] {
        let health = HealthBuilder::empty().build().unwrap();
        let plan = Plan::of(&HealthService::new(&health), &budget(1, drain, 1));
        let polling = plan.polling();
        assert_eq!(
            (polling.interval_seconds, polling.notices_within()),
            (interval, within)
        );
    }
}

#[test]
fn durations_have_units_and_an_end() {
    assert_eq!(duration("1m 30s"), Ok(90 * SECOND));
    assert_eq!(duration("0s"), Ok(Duration::ZERO));
    assert!(duration("5").unwrap_err().contains("`90s`"));
    assert!(duration("25h").unwrap_err().contains("a day"));
    assert!(duration("99999999999999999999999s").is_err());
}

/// What may be said of a check, in milliseconds.
fn checks() -> impl Strategy<Value = Vec<Check>> {
    let one = (
        1..100_000_u64,
        0..200_000_u64,
        1..1000_u32,
        0..3_usize,
        any::<bool>(),
    );
    let one = one.prop_map(|(timeout, cache, threshold, probe, scheduled)| {
        let check = check("x")
            .serving(Probe::ALL[probe])
            .with_timeout(Duration::from_millis(timeout))
            .with_failure_threshold(threshold);
        if scheduled {
            check.with_interval(Duration::from_millis(timeout + cache))
        } else {
            check.with_cache(Duration::from_millis(cache))
        }
    });
    proptest::collection::vec(one, 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The rules that Kubernetes and Container Apps make, and those that keep a rollout safe.
    #[test]
    fn rules_hold_whatever_is_said(
        checks in checks(),
        deadline in 1..200_000_u64,
        (startup, drain, shutdown) in (0..86_400_000_u64, 0..86_400_000_u64, 0..86_400_000_u64),
    ) {
        let named = checks.into_iter().enumerate();
        let checks = named.map(|(number, check)| check.with_name(format!("c{number}")));
        let builder = HealthBuilder::empty().deadline(Duration::from_millis(deadline));
        let health = checks.fold(builder, HealthBuilder::check).build().unwrap();
        let plan = Plan::of(&HealthService::new(&health), &budget(startup, drain, shutdown));
        for probe in Probe::ALL {
            let plan = plan.probe(probe);
            let timeout = Duration::from_secs(plan.timeout_seconds);
            prop_assert!(timeout >= health.longest(probe) + MARGIN);
            prop_assert!(plan.timeout_seconds <= plan.period_seconds);
            prop_assert_eq!(plan.success_threshold, 1);
            prop_assert!(plan.failure_threshold >= 1);
        }
        prop_assert!(plan.startup.patience_seconds() * 1000 >= startup);
        prop_assert!(plan.liveness.window_seconds() >= 2 * plan.readiness.window_seconds());
        prop_assert!(plan.grace_seconds * 1000 >= drain + shutdown + 5000);
        let polling = plan.polling();
        prop_assert!(polling.interval_seconds >= 1);
        prop_assert!(drain < 2000 || polling.notices_within() <= plan.drain_seconds);
        for probe in Probe::ALL {
            let (apps, own) = (plan.probe(probe).with_at_most(10, 240), plan.probe(probe));
            prop_assert!((1..=240).contains(&apps.timeout_seconds));
            prop_assert!((1..=240).contains(&apps.period_seconds));
            prop_assert!(apps.timeout_seconds <= apps.period_seconds);
            prop_assert!(apps.window_seconds() >= own.window_seconds());
            prop_assert!(apps.patience_seconds() >= own.patience_seconds());
            let needed = own.patience_seconds() > 9 * 240;
            prop_assert!(needed || apps.failure_threshold <= 10);
            prop_assert!(apps.timeout_seconds == own.timeout_seconds || own.timeout_seconds > 240);
        }
    }
}
