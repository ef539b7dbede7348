//! What is logged, and at which level.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex};

use health_core::{Caller, Check, Health, HealthBuilder, Probe, Runtime};
use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::support::{Count, health, ms, ready};

/// Events as `LEVEL message field=value ...`.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// The lines since it was last asked.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    pub(crate) fn listen(&self) -> tracing::subscriber::DefaultGuard {
        // While there is one subscriber alone, a line that another test logs first is taken to
        // interest nobody.
        static SECOND: LazyLock<Dispatch> =
            LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));
        LazyLock::force(&SECOND);
        tracing::subscriber::set_default(tracing_subscriber::registry().with(self.clone()))
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if metadata.target() != "health" || *metadata.level() > Level::INFO {
            return;
        }
        let mut line = Line(metadata.level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.0.push_str(&format!(" {value:?}")),
            "latency_ms" => {}
            name => self.0.push_str(&format!(" {name}={value:?}")),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn transitions_are_logged_and_repetitions_are_not() {
    let log = Log::default();
    let _guard = log.listen();
    let up = Count::default();
    let flag = up.clone();
    let check = Check::new("database", move || {
        let up = flag.now() > 0;
        async move {
            if up {
                Ok(())
            } else {
                Err("refused by mysql://u:pw@h")
            }
        }
    });
    let health = health([check.readiness().with_cache(ms(0))]);
    for _ in 0..3 {
        ready(&health).await;
    }
    assert_eq!(
        log.take(),
        [
            "ERROR check fails check=\"database\" critical=true to=\"unhealthy\" \
          error=\"refused by mysql://u:***@h\""
        ]
    );
    up.one_more();
    for _ in 0..3 {
        ready(&health).await;
    }
    assert_eq!(
        log.take(),
        [
            "INFO check passes again check=\"database\" critical=true from=\"unhealthy\" \
          to=\"healthy\""
        ]
    );
}

#[test]
fn a_gate_is_opened_once() {
    let log = Log::default();
    let _guard = log.listen();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _inside = runtime.enter();
    let builder = HealthBuilder::empty().runtime(Runtime::current());
    let health = builder.startup_gate("model").build().unwrap();
    for _ in 0..2 {
        health.startup_gate("model").unwrap().open();
    }
    assert_eq!(log.take(), ["INFO startup gate opened gate=\"model\""]);
}

#[tokio::test(start_paused = true)]
async fn levels_are_those_that_the_edges_deserve() {
    let log = Log::default();
    let _guard = log.listen();
    let warm = Count::default();
    let warmed = warm.clone();
    let health = health([
        Check::new("minor", async || false)
            .readiness()
            .with_critical(false),
        Check::new("fine", async || ()).readiness(),
        Check::new("warm", move || {
            let warm = warmed.now() > 0;
            async move { warm }
        })
        .startup(),
    ]);
    let ready_later = async || {
        tokio::time::advance(ms(1000)).await;
        ready(&health).await;
        let mut lines = log.take();
        lines.sort();
        lines
    };
    assert_eq!(
        ready_later().await,
        [
            "INFO check does not pass yet check=\"warm\" critical=true to=\"unhealthy\"",
            "INFO check fails, as is to be expected just now check=\"minor\" critical=false \
             to=\"unhealthy\"",
        ]
    );
    warm.one_more();
    assert_eq!(
        ready_later().await,
        ["INFO check passes check=\"warm\" critical=true from=\"unhealthy\" to=\"healthy\""]
    );
    assert_eq!(
        ready_later().await,
        [
            "WARN check that is not critical fails check=\"minor\" critical=false \
             from=\"unhealthy\" to=\"unhealthy\""
        ],
        "it goes on failing although the process has started"
    );
    health.start_draining();
    health.start_draining();
    health.stop_draining();
    let lines = log.take();
    let draining = "INFO draining: readiness fails from now on";
    assert_eq!(lines, [draining, "INFO no longer draining"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_initialised_is_told_once() {
    let log = Log::default();
    let _guard = log.listen();
    let health = [
        "annotated::everything_given",
        "annotated::one::same",
        "binding::tenant_started",
    ]
    .map(|function| format!("integration::{function}"))
    .into_iter()
    .fold(
        Health::builder().runtime(Runtime::current()),
        HealthBuilder::exclude,
    )
    .build()
    .unwrap();
    for _ in 0..3 {
        health.probe(Probe::Liveness, Caller::nobody()).await;
    }
    assert_eq!(
        log.take(),
        [
            "ERROR check fails check=\"tenant\" critical=true to=\"unhealthy\" \
          reason=\"not_initialised\" error=\"`OfRequest` is not initialised\""
        ]
    );
}

#[test]
fn surprises_are_warned_of_at_start() {
    let log = Log::default();
    let _guard = log.listen();
    let slow = Check::new("slow", async || ())
        .startup()
        .with_timeout(ms(1500));
    HealthBuilder::empty().check(slow).build().unwrap();
    assert_eq!(
        log.take(),
        ["readiness", "startup"].map(|probe| format!(
            "WARN a {probe} probe may take 1500 ms, but kubelet waits 1 s unless told otherwise: \
             set timeoutSeconds: 2 on it"
        ))
    );
    HealthBuilder::empty().build().unwrap();
    assert!(log.take().is_empty());
}

#[test]
fn mistakes_are_logged_where_nobody_takes_them() {
    let log = Log::default();
    let _guard = log.listen();
    HealthBuilder::empty()
        .require(["database"])
        .build_or_misconfigured();
    let lines = log.take();
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].starts_with("ERROR 1 mistake in the health checks:\n  - the check `database`")
    );
}

/// What blocks although it is async is told once, with the place and the mend.
#[tokio::test(start_paused = true)]
async fn a_poll_that_holds_its_thread_is_told_with_its_place() {
    let log = Log::default();
    let _guard = log.listen();
    let line = line!() + 1;
    let check = Check::new("blocks", async || std::thread::sleep(ms(250)));
    let health = health([check.liveness()]);
    for _ in 0..2 {
        health.probe(Probe::Liveness, Caller::nobody()).await;
    }
    let lines = log.take();
    let [told] = &*lines else {
        panic!("once: {lines:?}");
    };
    let place = format!("WARN check `blocks` (health-core/tests/integration/log.rs:{line}) held");
    assert!(told.starts_with(&place), "{told}");
    assert!(told.contains("drop `async`"), "{told}");
}

/// The same where the poll has not returned when its time is over.
#[tokio::test]
async fn a_poll_that_never_returns_is_told_when_its_time_is_over() {
    let log = Log::default();
    let _guard = log.listen();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let check = Check::new("holds", move || {
        let held = Arc::clone(&held);
        async move {
            let _ = held.lock().unwrap().recv();
        }
    });
    let check = check.readiness().with_timeout(ms(300));
    let health = HealthBuilder::empty().check(check).build().unwrap();
    assert!(!ready(&health).await.is_passing());
    let lines = log.take();
    let told = lines
        .iter()
        .any(|line| line.starts_with("WARN check `holds`"));
    assert!(told, "{lines:?}");
    drop(release);
}

/// Writes down spans of runs, with what was recorded on them.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

impl<S> Layer<S> for Spans
where
    S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        id: &tracing::span::Id,
        context: Context<'_, S>,
    ) {
        let metadata = attributes.metadata();
        let is_root = context.span(id).is_some_and(|span| span.parent().is_none());
        let mut line = Line(format!(
            "{} {} {is_root}",
            metadata.target(),
            metadata.name()
        ));
        attributes.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn on_record(
        &self,
        _: &tracing::span::Id,
        values: &tracing::span::Record<'_>,
        _: Context<'_, S>,
    ) {
        let mut line = Line(String::new());
        values.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
}

#[tokio::test(start_paused = true)]
async fn each_run_is_a_span_of_its_own_with_outcome_and_duration() {
    let spans = Spans::default();
    let subscriber = tracing_subscriber::registry().with(spans.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let health = health([
        Check::new("hangs", std::future::pending::<()>).liveness(),
        Check::new("takes", || tokio::time::sleep(ms(120))).liveness(),
    ]);
    let request = tracing::info_span!("request");
    let _entered = request.enter();
    health.probe(Probe::Liveness, Caller::nobody()).await;
    let lines = spans.0.lock().unwrap().clone();
    assert_eq!(
        lines,
        [
            "health_core request true",
            "health::run health_check true check=\"hangs\"",
            "health::run health_check true check=\"takes\"",
            " outcome=\"healthy\"",
            " duration_ms=120.0",
            " outcome=\"unhealthy\"",
            " otel.status_code=\"ERROR\"",
            " reason=\"timed_out\"",
            " duration_ms=800.0",
        ]
        .map(|line| line.replace("health_core request", "integration::log request"))
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_expected_follows_the_changes_of_checks() {
    let health = health([
        Check::new("db", async || false)
            .readiness()
            .with_cache(ms(0)),
        Check::new("schema", async || false)
            .startup()
            .with_cache(ms(0)),
    ]);
    let log = Log::default();
    let _guard = log.listen();
    let told_of_db = async || {
        ready(&health).await;
        let lines = log.take().into_iter();
        lines
            .filter(|line| line.contains("\"db\""))
            .collect::<Vec<_>>()
    };
    let expected = told_of_db().await;
    assert!(expected[0].starts_with("INFO check fails, as is to be expected"));
    health.rename("schema", "tables").unwrap();
    assert!(told_of_db().await.is_empty(), "it still starts");
    health.disable("tables").unwrap();
    let surprise = told_of_db().await;
    assert!(surprise[0].starts_with("ERROR check fails"), "{surprise:?}");
    health.enable("tables").unwrap();
    health.remove("tables").unwrap();
    assert_eq!(
        log.take(),
        [
            "INFO check enabled check=\"tables\"",
            "INFO check removed check=\"tables\""
        ]
    );
}

#[test]
fn an_external_dependency_in_liveness_is_warned_of_unless_there_is_a_reason() {
    let log = Log::default();
    let _guard = log.listen();
    let external = |name| Check::new(name, async || ()).with_external(true);
    let reason = "the licence server decides whether we may run at all";
    let reasoned = external("licence").liveness().with_liveness_reason(reason);
    let builder = HealthBuilder::empty()
        .check(external("cache").readiness())
        .check(Check::new("own", async || ()).liveness())
        .check(reasoned)
        .check(external("database").liveness().readiness());
    let health = builder.build().unwrap();
    let told = log.take();
    assert_eq!(told.len(), 1, "{told:?}");
    let expected = "WARN check `database` (health-core/tests/integration/log.rs:";
    assert!(told[0].starts_with(expected), "{told:?}");
    let expected = "asks something outside of the process";
    assert!(told[0].contains(expected), "{told:?}");
    health.register(external("broker").liveness()).unwrap();
    let told = log.take();
    assert!(told[1].starts_with("WARN check `broker`"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_again_when_its_check_begins_anew() {
    let log = Log::default();
    let _guard = log.listen();
    let health = health([Check::new("c", async || false).readiness()]);
    ready(&health).await;
    health.disable("c").unwrap();
    health.enable("c").unwrap();
    log.take();
    ready(&health).await;
    assert_eq!(
        log.take(),
        ["ERROR check fails check=\"c\" critical=true to=\"unhealthy\""]
    );
}
