//! What operators do: gates, overrides, limits.

use std::path::{Path, PathBuf};

use health_core::{
    Caller, Check, Health, HealthBuilder, Override, Phase, Probe, Reason, Runtime, Status,
};
use tokio::time::{Instant, advance, sleep};

use crate::support::{Count, entry, health, ms, probe, ready, timed_ready};

pub(crate) fn fine(name: &'static str) -> Check {
    Check::new(name, async || ()).readiness()
}

#[tokio::test(start_paused = true)]
async fn a_gate_says_how_far_the_start_has_come() {
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(fine("db"))
        .startup_gate("model")
        .build()
        .unwrap();
    let gate = health.startup_gate("model").unwrap();
    gate.progress("loading model, 40 %");
    for asked in [Probe::Readiness, Probe::Startup] {
        let report = probe(&health, asked).await;
        assert_eq!(
            (report.is_passing(), report.phase()),
            (false, &Phase::Starting)
        );
        let [closed] = report.closed_gates() else {
            panic!("one gate is closed: {report:?}");
        };
        assert_eq!(
            (closed.name(), closed.progress()),
            ("model", Some("loading model, 40 %"))
        );
    }
    assert!(
        probe(&health, Probe::Liveness)
            .await
            .closed_gates()
            .is_empty()
    );
    gate.open();
    assert!(ready(&health).await.closed_gates().is_empty());
    drop(gate);
    assert!(ready(&health).await.is_passing());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_to_start_up_that_fails_is_made_again() {
    let builder = HealthBuilder::empty().runtime(Runtime::current());
    let health = builder.startup_gate("model").build().unwrap();
    let attempts = Count::default();
    let counted = attempts.clone();
    let attempted = health.start_up("model", move |gate| {
        let attempt = counted.one_more();
        async move {
            gate.progress("loading");
            sleep(ms(100)).await;
            match attempt {
                1 => Err("token=hunter2 was refused".to_owned()),
                2 => panic!("no memory"),
                _ => Ok(()),
            }
        }
    });
    attempted.unwrap();
    let progress = async || {
        let report = ready(&health).await;
        report
            .closed_gates()
            .first()
            .map(|gate| gate.progress().unwrap_or_default().to_owned())
    };
    sleep(ms(50)).await;
    assert_eq!(progress().await.as_deref(), Some("loading"));
    sleep(ms(100)).await;
    assert_eq!(
        progress().await.as_deref(),
        Some("attempt 1 failed, the next one is made in 1s")
    );
    sleep(ms(1100)).await;
    assert_eq!(
        progress().await.as_deref(),
        Some("attempt 2 failed, the next one is made in 2s")
    );
    sleep(ms(2000)).await;
    assert_eq!(progress().await.as_deref(), Some("loading"));
    sleep(ms(100)).await;
    assert!(ready(&health).await.is_passing());
    sleep(ms(100_000)).await;
    assert_eq!(attempts.now(), 3, "then it is left alone");
}

#[tokio::test(start_paused = true)]
async fn an_override_of_a_startup_check_opens_its_gate_and_runs_nothing() {
    let calls = Count::default();
    let counted = calls.clone();
    let warm = Check::new("warm", move || {
        counted.one_more();
        async { false }
    });
    let health = health([warm.startup()]);
    let forced = Override::new(Status::Healthy, "INC-42");
    health.force("warm", forced.clone()).unwrap();
    assert_eq!(health.overrides(), [("warm".to_owned(), forced)]);
    assert!(ready(&health).await.is_passing());
    assert!(probe(&health, Probe::Startup).await.is_passing());
    let alone = health.check("warm", Caller::nobody()).unwrap().await;
    assert_eq!(
        (alone.status(), alone.reason()),
        (Status::Healthy, Some(Reason::Overridden))
    );
    assert_eq!(calls.now(), 0);
    assert_eq!(health.end_override("warm"), Ok(true));
    assert_eq!(health.end_override("warm"), Ok(false));
    assert!(
        !ready(&health).await.is_passing(),
        "it has never passed itself"
    );
}

#[tokio::test(start_paused = true)]
async fn an_override_of_an_unknown_check_is_an_error_that_lists_those_there_are() {
    let health = health([fine("cache"), fine("database")]);
    let forced = health.force("databse", Override::new(Status::Healthy, "x"));
    assert_eq!(
        forced.unwrap_err().to_string(),
        "there is no check `databse`; there are: `cache`, `database`"
    );
    assert!(health.end_override("nobody").is_err());
}

pub(crate) struct TemporaryFile(PathBuf);

impl TemporaryFile {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("health-core-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_override_file_is_read_again_while_the_process_runs() {
    let file = TemporaryFile::new("overrides");
    let broken = Check::new("db", async || false)
        .readiness()
        .with_cache(ms(0));
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(broken)
        .check(fine("cache"))
        .override_file(file.path())
        .build()
        .unwrap();
    let passes = async || {
        sleep(ms(2001)).await;
        ready(&health).await.is_passing()
    };
    assert!(!passes().await, "the file is not there");
    file.write("cache sideways\ndb healthy # INC-42\n");
    assert!(passes().await, "the good line counts");
    let report = ready(&health).await;
    assert_eq!(entry(&report, "db").message(), Some("overridden: INC-42"));
    assert_eq!(entry(&report, "cache").reason(), None);
    let an_hour_ago = "1970-01-01T00:00:00Z";
    file.write(&format!("db healthy until {an_hour_ago}\n"));
    assert!(!passes().await, "it is over");
    file.write("db degraded");
    assert!(passes().await);
    drop(file);
    assert!(!passes().await, "without the file there is no override");
}

pub(crate) fn limited(most: usize, checks: impl IntoIterator<Item = Check>) -> Health {
    let builder = HealthBuilder::empty()
        .runtime(Runtime::current())
        .concurrency(most);
    let checks = checks.into_iter();
    checks.fold(builder, HealthBuilder::check).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn no_more_runs_than_allowed_are_under_way_and_all_get_their_turn() {
    let (running, most) = (Count::default(), Count::default());
    let check = |index: usize| {
        let (running, most) = (running.clone(), most.clone());
        Check::new(format!("c{index}"), move || {
            let (running, most) = (running.clone(), most.clone());
            async move {
                if running.one_more() > most.now() {
                    most.one_more();
                }
                sleep(ms(100)).await;
                running.one_less();
            }
        })
        .readiness()
    };
    let health = limited(3, (0..9).map(check));
    let (report, took) = timed_ready(&health).await;
    assert!(report.is_passing());
    assert_eq!((took, most.now()), (ms(300), 3));
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_is_told_for_whom_and_is_not_run_late() {
    let hang = |name: &'static str| {
        Check::new(name, std::future::pending::<()>)
            .liveness()
            .with_timeout(ms(3000))
    };
    let calls = Count::default();
    let counted = calls.clone();
    let late = Check::new("late", move || {
        counted.one_more();
        async {}
    });
    let late = late.readiness().with_cache(ms(0));
    let health = limited(2, [hang("a"), hang("b"), late]);
    let hung = tokio::spawn(health.probe(Probe::Liveness, Caller::nobody()));
    tokio::task::yield_now().await;
    let (report, took) = timed_ready(&health).await;
    assert_eq!(took, ms(810), "with 10 ms of grace");
    assert_eq!(
        entry(&report, "late").message(),
        Some("Timeout after 800ms: it waits for `a`, `b`")
    );
    hung.await.unwrap();
    assert_eq!(calls.now(), 0, "its time was over before its turn came");
    let start = Instant::now();
    assert!(ready(&health).await.is_passing());
    assert_eq!((start.elapsed(), calls.now()), (ms(0), 1));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_lingers_makes_room_when_it_is_overdue() {
    let lingers = Check::new("lingers", std::future::pending::<()>)
        .liveness()
        .with_cancel_after(ms(60_000));
    let health = limited(1, [lingers, fine("fine")]);
    assert!(!probe(&health, Probe::Liveness).await.is_passing());
    let (report, took) = timed_ready(&health).await;
    assert!(report.is_passing(), "{report:?}");
    assert_eq!(took, ms(0));
}

#[tokio::test(start_paused = true)]
async fn an_engine_dropped_while_runs_are_queued_drops_them() {
    let dropped = Count::default();
    let counted = dropped.clone();
    let check = move |name: &'static str| {
        let guard = crate::support::OnDrop(counted.clone());
        Check::new(name, move || {
            let _ = &guard;
            std::future::pending::<()>()
        })
        .readiness()
        .with_interval(ms(1000))
    };
    let health = limited(1, [check("a"), check("b")]);
    advance(ms(100)).await;
    drop(health);
    sleep(ms(1)).await;
    assert_eq!(
        dropped.now(),
        2,
        "both checks are gone, runs and schedules with them"
    );
    let tasks = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    assert_eq!(tasks, 0);
}
