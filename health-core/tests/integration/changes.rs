//! Checks that come, go and change while the process runs.

use std::sync::{Arc, Mutex};

use health_core::{
    Caller, Check, Entry, Health, Observer, Override, Phase, Probe, Reason, Status, Transition,
};
use tokio::time::{advance, sleep};

use crate::support::{Count, OnDrop, counted, entry, health, ms, names, probe, ready};

/// Passes while the count is zero.
fn failing_while(name: &'static str, failing: &Count) -> Check {
    let failing = failing.clone();
    Check::new(name, move || {
        let passes = failing.now() == 0;
        async move { passes }
    })
    .readiness()
}

async fn asked(health: &Health, name: &str) -> Entry {
    let entry = health.check(name, Caller::nobody());
    entry.expect("there is such a check").await
}

#[tokio::test(start_paused = true)]
async fn what_is_registered_is_asked_and_what_is_removed_is_not() {
    let calls = Count::default();
    let health = health([Check::new("cache", async || ()).readiness()]);
    let revision = health.revision();
    health.register(counted("tenant", &calls)).unwrap();
    assert_eq!(names(&health), ["cache", "tenant"]);
    assert_eq!(ready(&health).await.entries().len(), 2);
    assert_eq!((calls.now(), health.revision()), (1, revision + 1));

    health.remove("tenant").unwrap();
    assert_eq!(names(&health), ["cache"]);
    assert_eq!(ready(&health).await.entries().len(), 1);
    assert!(health.check("tenant", Caller::nobody()).is_none());
    assert!(health.history("tenant", Caller::nobody()).is_none());
    assert_eq!(calls.now(), 1);

    health.register(counted("tenant", &calls)).unwrap();
    assert!(ready(&health).await.is_passing());
    assert_eq!(calls.now(), 2, "nothing was known of another check");
}

#[tokio::test(start_paused = true)]
async fn a_change_with_mistakes_lists_them_and_changes_nothing() {
    let health = health([Check::new("cache", async || ()).readiness()]);
    let revision = health.revision();
    let bad = Check::new("cache", async || ())
        .with_timeout(ms(0))
        .with_depends_on("nothing");
    let error = health.register(bad).unwrap_err();
    let mistakes: Vec<_> = error.mistakes().iter().map(ToString::to_string).collect();
    for part in [
        "serves no probe",
        "timeout of 0",
        "2 checks are named `cache`",
        "`nothing`",
    ] {
        let found = mistakes.iter().filter(|mistake| mistake.contains(part));
        assert_eq!(found.count(), 1, "{part}: {mistakes:?}");
    }
    let unknown = "there is no check `cach`; there are: `cache`";
    for result in [
        health.remove("cach"),
        health.disable("cach"),
        health.enable("cach"),
        health.rename("cach", "x"),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.mistakes()[0].to_string(), unknown);
    }
    let error = health.rename("cache", "a b").unwrap_err();
    assert!(error.to_string().contains("cannot be a name"), "{error}");
    assert_eq!(names(&health), ["cache"]);
    assert_eq!(health.revision(), revision);
    assert!(ready(&health).await.is_passing());
}

#[tokio::test(start_paused = true)]
async fn a_check_with_another_name_keeps_what_is_known_of_it() {
    let failing = Count::default();
    let check = failing_while("old", &failing)
        .startup()
        .with_failure_threshold(2)
        .with_cache(ms(5000));
    let health = health([check]);
    assert!(ready(&health).await.is_passing());
    failing.one_more();
    advance(ms(5000)).await;
    assert!(
        ready(&health).await.is_passing(),
        "one failure is tolerated"
    );

    health.rename("old", "new").unwrap();
    assert!(health.check("old", Caller::nobody()).is_none());
    let kept = asked(&health, "new").await;
    assert_eq!((kept.name(), kept.consecutive_failures()), ("new", 1));
    assert_eq!(
        health
            .history("new", Caller::nobody())
            .unwrap()
            .runs()
            .len(),
        2
    );
    assert_eq!(health.checks()[0].identity(), "old", "this stays");
    let report = probe(&health, Probe::Startup).await;
    assert!(report.is_passing(), "it has passed");
    advance(ms(5000)).await;
    assert!(!ready(&health).await.is_passing(), "the second in a row");
}

#[tokio::test(start_paused = true)]
async fn what_is_forced_follows_the_name_and_ends_with_the_check() {
    let health = health([Check::new("old", async || ()).readiness()]);
    let forced = Override::new(Status::Unhealthy, "INC-42");
    health.force("old", forced).unwrap();
    health.rename("old", "new").unwrap();
    assert_eq!(health.overrides()[0].0, "new");
    assert!(!ready(&health).await.is_passing());
    health.remove("new").unwrap();
    assert_eq!(health.overrides(), []);
    health
        .register(Check::new("new", async || ()).readiness())
        .unwrap();
    assert!(ready(&health).await.is_passing());
}

#[tokio::test(start_paused = true)]
async fn a_disabled_check_is_not_run_and_counts_for_nothing() {
    let (calls, scheduled) = (Count::default(), Count::default());
    let failing = Check::new("failing", async || false).readiness().liveness();
    let health = health([
        failing,
        counted("dependent", &calls).with_depends_on("failing"),
        counted("scheduled", &scheduled).with_interval(ms(10_000)),
        Check::new("schema", async || false).startup(),
    ]);
    let report = ready(&health).await;
    assert_eq!(
        (report.is_passing(), report.phase()),
        (false, &Phase::Starting)
    );
    for name in ["failing", "scheduled", "schema"] {
        health.disable(name).unwrap();
    }
    assert_eq!(health.disabled(), ["failing", "scheduled", "schema"]);
    let runs = (calls.now(), scheduled.now());
    advance(ms(60_000)).await;
    for name in Probe::ALL {
        let report = probe(&health, name).await;
        assert_eq!(report.status(), Status::Healthy, "{report:?}");
        assert_eq!(report.phase(), &Phase::Started);
    }
    let report = ready(&health).await;
    assert_eq!(
        report.entries().len(),
        3,
        "it stays, but nothing waits for `schema`"
    );
    let entry = entry(&report, "failing");
    assert_eq!(
        (entry.status(), entry.reason()),
        (Status::Healthy, Some(Reason::Disabled))
    );
    assert_eq!(entry.message(), Some("disabled"));
    assert_eq!((calls.now(), scheduled.now()), (runs.0 + 1, runs.1));
    assert_eq!(
        asked(&health, "schema").await.reason(),
        Some(Reason::Disabled)
    );
}

#[tokio::test(start_paused = true)]
async fn an_enabled_check_begins_anew_but_has_passed() {
    let failing = Count::default();
    let check = failing_while("c", &failing)
        .startup()
        .with_success_threshold(2)
        .with_failure_threshold(2)
        .with_cache(ms(600_000));
    let health = health([check]);
    assert!(ready(&health).await.is_passing());
    failing.one_more();
    advance(ms(600_000)).await;
    assert!(ready(&health).await.is_passing());
    health.disable("c").unwrap();
    health.enable("c").unwrap();
    let report = ready(&health).await;
    assert!(!report.is_passing(), "nothing is known, and it fails");
    assert_eq!(entry(&report, "c").consecutive_failures(), 1);
    assert!(probe(&health, Probe::Startup).await.is_passing(), "latched");
    failing.one_less();
    health.disable("c").unwrap();
    health.enable("c").unwrap();
    assert!(
        ready(&health).await.is_passing(),
        "the first success counts"
    );
}

#[tokio::test(start_paused = true)]
async fn schedules_begin_and_end_with_their_checks() {
    let calls = Count::default();
    let scheduled = || {
        counted("scheduled", &calls)
            .with_interval(ms(10_000))
            .with_jitter(false)
    };
    let health = health([]);
    health.register(scheduled()).unwrap();
    sleep(ms(25_000)).await;
    assert_eq!(calls.now(), 3, "at 0, 10 and 20 s");
    health.rename("scheduled", "other").unwrap();
    health.rename("other", "third").unwrap();
    sleep(ms(4900)).await;
    assert_eq!(calls.now(), 3, "a name is no reason to run it");
    sleep(ms(200)).await;
    assert_eq!(calls.now(), 4, "at 30 s, once");
    health.disable("third").unwrap();
    sleep(ms(600_000)).await;
    assert_eq!(calls.now(), 4);
    health.enable("third").unwrap();
    let report = ready(&health).await;
    assert!(
        report.is_passing(),
        "what is stale says nothing: {report:?}"
    );
    assert_eq!(calls.now(), 5);
    sleep(ms(10_100)).await;
    assert_eq!(calls.now(), 6);
    health.remove("third").unwrap();
    sleep(ms(600_000)).await;
    assert_eq!(calls.now(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_run_under_way_is_joined_under_the_new_name() {
    let (calls, gate) = (Count::default(), Arc::new(tokio::sync::Notify::new()));
    let (counted, opened) = (calls.clone(), Arc::clone(&gate));
    let check = Check::new("old", move || {
        counted.one_more();
        let opened = Arc::clone(&opened);
        async move { opened.notified().await }
    });
    let health = health([
        check.readiness(),
        Check::new("other", async || ()).readiness(),
    ]);
    let first = tokio::spawn(health.probe(Probe::Readiness, Caller::nobody()));
    sleep(ms(1)).await;
    health.rename("old", "new").unwrap();
    health.remove("other").unwrap();
    let second = tokio::spawn(health.probe(Probe::Readiness, Caller::nobody()));
    sleep(ms(1)).await;
    gate.notify_waiters();
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    let names = |report: &health_core::Report| {
        let entries = report.entries().iter();
        entries
            .map(|entry| entry.name().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&first),
        ["old", "other"],
        "as it was when it was asked"
    );
    assert_eq!(names(&second), ["new"]);
    assert!(first.is_passing() && second.is_passing());
    assert_eq!(calls.now(), 1, "one run for both");
}

#[tokio::test(start_paused = true)]
async fn who_depends_on_a_removed_check_does_without() {
    let calls = Count::default();
    let network = || {
        Check::new("network", async || false)
            .readiness()
            .with_cache(ms(60_000))
    };
    let dependent = counted("dependent", &calls)
        .with_depends_on("network")
        .with_cache(ms(0));
    let health = health([network(), dependent]);
    ready(&health).await;
    let report = ready(&health).await;
    assert_eq!(entry(&report, "network").status(), Status::Unhealthy);
    let before = calls.now();
    health.remove("network").unwrap();
    assert!(ready(&health).await.is_passing());
    assert_eq!(calls.now(), before + 1);
    health.register(network()).unwrap();
    let report = ready(&health).await;
    let dependent = entry(&report, "dependent");
    assert_eq!(dependent.status(), Status::Healthy, "nothing was known");
    let report = ready(&health).await;
    assert_eq!(entry(&report, "dependent").cause(), Some("network"));
    assert_eq!(calls.now(), before + 2);
}

#[tokio::test(start_paused = true)]
async fn a_startup_check_that_comes_later_holds_readiness_back() {
    let failing = Count::default();
    failing.one_more();
    let health = health([Check::new("cache", async || ()).readiness()]);
    assert!(ready(&health).await.is_passing());
    let check = failing_while("index", &failing).startup().with_cache(ms(0));
    health.register(check).unwrap();
    let report = ready(&health).await;
    assert_eq!(
        (report.is_passing(), report.phase()),
        (false, &Phase::Starting)
    );
    failing.one_less();
    assert!(ready(&health).await.is_passing());
}

#[test]
fn changes_from_several_threads_are_all_made() {
    let health = health_core::HealthBuilder::empty().build().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let health = health.clone();
            scope.spawn(move || {
                for number in 0..25 {
                    let name = format!("c{thread}.{number}");
                    let check = Check::new(name.clone(), async || ()).readiness();
                    health.register(check).unwrap();
                    if number % 5 == 0 {
                        health.remove(&name).unwrap();
                    }
                }
            });
        }
    });
    assert_eq!(health.checks().len(), 8 * 20);
    let sorted = names(&health);
    assert!(sorted.is_sorted(), "{sorted:?}");
}

#[tokio::test(start_paused = true)]
async fn a_check_may_change_the_checks() {
    let own = Arc::new(Mutex::new(None::<Health>));
    let theirs = Arc::clone(&own);
    let check = Check::new("discovery", move || {
        let health = theirs.lock().unwrap().clone();
        async move {
            let health = health.expect("it is there");
            health.remove("discovery")?;
            health.register(Check::new("found", async || ()).readiness())
        }
    });
    let health = health([check.readiness()]);
    *own.lock().unwrap() = Some(health.clone());
    assert!(ready(&health).await.is_passing());
    assert_eq!(names(&health), ["found"]);
    *own.lock().unwrap() = None;
}

#[tokio::test(start_paused = true)]
async fn what_a_removed_check_holds_is_dropped_and_its_panic_is_nobodys() {
    struct Rude;
    impl Drop for Rude {
        fn drop(&mut self) {
            panic!("dropped, as it was told");
        }
    }
    let dropped = Count::default();
    let (rude, held) = (Rude, OnDrop(dropped.clone()));
    let check = Check::new("c", move || {
        let _ = (&rude, &held);
        async {}
    });
    let health = health([]);
    health.register(check.readiness()).unwrap();
    assert!(ready(&health).await.is_passing());
    health.remove("c").unwrap();
    assert_eq!(dropped.now(), 1);
    assert!(ready(&health).await.is_passing());
}

#[test]
fn the_longest_wait_is_that_of_what_is_not_disabled() {
    let slow = Check::new("slow", async || ())
        .readiness()
        .with_timeout(ms(3000));
    let health = health_core::HealthBuilder::empty()
        .check(slow)
        .check(Check::new("quick", async || ()).readiness())
        .build()
        .unwrap();
    assert_eq!(health.longest(Probe::Readiness), ms(3000));
    health.disable("slow").unwrap();
    assert_eq!(health.longest(Probe::Readiness), ms(800));
}

#[tokio::test(start_paused = true)]
async fn a_probe_under_way_has_its_result_though_the_check_begins_anew() {
    let health = health([Check::new("c", async || ()).readiness()]);
    let under_way = health.probe(Probe::Readiness, Caller::nobody());
    sleep(ms(1)).await;
    health.disable("c").unwrap();
    health.enable("c").unwrap();
    let report = under_way.await;
    assert!(report.is_passing(), "its run has passed: {report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_run_that_ends_as_the_name_changes_is_not_made_again() {
    let (calls, gate) = (Count::default(), Arc::new(tokio::sync::Notify::new()));
    let (counted, opened) = (calls.clone(), Arc::clone(&gate));
    let check = Check::new("old", move || {
        counted.one_more();
        let opened = Arc::clone(&opened);
        async move { opened.notified().await }
    });
    let check = check.readiness().with_interval(ms(10_000));
    let health = health([check.with_jitter(false)]);
    sleep(ms(500)).await;
    assert_eq!(calls.now(), 1);
    gate.notify_waiters();
    health.rename("old", "new").unwrap();
    sleep(ms(100)).await;
    assert_eq!(calls.now(), 1, "the next one is due in 9.4 s");
    sleep(ms(9300)).await;
    assert_eq!(calls.now(), 1);
    sleep(ms(200)).await;
    assert_eq!(calls.now(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_has_not_begun_is_not_put_off_by_another_name() {
    let calls = Count::default();
    let check = counted("c0", &calls)
        .with_interval(ms(10_000))
        .with_initial_delay(ms(60_000));
    let health = health([check.with_jitter(false)]);
    for number in 1..=8 {
        sleep(ms(10_000)).await;
        let names = [number - 1, number].map(|number| format!("c{number}"));
        health.rename(&names[0], &names[1]).unwrap();
    }
    assert!(calls.now() > 0, "it was due 60 s after the start");
}

/// Counts them.
struct Transitions(Count);

impl Observer for Transitions {
    fn transition(&self, _: &Transition) {
        self.0.one_more();
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_hears_each_transition_of_checks_that_came_after_it() {
    let heard = Count::default();
    let health = health([]);
    health.observe(Transitions(heard.clone()));
    for number in 0..1030 {
        let check = Check::new(format!("c{number}"), async || ()).readiness();
        health.register(check).unwrap();
    }
    ready(&health).await;
    sleep(ms(1)).await;
    assert_eq!(heard.now(), 1030);
}

#[tokio::test(start_paused = true)]
async fn what_becomes_of_a_run_after_its_check_was_disabled_or_removed_is_no_transition() {
    for change in [Health::disable, Health::remove] {
        let heard = Count::default();
        let check = Check::new("c", std::future::pending::<()>).readiness();
        let health = health([check.with_cancel_after(ms(60_000))]);
        health.observe(Transitions(heard.clone()));
        let under_way = tokio::spawn(health.probe(Probe::Readiness, Caller::nobody()));
        sleep(ms(100)).await;
        change(&health, "c").unwrap();
        assert!(!under_way.await.unwrap().is_passing(), "as it was");
        sleep(ms(70_000)).await;
        assert_eq!(heard.now(), 0, "it counts for nothing");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_disabled_counts_for_nothing_whatever_was_forced() {
    let health = health([
        Check::new("off", async || ()).readiness().with_tag("all"),
        Check::new("needs", async || ())
            .readiness()
            .with_depends_on("off"),
    ]);
    let forced = Override::new(Status::Unhealthy, "INC-42");
    health.force("off", forced).unwrap();
    assert!(!ready(&health).await.is_passing());
    health.disable("off").unwrap();
    let report = ready(&health).await;
    assert!(report.is_passing(), "{report:?}");
    assert_eq!(entry(&report, "off").reason(), Some(Reason::Disabled));
    let group = health.group("all", Caller::nobody()).unwrap().await;
    assert!(group.is_passing());
    health.enable("off").unwrap();
    assert!(!ready(&health).await.is_passing(), "it is forced still");
}

#[tokio::test(start_paused = true)]
async fn whatever_a_name_is_no_mistake_takes_more_than_a_line() {
    const EVIL: &str = "a\nERROR \u{1b}[31mforged\r";
    let health = health([Check::new("c", async || ()).readiness()]);
    let bad = Check::new(EVIL, async || ()).with_depends_on(EVIL);
    for error in [
        health.remove(EVIL).unwrap_err(),
        health.rename("c", EVIL).unwrap_err(),
        health.register(bad).unwrap_err(),
    ] {
        for mistake in error.mistakes() {
            let text = mistake.to_string();
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(text.contains(r"a\nERROR \u{1b}[31mforged\r"), "{text}");
        }
    }
    let forced = Override::new(Status::Healthy, "INC-42");
    let unknown = health.force(EVIL, forced).unwrap_err().to_string();
    assert!(!unknown.contains(char::is_control), "{unknown:?}");
}

#[tokio::test(start_paused = true)]
async fn the_run_of_a_check_that_is_gone_starts_no_other_of_its_name() {
    #[derive(Clone, Default)]
    struct Expected(Arc<Mutex<Vec<bool>>>);
    impl Observer for Expected {
        fn transition(&self, transition: &Transition) {
            self.0.lock().unwrap().push(transition.is_expected());
        }
    }
    let heard = Expected::default();
    let slow = Check::new("migrations", async || sleep(ms(200)).await).startup();
    let health = health([slow]);
    health.observe(heard.clone());
    let under_way = tokio::spawn(health.probe(Probe::Startup, Caller::nobody()));
    sleep(ms(100)).await;
    health.remove("migrations").unwrap();
    let other = Check::new("migrations", async || false).startup();
    health.register(other).unwrap();
    under_way.await.unwrap();
    assert!(!probe(&health, Probe::Startup).await.is_passing());
    sleep(ms(1)).await;
    assert_eq!(*heard.0.lock().unwrap(), [true], "it starts still");
}
