//! What is logged, and at which level.

use std::fmt;
use std::sync::{Arc, Mutex};

use health_core::{Caller, Check, Health, HealthBuilder, Probe, Runtime};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::support::{Count, health, ms, ready};

/// Events as `LEVEL message field=value ...`.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// The lines since it was last asked.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn listen(&self) -> tracing::subscriber::DefaultGuard {
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
