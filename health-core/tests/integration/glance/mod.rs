//! What is known though nothing is run.

mod model;

use std::future::pending;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, SystemTime};

use health_core::{
    Caller, Check, Entry, Glance, Health, HealthBuilder, Maintenance, Outcome, Override, Phase,
    Probe, Reason, Report, Runtime, Status,
};
use tokio::time::{Instant, advance, sleep};

use crate::binding::{self, request};
use crate::observers::{Book, passes_in};
use crate::support::{Count, counted, entry, health, ms, probe, ready};

fn glance(health: &Health) -> Glance {
    health.glance(Caller::nobody())
}

fn told(glance: &Glance, asked: Probe) -> (&Report, Option<SystemTime>) {
    let mut probes = glance.probes();
    probes
        .find(|(report, _)| report.probe() == asked)
        .expect("each probe is there")
}

fn report(glance: &Glance, asked: Probe) -> &Report {
    told(glance, asked).0
}

fn in_overview<'a>(glance: &'a Glance, name: &str) -> &'a Entry {
    let mut entries = glance.overview().entries().iter();
    entries.find(|entry| entry.name() == name).unwrap()
}

/// What a glance at readiness says of a check.
fn said(health: &Health, name: &str) -> (Status, Option<Reason>, Option<String>) {
    let glance = glance(health);
    let entry = entry(report(&glance, Probe::Readiness), name);
    let message = entry.message().map(str::to_owned);
    (entry.status(), entry.reason(), message)
}

fn failing(name: &'static str) -> Check {
    Check::new(name, async || Outcome::unhealthy("down")).readiness()
}

fn saying(status: Status, reason: Reason, text: &str) -> (Status, Option<Reason>, Option<String>) {
    (status, Some(reason), Some(text.to_owned()))
}

#[tokio::test(start_paused = true)]
async fn before_the_first_run_each_check_counts_as_for_a_probe_without_a_result() {
    let calls = Count::default();
    let health = health([
        counted("all", &calls).liveness().startup(),
        counted("ready", &calls),
    ]);
    let seen = glance(&health);
    let verdicts: Vec<_> = seen
        .probes()
        .map(|(report, _)| (report.probe(), report.status(), report.entries().len()))
        .collect();
    let expected = [
        (Probe::Liveness, Status::Healthy, 1),
        (Probe::Readiness, Status::Unhealthy, 2),
        (Probe::Startup, Status::Unhealthy, 1),
    ];
    assert_eq!(verdicts, expected);
    for (report, _) in seen.probes() {
        for entry in report.entries() {
            let text = (entry.reason(), entry.message());
            assert_eq!(text, (Some(Reason::NoResult), Some("no result yet")));
            assert_eq!((entry.latency(), entry.since()), (None, None));
            assert_eq!(entry.fresh_for(), ms(0));
        }
    }
    assert_eq!(report(&seen, Probe::Readiness).phase(), &Phase::Starting);
    assert_eq!(seen.overview().phase(), &Phase::Starting);
    assert_eq!(seen.overview().entries().len(), 2, "each once");
    sleep(ms(10_000)).await;
    assert_eq!(calls.now(), 0, "nothing was run");
    let history = health.history("all", Caller::nobody()).unwrap();
    assert!(history.runs().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_result_is_told_however_old_it_is() {
    let calls = Count::default();
    let health = health([
        counted("fine", &calls).liveness(),
        failing("broken").with_critical(false),
    ]);
    let start = health.wall_clock();
    assert_eq!(ready(&health).await.status(), Status::Degraded);
    for age in [0, 999, 1, 3_600_000] {
        advance(ms(age)).await;
        let seen = glance(&health);
        let readiness = report(&seen, Probe::Readiness);
        assert_eq!(readiness.status(), Status::Degraded);
        let broken = entry(readiness, "broken");
        assert_eq!(
            (broken.status(), broken.counts_as(), broken.message()),
            (Status::Unhealthy, Status::Degraded, Some("down"))
        );
        assert_eq!(broken.started_at(), start, "it says how old it is");
        assert!(report(&seen, Probe::Liveness).is_passing());
    }
    let kept = glance(&health);
    let fresh_for = entry(report(&kept, Probe::Readiness), "fine").fresh_for();
    assert_eq!(fresh_for, ms(0), "whoever asks runs it");
    assert_eq!(calls.now(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_result_of_a_schedule_grows_stale() {
    let calls = Count::default();
    let stuck = counted("stuck", &calls)
        .liveness()
        .with_interval(ms(30_000))
        .with_stale_after(ms(90_000))
        .with_jitter(false);
    let health = health([stuck]);
    sleep(ms(1)).await;
    assert_eq!(said(&health, "stuck"), (Status::Healthy, None, None));
    sleep(ms(29_998)).await;
    assert_eq!(said(&health, "stuck"), (Status::Healthy, None, None));
    // Nothing runs while the process is suspended.
    advance(ms(93_001)).await;
    let stale = saying(Status::Unhealthy, Reason::Stale, "no result for 123 s");
    assert_eq!(said(&health, "stuck"), stale);
    assert_eq!(calls.now(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_hangs_is_waited_for_by_nobody_who_only_looks() {
    let calls = Count::default();
    let counted = calls.clone();
    let hangs = Check::new("hangs", move || {
        let first = counted.one_more() == 1;
        async move {
            if !first {
                pending::<()>().await;
            }
        }
    });
    let health = health([hangs.readiness().with_cache(ms(0))]);
    assert!(ready(&health).await.is_passing());
    let asking = tokio::spawn(health.probe(Probe::Readiness, Caller::nobody()));
    sleep(ms(799)).await;
    let now = Instant::now();
    assert_eq!(said(&health, "hangs"), (Status::Healthy, None, None));
    assert_eq!(Instant::now(), now);
    assert!(!asking.await.unwrap().is_passing());
    let timed_out = saying(Status::Unhealthy, Reason::TimedOut, "Timeout after 800ms");
    assert_eq!(said(&health, "hangs"), timed_out);
    assert_eq!(calls.now(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_overdue_is_still_running() {
    let (release, held) = mpsc::channel::<()>();
    let (held, started) = (Mutex::new(held), Count::default());
    let counted = started.clone();
    let stuck = Check::blocking("stuck", move || {
        counted.one_more();
        let _ = held.lock().unwrap().recv();
    });
    let health = health([stuck.readiness()]);
    let asking = health.probe(Probe::Readiness, Caller::nobody());
    while started.now() == 0 {
        tokio::task::yield_now().await;
    }
    let nothing = saying(Status::Unhealthy, Reason::NoResult, "no result yet");
    assert_eq!(said(&health, "stuck"), nothing);
    // Nobody but who looks is there to settle it.
    advance(ms(12_000)).await;
    let overdue = saying(
        Status::Unhealthy,
        Reason::StillRunning,
        "still running after 12 s",
    );
    assert_eq!(said(&health, "stuck"), overdue);
    assert_eq!(started.now(), 1);
    drop((asking, release));
}

#[test]
fn a_check_that_blocks_its_thread_holds_up_nobody_who_only_looks() {
    const PATIENCE: Duration = Duration::from_secs(10);
    let (release, held) = mpsc::channel::<()>();
    let (tells, began) = mpsc::channel();
    let (held, tells) = (Mutex::new(held), Mutex::new(tells));
    let blocks = Check::new("blocks", move || {
        let _ = tells.lock().unwrap().send(());
        let _ = held.lock().unwrap().recv();
        async {}
    });
    let health = HealthBuilder::empty()
        .check(blocks.readiness())
        .build()
        .unwrap();
    let looking = health.clone();
    drop(health.probe(Probe::Readiness, Caller::nobody()));
    began.recv_timeout(PATIENCE).unwrap();
    let (saw, seen) = mpsc::channel();
    std::thread::spawn(move || saw.send(glance(&looking).overview().status()));
    assert_eq!(seen.recv_timeout(PATIENCE), Ok(Status::Unhealthy));
    drop(release);
}

#[tokio::test(start_paused = true)]
async fn why_a_check_is_as_it_is_is_told() {
    let calls = Count::default();
    let panics = Check::new("panics", || async {
        if true {
            panic!("password=hunter2")
        }
    });
    let health = health([
        counted("api", &calls).with_depends_on("network"),
        failing("disabled"),
        failing("forced"),
        failing("network").with_cache(ms(60_000)),
        panics.readiness(),
    ]);
    health.disable("disabled").unwrap();
    let forced = Override::new(Status::Degraded, "INC-42");
    health.force("forced", forced).unwrap();
    health.check("network", Caller::nobody()).unwrap().await;
    assert_eq!(
        said(&health, "api"),
        saying(
            Status::Unhealthy,
            Reason::Skipped,
            "skipped, because `network` is unhealthy"
        )
    );
    ready(&health).await;
    let seen = glance(&health);
    let readiness = report(&seen, Probe::Readiness);
    assert_eq!(readiness.entries()[0].name(), "network", "causes first");
    assert_eq!(entry(readiness, "api").cause(), Some("network"));
    assert_eq!(in_overview(&seen, "api").cause(), Some("network"));
    assert_eq!(
        said(&health, "disabled"),
        saying(Status::Healthy, Reason::Disabled, "disabled")
    );
    assert_eq!(
        said(&health, "forced"),
        saying(Status::Degraded, Reason::Overridden, "overridden: INC-42")
    );
    let panicked = entry(readiness, "panics");
    assert_eq!(panicked.reason(), Some(Reason::Panicked));
    assert_eq!(panicked.error(), Some("panicked: password=***"));
    assert!(!format!("{seen:?}").contains("hunter2"));
    assert_eq!(calls.now(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cause_may_be_a_check_of_another_probe() {
    let api = Check::new("api", async || false).liveness();
    let health = health([
        api.with_depends_on("network"),
        failing("network").with_cache(ms(0)),
    ]);
    probe(&health, Probe::Liveness).await;
    ready(&health).await;
    let seen = glance(&health);
    assert_eq!(seen.overview().entries()[0].name(), "network");
    assert_eq!(in_overview(&seen, "api").cause(), Some("network"));
    let alone = report(&seen, Probe::Liveness);
    assert_eq!(entry(alone, "api").cause(), None);
}

#[tokio::test(start_paused = true)]
async fn what_has_started_stays_so_and_readiness_asks_it_no_more() {
    let schema = passes_in("schema", &[1]).startup();
    let health = health([schema, Check::new("warm", async || ()).startup()]);
    let names = |asked| {
        let seen = glance(&health);
        let entries = report(&seen, asked).entries().iter();
        entries.map(|e| e.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(Probe::Readiness), ["schema", "warm"]);
    assert!(ready(&health).await.is_passing());
    assert_eq!(names(Probe::Readiness), ["schema"]);
    assert_eq!(names(Probe::Startup), ["schema", "warm"]);
    advance(ms(1)).await;
    assert!(!ready(&health).await.is_passing());
    let seen = glance(&health);
    assert!(report(&seen, Probe::Startup).is_passing(), "latched");
    assert!(!report(&seen, Probe::Readiness).is_passing());
    assert_eq!(report(&seen, Probe::Readiness).phase(), &Phase::Started);
    assert_eq!(in_overview(&seen, "schema").status(), Status::Unhealthy);
    assert_eq!(in_overview(&seen, "warm").status(), Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn gates_that_are_closed_are_told() {
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(Check::new("db", async || ()).readiness())
        .startup_gate("model")
        .build()
        .unwrap();
    ready(&health).await;
    let gate = health.startup_gate("model").unwrap();
    gate.progress("40 %");
    let seen = glance(&health);
    let closed = |asked| {
        let report = report(&seen, asked);
        let gates = report.closed_gates().iter();
        let gates: Vec<_> = gates.map(|gate| (gate.name(), gate.progress())).collect();
        (report.phase().clone(), report.is_passing(), gates)
    };
    let starting = (Phase::Starting, false, vec![("model", Some("40 %"))]);
    assert_eq!(closed(Probe::Readiness), starting);
    assert_eq!(closed(Probe::Startup), starting);
    assert_eq!(closed(Probe::Liveness), (Phase::Started, true, vec![]));
    assert_eq!(seen.overview().closed_gates().len(), 1);
    gate.open();
    let seen = glance(&health);
    assert!(report(&seen, Probe::Readiness).is_passing());
    assert!(seen.overview().is_passing());
}

#[tokio::test(start_paused = true)]
async fn readiness_lists_its_checks_while_the_process_drains_or_is_out_of_service() {
    let calls = Count::default();
    let health = health([counted("db", &calls).liveness().startup()]);
    for asked in Probe::ALL {
        assert!(probe(&health, asked).await.is_passing());
    }
    let ran = calls.now();
    let maintenance = Maintenance::new("moving racks");
    health.start_maintenance(maintenance.clone());
    let phases = [Phase::Maintenance(maintenance), Phase::Draining];
    for phase in phases {
        let seen = glance(&health);
        let readiness = report(&seen, Probe::Readiness);
        assert_eq!((readiness.phase(), readiness.is_passing()), (&phase, false));
        assert_eq!(entry(readiness, "db").status(), Status::Healthy);
        for asked in [Probe::Liveness, Probe::Startup] {
            let other = report(&seen, asked);
            assert_eq!((other.phase(), other.is_passing()), (&Phase::Started, true));
        }
        let overview = seen.overview();
        assert_eq!((overview.phase(), overview.is_passing()), (&phase, false));
        health.start_draining();
    }
    assert_eq!(calls.now(), ran);
}

#[tokio::test(start_paused = true)]
async fn a_registry_with_mistakes_is_alive_and_nothing_else() {
    let seen = glance(&Health::misconfigured());
    for (report, _) in seen.probes() {
        assert_eq!(report.phase(), &Phase::Misconfigured);
        assert_eq!(report.is_passing(), report.probe() == Probe::Liveness);
    }
    assert_eq!(seen.overview().phase(), &Phase::Misconfigured);
    assert!(!seen.overview().is_passing());
    let nothing = health([]);
    assert!(glance(&nothing).overview().is_passing());
}

#[tokio::test(start_paused = true)]
async fn each_caller_sees_what_is_known_for_him() {
    let health = binding::builder().build().unwrap();
    let (up, down, new) = (request(true), request(false), request(true));
    let startup = |request| health.probe(Probe::Startup, Caller::of(request));
    assert!(startup(&up).await.is_passing());
    assert!(!startup(&down).await.is_passing());
    let seen = |request| {
        let glance = health.glance(Caller::of(request));
        let startup = report(&glance, Probe::Startup);
        let entry = entry(startup, "tenant_started");
        (entry.status(), entry.reason())
    };
    assert_eq!(seen(&up), (Status::Healthy, None));
    assert_eq!(seen(&down), (Status::Unhealthy, None));
    assert_eq!(seen(&new), (Status::Unhealthy, Some(Reason::NoResult)));
}

#[tokio::test(start_paused = true)]
async fn who_only_looks_and_brings_nothing_is_told_so_and_nobody_else_is() {
    let book = Book::default();
    let health = binding::builder().observer(book.clone()).build().unwrap();
    let seen = glance(&health);
    let entry = entry(report(&seen, Probe::Startup), "tenant_started");
    assert_eq!(entry.reason(), Some(Reason::NotInitialised));
    assert_eq!(book.read().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn since_when_a_verdict_is_told() {
    let health = health([passes_in("db", &[2, 3, 4])]);
    let start = health.wall_clock();
    let since = |asked| {
        let seen = glance(&health);
        let since = told(&seen, asked).1.unwrap();
        since.duration_since(start).unwrap()
    };
    assert_eq!(since(Probe::Readiness), ms(0), "who looks is told too");
    advance(ms(10)).await;
    assert!(!ready(&health).await.is_passing());
    assert_eq!(since(Probe::Readiness), ms(0), "as before");
    advance(ms(10)).await;
    assert!(ready(&health).await.is_passing());
    advance(ms(10)).await;
    assert!(ready(&health).await.is_passing());
    assert_eq!(since(Probe::Readiness), ms(20));
    advance(ms(10)).await;
    health.start_draining();
    advance(ms(10)).await;
    assert_eq!(since(Probe::Readiness), ms(50), "first told now");
    assert_eq!(since(Probe::Liveness), ms(0));
}

#[tokio::test(start_paused = true)]
async fn when_a_schedule_runs_a_check_next() {
    let calls = Count::default();
    let run = calls.clone();
    let scheduled = Check::new("scheduled", move || {
        let passes = run.one_more() != 2;
        async move {
            sleep(ms(500)).await;
            passes
        }
    });
    let scheduled = scheduled
        .readiness()
        .with_interval(ms(10_000))
        .with_down_interval(ms(3000))
        .with_initial_delay(ms(2000))
        .with_jitter(false);
    let health = health([scheduled, counted("asked", &calls)]);
    let start = health.wall_clock();
    let next = |name| {
        let history = health.history(name, Caller::nobody()).unwrap();
        let next = history.next_run();
        next.map(|next| next.duration_since(start).unwrap())
    };
    assert_eq!(next("asked"), None, "it has no schedule");
    assert_eq!(next("scheduled"), Some(ms(2000)));
    sleep(ms(2100)).await;
    assert_eq!(next("scheduled"), None, "a run is under way");
    sleep(ms(500)).await;
    assert_eq!(next("scheduled"), Some(ms(12_000)));
    sleep(ms(10_000)).await;
    assert_eq!(next("scheduled"), Some(ms(15_000)), "it fails");
    health.disable("scheduled").unwrap();
    assert_eq!(next("scheduled"), None);
    health.enable("scheduled").unwrap();
    assert_eq!(next("scheduled"), Some(ms(14_600)), "it begins anew");
}

#[tokio::test(start_paused = true)]
async fn what_is_due_already_is_due_now() {
    let check = Check::new("c", async || ())
        .readiness()
        .with_interval(ms(1000));
    let health = health([check]);
    sleep(ms(1)).await;
    advance(ms(60_000)).await;
    let history = health.history("c", Caller::nobody()).unwrap();
    assert_eq!(history.next_run(), Some(health.wall_clock()));
}
