//! Where spans and metrics go.

use std::error::Error;
use std::time::Duration;

use opentelemetry::global;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider, SpanExporter};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::probes::{Probes, WithoutProbes};

/// The providers of the process.
#[derive(Debug)]
pub(crate) struct Telemetry {
    pub(crate) tracers: SdkTracerProvider,
    pub(crate) meters: SdkMeterProvider,
}

impl Telemetry {
    /// Once in a process. The metrics are exported every 10 s.
    pub(crate) fn new(
        spans: impl SpanExporter + 'static,
        metrics: impl PushMetricExporter,
        probes: Probes,
    ) -> Result<Self, Box<dyn Error>> {
        let resource = Resource::builder().with_service_name("orders").build();
        let batches = BatchSpanProcessor::builder(spans).build();
        let tracers = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_span_processor(WithoutProbes::new(batches, probes))
            .build();
        let reader = PeriodicReader::builder(metrics).with_interval(Duration::from_secs(10));
        let meters = SdkMeterProvider::builder()
            .with_resource(resource)
            .with_reader(reader.build())
            .build();
        global::set_meter_provider(meters.clone());
        let spans = tracing_opentelemetry::layer().with_tracer(tracers.tracer("orders"));
        tracing_subscriber::registry()
            .with(EnvFilter::new("info,health::run=debug"))
            .with(spans)
            .try_init()?;
        Ok(Self { tracers, meters })
    }

    /// Exports what has not been yet.
    pub(crate) fn shutdown(&self) -> Result<(), Box<dyn Error>> {
        self.tracers.shutdown()?;
        self.meters.shutdown()?;
        Ok(())
    }
}
