//! What all probes together find.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::sync::{Arc, Mutex};

use health_core::{
    Caller, Check, Entry, Health, HealthBuilder, Maintenance, Outcome, Overview, Phase, Probe,
    Runtime, Status,
};
use proptest::prelude::*;
use tokio::time::{Instant, advance, sleep};

use crate::support::{Count, counted, health, ms, names, probe};

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

/// A check of any kind.
#[derive(Clone, Debug)]
struct Spec {
    probes: Vec<Probe>,
    critical: bool,
    critical_for_first: Option<bool>,
    shared: bool,
    cache: Option<u64>,
    timeout_for_last: Option<u64>,
    time: u64,
    threshold: u32,
    /// What its runs find, in turn.
    finds: Vec<Status>,
    depends_on_the_one_before: bool,
}

/// How often each check ran.
type Runs = Arc<Mutex<BTreeMap<usize, usize>>>;

impl Spec {
    fn check(&self, index: usize, runs: &Runs) -> Check {
        let (finds, time, runs) = (self.finds.clone(), ms(self.time), Arc::clone(runs));
        let check = Check::new(format!("c{index}"), move || {
            let mut runs = runs.lock().unwrap();
            let run = runs.entry(index).or_default();
            let found = finds[*run % finds.len()];
            *run += 1;
            async move {
                sleep(time).await;
                found
            }
        });
        let check = self.probes.iter().copied().fold(check, Check::serving);
        let check = check
            .with_critical(self.critical)
            .with_failure_threshold(self.threshold);
        self.with_exceptions(index, check)
    }

    fn with_exceptions(&self, index: usize, mut check: Check) -> Check {
        if let Some(critical) = self.critical_for_first {
            check = check.with_critical_for(self.probes[0], critical);
        }
        if let Some(timeout) = self.timeout_for_last {
            check = check.with_timeout_for(self.probes[self.probes.len() - 1], ms(timeout));
        }
        if let Some(cache) = self.cache {
            check = check.with_cache(ms(cache));
        }
        if index > 0 && self.depends_on_the_one_before {
            check = check.with_depends_on(format!("c{}", index - 1));
        }
        check.with_shared(self.shared && self.probes.contains(&Probe::Readiness))
    }
}

/// What was found each time, and how often each check had run.
type Course = Vec<(Status, BTreeMap<usize, usize>)>;

/// Asks for the verdict again and again, with these pauses.
fn course<F: Future<Output = Status>>(
    specs: &[Spec],
    pauses: &[u64],
    ask: impl Fn(Health) -> F,
) -> Course {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
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

fn spec() -> impl Strategy<Value = Spec> {
    let statuses = [Status::Healthy, Status::Degraded, Status::Unhealthy];
    let said = (any::<bool>(), any::<Option<bool>>(), any::<bool>());
    let spans = (
        prop::option::of(prop::sample::select(vec![0, 300, 2000])),
        prop::option::of(prop::sample::select(vec![200, 600])),
        prop::sample::select(vec![0, 100, 400, 1000]),
    );
    let finds = prop::collection::vec(prop::sample::select(statuses.to_vec()), 1..5);
    let probes = prop::sample::subsequence(Probe::ALL.to_vec(), 1..=3);
    (probes, said, spans, 1_u32..3, finds, any::<bool>()).prop_map(
        |(probes, said, spans, threshold, finds, depends_on_the_one_before)| Spec {
            probes,
            critical: said.0,
            critical_for_first: said.1,
            shared: said.2,
            cache: spans.0,
            timeout_for_last: spans.1,
            time: spans.2,
            threshold,
            finds,
            depends_on_the_one_before,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_verdict_is_the_worst_of_the_three_probes_and_nothing_runs_more_often(
        specs in prop::collection::vec(spec(), 0..5),
        pauses in prop::collection::vec(0_u64..1500, 1..6),
    ) {
        let expected = course(&specs, &pauses, worst_of_the_three);
        prop_assert_eq!(course(&specs, &pauses, of_everything), expected);
    }
}
