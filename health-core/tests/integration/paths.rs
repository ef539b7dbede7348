//! Services that ask each other for their health.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use health_core::{
    Caller, Check, Entry, Event, Happening, Health, HealthBuilder, Probe, ProbePath, Reason,
    Report, Runtime, Status, probe_path,
};
use proptest::prelude::*;
use tokio::sync::Notify;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, advance, sleep};

use crate::log::Log;
use crate::support::{Count, counted, entry, health, in_paused_time, ms, ready};

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
async fn a_loop_is_warned_of_once() {
    let log = Log::default();
    let _guard = log.listen();
    let asks = Asks::default();
    let health = asks.health();
    tokio::join!(along(&health, FIRST), async {
        while asks.runs() == 0 {
            yield_now().await;
        }
        let path = asks.path().to_string();
        for _ in 0..2 {
            along(&health, &format!("{path},{LAST}")).await;
        }
        asks.go.notify_one();
    });
    let mut lines = log.take();
    lines.retain(|line| line.contains("asks a service that asks for it in turn"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("WARN check `other`"), "{lines:?}");
}

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

/// More ids than anybody follows, none of which is anyone's.
fn too_long() -> String {
    vec![FIRST; 1000].join(",")
}

#[tokio::test(start_paused = true)]
async fn who_came_a_long_way_makes_nobody_ask_others_and_is_told_what_is_known() {
    let others = Count::default();
    let asks = counted("asks", &others).with_asks_health(true);
    let database = Check::new("database", async || false).readiness();
    let health = health([asks.with_cache(ms(0)), database.with_cache(ms(0))]);
    let long = ProbePath::parse(&too_long());
    let told = async || {
        let caller = Caller::nobody().along(&long);
        health.probe(Probe::Readiness, caller).await
    };
    let report = told().await;
    let (of_others, of_database) = (entry(&report, "asks"), entry(&report, "database"));
    assert_eq!(of_others.message(), Some("no result yet"));
    assert_eq!(of_others.status(), Status::Unhealthy);
    // What asks nobody else is asked by anybody, whatever they say of themselves.
    assert_eq!(of_database.status(), Status::Unhealthy);
    assert!(of_database.reason().is_none(), "it was run");
    assert_eq!(others.now(), 0);
    assert_eq!(
        entry(&ready(&health).await, "asks").status(),
        Status::Healthy
    );
    assert_eq!(
        entry(&told().await, "asks").status(),
        Status::Healthy,
        "what is known"
    );
    assert_eq!(others.now(), 1);
}

/// A check of readiness that tells by which path it was asked last.
fn telling(name: &'static str, path: &Arc<Mutex<ProbePath>>) -> Check {
    let path = Arc::clone(path);
    let check = Check::new(name, move || {
        let path = Arc::clone(&path);
        async move { *path.lock().unwrap() = probe_path().unwrap() }
    });
    check.readiness().with_cache(ms(0))
}

#[tokio::test(start_paused = true)]
async fn what_is_said_to_one_who_comes_in_a_circle_is_said_of_nothing() {
    let path = Arc::default();
    let network = Check::new("network", async || false).readiness();
    let api = telling("api", &path).with_depends_on("network");
    let health = health([network.with_critical(false), api]);
    let begin = health.wall_clock();
    let told = async |at: u64, path: &ProbePath| {
        let now = health.wall_clock().duration_since(begin).unwrap();
        advance(ms(at) - now).await;
        let caller = Caller::nobody().along(path);
        health.probe(Probe::Readiness, caller).await
    };
    let skipped_since = |report: &Report| {
        let entry = entry(report, "api");
        assert_eq!(entry.reason(), Some(Reason::Skipped));
        entry.since().unwrap().duration_since(begin).unwrap()
    };
    let nobody = ProbePath::default();
    assert!(told(0, &nobody).await.is_passing());
    let api = path.lock().unwrap().clone();
    assert_eq!(skipped_since(&told(500, &nobody).await), ms(500));
    let (events, history) = (health.timeline(), health.history("api", Caller::nobody()));
    // What is known of the network is too old to skip anything for it.
    let report = told(1200, &api).await;
    assert!(report.is_passing());
    assert_eq!(
        entry(&report, "api").message(),
        Some("probe loop: it is asked by way of itself")
    );
    assert_eq!(health.timeline(), events);
    let after = health.history("api", Caller::nobody());
    assert_eq!(format!("{after:?}"), format!("{history:?}"));
    assert_eq!(skipped_since(&told(1300, &nobody).await), ms(500));
}

#[tokio::test(start_paused = true)]
async fn a_way_changes_neither_latches_nor_caches_nor_how_many_run() {
    let (path, runs) = (Arc::default(), Count::default());
    let counts = runs.clone();
    let schema = Check::new("schema", move || {
        let runs = counts.one_more();
        async move { runs > 1 }
    });
    let schema = schema.startup().with_asks_health(true);
    let health = health([schema, telling("asks", &path).with_cache(ms(1000))]);
    assert!(!ready(&health).await.is_passing());
    let own = path.lock().unwrap().to_string();
    let ways = [own, too_long(), FIRST.to_owned(), LAST.to_owned()];
    for way in &ways {
        let way = ProbePath::parse(way);
        let caller = || Caller::nobody().along(&way);
        for probe in [Probe::Readiness, Probe::Startup] {
            let report = health.probe(probe, caller()).await;
            assert!(!report.is_passing(), "{probe:?} {way}");
        }
        let all = health.everything(caller()).await;
        assert!(!all.status().is_passing(), "{way}");
        health.check("schema", caller()).unwrap().await;
    }
    assert_eq!(runs.now(), 1, "its result is kept for all");
    let caller = ProbePath::parse(&too_long());
    advance(ms(1000)).await;
    let report = health.probe(Probe::Startup, Caller::nobody().along(&caller));
    assert!(!report.await.is_passing());
    assert_eq!(runs.now(), 1, "it asks others");
    assert!(ready(&health).await.is_passing());
    assert_eq!(runs.now(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_verdict_along_a_way_is_no_news() {
    let path = Arc::default();
    let health = health([telling("asks", &path)]);
    let verdicts = || {
        let events = health.timeline().into_iter();
        let is_verdict = |event: &Event| matches!(event.what(), Happening::Verdict { .. });
        events.filter(is_verdict).count()
    };
    assert!(ready(&health).await.is_passing());
    assert_eq!(verdicts(), 1);
    let path = path.lock().unwrap().to_string();
    assert_eq!(along(&health, &path).await.status(), Status::Degraded);
    assert_eq!(verdicts(), 1, "nobody else was told so");
}

/// A check of one service, by its number, that asks another; after how many milliseconds, and
/// whether its results are kept.
#[derive(Clone, Debug)]
struct Edge {
    from: usize,
    to: usize,
    after: u64,
    kept: bool,
}

/// Somebody who asks a service, when, and what they say of their way.
#[derive(Clone, Debug)]
struct Asker {
    service: usize,
    at: u64,
    way: String,
}

const SERVICES: usize = 4;

fn any_edge() -> impl Strategy<Value = Edge> {
    let ends = (0..SERVICES, 0..SERVICES);
    (ends, 0..6_u64, any::<bool>()).prop_map(|((from, to), after, kept)| Edge {
        from,
        to,
        after,
        kept,
    })
}

fn any_asker() -> impl Strategy<Value = Asker> {
    let some_id = prop_oneof![
        Just(FIRST.to_owned()),
        Just(LAST.to_owned()),
        "[0-9a-f]{16}"
    ];
    let way = prop::collection::vec(some_id, 0..3).prop_map(|ids| ids.join(","));
    // Most come from nowhere, as probers do.
    let way = prop_oneof![3 => Just(String::new()), 1 => way];
    let asker = (0..SERVICES, 0..40_u64, way);
    asker.prop_map(|(service, at, way)| Asker { service, at, way })
}

type Services = Arc<OnceLock<Vec<Health>>>;

fn asking(edge: &Edge, place: usize, services: &Services) -> Check {
    let (to, after) = (edge.to, edge.after);
    let services = Arc::clone(services);
    let check = Check::new(format!("check_{place}"), move || {
        let services = Arc::clone(&services);
        async move {
            sleep(ms(after)).await;
            let path = probe_path().expect("it runs");
            let asked = &services.get().expect("all are there")[to];
            let caller = Caller::nobody().along(&path);
            asked.probe(Probe::Readiness, caller).await.is_passing()
        }
    });
    let cache = if edge.kept { ms(1000) } else { ms(0) };
    let check = check.readiness().with_asks_health(true).with_cache(cache);
    check.with_timeout(ms(60_000))
}

async fn ask_all(edges: &[Edge], askers: &[Asker]) -> Vec<(bool, Duration)> {
    let services = Services::default();
    let made = (0..SERVICES).map(|service| {
        let own = edges.iter().enumerate();
        let own = own.filter(|(_, edge)| edge.from == service);
        let checks = own.map(|(place, edge)| asking(edge, place, &services));
        let builder = HealthBuilder::empty().runtime(Runtime::current());
        let builder = checks.fold(builder.deadline(ms(60_000)), HealthBuilder::check);
        builder.build().unwrap()
    });
    services.set(made.collect()).expect("once");
    let mut told = JoinSet::new();
    for asker in askers.iter().cloned() {
        let services = Arc::clone(&services);
        told.spawn(async move {
            sleep(ms(asker.at)).await;
            let path = ProbePath::parse(&asker.way);
            let began = Instant::now();
            let asked = &services.get().expect("all are there")[asker.service];
            let report = asked.probe(Probe::Readiness, Caller::nobody().along(&path));
            (report.await.is_passing(), began.elapsed())
        });
    }
    told.join_all().await
}

proptest! {
    /// Of services that ask each other, in whatever way, nobody waits in a circle, and no word of a
    /// stranger makes anybody do so. There is nothing here that could fail.
    #[test]
    fn nobody_waits_in_a_circle(
        edges in prop::collection::vec(any_edge(), 1..9),
        askers in prop::collection::vec(any_asker(), 1..12),
    ) {
        let told = in_paused_time(ask_all(&edges, &askers));
        for (passes, took) in told {
            prop_assert!(passes);
            prop_assert!(took < ms(1000), "{took:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stranger_cannot_hide_from_others_what_another_service_finds() {
    let services = Services::default();
    let to = |to| Edge {
        from: 0,
        to,
        after: 0,
        kept: true,
    };
    let down = Check::new("database", async || false).readiness();
    let checks = [
        asking(&to(1), 0, &services),
        asking(&to(2), 0, &services),
        down,
    ];
    let made = checks.map(|check| health([check]));
    services.set(made.into()).expect("once");
    let services = services.get().expect("all are there");
    for ids in [1, 15, 16, 62, 63, 64, 1000] {
        let path = ProbePath::parse(&vec![FIRST; ids].join(","));
        let caller = Caller::nobody().along(&path);
        services[0].probe(Probe::Readiness, caller).await;
        assert!(!ready(&services[0]).await.is_passing(), "{ids}");
        advance(ms(1000)).await;
    }
}
