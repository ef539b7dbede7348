//! Checks that find anything, with the names and texts that formats stumble over.

use std::collections::BTreeMap;

use actix_web::rt::System;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, http::StatusCode};
use health_actix::{
    Check, Details, Dialect, Health, HealthBuilder, HealthService, Level, Outcome, Runtime, Status,
    Value,
};
use proptest::prelude::*;

/// What a check, or a child of one, finds.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) status: Status,
    pub(super) message: Option<String>,
    pub(super) error: Option<String>,
    pub(super) data: Vec<(String, Value)>,
}

#[derive(Clone, Debug)]
pub(super) struct AnyCheck {
    pub(super) is_critical: bool,
    pub(super) found: Found,
    pub(super) children: Vec<(String, Found)>,
}

impl Found {
    fn outcome(&self) -> Outcome {
        let mut outcome = Outcome::new(self.status);
        if let Some(message) = self.message.clone() {
            outcome = outcome.with_message(message);
        }
        if let Some(error) = self.error.clone() {
            outcome = outcome.with_error(error);
        }
        let data = self.data.iter().cloned();
        data.fold(outcome, |outcome, (name, value)| match value {
            Value::Bool(value) => outcome.with_data(name, value),
            Value::Integer(value) => outcome.with_data(name, value),
            Value::Float(value) => outcome.with_data(name, value),
            Value::Text(value) => outcome.with_data(name, value),
            other => panic!("{other:?} is new"),
        })
    }
}

impl AnyCheck {
    fn outcome(&self) -> Outcome {
        let children = self.children.iter();
        children.fold(self.found.outcome(), |outcome, (name, child)| {
            outcome.with_child(name.clone(), child.outcome())
        })
    }

    /// As the engine weighs it: it is as bad as the worst of its children, and of children of one
    /// name the last one counts.
    pub(super) fn counts_as(&self) -> Status {
        let children = self.children.iter();
        let by_name: BTreeMap<_, _> = children.map(|(name, child)| (name, child.status)).collect();
        let worst = by_name.into_values().fold(self.found.status, Ord::max);
        worst.weighed(self.is_critical)
    }
}

/// What lies in wait for those who write text or JSON, and what lies in wait for their readers.
fn text() -> impl Strategy<Value = String> {
    let traps = [
        "",
        "it works",
        "\n[-]forged failed: reason withheld",
        "\"},{\"status\":\"UP\"",
        "message",
        "error",
        "status",
        "a\\b\u{0}\r\n\t\u{2028}\u{202e}",
        "größe 大 🦀 e\u{301}",
        "<script>alert(1)</script>",
    ];
    prop_oneof![
        prop::sample::select(traps.to_vec()).prop_map(str::to_owned),
        prop::collection::vec(any::<char>(), 0..12).prop_map(String::from_iter),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::num::f64::ANY.prop_map(Value::from),
        text().prop_map(Value::from),
    ]
}

fn status() -> impl Strategy<Value = Status> {
    use Status::{Degraded, Healthy, Unhealthy};
    prop_oneof![Just(Healthy), Just(Degraded), Just(Unhealthy)]
}

fn found() -> impl Strategy<Value = Found> {
    let texts = (prop::option::of(text()), prop::option::of(text()));
    let data = prop::collection::vec((text(), value()), 0..4);
    (status(), texts, data).prop_map(|(status, (message, error), data)| Found {
        status,
        message,
        error,
        data,
    })
}

pub(super) fn any_checks() -> impl Strategy<Value = Vec<AnyCheck>> {
    let children = prop::collection::vec((text(), found()), 0..3);
    let check = (any::<bool>(), found(), children);
    let check = check.prop_map(|(is_critical, found, children)| AnyCheck {
        is_critical,
        found,
        children,
    });
    prop::collection::vec(check, 0..4)
}

pub(super) fn any_level() -> impl Strategy<Value = Level> {
    prop::sample::select(vec![Level::StatusOnly, Level::Summary, Level::Full])
}

/// All of them serve readiness, by the names `check0`, `check1` and so on.
fn health_of(checks: &[AnyCheck]) -> Health {
    let checks = checks.iter().enumerate().map(|(place, any)| {
        let check = any.clone();
        Check::new(format!("check{place}"), move || {
            let outcome = check.outcome();
            async move { outcome }
        })
        .readiness()
        .with_critical(any.is_critical)
    });
    let builder = checks.fold(HealthBuilder::empty(), HealthBuilder::check);
    builder.runtime(Runtime::current()).build().unwrap()
}

/// What this path answers a caller at this level.
pub(super) fn ask(
    checks: &[AnyCheck],
    dialect: Dialect,
    level: Level,
    path: &str,
) -> (StatusCode, String) {
    let details = match level {
        Level::StatusOnly => Details::status_only(),
        Level::Summary => Details::summary(),
        Level::Full => Details::full(),
    };
    System::new().block_on(async {
        let health = health_of(checks);
        let service = HealthService::new(&health).dialects([dialect]);
        let app = init_service(App::new().service(service.details(details))).await;
        let request = TestRequest::get().uri(path).to_request();
        let response = call_service(&app, request).await;
        let status = response.status();
        let body = read_body(response).await.to_vec();
        (status, String::from_utf8(body).unwrap())
    })
}
