//! Whatever says how a check runs, and what it counts, arrives as it was written.
#![deny(warnings)]

use std::time::Duration;

use health_core::{Check, Health, Probe, health_check};

#[health_check(
    kind = ["liveness", "readiness", "startup"],
    timeout_ms = 700,
    cancel_after_ms = 2_500,
    degraded_after_ms = 1_999,
    cache_ms = 500,
    cache_failure_ms = 200,
    interval_ms = 10_000,
    down_interval_ms = 2_000,
    initial_delay_ms = 5_000,
    jitter = false,
    stale_after_ms = 20_000,
    failure_threshold = 3,
    success_threshold = 1_000,
    critical = false,
    shared = true,
    fail_closed_after_ms = 60_000,
    liveness(timeout_ms = 300, critical = true),
    readiness(critical = true),
    startup(timeout_ms = 2_000,),
    depends_on = ["network", "dns.primary"],
)]
async fn everything() {}

/// The least and the most that are allowed, in values that a macro passes on.
macro_rules! bounds {
    ($name:ident, $least:literal, $most:expr, $flag:expr, $on:literal, $own:tt) => {
        #[health_check(kind = "readiness", timeout_ms = $least, cancel_after_ms = $least,
            cache_ms = $most, cache_failure_ms = 0, interval_ms = $least, initial_delay_ms = 0,
            jitter = $flag, stale_after_ms = $most, failure_threshold = $least,
            success_threshold = $least, shared = $flag, fail_closed_after_ms = $most,
            depends_on = [$on], readiness $own)]
        fn $name() {}
    };
}

bounds!(bounds, 1, 86_400_000, true, "network", (timeout_ms = 1));

#[health_check(kind = "readiness")]
async fn network() {}

#[health_check(kind = "readiness", name = "dns.primary", shared = false, r#readiness(critical = true))]
async fn dns() {}

/// Only the runtime can tell whether there is such a function.
#[health_check(kind = "readiness", depends_on = ["other_crate::checks::prüfung"])]
async fn elsewhere() {}

fn main() {
    let error = Health::builder().build().unwrap_err().to_string();
    assert!(error.contains("it depends on `other_crate::checks::prüfung`"), "{error}");
    assert!(error.starts_with("1 mistake"), "{error}");

    let health = Health::builder().exclude("elsewhere").build().unwrap();
    let checks = health.checks();
    let find = |name| checks.iter().find(|check| check.name() == name).unwrap();
    everything_arrives(find("everything"));
    bounds_arrive(find("bounds"));
    nothing_is_made_up(find("dns.primary"));
}

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn everything_arrives(check: &Check) {
    let timeouts = Probe::ALL.map(|probe| check.timeout_for(probe));
    assert_eq!(timeouts, [ms(300), ms(700), ms(2_000)]);
    assert_eq!(check.timeout(), ms(700));
    assert_eq!(check.cancelled_after(), ms(2_500));
    assert_eq!(check.degraded_after(), Some(ms(1_999)));
    assert_eq!(Probe::ALL.map(|probe| check.cache(probe)), [ms(500); 3]);
    assert_eq!(Probe::ALL.map(|probe| check.cache_failure(probe)), [ms(200); 3]);
    assert_eq!(check.interval(), Some(ms(10_000)));
    assert_eq!(check.down_interval(), Some(ms(2_000)));
    assert_eq!(check.initial_delay(), ms(5_000));
    assert!(!check.jitters());
    assert_eq!(check.stale_after(), Some(ms(20_000)));
    assert_eq!((check.failure_threshold(), check.success_threshold()), (3, 1_000));
    let critical = Probe::ALL.map(|probe| check.is_critical_for(probe));
    assert_eq!((critical, check.is_critical()), ([true, true, false], false));
    assert!(check.is_shared());
    assert_eq!(check.fail_closed_after(), Some(ms(60_000)));
    assert_eq!(check.depends_on().collect::<Vec<_>>(), ["network", "dns.primary"]);
}

fn bounds_arrive(check: &Check) {
    let a_day = ms(86_400_000);
    assert_eq!((check.timeout(), check.cancelled_after()), (ms(1), ms(1)));
    assert_eq!(check.timeout_for(Probe::Readiness), ms(1));
    assert_eq!(check.cache(Probe::Readiness), a_day);
    assert_eq!(check.cache_failure(Probe::Readiness), ms(0));
    assert_eq!((check.interval(), check.down_interval()), (Some(ms(1)), Some(ms(1))));
    assert_eq!((check.initial_delay(), check.jitters()), (ms(0), true));
    assert_eq!((check.stale_after(), check.fail_closed_after()), (Some(a_day), Some(a_day)));
    assert_eq!((check.failure_threshold(), check.success_threshold()), (1, 1));
}

fn nothing_is_made_up(check: &Check) {
    assert_eq!(check.timeout_for(Probe::Readiness), Check::DEFAULT_TIMEOUT);
    assert_eq!(check.cancelled_after(), Check::DEFAULT_TIMEOUT);
    assert_eq!(check.degraded_after(), None);
    assert_eq!(check.cache_failure(Probe::Readiness), Check::DEFAULT_CACHE);
    assert_eq!((check.interval(), check.stale_after()), (None, None));
    assert_eq!((check.failure_threshold(), check.success_threshold()), (1, 1));
    assert_eq!((check.is_shared(), check.fail_closed_after()), (false, None));
    assert_eq!(check.depends_on().len(), 0);
}
