//! What has happened lately, and who waits for it.

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, SystemTime};

use health_core::{
    Caller, Check, Event, Happening, Health, HealthBuilder, HealthConfig, Maintenance, Outcome,
    Override, Probe, Runtime, Status, Visibility, Watch,
};
use tokio::time::{advance, sleep, timeout};

use crate::observers::passes_in;
use crate::operations::TemporaryFile;
use crate::support::{Count, health, in_paused_time, ms, ready};

/// What happened to checks and children: `name/child: from -> to, message`.
fn turned(health: &Health) -> Vec<String> {
    let events = health.timeline().into_iter();
    let turned = events.filter_map(|event| match event.what() {
        Happening::Turned {
            check,
            child,
            from,
            to,
            message,
            ..
        } => {
            let child = child
                .as_ref()
                .map_or(String::new(), |child| format!("/{child}"));
            let from = from.map_or("nothing", Status::as_str);
            let message = message.as_deref().unwrap_or("-");
            Some(format!("{check}{child}: {from} -> {to}, {message}"))
        }
        _ => None,
    });
    turned.collect()
}

/// What happened that a probe did not find, and when.
fn said(health: &Health, start: SystemTime) -> Vec<(u128, Happening)> {
    let events = health.timeline().into_iter();
    let is_found =
        |what: &Happening| matches!(what, Happening::Turned { .. } | Happening::Verdict { .. });
    let said = events.filter(|event| !is_found(event.what()));
    said.map(|event| (after(&event, start), event.what().clone()))
        .collect()
}

fn after(event: &Event, start: SystemTime) -> u128 {
    event.at().duration_since(start).unwrap().as_millis()
}

/// What was forced: the check, the status, and when.
fn forced(health: &Health, start: SystemTime) -> Vec<(u128, String, Option<Status>)> {
    let said = said(health, start).into_iter();
    let forced = said.filter_map(|(at, what)| match what {
        Happening::Overridden { check, by, .. } => {
            Some((at, check, by.as_ref().map(Override::status)))
        }
        _ => None,
    });
    forced.collect()
}

fn verdicts(health: &Health, start: SystemTime) -> Vec<(u128, Probe, Option<Status>, Status)> {
    let events = health.timeline().into_iter();
    let verdicts = events.filter_map(|event| match event.what() {
        Happening::Verdict {
            probe, from, to, ..
        } => Some((after(&event, start), *probe, *from, *to)),
        _ => None,
    });
    verdicts.collect()
}

use Status::{Degraded, Healthy, Unhealthy};

#[tokio::test(start_paused = true)]
async fn transitions_are_told_in_order_after_thresholds_with_public_texts() {
    let db = passes_in("db", &[1, 4]).with_failure_threshold(2);
    let health = health([db]);
    let start = health.wall_clock();
    assert_eq!(health.timeline(), []);
    for _ in 0..4 {
        advance(ms(100)).await;
        ready(&health).await;
    }
    let expected = [
        "db: nothing -> healthy, -",
        "db: healthy -> unhealthy, down",
        "db: unhealthy -> healthy, -",
    ];
    assert_eq!(turned(&health), expected);
    let events = health.timeline();
    let all: Vec<_> = events
        .iter()
        .map(|e| (e.number(), after(e, start)))
        .collect();
    let expected = [(1, 100), (2, 100), (3, 300), (4, 300), (5, 400), (6, 400)];
    assert_eq!(all, expected, "each with the verdict that it brings");
}

#[tokio::test(start_paused = true)]
async fn a_check_comes_before_its_children() {
    let runs = Count::default();
    let shards = Check::new("shards", move || {
        let failing = runs.one_more() == 2;
        async move {
            let second = if failing {
                Outcome::unhealthy("no quorum")
            } else {
                Outcome::healthy()
            };
            Outcome::healthy()
                .with_child("s1", true)
                .with_child("s2", second)
        }
    });
    let health = health([shards.readiness().with_cache(ms(0))]);
    ready(&health).await;
    ready(&health).await;
    let expected = [
        "shards: nothing -> healthy, -",
        "shards/s1: nothing -> healthy, -",
        "shards/s2: nothing -> healthy, -",
        "shards: healthy -> unhealthy, failing: s2",
        "shards/s2: healthy -> unhealthy, no quorum",
    ];
    assert_eq!(turned(&health), expected);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_hangs_is_told_at_the_time_when_it_timed_out() {
    let hangs = Check::new("hangs", pending::<()>).readiness();
    let health = health([hangs.with_timeout(ms(2000))]);
    let start = health.wall_clock();
    advance(ms(300)).await;
    ready(&health).await;
    assert_eq!(
        turned(&health),
        ["hangs: nothing -> unhealthy, Timeout after 2000ms"]
    );
    let decided = after(&health.timeline()[0], start);
    assert!((2300..=2311).contains(&decided), "{decided}");
}

#[tokio::test(start_paused = true)]
async fn verdicts_are_told_when_another_is_found_and_by_whom_matters_not() {
    let health = health([passes_in("db", &[2, 3])]);
    let start = health.wall_clock();
    health.glance(Caller::nobody());
    for _ in 0..3 {
        advance(ms(10)).await;
        ready(&health).await;
        health.glance(Caller::nobody());
    }
    advance(ms(10)).await;
    health.start_draining();
    health.glance(Caller::nobody());
    ready(&health).await;
    let readiness = (Probe::Readiness, Some(Unhealthy), Healthy);
    let expected = [
        (0, Probe::Liveness, None, Healthy),
        (0, Probe::Readiness, None, Unhealthy),
        (0, Probe::Startup, None, Healthy),
        (20, readiness.0, readiness.1, readiness.2),
        (40, Probe::Readiness, Some(Healthy), Unhealthy),
    ];
    assert_eq!(verdicts(&health, start), expected);
}

#[tokio::test(start_paused = true)]
async fn what_operators_say_is_told_with_the_time() {
    let health = health([passes_in("db", &[])]);
    let start = health.wall_clock();
    let maintenance = Maintenance::new("moving racks");
    let step = async |act: &dyn Fn()| {
        advance(ms(10)).await;
        act();
        act();
    };
    step(&|| health.start_draining()).await;
    step(&|| health.stop_draining()).await;
    step(&|| health.start_maintenance(maintenance.clone())).await;
    step(&|| health.end_maintenance()).await;
    let expected = [
        (10, Happening::Draining(true)),
        (20, Happening::Draining(false)),
        (30, Happening::Maintenance(Some(maintenance.clone()))),
        (40, Happening::Maintenance(None)),
    ];
    assert_eq!(said(&health, start), expected, "each once");
    let mut events = health.timeline().into_iter();
    assert!(events.all(|event| event.visibility() == Visibility::Summary));
}

#[tokio::test(start_paused = true)]
async fn changes_of_checks_are_for_those_who_may_know_everything() {
    let health = health([passes_in("db", &[])]);
    let cache = Check::new("cache", async || ()).readiness();
    health.register(cache).unwrap();
    health.disable("cache").unwrap();
    health.enable("cache").unwrap();
    health.rename("cache", "redis").unwrap();
    health.remove("redis").unwrap();
    assert!(health.remove("redis").is_err(), "that is none");
    health.apply(&HealthConfig::default()).unwrap();
    let events = health.timeline();
    let told: Vec<_> = events
        .iter()
        .map(|event| match event.what() {
            Happening::Changed { check, change, .. } => format!("{check} {change:?}"),
            other => format!("{other:?}"),
        })
        .collect();
    let expected = [
        "cache Registered",
        "cache Disabled",
        "cache Enabled",
        "cache Renamed(\"redis\")",
        "redis Removed",
        "Configured",
    ];
    assert_eq!(told, expected);
    assert!(events.iter().all(|e| e.visibility() == Visibility::Full));
}

#[tokio::test(start_paused = true)]
async fn an_override_is_told_when_it_begins_and_when_it_ends() {
    let health = health([passes_in("db", &[])]);
    let start = health.wall_clock();
    let until = Override::new(Healthy, "INC-42").until(start + ms(500));
    health.force("db", until.clone()).unwrap();
    health.force("db", until.clone()).unwrap();
    advance(ms(100)).await;
    health
        .force("db", Override::new(Degraded, "worse"))
        .unwrap();
    advance(ms(100)).await;
    health.end_override("db").unwrap();
    health.end_override("db").unwrap();
    let db = |at, status| (at, "db".to_owned(), status);
    let expected = [db(0, Some(Healthy)), db(100, Some(Degraded)), db(200, None)];
    assert_eq!(forced(&health, start), expected);
    let events = health.timeline();
    assert!(events.iter().all(|e| e.visibility() == Visibility::Full));
}

#[tokio::test(start_paused = true)]
async fn an_override_that_expires_is_told_at_that_time_whenever_that_is_noticed() {
    let health = health([passes_in("db", &[])]);
    let start = health.wall_clock();
    let until = Override::new(Healthy, "INC-42").until(start + ms(500));
    health.force("db", until).unwrap();
    advance(ms(800)).await;
    for _ in 0..2 {
        ready(&health).await;
    }
    let db = |at, status| (at, "db".to_owned(), status);
    let expected = [db(0, Some(Healthy)), db(500, None)];
    assert_eq!(forced(&health, start), expected);
}

#[tokio::test(start_paused = true)]
async fn overrides_of_a_file_are_told_too_and_what_is_in_force_is_what_counts() {
    let file = TemporaryFile::new("timeline");
    let check = passes_in("db", &[]);
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(check)
        .override_file(file.path())
        .build()
        .unwrap();
    let start = health.wall_clock();
    let statuses = || {
        let forced = forced(&health, start).into_iter();
        forced.map(|(_, _, status)| status).collect::<Vec<_>>()
    };
    let until = humantime::format_rfc3339_millis(start + ms(7000));
    file.write(&format!("db degraded until {until} # INC-42\n"));
    sleep(ms(2001)).await;
    assert_eq!(statuses(), [Some(Degraded)]);
    health
        .force("db", Override::new(Healthy, "handle"))
        .unwrap();
    assert_eq!(statuses(), [Some(Degraded), Some(Healthy)]);
    health.end_override("db").unwrap();
    let again = [Some(Degraded), Some(Healthy), Some(Degraded)];
    assert_eq!(statuses(), again, "the file's holds still");
    sleep(ms(10_000)).await;
    ready(&health).await;
    assert_eq!(statuses()[3..], [None], "it has expired");
    file.write("db unhealthy\n");
    sleep(ms(2001)).await;
    drop(file);
    sleep(ms(2001)).await;
    assert_eq!(statuses()[4..], [Some(Unhealthy), None]);
}

#[tokio::test(start_paused = true)]
async fn what_is_forced_has_the_name_that_its_check_has() {
    let health = health([passes_in("old", &[])]);
    let start = health.wall_clock();
    let until = Override::new(Healthy, "INC-42").until(start + ms(500));
    health.force("old", until).unwrap();
    health.rename("old", "new").unwrap();
    ready(&health).await;
    advance(ms(500)).await;
    ready(&health).await;
    let expected = [
        (0, "old".to_owned(), Some(Healthy)),
        (500, "new".to_owned(), None),
    ];
    assert_eq!(forced(&health, start), expected);
}

#[tokio::test(start_paused = true)]
async fn hidden_checks_are_told_to_those_who_may_know_them() {
    let hidden = passes_in("supplier", &[]).with_visibility(Visibility::Full);
    let health = health([hidden, passes_in("db", &[1])]);
    ready(&health).await;
    let events = health.timeline();
    for event in &events {
        let of = |name| matches!(event.what(), Happening::Turned { check, .. } if check == name);
        let expected = if of("supplier") {
            Visibility::Full
        } else {
            Visibility::Summary
        };
        assert_eq!(event.visibility(), expected, "{event:?}");
    }
    assert_eq!(events.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn no_secret_and_no_private_text_is_told() {
    const ERROR: Result<(), &str> = Err("password=hunter2 in private");
    let panics = Check::new("panics", || async {
        if true {
            panic!("token=hunter2 in private")
        }
    });
    let child = Check::new("child", async || {
        Outcome::healthy().with_child("token=hunter2", ERROR)
    });
    let public = async || Outcome::unhealthy("password=hunter2 is public");
    let public = Check::new("public", public);
    let error = Check::new("error", async || ERROR);
    let health = health([panics, child, public, error].map(Check::readiness));
    ready(&health).await;
    let forced = Override::new(Healthy, "password=hunter2");
    health.force("error", forced).unwrap();
    health.start_maintenance(Maintenance::new("password=hunter2"));
    let told = format!("{:?}", health.timeline());
    for secret in ["hunter2", "private"] {
        assert!(!told.contains(secret), "{told}");
    }
    let turned = turned(&health);
    assert!(turned.contains(&"public: nothing -> unhealthy, password=*** is public".to_owned()));
    assert!(turned.contains(&"error: nothing -> unhealthy, -".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn the_last_two_hundred_are_remembered() {
    let health = health([]);
    for _ in 0..150 {
        health.start_draining();
        health.stop_draining();
    }
    let numbers: Vec<_> = health.timeline().iter().map(Event::number).collect();
    assert_eq!(numbers, (101..=300).collect::<Vec<u64>>());
}

#[tokio::test(start_paused = true)]
async fn a_removed_check_is_dropped_though_the_timeline_remembers_it() {
    let held = Arc::new(());
    let weak = Arc::downgrade(&held);
    let check = Check::new("tenant", move || {
        let held = Arc::clone(&held);
        async move { drop(held) }
    });
    let health = health([check.readiness()]);
    ready(&health).await;
    assert!(weak.strong_count() > 0);
    health.remove("tenant").unwrap();
    assert_eq!(weak.strong_count(), 0);
    assert_eq!(turned(&health), ["tenant: nothing -> healthy, -"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_after_its_check_was_disabled_or_removed_is_not_told() {
    let slow = |name: &'static str| {
        Check::new(name, || async {
            sleep(ms(500)).await;
            Outcome::healthy().with_child("shard", false)
        })
        .readiness()
    };
    let health = health([slow("disabled"), slow("removed")]);
    let asking = tokio::spawn(health.probe(Probe::Readiness, Caller::nobody()));
    sleep(ms(100)).await;
    health.disable("disabled").unwrap();
    health.remove("removed").unwrap();
    asking.await.unwrap();
    assert_eq!(turned(&health), [""; 0]);
}

/// Whether something was told since this was last asked.
async fn is_told(watch: &mut Watch) -> bool {
    timeout(ms(1), watch.changed()).await == Ok(true)
}

#[tokio::test(start_paused = true)]
async fn a_watch_is_told_of_everything() {
    let health = health([passes_in("db", &[1])]);
    let mut watch = health.watch();
    assert!(!is_told(&mut watch).await, "nothing has happened");
    let config = HealthConfig::default();
    let acts: [&dyn Fn(); 9] = [
        &|| health.start_draining(),
        &|| health.start_maintenance(Maintenance::new("disk")),
        &|| health.end_maintenance(),
        &|| health.stop_draining(),
        &|| health.force("db", Override::new(Healthy, "")).unwrap(),
        &|| drop(health.end_override("db")),
        &|| health.disable("db").unwrap(),
        &|| health.enable("db").unwrap(),
        &|| health.apply(&config).unwrap(),
    ];
    for (number, act) in acts.iter().enumerate() {
        act();
        assert!(is_told(&mut watch).await, "act {number}");
        assert!(!is_told(&mut watch).await, "once, act {number}");
    }
    let checking = health.check("db", Caller::nobody()).unwrap();
    checking.await;
    assert!(is_told(&mut watch).await, "a transition");
    let mut late = health.watch();
    assert!(!is_told(&mut late).await, "what was before it is none");
}

#[tokio::test(start_paused = true)]
async fn what_a_glance_finds_is_told_and_wakes_nobody() {
    let health = health([passes_in("db", &[1])]);
    let mut watch = health.watch();
    drop(health.glance(Caller::nobody()));
    assert_eq!(health.timeline().len(), 3, "a verdict of each probe");
    assert_eq!(watch.last(), 0);
    assert!(!is_told(&mut watch).await);
    health.start_draining();
    assert_eq!(watch.last(), 4);
    assert!(is_told(&mut watch).await);
}

#[tokio::test(start_paused = true)]
async fn a_watch_wakes_who_waits_and_ends_with_the_health() {
    let health = health([passes_in("db", &[1])]);
    let mut watch = health.watch();
    let waiting = tokio::spawn(async move {
        let changed = [watch.changed().await, watch.changed().await];
        (changed, watch.changed().await)
    });
    tokio::task::yield_now().await;
    health.start_draining();
    sleep(ms(1)).await;
    health.stop_draining();
    sleep(ms(1)).await;
    drop(health);
    assert_eq!(waiting.await.unwrap(), ([true, true], false));
}

#[test]
fn a_watch_ends_with_the_health_though_a_check_blocks_its_thread_for_ever() {
    const PATIENCE: Duration = Duration::from_secs(10);
    let (release, held) = mpsc::channel::<()>();
    let (tells, began) = mpsc::channel();
    let (held, tells) = (Mutex::new(held), Mutex::new(tells));
    let blocks = Check::blocking("blocks", move || {
        let _ = tells.lock().unwrap().send(());
        let _ = held.lock().unwrap().recv();
    });
    let health = HealthBuilder::empty()
        .check(blocks.readiness())
        .build()
        .unwrap();
    let mut watch = health.watch();
    drop(health.probe(Probe::Readiness, Caller::nobody()));
    began.recv_timeout(PATIENCE).unwrap();
    drop(health);
    let (tells, told) = mpsc::channel();
    std::thread::spawn(move || tells.send(in_paused_time(watch.changed())));
    assert_eq!(told.recv_timeout(PATIENCE), Ok(false));
    drop(release);
}

/// Calls back on the thread that wakes it, and panics.
struct LooksAround {
    health: Health,
    tells: Mutex<mpsc::Sender<()>>,
}

impl Wake for LooksAround {
    fn wake(self: Arc<Self>) {
        self.health.glance(Caller::nobody());
        self.health.timeline();
        self.health.history("db", Caller::nobody());
        self.health.end_maintenance();
        self.health.overrides();
        self.health.register(passes_in("another", &[])).unwrap();
        self.health.remove("another").unwrap();
        let _ = self.tells.lock().unwrap().send(());
        panic!("as wakers may");
    }
}

/// Has it done on a thread of its own while somebody waits who calls back.
fn wakes(health: &Health, act: impl FnOnce(&Health) + Send + 'static) {
    const PATIENCE: Duration = Duration::from_secs(10);
    let (tells, told) = mpsc::channel();
    let waker = Waker::from(Arc::new(LooksAround {
        health: health.clone(),
        tells: Mutex::new(tells.clone()),
    }));
    let mut watch = health.watch();
    let waiting = pin!(watch.changed());
    assert_eq!(
        waiting.poll(&mut Context::from_waker(&waker)),
        Poll::Pending
    );
    let health = health.clone();
    std::thread::spawn(move || {
        act(&health);
        let _ = tells.send(());
    });
    for _ in ["woken", "done"] {
        assert_eq!(told.recv_timeout(PATIENCE), Ok(()));
    }
}

#[test]
fn who_is_woken_may_call_everything_and_panic() {
    let health = HealthBuilder::empty()
        .check(passes_in("db", &[1]))
        .build()
        .unwrap();
    wakes(&health, |health| {
        in_paused_time(health.probe(Probe::Liveness, Caller::nobody()));
    });
    wakes(&health, |health| {
        in_paused_time(health.check("db", Caller::nobody()).unwrap());
    });
    wakes(&health, Health::start_draining);
    wakes(&health, |health| {
        health.start_maintenance(Maintenance::new("disk"));
    });
    wakes(&health, |health| {
        health.force("db", Override::new(Healthy, "")).unwrap();
    });
    wakes(&health, |health| drop(health.end_override("db")));
    wakes(&health, |health| health.disable("db").unwrap());
}

/// What is remembered of what several threads do at once.
fn done_by_threads(health: &Health, act: impl Fn(&Health) + Sync) -> Vec<Event> {
    let before = health.timeline().last().map_or(0, Event::number);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..25).for_each(|_| act(health)));
        }
    });
    let events = health.timeline().into_iter();
    let events: Vec<_> = events.filter(|event| event.number() > before).collect();
    let numbers: Vec<_> = events.iter().map(Event::number).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
    events
}

#[test]
fn what_many_threads_do_at_once_is_told_in_the_order_in_which_it_took_effect() {
    let health = HealthBuilder::empty().build().unwrap();
    for _ in 0..200 {
        let events = done_by_threads(&health, |health| {
            health.start_draining();
            health.stop_draining();
        });
        for (place, event) in events.iter().enumerate() {
            assert_eq!(event.what(), &Happening::Draining(place % 2 == 0));
        }
    }
    health.glance(Caller::nobody());
    for _ in 0..200 {
        let events = done_by_threads(&health, |health| {
            health.start_draining();
            health.glance(Caller::nobody());
            health.stop_draining();
            health.glance(Caller::nobody());
        });
        let verdicts = events.iter().filter_map(|event| match event.what() {
            Happening::Verdict { from, to, .. } => Some((*from, *to)),
            _ => None,
        });
        let verdicts: Vec<_> = verdicts.collect();
        let is_next = |pair: &[(_, _)]| pair[1].0 == Some(pair[0].1);
        assert!(verdicts.windows(2).all(is_next), "{verdicts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_knows_the_number_of_the_last_event() {
    let health = health([]);
    let watch = health.watch();
    assert_eq!(watch.last(), 0);
    health.start_draining();
    health.stop_draining();
    assert_eq!(watch.last(), 2);
    assert_eq!(health.timeline()[1].number(), 2);
    assert_eq!(health.watch().last(), 2, "whoever comes later");
}
