//! The facade `metrics`, whichever recorder is installed.

use std::collections::HashSet;
use std::io;

use health_core::Health;
use metrics::{Key, Label, Level as Importance, Metadata, Unit, with_recorder};

use super::families::{ALL, About, Kind};
use super::publish::{Observations, families, publish};
use super::{Family, Sample, Value};
use crate::Workers;

/// Which part of the program says it.
static METADATA: Metadata<'static> = Metadata::new("health", Importance::INFO, Some("health"));

pub(super) fn start(health: &Health, workers: Option<Workers>) -> io::Result<()> {
    if !health.is_news("metrics") {
        return Ok(());
    }
    let mut publisher = Publisher::new(workers);
    publish(health, move |health| publisher.publish(health))
}

struct Publisher {
    workers: Option<Workers>,
    observations: Observations,
    /// The gauges that are there.
    gauges: HashSet<Key>,
}

impl Publisher {
    fn new(workers: Option<Workers>) -> Self {
        Self {
            workers,
            observations: Observations::default(),
            gauges: HashSet::new(),
        }
    }

    fn publish(&mut self, health: &Health) {
        let families = families(health, self.workers.as_ref());
        describe();
        let mut gauges = HashSet::new();
        for family in &families {
            for sample in &family.samples {
                let key = key(family, sample);
                self.tell(family.about, sample, &key);
                if family.about.kind == Kind::Gauge {
                    gauges.insert(key);
                }
            }
        }
        for gone in self.gauges.difference(&gauges) {
            set(gone, f64::NAN);
        }
        self.gauges = gauges;
        self.observations.keep(&families);
    }

    fn tell(&mut self, about: &About, sample: &Sample, key: &Key) {
        match (&sample.value, about.kind) {
            (Value::Whole(value), Kind::Counter) => {
                with_recorder(|it| it.register_counter(key, &METADATA).absolute(*value));
            }
            (Value::Distribution(_), _) => {
                let histogram = with_recorder(|it| it.register_histogram(key, &METADATA));
                for (value, count) in self.observations.of(about, sample) {
                    let count = usize::try_from(count).unwrap_or(usize::MAX);
                    histogram.record_many(value, count);
                }
            }
            (value, _) => set(key, value.as_real()),
        }
    }
}

fn set(key: &Key, value: f64) {
    with_recorder(|it| it.register_gauge(key, &METADATA).set(value));
}

fn key(family: &Family, sample: &Sample) -> Key {
    let names = family.about.labels.iter();
    let labels = names.zip(&sample.labels);
    let labels: Vec<_> = labels
        .map(|(name, value)| Label::new(*name, value.clone().into_owned()))
        .collect();
    Key::from_parts(family.about.name, labels)
}

/// Again each time: the recorder may be another one.
fn describe() {
    for about in ALL {
        let unit = about.is_in_seconds().then_some(Unit::Seconds);
        let (name, help) = (about.name.into(), about.help.into());
        with_recorder(|it| match about.kind {
            Kind::Gauge => it.describe_gauge(name, unit, help),
            Kind::Counter => it.describe_counter(name, unit, help),
            Kind::Histogram => it.describe_histogram(name, unit, help),
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeMap;
    use std::time::Duration;

    use actix_web::App;
    use actix_web::test::init_service;
    use health_core::{Caller, Check, HealthBuilder, Probe, Runtime, Visibility};
    use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

    use super::*;
    use crate::access::Level;
    use crate::metrics::collect;

    fn health() -> Health {
        let hidden = Check::new("hidden", async || ()).readiness();
        HealthBuilder::empty()
            .runtime(Runtime::current())
            .check(Check::new("database", async || ()).readiness())
            .check(
                Check::new("cache", async || false)
                    .readiness()
                    .with_critical(false),
            )
            .check(hidden.with_visibility(Visibility::Full))
            .build()
            .unwrap()
    }

    async fn ask(health: &Health) {
        health.probe(Probe::Readiness, Caller::nobody()).await;
    }

    /// As Prometheus would write it.
    fn told(snapshotter: &Snapshotter) -> BTreeMap<String, DebugValue> {
        let all = snapshotter.snapshot().into_vec();
        let told = all.into_iter().map(|(key, _, _, value)| {
            let labels = key.key().labels();
            let labels: Vec<_> = labels
                .map(|it| format!("{}={}", it.key(), it.value()))
                .collect();
            (
                format!("{}{{{}}}", key.key().name(), labels.join(",")),
                value,
            )
        });
        told.collect()
    }

    fn number(told: &BTreeMap<String, DebugValue>, series: &str) -> f64 {
        match told.get(series) {
            Some(DebugValue::Counter(count)) => *count as f64,
            Some(DebugValue::Gauge(value)) => value.0,
            other => panic!("{series} is {other:?}, of {:?}", told.keys()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_recorder_is_told_what_the_model_says() {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        let (health, mut publisher) = (health(), Publisher::new(None));
        ask(&health).await;
        metrics::with_local_recorder(&recorder, || publisher.publish(&health));
        let families = collect(&health, Caller::nobody(), None, Level::Summary);
        let told = told(&snapshotter);
        let count: usize = families.iter().map(|family| family.samples.len()).sum();
        assert_eq!(told.len(), count, "{:?}", told.keys());
        for (series, value) in [
            ("app_health_dependency_status{component=database}", 1.0),
            ("app_health_dependency_status{component=cache}", 0.0),
            ("health_check_status{check=cache,status=unhealthy}", 1.0),
            ("health_check_status{check=cache,status=healthy}", 0.0),
            (
                "health_check_runs_total{check=database,result=healthy}",
                1.0,
            ),
            ("health_check_runs_total{check=cache,result=unhealthy}", 1.0),
            (
                "health_probe_requests_total{probe=readiness,status=degraded}",
                1.0,
            ),
            ("health_draining{}", 0.0),
        ] {
            assert_eq!(number(&told, series), value, "{series}");
        }
        let duration = &told["health_check_duration_seconds{check=database}"];
        assert!(matches!(duration, DebugValue::Histogram(all) if all.len() == 1));
        assert!(told.keys().all(|series| !series.contains("hidden")));
    }

    #[actix_web::test]
    async fn workers_are_told_of_where_they_are_given() {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        let (health, workers) = (health(), Workers::new());
        let _worker = init_service(App::new().wrap(workers.layer())).await;
        let mut publisher = Publisher::new(Some(workers));
        let told = loop {
            metrics::with_local_recorder(&recorder, || publisher.publish(&health));
            let told = told(&snapshotter);
            // It is known when it has beaten.
            if told.contains_key("health_worker_silence_seconds{worker=1}") {
                break told;
            }
            tokio::task::yield_now().await;
        };
        for series in [
            "health_worker_requests_in_flight{worker=1}",
            "health_workers_stalled{}",
        ] {
            assert_eq!(number(&told, series), 0.0, "{series}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_gone_is_no_number_and_runs_are_told_once() {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        let (health, mut publisher) = (health(), Publisher::new(None));
        ask(&health).await;
        metrics::with_local_recorder(&recorder, || publisher.publish(&health));
        let _ = told(&snapshotter);
        health.remove("cache").unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
        metrics::with_local_recorder(&recorder, || publisher.publish(&health));
        let told = told(&snapshotter);
        let gone = number(&told, "app_health_dependency_status{component=cache}");
        assert!(gone.is_nan());
        let duration = told.get("health_check_duration_seconds{check=database}");
        assert!(!matches!(duration, Some(DebugValue::Histogram(all)) if !all.is_empty()));
    }
}
