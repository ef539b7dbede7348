//! The formats of Prometheus.

use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use actix_web::{HttpRequest, HttpResponse};
use health_core::{Caller, Distribution, Health};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::families::{About, Kind};
use super::{Family, Sample, Value, collect};
use crate::Workers;
use crate::access::Level;

/// In what metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exposition {
    /// Source: Prometheus' documentation, "Exposition formats", "Text-based format".
    Text,
    /// Source: OpenMetrics 1.0.0, "Text format".
    OpenMetrics,
}

impl Exposition {
    pub(crate) const ALL: [Self; 2] = [Self::Text, Self::OpenMetrics];

    /// The type as it is answered.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// What the caller would rather have, by the header `Accept`; text, if it says nothing of either.
    ///
    /// As Prometheus' own servers decide: by `q` alone, and of what is wanted as much, the first.
    fn wanted(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(ACCEPT);
        let accepted = accepted.filter_map(|value| value.to_str().ok());
        let ranges = accepted.flat_map(|value| value.split(','));
        let known = ranges.filter_map(range).filter(|(_, quality)| *quality > 0);
        let best = known.rev().max_by_key(|(_, quality)| *quality);
        best.map_or(Self::Text, |(exposition, _)| exposition)
    }
}

/// A format of ours, and how much it is wanted, in thousandths.
fn range(range: &str) -> Option<(Exposition, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let media_type = parts.next()?;
    let parameters = || parts.clone().filter_map(parameter);
    let named = |name: &str| {
        let mut parameters = parameters();
        let found = parameters.find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    };
    let (exposition, version) = if media_type.eq_ignore_ascii_case("text/plain") {
        (Exposition::Text, "0.0.4")
    } else if media_type.eq_ignore_ascii_case("application/openmetrics-text") {
        (Exposition::OpenMetrics, "1.0.0")
    } else {
        return None;
    };
    let is_it = named("version").is_none_or(|own| own == version);
    let quality = named("q").map_or(Some(1.0), |q| q.parse().ok());
    let quality = quality.filter(|quality: &f64| (0.0..=1.0).contains(quality))?;
    is_it.then_some((exposition, (quality * 1000.0) as u16))
}

fn parameter(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    Some((name.trim(), value.trim().trim_matches('"')))
}

/// Tells what is measured. It always succeeds: Prometheus would take any other code for a target that
/// is down.
pub(crate) fn answer(
    health: &Health,
    workers: Option<&Workers>,
    request: &HttpRequest,
    level: Level,
) -> HttpResponse {
    let families = collect(health, Caller::of(request), workers, level);
    let exposition = Exposition::wanted(request.headers());
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, exposition.media_type()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(write(families, exposition))
}

fn write(families: Vec<Family>, exposition: Exposition) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Exposed {
        families,
        exposition,
    }));
    let mut text = String::new();
    // A text can always be written to.
    let _ = encode_registry(&mut text, &registry);
    if exposition == Exposition::OpenMetrics {
        let _ = encode_eof(&mut text);
    }
    text
}

#[derive(Debug)]
struct Exposed {
    families: Vec<Family>,
    exposition: Exposition,
}

impl Collector for Exposed {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        for Family { about, samples } in &self.families {
            let (name, unit) = self.exposition.name(about);
            let kind = match about.kind {
                Kind::Gauge => MetricType::Gauge,
                Kind::Counter => MetricType::Counter,
                Kind::Histogram => MetricType::Histogram,
            };
            let mut encoder = encoder.encode_descriptor(name, about.help, unit, kind)?;
            for sample in samples {
                let (kind, labels) = (about.kind, labels(about, sample));
                if labels.is_empty() {
                    self.exposition.encode(kind, &sample.value, &mut encoder)?;
                    continue;
                }
                let mut own = encoder.encode_family(&labels)?;
                self.exposition.encode(kind, &sample.value, &mut own)?;
            }
        }
        Ok(())
    }
}

impl Exposition {
    /// The name without what the encoder adds to it. In the text format nothing has a unit, and
    /// counters are called as their samples are.
    fn name(self, about: &About) -> (&'static str, Option<&'static Unit>) {
        let without = |suffix| about.name.strip_suffix(suffix).unwrap_or(about.name);
        match self {
            Self::Text => (about.name, None),
            Self::OpenMetrics if about.is_in_seconds() => {
                (without("_seconds"), Some(&Unit::Seconds))
            }
            Self::OpenMetrics => (without("_total"), None),
        }
    }

    /// A gauge is written as it is called.
    fn encode(
        self,
        kind: Kind,
        value: &Value,
        encoder: &mut MetricEncoder<'_>,
    ) -> std::fmt::Result {
        let adds_total = kind == Kind::Counter && self == Self::OpenMetrics;
        match value {
            Value::Whole(number) if adds_total => {
                encoder.encode_counter::<NoLabelSet, _, u64>(number, None)
            }
            Value::Whole(number) => encoder.encode_gauge(number),
            Value::Real(number) => encoder.encode_gauge(number),
            Value::Distribution(distribution) => {
                let (sum, count) = (distribution.sum().as_secs_f64(), distribution.count());
                let buckets = buckets(distribution);
                encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
            }
        }
    }
}

fn labels<'a>(about: &About, sample: &'a Sample) -> Vec<(&'static str, &'a str)> {
    let values = sample.labels.iter().map(|value| &**value);
    about.labels.iter().copied().zip(values).collect()
}

/// How many there are between each bound and the one before it, which the encoder sums up.
fn buckets(distribution: &Distribution) -> Vec<(f64, u64)> {
    let mut before = 0;
    let bounded = distribution
        .buckets()
        .map(|(bound, count)| (bound.as_secs_f64(), count));
    let all = bounded.chain([(f64::INFINITY, distribution.count())]);
    all.map(|(bound, count)| (bound, count - std::mem::replace(&mut before, count)))
        .collect()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::super::families;
    use super::*;

    fn wanted(accept: &[&'static str]) -> Exposition {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(ACCEPT, HeaderValue::from_static(value));
        }
        Exposition::wanted(&headers)
    }

    #[test]
    fn it_is_written_as_prometheus_would_rather_have_it() {
        use Exposition::{OpenMetrics, Text};
        for (accept, expected) in [
            // As it asks by itself: 2.42, 3.1, and with the text alone.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;\
                 version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OpenMetrics,
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                 application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;\
                 escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OpenMetrics,
            ),
            ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Text),
            ("*/*", Text),
            ("", Text),
            ("application/json", Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Text),
            ("application/openmetrics-text", OpenMetrics),
            (
                "Application/OpenMetrics-Text; Version=\"1.0.0\"; charset=utf-8",
                OpenMetrics,
            ),
            ("application/openmetrics-text;version=0.0.1", Text),
            ("application/openmetrics-text;version=2.0.0", Text),
            ("application/openmetrics-text;q=0", Text),
            ("application/openmetrics-text;q=2", Text),
            ("application/openmetrics-text;q=x", Text),
            ("application/openmetrics-text;q=NaN", Text),
            (
                "text/plain;q=0.2, application/openmetrics-text;q=0.3",
                OpenMetrics,
            ),
            ("text/plain;q=0.3, application/openmetrics-text;q=0.2", Text),
            ("text/plain, application/openmetrics-text", Text),
            ("application/openmetrics-text, text/plain", OpenMetrics),
            (";;,,=;q=,q", Text),
        ] {
            assert_eq!(wanted(&[accept]), expected, "{accept}");
        }
        let split = ["text/plain;q=0.5", "application/openmetrics-text"];
        assert_eq!(wanted(&split), OpenMetrics);
        assert_eq!(wanted(&[]), Text);
    }

    fn written(exposition: Exposition) -> String {
        let hostile = "a\\b\"c\nd\u{e4} # EOF\nhealth_draining 1";
        let labels = ["db".into(), hostile.into(), "healthy".into()];
        let sample = |labels: &[_], value| Sample {
            labels: labels.to_vec(),
            value,
        };
        let families = [
            (&families::CHILD_STATUS, sample(&labels, Value::Whole(1))),
            (&families::CHECK_RUNS, sample(&labels[..2], Value::Whole(7))),
            (&families::UPTIME, sample(&[], Value::Real(0.25))),
        ];
        let families = families.map(|(about, sample)| Family {
            about,
            samples: vec![sample],
        });
        write(families.into(), exposition)
    }

    #[test]
    fn names_and_types_are_as_each_format_has_them_and_values_are_escaped() {
        let text = r#"# HELP health_check_child_status The status of a child of the check: 1 for the one that it has, 0 for the others
# TYPE health_check_child_status gauge
health_check_child_status{check="db",child="a\\b\"c\ndä # EOF\nhealth_draining 1",status="healthy"} 1
# HELP health_check_runs_total Runs of the check by their results, before thresholds
# TYPE health_check_runs_total counter
health_check_runs_total{check="db",result="a\\b\"c\ndä # EOF\nhealth_draining 1"} 7
# HELP health_uptime_seconds How long ago the health of the process was built
# TYPE health_uptime_seconds gauge
health_uptime_seconds 0.25
"#;
        assert_eq!(written(Exposition::Text), text);
        let open = text
            .replace("HELP health_check_runs_total", "HELP health_check_runs")
            .replace("TYPE health_check_runs_total", "TYPE health_check_runs")
            .replace(
                "seconds gauge\n",
                "seconds gauge\n# UNIT health_uptime_seconds seconds\n",
            );
        assert_eq!(written(Exposition::OpenMetrics), format!("{open}# EOF\n"));
    }
}
