//! Any checks, in any phase, with whatever texts and values a check can speak of.

use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::{App, rt, test};
use health_actix::{
    Check, Details, Dialect, Health, HealthBuilder, HealthService, Maintenance, Outcome, Probe,
    Status, Value, Visibility,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::json;
use crate::documented::{Answered, Asked, read};

/// What must be found in no body below the level `Full`.
pub(crate) const PRIVATE: &str = "for-your-eyes-only";

/// How much is told.
const LEVELS: [&str; 3] = ["status only", "summary", "full"];

#[derive(Clone, Debug)]
pub(crate) struct AnyOutcome {
    status: Status,
    message: Option<String>,
    error: Option<String>,
    data: Vec<(String, AnyValue)>,
    children: Vec<(String, AnyOutcome)>,
}

#[derive(Clone, Debug)]
enum AnyValue {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
}

#[derive(Clone, Debug)]
pub(crate) struct AnyCheck {
    name: String,
    outcome: AnyOutcome,
    critical: bool,
    hidden: bool,
    probes: Vec<Probe>,
    tags: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) struct AnyHealth {
    checks: Vec<AnyCheck>,
    phase: AnyPhase,
}

#[derive(Clone, Copy, Debug)]
enum AnyPhase {
    Started,
    Starting,
    Draining,
    Maintenance,
}

/// An answer, as a client has it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What was asked.
    pub(crate) of: AnyHealth,
    /// Whether there may be something that the caller is not told of, but that counts.
    pub(crate) hides: bool,
    pub(crate) code: u16,
    pub(crate) media_type: String,
    pub(crate) text: String,
    /// What the text says, if it is JSON.
    pub(crate) body: serde_json::Value,
}

impl Answer {
    /// Whether the whole is as bad as the worst of its parts, as far as all of them are told.
    pub(crate) fn is_as_bad(&self, whole: usize, worst_of_parts: usize) -> bool {
        whole == worst_of_parts || (self.hides && whole > worst_of_parts)
    }
}

/// Asks each path of many services, and hands over what each answers at each level. The names of
/// these checks are among those of any.
pub(crate) fn ask_many(
    dialect: fn() -> Dialect,
    names: &'static [&'static str],
    paths: &[&str],
    examine: fn(path: &str, level: &str, answer: &Answer),
) {
    let config = ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let ask = |any: AnyHealth| {
        let health = any.build();
        for level in LEVELS {
            let details = match level {
                "status only" => Details::status_only(),
                "full" => Details::full(),
                _ => Details::summary(),
            };
            let service = HealthService::new(&health).dialects([dialect()]);
            for (path, mut answer) in answers(&any, service.details(details), paths) {
                answer.hides = level != "full" && any.checks.iter().any(|check| check.hidden);
                if level != "full" {
                    prop_assert!(!answer.text.contains(PRIVATE), "{path}: {answer:?}");
                }
                examine(path, level, &answer);
            }
        }
        Ok(())
    };
    let run = TestRunner::new(config).run(&any_health(names), ask);
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

fn answers<'a>(
    of: &AnyHealth,
    service: HealthService,
    paths: &[&'a str],
) -> Vec<(&'a str, Answer)> {
    rt::System::new().block_on(async {
        let document = read(&service.openapi_json());
        let app = test::init_service(App::new().service(service)).await;
        let mut answers = Vec::new();
        for path in paths {
            let request = test::TestRequest::get().uri(path).to_request();
            let response = test::call_service(&app, request).await;
            let code = response.status().as_u16();
            let media_type = response
                .headers()
                .get(CONTENT_TYPE)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let headers = headers_of(response.headers());
            let text = test::read_body(response).await.to_vec();
            let text = String::from_utf8(text).unwrap();
            let answered = Answered {
                code,
                headers,
                body: text.clone(),
            };
            let told = document.tells_of(&Asked::get(path), &answered);
            told.unwrap_or_else(|why| panic!("not as the document says: {why}: {answered:?}"));
            let body = match media_type.ends_with("json") {
                true => json::parse(&text),
                false => serde_json::Value::Null,
            };
            answers.push((
                *path,
                Answer {
                    of: of.clone(),
                    hides: false,
                    code,
                    media_type,
                    text,
                    body,
                },
            ));
        }
        answers
    })
}

fn headers_of(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let headers = headers.iter();
    headers
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

impl AnyHealth {
    /// The checks that serve a probe, by name.
    pub(crate) fn serving(&self, probe: Probe) -> Vec<&AnyCheck> {
        let checks = self.checks.iter();
        let mut checks: Vec<_> = checks.filter(|it| it.probes.contains(&probe)).collect();
        checks.sort_by_key(|check| check.name());
        checks
    }

    fn build(&self) -> Health {
        let mut builder = HealthBuilder::empty();
        for check in &self.checks {
            builder = builder.check(check.build());
        }
        if let AnyPhase::Starting = self.phase {
            builder = builder.startup_gate("model");
        }
        let health = builder.build().unwrap();
        match self.phase {
            AnyPhase::Started | AnyPhase::Starting => {}
            AnyPhase::Draining => health.start_draining(),
            AnyPhase::Maintenance => {
                health.start_maintenance(Maintenance::new("another \"rack\"\n"));
            }
        }
        health
    }
}

impl AnyCheck {
    /// That of what is hidden is private as well.
    pub(crate) fn name(&self) -> String {
        match self.hidden {
            true => format!("{PRIVATE}.{}", self.name),
            false => self.name.clone(),
        }
    }

    pub(crate) const fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// What it means for a probe.
    pub(crate) fn counts_as(&self) -> Status {
        self.outcome.build().status().weighed(self.critical)
    }

    fn build(&self) -> Check {
        let outcome = self.outcome.clone();
        let check = Check::new(self.name(), move || {
            let outcome = outcome.build();
            async move { outcome }
        });
        let visibility = match self.hidden {
            true => Visibility::Full,
            false => Visibility::Summary,
        };
        let check = check
            .with_critical(self.critical)
            .with_visibility(visibility);
        let check = self
            .tags
            .iter()
            .fold(check, |check, tag| check.with_tag(*tag));
        self.probes
            .iter()
            .fold(check, |check, probe| check.serving(*probe))
    }
}

impl AnyOutcome {
    fn build(&self) -> Outcome {
        let mut outcome = Outcome::new(self.status);
        if let Some(message) = &self.message {
            outcome = outcome.with_message(message.clone());
        }
        if let Some(error) = &self.error {
            outcome = outcome.with_error(format!("{PRIVATE} {error}"));
        }
        for (name, value) in &self.data {
            outcome = outcome.with_data(name.clone(), value.build());
        }
        let children = self.children.iter();
        children.fold(outcome, |outcome, (name, child)| {
            outcome.with_child(name.clone(), child.build())
        })
    }
}

impl AnyValue {
    fn build(&self) -> Value {
        match self {
            Self::Bool(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Float(value) => (*value).into(),
            Self::Text(value) => format!("{PRIVATE} {value}").into(),
        }
    }
}

fn any_health(names: &'static [&'static str]) -> impl Strategy<Value = AnyHealth> {
    let phase = prop_oneof![
        4 => Just(AnyPhase::Started),
        1 => Just(AnyPhase::Starting),
        1 => Just(AnyPhase::Draining),
        1 => Just(AnyPhase::Maintenance),
    ];
    let usual = ["database", "cache", "cache.us1", "Cache", "a-b_C.9"];
    let names: Vec<_> = usual
        .iter()
        .chain(names)
        .map(|name| (*name).to_owned())
        .collect();
    let most = names.len();
    let names = prop::sample::subsequence(names, 0..=most).prop_shuffle();
    (names, phase).prop_flat_map(|(names, phase)| {
        let checks: Vec<_> = names.into_iter().map(any_check).collect();
        checks.prop_map(move |checks| AnyHealth { checks, phase })
    })
}

fn any_check(name: String) -> impl Strategy<Value = AnyCheck> {
    let probes = prop::sample::subsequence(Probe::ALL.to_vec(), 1..=3);
    let tags = prop::sample::subsequence(vec!["partners", "slow ones", "readiness"], 0..=2);
    let hidden = prop::bool::weighted(0.1);
    let parts = (any_outcome(), any::<bool>(), hidden, probes, tags);
    parts.prop_map(move |(outcome, critical, hidden, probes, tags)| AnyCheck {
        name: name.clone(),
        outcome,
        critical,
        hidden,
        probes,
        tags,
    })
}

fn any_outcome() -> impl Strategy<Value = AnyOutcome> {
    let leaf = any_leaf();
    leaf.prop_recursive(2, 12, 4, |inner| {
        let children = prop::collection::vec((any_name(), inner), 0..4);
        (any_leaf(), children).prop_map(|(outcome, children)| AnyOutcome {
            children,
            ..outcome
        })
    })
}

fn any_leaf() -> impl Strategy<Value = AnyOutcome> {
    let status = prop_oneof![
        3 => Just(Status::Healthy),
        1 => Just(Status::Degraded),
        1 => Just(Status::Unhealthy),
    ];
    let data = prop::collection::vec((any_name(), any_value()), 0..4);
    let text = || prop::option::of(any_text());
    (status, text(), text(), data).prop_map(|(status, message, error, data)| AnyOutcome {
        status,
        message,
        error,
        data,
        children: Vec::new(),
    })
}

fn any_value() -> impl Strategy<Value = AnyValue> {
    prop_oneof![
        any::<bool>().prop_map(AnyValue::Bool),
        any::<i64>().prop_map(AnyValue::Integer),
        prop::num::f64::ANY.prop_map(AnyValue::Float),
        any_text().prop_map(AnyValue::Text),
    ]
}

/// Names of data and children: those that a format may want for itself, and those that are
/// written otherwise than they are.
fn any_name() -> impl Strategy<Value = String> {
    let known = [
        "error",
        "message",
        "latency_ms",
        "degraded",
        "status",
        "error_",
        "a",
        "a.b",
        "a.b.c",
        "b",
        "a:b",
        "a/b",
        "",
        ".",
        "..",
        "responseTime",
        "size_bytes",
        "lag_seconds",
        "token=x",
        "token=y",
    ];
    prop_oneof![
        2 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => any_text(),
    ]
}

/// What lies in wait for those who write text or JSON, and for who reads it.
fn any_text() -> impl Strategy<Value = String> {
    let traps = [
        "\"quoted\"\\ \n\r\t\u{0}\u{1b}\u{7f} \u{2028} ü 漢 \u{1f980}",
        "\n[-]forged failed: reason withheld",
        "\"},{\"status\":\"UP\"",
        "e\u{301}\u{202e}",
        "</script><script>",
    ];
    prop_oneof![
        prop::collection::vec(any::<char>(), 0..12).prop_map(String::from_iter),
        any::<String>(),
        prop::sample::select(traps.to_vec()).prop_map(str::to_owned),
        "[a-z ]{0,12}",
    ]
}
