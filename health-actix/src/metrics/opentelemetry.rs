//! OpenTelemetry, by the meter provider of the process.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use health_core::{Distribution, Health, WeakHealth};
use opentelemetry::metrics::{AsyncInstrument, Histogram, Meter};
use opentelemetry::{KeyValue, global};

use super::families::{ALL, About, Kind};
use super::publish::{Observations, families, publish};
use super::{Family, Sample, Value};
use crate::Workers;

pub(super) fn start(health: &Health, workers: Option<Workers>) -> io::Result<()> {
    if !health.is_news("opentelemetry") {
        return Ok(());
    }
    let meter = global::meter("health");
    let source = Source::new(health, workers);
    observe(&meter, &source);
    let mut recorder = Recorder::new(&meter);
    publish(health, move |health| {
        let workers = source.0.workers.as_ref();
        recorder.record(&families(health, workers));
    })
}

/// What instruments observe. They live as long as the process, so they do not keep the health.
#[derive(Clone)]
struct Source(Arc<Shared>);

struct Shared {
    health: WeakHealth,
    workers: Option<Workers>,
    last: Mutex<Option<(Instant, Arc<[Family]>)>>,
}

impl Source {
    /// Instruments are asked one by one. What they tell is of one moment.
    const MOMENT: Duration = Duration::from_millis(100);

    fn new(health: &Health, workers: Option<Workers>) -> Self {
        Self(Arc::new(Shared {
            health: health.downgrade(),
            workers,
            last: Mutex::default(),
        }))
    }

    fn families(&self) -> Option<Arc<[Family]>> {
        let health = self.0.health.upgrade()?;
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, families)) = &*last
            && at.elapsed() < Self::MOMENT
        {
            return Some(Arc::clone(families));
        }
        let families: Arc<[_]> = families(&health, self.0.workers.as_ref()).into();
        *last = Some((Instant::now(), Arc::clone(&families)));
        Some(families)
    }

    /// Tells each sample of a family.
    fn each(&self, about: &About, mut tell: impl FnMut(&Value, &[KeyValue])) {
        let families = self.families();
        let families = families.iter().flat_map(|all| all.iter());
        for family in families.filter(|it| it.about.name == about.name) {
            for sample in &family.samples {
                tell(&sample.value, &attributes(about, sample));
            }
        }
    }
}

fn attributes(about: &About, sample: &Sample) -> Vec<KeyValue> {
    let labels = about.labels.iter().zip(&sample.labels);
    labels
        .map(|(name, value)| KeyValue::new(*name, value.clone()))
        .collect()
}

/// The unit by UCUM, as OpenTelemetry has it.
fn unit(about: &About) -> &'static str {
    if about.is_in_seconds() { "s" } else { "" }
}

/// Makes what is asked when somebody collects.
fn observe(meter: &Meter, source: &Source) {
    for about in ALL {
        let source = source.clone();
        match about.kind {
            Kind::Gauge => {
                let tell = move |instrument: &dyn AsyncInstrument<f64>| {
                    source.each(about, |value, labels| {
                        instrument.observe(value.as_real(), labels);
                    });
                };
                let gauge = meter.f64_observable_gauge(about.name);
                let gauge = gauge.with_description(about.help).with_unit(unit(about));
                gauge.with_callback(tell).build();
            }
            Kind::Counter => {
                let tell = move |instrument: &dyn AsyncInstrument<u64>| {
                    source.each(about, |value, labels| {
                        if let Value::Whole(value) = value {
                            instrument.observe(*value, labels);
                        }
                    });
                };
                let counter = meter.u64_observable_counter(about.name);
                let counter = counter.with_description(about.help);
                counter.with_callback(tell).build();
            }
            Kind::Histogram => {}
        }
    }
}

/// Records what no callback can: histograms.
struct Recorder {
    histograms: Vec<(&'static About, Histogram<f64>)>,
    observations: Observations,
}

impl Recorder {
    fn new(meter: &Meter) -> Self {
        let all = ALL.into_iter().filter(|it| it.kind == Kind::Histogram);
        let histograms = all.map(|about| {
            let bounds = Distribution::default();
            let bounds = bounds.buckets().map(|(bound, _)| bound.as_secs_f64());
            let histogram = meter.f64_histogram(about.name).with_description(about.help);
            let histogram = histogram.with_unit(unit(about));
            (about, histogram.with_boundaries(bounds.collect()).build())
        });
        Self {
            histograms: histograms.collect(),
            observations: Observations::default(),
        }
    }

    fn record(&mut self, families: &[Family]) {
        for (about, histogram) in &self.histograms {
            let family = families.iter().find(|it| it.about.name == about.name);
            for sample in family.iter().flat_map(|family| &family.samples) {
                let attributes = attributes(about, sample);
                for (value, count) in self.observations.of(about, sample) {
                    for _ in 0..count {
                        histogram.record(value, &attributes);
                    }
                }
            }
        }
        self.observations.keep(families);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::{BTreeMap, BTreeSet};

    use health_core::{Caller, Check, HealthBuilder, Probe, Runtime, Visibility};
    use opentelemetry::metrics::MeterProvider;
    use opentelemetry_sdk::metrics::data::{
        AggregatedMetrics, MetricData, ResourceMetrics, ScopeMetrics,
    };
    use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

    use super::*;

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

    fn series<'a>(name: &str, labels: impl Iterator<Item = &'a KeyValue>) -> String {
        let labels: BTreeSet<_> = labels
            .map(|it| format!("{}={}", it.key, it.value))
            .collect();
        let labels: Vec<_> = labels.into_iter().collect();
        format!("{name}{{{}}}", labels.join(","))
    }

    /// Each series with its value; of a histogram, how many there were.
    fn told_by(exporter: &InMemoryMetricExporter) -> BTreeMap<String, f64> {
        let mut told = BTreeMap::new();
        let exported = exporter.get_finished_metrics().unwrap();
        let scopes = exported
            .last()
            .into_iter()
            .flat_map(ResourceMetrics::scope_metrics);
        for metric in scopes.flat_map(ScopeMetrics::metrics) {
            let name = metric.name();
            match metric.data() {
                AggregatedMetrics::F64(MetricData::Gauge(gauge)) => told.extend(
                    gauge
                        .data_points()
                        .map(|it| (series(name, it.attributes()), it.value())),
                ),
                AggregatedMetrics::U64(MetricData::Sum(sum)) => told.extend(
                    sum.data_points()
                        .map(|it| (series(name, it.attributes()), it.value() as f64)),
                ),
                AggregatedMetrics::F64(MetricData::Histogram(histogram)) => told.extend(
                    histogram
                        .data_points()
                        .map(|it| (series(name, it.attributes()), it.count() as f64)),
                ),
                other => panic!("{name} is {other:?}"),
            }
        }
        told
    }

    /// The same by the model.
    fn modelled(families: &[Family]) -> BTreeMap<String, f64> {
        let all = families.iter().flat_map(|family| {
            family.samples.iter().filter_map(|sample| {
                let name = series(family.about.name, attributes(family.about, sample).iter());
                match &sample.value {
                    Value::Distribution(it) if it.count() == 0 => None,
                    Value::Distribution(it) => Some((name, it.count() as f64)),
                    value => Some((name, value.as_real())),
                }
            })
        });
        all.collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_exported_is_what_the_model_says() {
        let exporter = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(exporter.clone()).build();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        let meter = provider.meter("health");
        let health = health();
        observe(&meter, &Source::new(&health, None));
        let mut recorder = Recorder::new(&meter);
        for _ in 0..2 {
            health.probe(Probe::Readiness, Caller::nobody()).await;
            recorder.record(&families(&health, None));
        }
        provider.force_flush().unwrap();
        let mut told = told_by(&exporter);
        let mut modelled = modelled(&families(&health, None));
        // Who collects does so by a clock that is not paused.
        let uptimes = [&mut told, &mut modelled].map(|all| all.remove("health_uptime_seconds{}"));
        assert!(uptimes.iter().all(Option::is_some));
        assert_eq!(told, modelled);
        assert_eq!(told["health_check_duration_seconds{check=database}"], 1.0);
        assert_eq!(
            told["health_probe_request_duration_seconds{probe=readiness}"],
            2.0
        );
        assert_eq!(
            told["health_check_status{check=cache,status=unhealthy}"],
            1.0
        );
        assert!(told.keys().all(|series| !series.contains("hidden")));
        exporter.reset();
        drop(health);
        provider.force_flush().unwrap();
        let left = told_by(&exporter);
        assert!(left.keys().all(|it| it.contains("duration")), "{left:?}");
    }
}
