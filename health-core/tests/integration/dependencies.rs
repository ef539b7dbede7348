//! Prerequisites, and which failure is the cause of which.

use health_core::{Caller, Check, HealthBuilder, Outcome, Probe, Reason, Runtime, Status};
use tokio::time::advance;

use crate::support::{Count, entry, health, ms, probe, ready, timed_ready};

fn failing(name: &'static str) -> Check {
    Check::new(name, async || Outcome::unhealthy("down")).readiness()
}

fn mistakes(checks: impl IntoIterator<Item = Check>) -> String {
    let builder = checks
        .into_iter()
        .fold(HealthBuilder::empty(), HealthBuilder::check);
    builder.build().unwrap_err().to_string()
}

#[tokio::test(start_paused = true)]
async fn root_causes_come_first_and_are_named() {
    let health = health([
        failing("api").with_depends_on("gateway"),
        Check::new("cache", async || ()).readiness(),
        failing("gateway").with_depends_on("network"),
        failing("network"),
        failing("queue"),
    ]);
    let report = ready(&health).await;
    let found: Vec<_> = report
        .entries()
        .iter()
        .map(|e| (e.name(), e.cause()))
        .collect();
    assert_eq!(
        found,
        [
            ("network", None),
            ("api", Some("network")),
            ("cache", None),
            ("gateway", Some("network")),
            ("queue", None),
        ]
    );
    assert!(
        report.entries().iter().all(|e| e.reason().is_none()),
        "all were run"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_skipped_is_not_run_and_counts_no_failure() {
    let calls = Count::default();
    let counted = calls.clone();
    let api = Check::new("api", move || {
        counted.one_more();
        async {}
    });
    let api = api.readiness().with_depends_on("gateway").with_cache(ms(0));
    let gateway = Check::new("gateway", async || ())
        .readiness()
        .with_depends_on("network");
    let health = health([api, gateway.with_cache(ms(0)), failing("network")]);
    ready(&health).await;
    assert_eq!(calls.now(), 1, "nothing was known");
    advance(ms(999)).await;
    let report = ready(&health).await;
    let api = entry(&report, "api");
    assert_eq!(
        (api.status(), api.reason()),
        (Status::Unhealthy, Some(Reason::Skipped))
    );
    assert_eq!(
        api.message(),
        Some("skipped, because `network` is unhealthy")
    );
    assert_eq!(api.cause(), Some("network"));
    assert_eq!(api.consecutive_failures(), 0);
    let alone = health.check("api", Caller::nobody()).unwrap().await;
    assert_eq!(
        (alone.reason(), alone.cause()),
        (Some(Reason::Skipped), Some("network"))
    );
    assert_eq!(calls.now(), 1);
    advance(ms(1)).await;
    ready(&health).await;
    assert_eq!(calls.now(), 2, "what was known of the network is old");
}

#[tokio::test(start_paused = true)]
async fn what_has_started_stays_so_though_a_prerequisite_fails() {
    let network = crate::observers::passes_in("network", &[1]).with_cache(ms(1000));
    let schema = Check::new("schema", async || ())
        .startup()
        .with_depends_on("network");
    let health = health([network, schema]);
    assert!(ready(&health).await.is_passing());
    advance(ms(1000)).await;
    assert!(!ready(&health).await.is_passing());
    assert!(probe(&health, Probe::Startup).await.is_passing());
}

#[tokio::test(start_paused = true)]
async fn prerequisites_are_not_waited_for() {
    let hang = |name: &'static str| Check::new(name, std::future::pending::<()>).readiness();
    let health = health([
        hang("a"),
        hang("b").with_depends_on("a"),
        hang("c").with_depends_on("b"),
    ]);
    let (report, took) = timed_ready(&health).await;
    assert_eq!(took, ms(800), "deadlines do not add up");
    let causes: Vec<_> = report.entries().iter().map(|entry| entry.cause()).collect();
    assert_eq!(causes, [None, Some("a"), Some("a")]);
}

#[test]
fn unknown_prerequisites_and_circles_are_mistakes() {
    let text = mistakes([failing("api").with_depends_on("netwrk"), failing("network")]);
    assert!(
        text.contains("check `api` (")
            && text.contains(
                "it depends on `netwrk`, but there is no such check, or several; there are: \
                 `api`, `network`"
            ),
        "{text}"
    );
    let text = mistakes([
        failing("a").with_depends_on("b"),
        failing("b").with_depends_on("a"),
        failing("c").with_depends_on("c"),
    ]);
    let circles = text.matches("in a circle").count();
    assert_eq!(circles, 2, "{text}");
    assert!(
        text.contains("tests/integration/dependencies.rs:"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_prerequisite_may_be_renamed_or_excluded() {
    let builder = || {
        HealthBuilder::empty()
            .runtime(Runtime::current())
            .check(failing("api").with_depends_on("network"))
            .check(failing("network"))
    };
    let renamed = builder().rename("network", "net").build().unwrap();
    assert_eq!(entry(&ready(&renamed).await, "api").cause(), Some("net"));
    let excluded = builder().exclude("network").build().unwrap();
    assert_eq!(entry(&ready(&excluded).await, "api").cause(), None);
}

#[test]
fn settings_that_do_not_go_together_are_mistakes() {
    let check = || Check::new("c", async || ()).readiness();
    for (wrong, text) in [
        (
            check().with_failure_threshold(0),
            "a threshold counts runs, so it must be from 1 to 1000",
        ),
        (
            check().with_degraded_after(ms(800)),
            "times out after 800ms already",
        ),
        (
            check().with_cancel_after(ms(799)),
            "cancelled after 799ms, but may take 800ms",
        ),
        (
            check().with_interval(ms(799)),
            "run every 799ms, but may take 800ms",
        ),
        (
            check().with_interval(ms(0)),
            "its interval of 0ns makes no sense",
        ),
        (
            check().with_interval(ms(9000)).with_stale_after(ms(10_699)),
            "stale after 10.699s, but there may be 10.7s between two",
        ),
        (
            check().with_interval(ms(1000)).with_cache(ms(60_000)),
            "kept for 60s, but stale after 3.8s",
        ),
        (
            check().with_stale_after(ms(1)),
            "no effect without an interval",
        ),
        (
            check().with_jitter(false),
            "jitter has no effect without an interval",
        ),
        (
            check().with_fail_closed_after(ms(1)),
            "only a shared check can fail closed",
        ),
        (
            check().with_timeout_for(Probe::Liveness, ms(1)),
            "something is said for liveness, which it does not serve",
        ),
        (
            Check::new("c", async || ()).liveness().with_shared(true),
            "said for readiness, which it does not serve",
        ),
    ] {
        let mistakes = mistakes([wrong]);
        assert!(mistakes.contains(text), "{mistakes}\nlacks: {text}");
    }
    let text = HealthBuilder::empty()
        .concurrency(0)
        .build()
        .unwrap_err()
        .to_string();
    assert!(text.contains("lets nothing run"), "{text}");
}
