//! How long an entry promises that whoever asks again is told the same.

use std::future::pending;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use health_core::{Caller, Check, Entry, Override, Probe, Reason, Report, Status};
use proptest::prelude::*;
use tokio::time::{Instant, advance, sleep, sleep_until};

use crate::any_check::{Runs, Spec, any_check};
use crate::support::{Count, counted, entry, health, in_paused_time, ms, probe, ready};

fn fresh_for(report: &Report, name: &str) -> Duration {
    entry(report, name).fresh_for()
}

fn passing(name: &'static str) -> Check {
    Check::new(name, async || ()).readiness()
}

fn failing(name: &'static str) -> Check {
    Check::new(name, async || false).readiness()
}

#[tokio::test(start_paused = true)]
async fn a_result_is_fresh_for_what_is_left_of_its_cache() {
    let health = health([
        passing("passes").with_cache(ms(3000)),
        failing("fails")
            .with_cache(ms(3000))
            .with_cache_failure(ms(2000)),
        passing("takes_its_time").liveness(),
    ]);
    let report = ready(&health).await;
    assert_eq!(fresh_for(&report, "passes"), ms(3000));
    assert_eq!(fresh_for(&report, "fails"), ms(2000));
    assert_eq!(fresh_for(&report, "takes_its_time"), ms(1000), "by default");
    advance(ms(600)).await;
    let report = ready(&health).await;
    assert_eq!(fresh_for(&report, "passes"), ms(2400));
    assert_eq!(fresh_for(&report, "fails"), ms(1400));
    assert_eq!(fresh_for(&report, "takes_its_time"), ms(400));
    let report = probe(&health, Probe::Liveness).await;
    assert_eq!(
        fresh_for(&report, "takes_its_time"),
        ms(0),
        "liveness keeps nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn it_counts_from_the_report_and_not_from_the_question() {
    let slow = Check::new("slow", || sleep(ms(300))).readiness();
    let health = health([passing("quick"), slow]);
    let report = ready(&health).await;
    assert_eq!(fresh_for(&report, "quick"), ms(700));
    assert_eq!(
        fresh_for(&report, "slow"),
        ms(700),
        "a result's age counts from its run's start"
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_alone_and_a_group_say_it_too() {
    let health = health([passing("c").with_tag("t").with_cache(ms(500))]);
    let alone = health.check("c", Caller::nobody()).unwrap().await;
    assert_eq!(alone.fresh_for(), ms(500));
    advance(ms(100)).await;
    let group = health.group("t", Caller::nobody()).unwrap().await;
    assert_eq!(group.entries()[0].fresh_for(), ms(400));
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_result_is_fresh_until_the_next_run_is_due() {
    let scheduled = passing("scheduled")
        .with_interval(ms(10_000))
        .with_jitter(false);
    let asked_for_more = passing("asked_for_more")
        .with_interval(ms(10_000))
        .with_jitter(false)
        .with_cache(ms(1000));
    let health = health([scheduled, asked_for_more]);
    sleep(ms(4000)).await;
    let report = ready(&health).await;
    assert_eq!(fresh_for(&report, "scheduled"), ms(6000));
    assert_eq!(fresh_for(&report, "asked_for_more"), ms(1000));
    sleep(ms(5700)).await;
    let report = ready(&health).await;
    assert_eq!(
        fresh_for(&report, "asked_for_more"),
        ms(300),
        "the schedule runs it, though a probe just has"
    );
    sleep(ms(300)).await;
    sleep(ms(1)).await;
    let report = ready(&health).await;
    assert_eq!(fresh_for(&report, "scheduled"), ms(9999));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_a_prerequisite_stops_goes_on_being_planned() {
    let dependent = passing("dependent")
        .with_interval(ms(10_000))
        .with_jitter(false)
        .with_depends_on("network");
    let network = crate::observers::passes_in("network", &[1]).with_cache(ms(60_000));
    let network = network.with_cache_failure(ms(60_000));
    let health = health([dependent, network.with_cache(ms(5000))]);
    ready(&health).await;
    sleep(ms(6000)).await;
    let report = ready(&health).await;
    assert_eq!(entry(&report, "network").status(), Status::Unhealthy);
    sleep(ms(5000)).await;
    let report = ready(&health).await;
    let dependent = entry(&report, "dependent");
    assert_eq!(
        dependent.status(),
        Status::Healthy,
        "kept, for it was not run"
    );
    assert_eq!(dependent.fresh_for(), ms(9000));
}

#[tokio::test(start_paused = true)]
async fn what_has_started_is_fresh_for_a_whole_span_each_time() {
    let check = |name| Check::new(name, async || ()).startup();
    let health = health([
        check("default"),
        check("long").with_cache(ms(5000)),
        check("none").with_cache(ms(0)),
    ]);
    for _ in 0..2 {
        let report = probe(&health, Probe::Startup).await;
        assert_eq!(fresh_for(&report, "default"), ms(1000));
        assert_eq!(fresh_for(&report, "long"), ms(5000));
        assert_eq!(fresh_for(&report, "none"), ms(0));
        advance(ms(86_400_000)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_not_started_is_fresh_as_any_other() {
    let check = Check::new("schema", async || false).startup();
    let health = health([check]);
    let report = probe(&health, Probe::Startup).await;
    assert_eq!(fresh_for(&report, "schema"), ms(1000));
    advance(ms(300)).await;
    let report = probe(&health, Probe::Startup).await;
    assert_eq!(fresh_for(&report, "schema"), ms(700));
}

#[tokio::test(start_paused = true)]
async fn what_answers_in_the_place_of_the_latch_is_not_fresh_at_all() {
    let calls = Count::default();
    let check = counted("twice", &calls).liveness().startup();
    let slow = Check::new("slow", || sleep(ms(500))).startup();
    let health = health([check, slow]);
    let startup = tokio::spawn(health.probe(Probe::Startup, Caller::nobody()));
    sleep(ms(100)).await;
    probe(&health, Probe::Liveness).await;
    let report = startup.await.unwrap();
    assert_eq!(calls.now(), 2);
    assert_eq!(
        fresh_for(&report, "twice"),
        ms(0),
        "startup was told of the later run, and will be told of the first"
    );
    assert_eq!(fresh_for(&report, "slow"), ms(1000));
}

#[tokio::test(start_paused = true)]
async fn what_operators_say_is_not_fresh_at_all() {
    let health = health([passing("forced"), passing("off")]);
    ready(&health).await;
    let forced = Override::new(Status::Degraded, "INC-42");
    let end = health.wall_clock() + ms(60_000);
    health.force("forced", forced.until(end)).unwrap();
    health.disable("off").unwrap();
    let report = ready(&health).await;
    let forced = entry(&report, "forced");
    assert_eq!(
        (forced.reason(), forced.fresh_for()),
        (Some(Reason::Overridden), ms(0))
    );
    let off = entry(&report, "off");
    assert_eq!(
        (off.reason(), off.fresh_for()),
        (Some(Reason::Disabled), ms(0))
    );
    health.end_override("forced").unwrap();
    assert_eq!(fresh_for(&ready(&health).await, "forced"), ms(1000));
}

#[tokio::test(start_paused = true)]
async fn what_is_told_without_a_result_is_not_fresh_at_all() {
    let scheduled = |name| passing(name).with_interval(ms(2000)).with_jitter(false);
    let health = health([
        failing("network").with_cache(ms(60_000)),
        passing("skipped")
            .with_cache(ms(100))
            .with_depends_on("network"),
        scheduled("not_yet").with_initial_delay(ms(5000)),
    ]);
    ready(&health).await;
    advance(ms(100)).await;
    let report = ready(&health).await;
    for (name, reason) in [("skipped", Reason::Skipped), ("not_yet", Reason::NoResult)] {
        let entry = entry(&report, name);
        assert_eq!((entry.reason(), entry.fresh_for()), (Some(reason), ms(0)));
    }
    assert_eq!(fresh_for(&report, "network"), ms(59_900));
}

#[tokio::test(start_paused = true)]
async fn a_stale_result_is_not_fresh_at_all() {
    let scheduled = passing("scheduled").with_interval(ms(30_000));
    let health = health([scheduled]);
    sleep(ms(1)).await;
    // As if the process had been suspended: nobody else gets a turn.
    let suspended = pin!(advance(ms(100_000)));
    assert!(
        suspended
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    let report = health.probe(Probe::Readiness, Caller::nobody()).await;
    let entry = entry(&report, "scheduled");
    assert_eq!(
        (entry.reason(), entry.fresh_for()),
        (Some(Reason::Stale), ms(0))
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_under_way_brings_another_result() {
    let slow = Check::new("slow", || sleep(ms(500)));
    let health = health([slow.liveness().readiness()]);
    ready(&health).await;
    let asked = tokio::spawn(health.probe(Probe::Liveness, Caller::nobody()));
    advance(ms(1)).await;
    let report = ready(&health).await;
    assert_eq!(fresh_for(&report, "slow"), ms(0));
    asked.await.unwrap();
    let report = ready(&health).await;
    assert_eq!(fresh_for(&report, "slow"), ms(499));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_timed_out_is_kept_once_it_has_ended() {
    let hangs = Check::new("hangs", pending::<()>).readiness();
    let lingers = Check::new("lingers", pending::<()>)
        .readiness()
        .with_cancel_after(ms(5000));
    let health = health([hangs, lingers]);
    let report = ready(&health).await;
    let left = fresh_for(&report, "hangs");
    assert!(left >= ms(190) && left <= ms(200), "{left:?}");
    assert_eq!(
        fresh_for(&report, "lingers"),
        ms(0),
        "it will be told as still running"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_forgiven_is_fresh_until_it_no_longer_is() {
    let shared = crate::observers::passes_in("shared", &[1])
        .with_cache(ms(1000))
        .with_cache_failure(ms(60_000))
        .with_shared(true)
        .with_fail_closed_after(ms(20_000));
    let health = health([shared]);
    ready(&health).await;
    advance(ms(1000)).await;
    let report = ready(&health).await;
    assert_eq!(report.status(), Status::Degraded);
    assert_eq!(fresh_for(&report, "shared"), ms(20_000));
    advance(ms(20_000)).await;
    let report = ready(&health).await;
    assert_eq!(report.status(), Status::Unhealthy);
    assert_eq!(fresh_for(&report, "shared"), ms(40_000));
}

#[tokio::test(start_paused = true)]
async fn in_an_overview_the_least_counts() {
    let calls = Count::default();
    let both = counted("both", &calls).liveness();
    let kept = counted("kept", &calls).liveness().with_cache(ms(700));
    let started = Check::new("started", async || ()).startup();
    let health = health([both, kept.startup(), started]);
    let overview = health.everything(Caller::nobody()).await;
    let found: Vec<_> = overview
        .entries()
        .iter()
        .map(|entry| (entry.name(), entry.fresh_for()))
        .collect();
    assert_eq!(
        found,
        [("both", ms(0)), ("kept", ms(700)), ("started", ms(1000))]
    );
}

#[tokio::test(start_paused = true)]
async fn in_an_overview_the_least_counts_though_another_probe_decides() {
    let fails = failing("fails").liveness();
    let health = health([fails.with_critical_for(Probe::Liveness, false)]);
    let overview = health.everything(Caller::nobody()).await;
    let fails = &overview.entries()[0];
    assert_eq!(fails.counts_as(), Status::Unhealthy, "as readiness has it");
    assert_eq!(fails.fresh_for(), ms(0), "liveness runs it again");
}

#[tokio::test(start_paused = true)]
async fn an_overview_counts_from_the_last_probe() {
    let alive = Check::new("alive", async || ()).liveness();
    let slow = Check::new("slow", || sleep(ms(300))).readiness();
    let health = health([alive.with_cache(ms(700)), slow]);
    let overview = health.everything(Caller::nobody()).await;
    let alive = &overview.entries()[0];
    assert_eq!((alive.name(), alive.fresh_for()), ("alive", ms(400)));
}

/// What an entry says, as far as it is to stay so.
fn told(entry: &Entry) -> impl PartialEq + std::fmt::Debug + use<> {
    let status = (entry.status(), entry.raw_status(), entry.counts_as());
    (
        status,
        entry.started_at(),
        entry.message().map(str::to_owned),
    )
}

/// Asks again and again, after these pauses; each time once more for each check, just before its
/// result is no longer fresh.
async fn promises_are_kept(
    specs: &[Spec],
    pauses: &[u64],
    asked: Probe,
) -> Result<(), TestCaseError> {
    let runs = Runs::default();
    let checks = specs.iter().enumerate();
    let health = health(checks.map(|(index, spec)| jittering(spec.check(index, &runs))));
    for pause in pauses {
        sleep(ms(*pause)).await;
        let report = probe(&health, asked).await;
        let made = Instant::now();
        // Readiness asks a startup check no longer once it has passed.
        let entries = report.entries().iter();
        let mut fresh: Vec<_> = entries
            .filter(|entry| entry.fresh_for() > ms(1))
            .filter(|entry| entry.check().probes().contains(asked))
            .collect();
        fresh.sort_by_key(|entry| entry.fresh_for());
        let mut asked_again = Vec::new();
        for entry in fresh {
            sleep_until(made + entry.fresh_for() - ms(1)).await;
            let again = tokio::spawn(health.probe(asked, Caller::nobody()));
            asked_again.push((entry, again));
        }
        for (entry, again) in asked_again {
            let again = again.await.unwrap();
            let again = crate::support::entry(&again, entry.name());
            prop_assert_eq!(told(entry), told(again), "{}", entry.name());
        }
    }
    Ok(())
}

fn jittering(check: Check) -> Check {
    let is_scheduled = check.interval().is_some();
    if is_scheduled {
        check.with_jitter(true)
    } else {
        check
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_fresh_is_told_again(
        specs in prop::collection::vec(any_check(), 1..5),
        pauses in prop::collection::vec(0_u64..3000, 1..6),
        asked in prop::sample::select(Probe::ALL.to_vec()),
    ) {
        in_paused_time(promises_are_kept(&specs, &pauses, asked))?;
    }
}
