//! What the checks with one tag find together.

use health_core::{Caller, Check, Entry, GroupReport, Health, Maintenance, Status};

use crate::support::{Count, health, ms};

fn tagged(name: &'static str, tag: &'static str) -> Check {
    Check::new(name, async || ()).readiness().with_tag(tag)
}

fn failing(name: &'static str, tag: &'static str) -> Check {
    Check::new(name, async || false).readiness().with_tag(tag)
}

async fn group(health: &Health, tag: &str) -> GroupReport {
    let report = health.group(tag, Caller::nobody());
    report.expect("a check has the tag").await
}

#[tokio::test(start_paused = true)]
async fn a_group_is_the_worst_of_its_members_and_of_nobody_else() {
    let health = health([
        tagged("primary", "database"),
        failing("replica", "database").with_critical(false),
        failing("cache", "cache"),
        tagged("both", "cache").with_tag("database"),
    ]);
    let report = group(&health, "database").await;
    let names: Vec<_> = report.entries().iter().map(Entry::name).collect();
    assert_eq!(names, ["both", "primary", "replica"]);
    assert_eq!(
        (report.tag(), report.status()),
        ("database", Status::Degraded)
    );
    assert!(report.is_passing(), "what fails is not critical");
    assert!(!group(&health, "cache").await.is_passing());
    assert!(health.group("databas", Caller::nobody()).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_group_cares_for_no_lifecycle_and_keeps_results() {
    let calls = Count::default();
    let counted = calls.clone();
    let check = Check::new("primary", move || {
        counted.one_more();
        async {}
    });
    let startup = failing("schema", "other").startup();
    let health = health([check.readiness().with_tag("database"), startup]);
    health.start_draining();
    health.start_maintenance(Maintenance::new("moving racks"));
    assert!(group(&health, "database").await.is_passing());
    tokio::time::advance(ms(999)).await;
    assert!(group(&health, "database").await.is_passing());
    assert_eq!(calls.now(), 1, "the result is kept");
}

#[tokio::test(start_paused = true)]
async fn a_group_begins_with_the_cause() {
    let health = health([
        failing("a", "all").with_depends_on("network"),
        tagged("b", "all"),
        failing("network", "all"),
    ]);
    let report = group(&health, "all").await;
    let entries: Vec<_> = report
        .entries()
        .iter()
        .map(|e| (e.name(), e.cause()))
        .collect();
    assert_eq!(
        entries,
        [("network", None), ("a", Some("network")), ("b", None)]
    );
}
