//! What all probes together find.

use std::collections::BTreeMap;
use std::future::{Future, pending};

use health_core::{
    Caller, Check, Entry, Health, HealthBuilder, Maintenance, Outcome, Overview, Phase, Probe,
    Runtime, Status,
};
use proptest::prelude::*;
use tokio::time::{Instant, advance, sleep};

use crate::any_check::{Runs, Spec, any_check};
use crate::support::{Count, counted, health, in_paused_time, ms, names, probe};

async fn everything(health: &Health) -> Overview {
    health.everything(Caller::nobody()).await
}

fn entry<'a>(overview: &'a Overview, name: &str) -> &'a Entry {
    let mut entries = overview.entries().iter();
    entries.find(|entry| entry.name() == name).unwrap()
}

fn names_in(overview: &Overview) -> Vec<&str> {
    overview.entries().iter().map(Entry::name).collect()
}

fn failing(name: &'static str) -> Check {
    Check::new(name, async || Outcome::unhealthy("down"))
}

#[tokio::test(start_paused = true)]
async fn all_checks_are_there_once_and_ran_once() {
    let calls = Count::default();
    let all = counted("all", &calls).liveness().startup();
    let health = health([
        all,
        Check::new("alive", async || ()).liveness(),
        Check::new("started", async || ()).startup(),
    ]);
    for times in 1..=3 {
        let overview = everything(&health).await;
        assert_eq!(names_in(&overview), ["alive", "all", "started"]);
        assert_eq!(overview.phase(), &Phase::Started);
        assert!(overview.is_passing());
        assert_eq!(calls.now(), times, "liveness keeps nothing");
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_that_all_probes_keep_is_the_answer() {
    let calls = Count::default();
    let all = counted("all", &calls).liveness().startup();
    let health = health([all.with_cache(ms(500))]);
    everything(&health).await;
    advance(ms(499)).await;
    everything(&health).await;
    assert_eq!(calls.now(), 1);
    advance(ms(1)).await;
    everything(&health).await;
    assert_eq!(calls.now(), 2);
}

/// However many there are, on threads that run the first while the last is asked.
#[tokio::test]
async fn what_is_not_kept_runs_once_for_all_probes() {
    let calls = Count::default();
    let mut builder = HealthBuilder::empty();
    for number in 0..2000 {
        let calls = calls.clone();
        let check = Check::new(format!("check-{number}"), move || {
            calls.one_more();
            async {}
        });
        builder = builder.check(check.liveness().readiness().with_cache(ms(0)));
    }
    let health = builder.build().unwrap();
    assert!(everything(&health).await.is_passing());
    assert_eq!(calls.now(), 2000);
}

#[tokio::test(start_paused = true)]
async fn an_entry_weighs_what_it_weighs_most() {
    let for_one = |probe| {
        failing("a")
            .liveness()
            .readiness()
            .with_critical_for(probe, false)
    };
    for forgiving in [Probe::Liveness, Probe::Readiness] {
        let overview = everything(&health([for_one(forgiving)])).await;
        let entry = entry(&overview, "a");
        assert_eq!(entry.counts_as(), Status::Unhealthy, "{forgiving}");
        assert!(entry.is_critical());
        assert_eq!(overview.status(), Status::Unhealthy);
    }
    let never = failing("a").liveness().readiness().with_critical(false);
    let overview = everything(&health([never])).await;
    assert_eq!(overview.status(), Status::Degraded);
    assert!(!entry(&overview, "a").is_critical());
}

#[tokio::test(start_paused = true)]
async fn every_phase_but_one_fails_it_and_none_keeps_a_check_from_being_asked() {
    let calls = Count::default();
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(counted("all", &calls).with_cache(ms(0)))
        .startup_gate("model")
        .build()
        .unwrap();
    let overview = everything(&health).await;
    assert_eq!(overview.phase(), &Phase::Starting);
    assert_eq!(overview.closed_gates()[0].name(), "model");
    assert!(!overview.is_passing());
    health.startup_gate("model").unwrap().open();
    assert!(everything(&health).await.is_passing());
    health.start_maintenance(Maintenance::new("disk"));
    let overview = everything(&health).await;
    let maintenance = Phase::Maintenance(Maintenance::new("disk"));
    assert_eq!(
        (overview.phase(), overview.is_passing()),
        (&maintenance, false)
    );
    health.start_draining();
    let overview = everything(&health).await;
    assert_eq!(
        (overview.phase(), overview.is_passing()),
        (&Phase::Draining, false)
    );
    assert_eq!(entry(&overview, "all").status(), Status::Healthy);
    assert_eq!(calls.now(), 4);
    let overview = everything(&Health::misconfigured()).await;
    assert_eq!(
        (overview.phase(), overview.is_passing()),
        (&Phase::Misconfigured, false)
    );
    assert!(overview.entries().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_critical_startup_check_that_has_not_passed_keeps_it_from_passing() {
    let health = health([failing("schema").startup()]);
    let overview = everything(&health).await;
    assert_eq!(overview.phase(), &Phase::Starting);
    assert_eq!(overview.status(), Status::Unhealthy);
    let warm = failing("warm").startup().with_critical(false);
    let overview = everything(&crate::support::health([warm])).await;
    assert_eq!(
        (overview.phase(), overview.status()),
        (&Phase::Started, Status::Degraded)
    );
}

#[tokio::test(start_paused = true)]
async fn what_has_started_says_how_it_is_now() {
    let database = crate::observers::passes_in("database", &[1]);
    let health = health([database.startup().with_cache(ms(0))]);
    assert!(everything(&health).await.is_passing());
    advance(ms(1)).await;
    assert!(probe(&health, Probe::Startup).await.is_passing(), "latched");
    let overview = everything(&health).await;
    assert_eq!(entry(&overview, "database").status(), Status::Unhealthy);
    assert_eq!(overview.phase(), &Phase::Started);
    assert!(!overview.is_passing());
}

#[tokio::test(start_paused = true)]
async fn the_cause_is_found_in_another_probe_and_comes_first() {
    let health = health([
        failing("api").liveness().with_depends_on("network"),
        Check::new("cache", async || ()).readiness(),
        failing("network").readiness(),
    ]);
    let overview = everything(&health).await;
    assert_eq!(names_in(&overview), ["network", "api", "cache"]);
    assert_eq!(entry(&overview, "api").cause(), Some("network"));
    assert_eq!(entry(&overview, "network").cause(), None);
}

#[tokio::test(start_paused = true)]
async fn each_probe_keeps_its_deadline_and_the_answer_comes_with_the_last() {
    let hangs = Check::new("hangs", pending::<()>)
        .liveness()
        .readiness()
        .with_timeout_for(Probe::Readiness, ms(300));
    let health = health([hangs.with_timeout(ms(700))]);
    let start = Instant::now();
    let overview = everything(&health).await;
    assert_eq!(start.elapsed(), ms(700));
    assert_eq!(
        entry(&overview, "hangs").message(),
        Some("Timeout after 700ms")
    );
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_early_fails_though_another_waits_longer() {
    let slow = Check::new("slow", || sleep(ms(500)))
        .liveness()
        .readiness()
        .with_timeout_for(Probe::Readiness, ms(300));
    let overview = everything(&health([slow])).await;
    assert_eq!(
        entry(&overview, "slow").message(),
        Some("Timeout after 300ms")
    );
    assert!(!overview.is_passing(), "readiness would not");
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_leaves_nothing_behind() {
    let calls = Count::default();
    let started = calls.clone();
    let slow = Check::new("slow", move || {
        started.one_more();
        sleep(ms(500))
    });
    let health = health([slow.liveness().readiness()]);
    drop(health.everything(Caller::nobody()));
    sleep(ms(100)).await;
    assert!(everything(&health).await.is_passing());
    assert_eq!(calls.now(), 1, "it joined the run");
}

/// What was found each time, and how often each check had run.
type Course = Vec<(Status, BTreeMap<usize, usize>)>;

/// Asks for the verdict again and again, with these pauses.
fn course<F: Future<Output = Status>>(
    specs: &[Spec],
    pauses: &[u64],
    ask: impl Fn(Health) -> F,
) -> Course {
    in_paused_time(async {
        let runs = Runs::default();
        let checks = specs.iter().enumerate();
        let health = health(checks.map(|(index, spec)| spec.check(index, &runs)));
        let mut course = Course::new();
        for pause in pauses {
            sleep(ms(*pause)).await;
            let status = ask(health.clone()).await;
            course.push((status, runs.lock().unwrap().clone()));
        }
        course
    })
}

/// The worst verdict of the probes, asked at the same moment.
async fn worst_of_the_three(health: Health) -> Status {
    let [liveness, readiness, startup] =
        Probe::ALL.map(|asked| health.probe(asked, Caller::nobody()));
    let (liveness, readiness, startup) = tokio::join!(liveness, readiness, startup);
    let verdicts = [liveness.status(), readiness.status(), startup.status()];
    verdicts.into_iter().max().unwrap()
}

async fn of_everything(health: Health) -> Status {
    let overview = everything(&health).await;
    let mut found = names_in(&overview);
    found.sort_unstable();
    assert_eq!(found, names(&health), "each once");
    overview.status()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_verdict_is_the_worst_of_the_three_probes_and_nothing_runs_more_often(
        specs in prop::collection::vec(any_check(), 0..5),
        pauses in prop::collection::vec(0_u64..1500, 1..6),
    ) {
        let expected = course(&specs, &pauses, worst_of_the_three);
        prop_assert_eq!(course(&specs, &pauses, of_everything), expected);
    }
}
