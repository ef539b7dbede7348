//! `application/health+json`.
//!
//! Source: `draft-inadarei-api-health-check-06`, "Health Check Response Format for HTTP APIs", of 16
//! October 2021, expired: section 3 (the members), 4 (the checks), 9 (freshness). `Cache-Control`
//! by RFC 9111, times by RFC 3339.
//!
//! Decided, where the draft leaves it open:
//!
//! - `serviceId` is the name of the service, and `description` says whose health it is. `version`,
//!   `releaseId`, `links` and `affectedEndpoints` are not known here.
//! - A check is `name:responseTime`, whether it has a response time or not, such as where it has
//!   timed out: a key that moves is hard to watch. Its array begins with the check itself. Each
//!   child is another object there, with its name as `componentId`; the draft means such arrays for
//!   the nodes of a component.
//! - Each value that it measured is `name:value` besides, and has no `status`, for who may know
//!   everything. The unit is that in which the name ends: see [`UNITS`]. A `:` in a name is written
//!   as `_`; values whose names are then the same share an array. A number that is not finite is
//!   null.
//! - What a check says is its `output`, which is left out where it passes, as the draft wants;
//!   there it is a `message`, a key of our own.
//! - A check that fails without failing the whole warns: the whole is as bad as the worst of its
//!   parts. What fails although no check does is `lifecycle`, a `system`.
//! - The `output` of the whole says what does not pass, and `notes` why it is taken as it is.
//! - An answer is fresh for as long as all of its results are kept, in whole seconds, rounded down,
//!   for up would promise what is not kept. It is not fresh at all where checks do not decide: what
//!   operators say, they may take back at any time. They may also say something new: who keeps an
//!   answer learns that late. What is stale is never to be used, hence `must-revalidate` (section
//!   5.2.2.2). And answers are for who has asked, hence `private` (5.2.2.7): without it,
//!   `must-revalidate` would let shared caches give to others what only those may know who have
//!   shown credentials (3.5). Where callers are told different things, it is `no-store`.
//! - What is no report is no `application/health+json` either.

use std::borrow::Cow;

use actix_web::http::header::HeaderValue;
use health_core::{Phase, Status, Value};
use serde::{Serialize, Serializer};

use super::format::{Format, json};
use super::schema::{self, About};
use super::schema::{Body, Component};
use super::time::{Timestamp, timestamp};
use super::view::{HIDDEN, Told, ToldChild, View};
use crate::target::Target;

/// The units of numbers, by what is behind the last `_` of their names.
const UNITS: [(&str, &str); 16] = [
    ("ns", "ns"),
    ("us", "us"),
    ("ms", "ms"),
    ("nanoseconds", "ns"),
    ("microseconds", "us"),
    ("milliseconds", "ms"),
    ("seconds", "s"),
    ("minutes", "min"),
    ("hours", "h"),
    ("days", "d"),
    ("bytes", "bytes"),
    ("kib", "KiB"),
    ("mib", "MiB"),
    ("gib", "GiB"),
    ("tib", "TiB"),
    ("percent", "percent"),
];

#[derive(Debug)]
pub(super) struct Ietf;

impl Format for Ietf {
    fn name(&self) -> &'static str {
        "ietf"
    }

    fn media_type(&self) -> &'static str {
        "application/health+json"
    }

    fn write(&self, view: &View<'_>) -> Vec<u8> {
        json(&Whole::new(view))
    }

    fn schemas(&self, about: &About) -> Vec<Component> {
        schema::ietf::schemas(about)
    }

    fn body(&self, target: Target, statuses: &[Status], about: &About) -> Body {
        schema::ietf::body(target, statuses, about)
    }

    fn cache_control(&self, view: &View<'_>) -> HeaderValue {
        let seconds = view.fresh_for().as_secs();
        let said = format!("private, max-age={seconds}, must-revalidate");
        HeaderValue::try_from(said).unwrap_or(HeaderValue::from_static("no-store"))
    }
}

/// What the draft calls a status.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Pass,
    Warn,
    Fail,
}

impl Word {
    const fn of(status: Status) -> Self {
        match status {
            Status::Healthy => Self::Pass,
            Status::Degraded => Self::Warn,
            Status::Unhealthy => Self::Fail,
        }
    }
}

/// What is asked for, as a whole.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'a> {
    status: Word,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Checks::is_empty")]
    checks: Checks<'a>,
}

impl<'a> Whole<'a> {
    fn new(view: &View<'a>) -> Self {
        let service = view.asker.service.filter(|_| view.lists_checks());
        Self {
            status: Word::of(view.status),
            notes: notes(view),
            output: output(view),
            service_id: service,
            description: service.map(|service| format!("health of {service}")),
            checks: Checks::of(view),
        }
    }
}

/// Why it is taken as it is.
fn notes(view: &View<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if let (Some(Phase::Maintenance(maintenance)), true) =
        (view.failing_phase(), view.lists_checks())
    {
        let end = maintenance.expected_end().map(timestamp);
        notes.extend(end.map(|end| format!("maintenance is expected to end at {end}")));
    }
    for told in view.entries().filter(|told| !told.status().is_passing()) {
        let name = told.name();
        if let Some(cause) = told.cause() {
            notes.push(format!("the cause of {name} is {cause}"));
        }
        if told.is_forgiven() {
            notes.push(format!("{name} is shared by all replicas"));
        } else if !told.is_critical() {
            notes.push(format!("{name} is not critical"));
        }
    }
    notes
}

/// What does not pass: where the process stands in its life, and which checks are as bad as the
/// whole.
fn output(view: &View<'_>) -> Option<String> {
    let word = match view.status {
        _ if !view.lists_checks() => return None,
        Status::Healthy => return None,
        Status::Degraded => "degraded",
        Status::Unhealthy => "failing",
    };
    let ill = view
        .entries()
        .filter(|told| told.counts_as() == view.status);
    let ill: Vec<_> = ill.map(Told::name).collect();
    let checks = (!ill.is_empty()).then(|| format!("{word}: {}", ill.join(", ")));
    let phase = view.failing_phase_text().map(str::to_owned);
    let parts: Vec<_> = phase.into_iter().chain(checks).collect();
    Some(if parts.is_empty() {
        HIDDEN.to_owned()
    } else {
        parts.join("; ")
    })
}

/// What was observed, by the keys of the draft, `{componentName}:{measurementName}`, which are
/// sorted: of one key, in the order in which it was observed.
#[derive(Debug)]
struct Checks<'a>(Vec<(String, Observation<'a>)>);

impl<'a> Checks<'a> {
    fn of(view: &View<'a>) -> Self {
        let mut all = Vec::with_capacity(view.entries.len());
        if let Some(text) = view.failing_phase_text() {
            let lifecycle = Observation {
                component_type: "system",
                output: Some(text.into()),
                ..Observation::new(Some(Status::Unhealthy), timestamp(view.now()))
            };
            all.push(("lifecycle".to_owned(), lifecycle));
        }
        for told in view.entries() {
            observe(told, &mut all);
        }
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self(all)
    }

    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Checks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let by_key = self.0.chunk_by(|(one, _), (other, _)| one == other);
        serializer.collect_map(by_key.map(|same| (&same[0].0, Same(same))))
    }
}

/// What was observed by one key.
struct Same<'a>(&'a [(String, Observation<'a>)]);

impl Serialize for Same<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(_, observation)| observation))
    }
}

fn observe<'a>(told: Told<'a>, all: &mut Vec<(String, Observation<'a>)>) {
    let time = || timestamp(told.observed_at());
    let mut add = |measurement: &str, observation| {
        all.push((key(told.name(), measurement), observation));
    };
    add("responseTime", Observation::of(told, time()));
    for (name, value) in told.data() {
        add(name, Observation::measured(name, value, None, time()));
    }
    for child in told.children() {
        add(
            "responseTime",
            Observation::of_child(child, told.counts_as(), time()),
        );
        for (name, value) in child.data() {
            let id = Some(child.name());
            add(name, Observation::measured(name, value, id, time()));
        }
    }
}

fn key(component: &str, measurement: &str) -> String {
    let mut key = String::with_capacity(component.len() + 1 + measurement.len());
    let mut push_plain = |name: &str| {
        for (index, part) in name.split(':').enumerate() {
            key.push_str(if index == 0 { "" } else { "_" });
            key.push_str(part);
        }
    };
    push_plain(component);
    push_plain(measurement);
    key.insert(component.len(), ':');
    key
}

/// One of the "component details" of the draft.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Observation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    component_id: Option<&'a str>,
    component_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_value: Option<Cow<'a, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_unit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Word>,
    time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Cow<'a, str>>,
}

impl<'a> Observation<'a> {
    fn new(status: Option<Status>, time: Timestamp) -> Self {
        Self {
            component_id: None,
            component_type: "component",
            observed_value: None,
            observed_unit: None,
            status: status.map(Word::of),
            time,
            output: None,
            message: None,
        }
    }

    fn of(told: Told<'a>, time: Timestamp) -> Self {
        let latency = told.latency_ms();
        let status = told.counts_as();
        Self {
            observed_value: latency.map(|latency| Cow::Owned(latency.into())),
            observed_unit: latency.map(|_| "ms"),
            ..Self::new(Some(status), time).saying(status, told.reason())
        }
    }

    fn of_child(child: ToldChild<'a>, check: Status, time: Timestamp) -> Self {
        let status = child.counts_as(check);
        Self {
            component_id: Some(child.name()),
            ..Self::new(Some(status), time).saying(status, child.reason())
        }
    }

    fn measured(name: &str, value: &'a Value, id: Option<&'a str>, time: Timestamp) -> Self {
        Self {
            component_id: id,
            observed_value: Some(Cow::Borrowed(value)),
            observed_unit: unit(name, value),
            ..Self::new(None, time)
        }
    }

    fn saying(mut self, status: Status, text: Option<Cow<'a, str>>) -> Self {
        let place = match status {
            Status::Healthy => &mut self.message,
            Status::Degraded | Status::Unhealthy => &mut self.output,
        };
        *place = text;
        self
    }
}

fn unit(name: &str, value: &Value) -> Option<&'static str> {
    let is_number = matches!(value, Value::Integer(_) | Value::Float(_));
    let end = name.rsplit('_').next().filter(|_| is_number)?;
    let known = UNITS.iter().find(|(ending, _)| *ending == end);
    known.map(|(_, unit)| *unit)
}
