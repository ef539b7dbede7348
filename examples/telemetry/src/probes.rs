//! Leaving the spans of probes out.

use std::time::Duration;

use opentelemetry::{Context, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

/// The attribute that is true for requests to health endpoints.
pub(crate) const MARK: &str = "health.probe";

/// What becomes of the spans of probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probes {
    Keep,
    Drop,
}

/// Passes spans on when they end, but for those that are marked.
#[derive(Debug)]
pub(crate) struct WithoutProbes<P> {
    next: P,
    probes: Probes,
}

impl<P> WithoutProbes<P> {
    pub(crate) const fn new(next: P, probes: Probes) -> Self {
        Self { next, probes }
    }
}

impl<P: SpanProcessor> SpanProcessor for WithoutProbes<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.next.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.probes == Probes::Keep || !is_probe(&span) {
            self.next.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.next.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.next.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.next.set_resource(resource);
    }
}

fn is_probe(span: &SpanData) -> bool {
    let mut attributes = span.attributes.iter();
    attributes.any(|it| it.key.as_str() == MARK && it.value == Value::Bool(true))
}
