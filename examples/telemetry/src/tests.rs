//! What is exported of a few requests.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use health_actix::{Health, MetricsExt};
use opentelemetry::Value;
use opentelemetry::trace::{SpanId, SpanKind, Status};
use opentelemetry_sdk::metrics::InMemoryMetricExporter;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};

use crate::probes::{MARK, Probes, WithoutProbes};
use crate::serve;
use crate::telemetry::Telemetry;

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn named<'a>(spans: &'a [SpanData], name: &str) -> &'a SpanData {
    let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
    let span = spans.iter().find(|span| span.name == name);
    span.unwrap_or_else(|| panic!("no `{name}` in {names:?}"))
}

fn run_of<'a>(spans: &'a [SpanData], check: &str) -> &'a SpanData {
    let mut runs = spans.iter().filter(|span| span.name == "health_check");
    let run = runs.find(|run| attribute(run, "check").as_deref() == Some(check));
    run.unwrap_or_else(|| panic!("no run of `{check}`"))
}

fn attribute(span: &SpanData, key: &str) -> Option<String> {
    let attribute = span.attributes.iter().find(|it| it.key.as_str() == key);
    attribute.map(|it| it.value.to_string())
}

#[actix_web::test]
async fn runs_and_requests_are_exported_and_probes_can_be_told_apart() {
    let spans = InMemorySpanExporter::default();
    let metrics = InMemoryMetricExporter::default();
    let telemetry = Telemetry::new(spans.clone(), metrics.clone(), Probes::Keep).unwrap();
    let health = Health::builder().build().unwrap();
    health.publish_opentelemetry(None).unwrap();
    let (server, address) = serve(&health, ("127.0.0.1", 0)).unwrap();
    actix_web::rt::spawn(server);
    let asked = actix_web::rt::task::spawn_blocking(move || {
        ["/orders", "/health/ready"].map(|path| get(address, path))
    });
    let [orders, ready] = asked.await.unwrap();
    assert!(
        orders.contains("200 OK") && ready.contains("200 OK"),
        "{orders}{ready}"
    );
    // A run has ended before it is answered, but its span may not have been dropped by then.
    for _ in 0..100 {
        telemetry.tracers.force_flush().unwrap();
        if spans.get_finished_spans().unwrap().len() == 5 {
            break;
        }
        thread::sleep(std::time::Duration::from_millis(20));
    }
    telemetry.meters.force_flush().unwrap();
    let spans = spans.get_finished_spans().unwrap();
    the_runs_are_roots(&spans);
    the_probe_is_marked(&spans);
    the_probe_can_be_dropped(&spans);
    the_metrics_are_there(&metrics);
    let all = format!("{spans:?}");
    assert!(!all.contains("hunter2"), "{all}");
    telemetry.shutdown().unwrap();
}

fn the_runs_are_roots(spans: &[SpanData]) {
    let database = run_of(spans, "database");
    assert_eq!(database.parent_span_id, SpanId::INVALID);
    assert_eq!(database.status, Status::Unset);
    assert_eq!(attribute(database, "outcome").unwrap(), "healthy");
    assert!(attribute(database, "duration_ms").is_some());
    let query = named(spans, "query");
    assert_eq!(query.parent_span_id, database.span_context.span_id());
    assert_eq!(query.span_kind, SpanKind::Client);
    let cache = run_of(spans, "cache");
    assert_eq!(cache.parent_span_id, SpanId::INVALID);
    assert!(
        matches!(cache.status, Status::Error { .. }),
        "{:?}",
        cache.status
    );
    assert_eq!(attribute(cache, "outcome").unwrap(), "unhealthy");
}

fn the_probe_is_marked(spans: &[SpanData]) {
    let ready = named(spans, "GET /health/ready");
    assert_eq!(attribute(ready, MARK).unwrap(), "true");
    let mut attributes = ready.attributes.iter();
    let code = attributes.find(|it| it.key.as_str() == "http.response.status_code");
    assert_eq!(code.unwrap().value, Value::I64(200));
    assert_eq!(ready.span_kind, SpanKind::Server);
    assert_eq!(attribute(named(spans, "GET /orders"), MARK), None);
}

fn the_probe_can_be_dropped(spans: &[SpanData]) {
    use opentelemetry_sdk::trace::{SimpleSpanProcessor, SpanProcessor};
    let kept = InMemorySpanExporter::default();
    let next = SimpleSpanProcessor::new(kept.clone());
    let without = WithoutProbes::new(next, Probes::Drop);
    spans.iter().cloned().for_each(|span| without.on_end(span));
    let kept = kept.get_finished_spans().unwrap();
    let kept: BTreeSet<_> = kept.iter().map(|span| &*span.name).collect();
    let expected = ["GET /orders", "health_check", "query"];
    assert_eq!(kept, BTreeSet::from(expected));
}

fn the_metrics_are_there(metrics: &InMemoryMetricExporter) {
    let exported = metrics.get_finished_metrics().unwrap();
    let scopes = exported.iter().flat_map(ResourceMetrics::scope_metrics);
    let names: BTreeSet<_> = scopes
        .filter(|scope| scope.scope().name() == "health")
        .flat_map(|scope| scope.metrics().map(|metric| metric.name().to_owned()))
        .collect();
    for name in ["app_health_dependency_status", "health_check_runs_total"] {
        assert!(names.contains(name), "{names:?}");
    }
}
