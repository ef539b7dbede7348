//! Startup, draining and maintenance.

use std::time::SystemTime;

use health_core::{
    Caller, Check, Health, HealthBuilder, Maintenance, Phase, Probe, Runtime, Status,
};
use tokio::time::advance;

use crate::support::{Count, entry, health, ms, probe, ready};

fn flag_check(name: &'static str, passes: &Count, calls: &Count) -> Check {
    let (passes, calls) = (passes.clone(), calls.clone());
    Check::new(name, move || {
        calls.one_more();
        let passes = passes.now() > 0;
        async move { passes }
    })
    .with_cache(ms(0))
}

#[tokio::test(start_paused = true)]
async fn startup_latches_and_readiness_waits_for_it() {
    let (migrated, calls) = (Count::default(), Count::default());
    let schema = flag_check("schema", &migrated, &calls).startup();
    let health = health([schema, Check::new("db", async || ()).readiness()]);

    let report = ready(&health).await;
    assert_eq!(
        (report.is_passing(), report.phase()),
        (false, &Phase::Starting)
    );
    assert_eq!(entry(&report, "schema").status(), Status::Unhealthy);
    assert_eq!(entry(&report, "db").status(), Status::Healthy);
    assert!(!probe(&health, Probe::Startup).await.is_passing());
    assert!(probe(&health, Probe::Liveness).await.is_passing());
    assert_eq!(
        calls.now(),
        2,
        "readiness asked it too: many platforms have no startup probe"
    );

    migrated.one_more();
    let report = ready(&health).await;
    assert!(report.is_passing(), "it passed in this very probe");
    assert_eq!(report.phase(), &Phase::Started);
    assert_eq!(report.entries().len(), 2);

    migrated.one_less();
    assert!(probe(&health, Probe::Startup).await.is_passing(), "latched");
    let report = ready(&health).await;
    assert!(report.is_passing());
    assert_eq!(report.entries().len(), 1, "readiness no longer asks it");
    let schema = health.check("schema", Caller::nobody()).unwrap().await;
    assert_eq!(schema.status(), Status::Healthy);
    assert_eq!(calls.now(), 3, "and nobody ever runs it again");
}

#[tokio::test(start_paused = true)]
async fn each_startup_check_has_to_pass_once() {
    let (a, b, calls) = (Count::default(), Count::default(), Count::default());
    let health = health([
        flag_check("a", &a, &calls).startup(),
        flag_check("b", &b, &calls).startup(),
    ]);
    a.one_more();
    assert!(!probe(&health, Probe::Startup).await.is_passing());
    a.one_less();
    b.one_more();
    assert!(
        probe(&health, Probe::Startup).await.is_passing(),
        "a has passed before"
    );
}

#[tokio::test(start_paused = true)]
async fn a_startup_check_that_is_not_critical_keeps_nobody_waiting() {
    let (passes, calls) = (Count::default(), Count::default());
    let warm = flag_check("warm", &passes, &calls)
        .startup()
        .with_critical(false);
    let health = health([warm]);
    let report = probe(&health, Probe::Startup).await;
    assert_eq!(
        (report.status(), report.phase()),
        (Status::Degraded, &Phase::Started)
    );
    assert_eq!(ready(&health).await.entries().len(), 0);
    passes.one_more();
    assert_eq!(
        probe(&health, Probe::Startup).await.status(),
        Status::Healthy
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_of_startup_and_readiness_gates_once_and_is_asked_for_ever() {
    let (passes, calls) = (Count::default(), Count::default());
    let health = health([flag_check("db", &passes, &calls).startup().readiness()]);
    passes.one_more();
    assert!(ready(&health).await.is_passing());
    passes.one_less();
    let report = ready(&health).await;
    assert_eq!(
        (report.is_passing(), report.phase()),
        (false, &Phase::Started)
    );
    assert!(probe(&health, Probe::Startup).await.is_passing());
    let own = health.check("db", Caller::nobody()).unwrap().await;
    assert_eq!(
        own.status(),
        Status::Unhealthy,
        "its own path says how it is now"
    );
}

#[tokio::test(start_paused = true)]
async fn draining_fails_readiness_alone_and_asks_nobody() {
    let (passes, calls) = (Count::default(), Count::default());
    passes.one_more();
    let check = flag_check("all", &passes, &calls)
        .liveness()
        .readiness()
        .startup();
    let health = health([check]);
    for asked in Probe::ALL {
        assert!(probe(&health, asked).await.is_passing());
    }
    health.start_draining();
    assert!(health.is_draining());
    let before = calls.now();
    let report = ready(&health).await;
    assert_eq!(
        (report.is_passing(), report.phase()),
        (false, &Phase::Draining)
    );
    assert_eq!(calls.now(), before);
    assert!(probe(&health, Probe::Liveness).await.is_passing());
    assert!(probe(&health, Probe::Startup).await.is_passing());
    health.stop_draining();
    assert!(ready(&health).await.is_passing());
}

#[tokio::test(start_paused = true)]
async fn maintenance_fails_readiness_until_it_is_ended() {
    let health = health([Check::new("x", async || ()).readiness()]);
    let end = SystemTime::UNIX_EPOCH;
    health.start_maintenance(Maintenance::new("moving, password=x").until(end));
    let report = ready(&health).await;
    let Phase::Maintenance(maintenance) = report.phase() else {
        panic!("not in maintenance: {report:?}");
    };
    assert_eq!(maintenance.reason(), "moving, password=***");
    assert_eq!(maintenance.expected_end(), Some(end));
    assert!(!report.is_passing());
    health.end_maintenance();
    assert!(ready(&health).await.is_passing());
}

#[tokio::test(start_paused = true)]
async fn what_is_set_aside_keeps_no_check_from_being_asked() {
    let passes = Count::default();
    let health = health([flag_check("db", &passes, &Count::default()).readiness()]);
    let despite = async |set_aside: fn(&Phase) -> bool| {
        let asking = health.probe_despite(Probe::Readiness, Caller::nobody(), &set_aside);
        let report = asking.await;
        (report.is_passing(), report.phase().clone())
    };
    let not_draining = |phase: &Phase| *phase == Phase::Draining;
    health.start_draining();
    assert_eq!(despite(|_| false).await, (false, Phase::Draining));
    assert_eq!(despite(not_draining).await, (false, Phase::Started));
    passes.one_more();
    assert_eq!(despite(not_draining).await, (true, Phase::Started));

    let maintenance = Maintenance::new("disk");
    health.start_maintenance(maintenance.clone());
    let in_maintenance = (false, Phase::Maintenance(maintenance));
    assert_eq!(despite(not_draining).await, in_maintenance);
    assert_eq!(despite(|_| true).await, (true, Phase::Started));
    assert_eq!(ready(&health).await.phase(), &Phase::Draining);
}

#[tokio::test(start_paused = true)]
async fn it_is_up_since_it_was_built_whatever_the_wall_clock_says() {
    advance(ms(500)).await;
    let now = SystemTime::UNIX_EPOCH;
    let runtime = Runtime::current().with_wall_clock(now);
    let health = HealthBuilder::empty().runtime(runtime).build().unwrap();
    assert_eq!(health.uptime(), ms(0));
    advance(ms(1500)).await;
    let clone = health.clone();
    advance(ms(1)).await;
    assert_eq!((health.uptime(), clone.uptime()), (ms(1501), ms(1501)));
    assert_eq!(health.wall_clock(), now + ms(1501));
    let check = Check::new("added", async || ()).readiness();
    health.register(check).unwrap();
    health.start_draining();
    assert_eq!(health.uptime(), ms(1501), "a change begins nothing anew");
    let misconfigured = Health::misconfigured();
    advance(ms(7)).await;
    assert_eq!(misconfigured.uptime(), ms(7));
}

#[tokio::test(start_paused = true)]
async fn a_registry_with_mistakes_keeps_the_process_alive_and_unready() {
    let bad = || HealthBuilder::empty().check(Check::new("no probe", async || ()));
    assert!(bad().build().is_err());
    for health in [bad().build_or_misconfigured(), Health::misconfigured()] {
        assert!(probe(&health, Probe::Liveness).await.is_passing());
        for asked in [Probe::Readiness, Probe::Startup] {
            let report = probe(&health, asked).await;
            assert_eq!(
                (report.is_passing(), report.phase()),
                (false, &Phase::Misconfigured)
            );
        }
        assert_eq!(health.checks().len(), 0);
    }
}
