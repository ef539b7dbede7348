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
use std::ops::Range;

use actix_web::http::header::HeaderValue;
use health_core::{Phase, Status, Value};

use super::format::Format;
use super::json::Json;
use super::schema::{self, About};
use super::schema::{Body, Component};
use super::time::timestamp;
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
        Json::of(|json| whole(json, view))
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
const fn word(status: Status) -> &'static str {
    match status {
        Status::Healthy => "pass",
        Status::Degraded => "warn",
        Status::Unhealthy => "fail",
    }
}

/// What is asked for, as a whole.
fn whole(json: &mut Json, view: &View<'_>) {
    json.key("status").plain(word(view.status));
    json.texts("notes", notes(view).iter());
    json.text("output", output(view).as_deref());
    if let Some(service) = view.asker.service.filter(|_| view.lists_checks()) {
        json.key("serviceId").string(service);
        json.key("description")
            .string(&format!("health of {service}"));
    }
    json.filled_object("checks", |json| Checks::of(view).write(json, view));
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
struct Checks<'a> {
    /// All keys, one behind the other.
    keys: String,
    all: Vec<(Range<usize>, Observed<'a>)>,
}

/// One of the "component details" of the draft.
#[derive(Debug)]
enum Observed<'a> {
    /// What fails though no check does.
    Lifecycle(&'a str),
    Check(Told<'a>),
    /// A child of a check.
    Child(Told<'a>, ToldChild<'a>),
    Value {
        check: Told<'a>,
        child: Option<&'a str>,
        name: &'a str,
        value: &'a Value,
    },
}

impl<'a> Checks<'a> {
    fn of(view: &View<'a>) -> Self {
        let mut checks = Self {
            keys: String::new(),
            all: Vec::with_capacity(view.entries.len()),
        };
        if let Some(text) = view.failing_phase_text() {
            checks.add(&["lifecycle"], Observed::Lifecycle(text));
        }
        for told in view.entries() {
            checks.observe(told);
        }
        let Self { keys, all } = &mut checks;
        all.sort_by_key(|(key, _)| &keys[key.clone()]);
        checks
    }

    fn observe(&mut self, check: Told<'a>) {
        let component = plain(check.name());
        let mut add = |measurement: &str, observed| {
            self.add(&[&component, ":", &plain(measurement)], observed);
        };
        let value = |child, (name, value)| Observed::Value {
            check,
            child,
            name,
            value,
        };
        add("responseTime", Observed::Check(check));
        for data in check.data() {
            add(data.0, value(None, data));
        }
        for child in check.children() {
            add("responseTime", Observed::Child(check, child));
            for data in child.data() {
                add(data.0, value(Some(child.name()), data));
            }
        }
    }

    fn add(&mut self, key: &[&str], observed: Observed<'a>) {
        let begin = self.keys.len();
        self.keys.extend(key.iter().copied());
        self.all.push((begin..self.keys.len(), observed));
    }

    fn write(&self, json: &mut Json, view: &View<'_>) {
        let key = |(key, _): &(Range<usize>, _)| &self.keys[key.clone()];
        for same in self.all.chunk_by(|one, other| key(one) == key(other)) {
            json.named(key(&same[0])).list(|json| {
                for (_, observed) in same {
                    json.element().object(|json| observed.write(json, view));
                }
            });
        }
    }
}

/// Without what separates the parts of a key.
fn plain(name: &str) -> Cow<'_, str> {
    if name.contains(':') {
        name.replace(':', "_").into()
    } else {
        name.into()
    }
}

impl Observed<'_> {
    fn write(&self, json: &mut Json, view: &View<'_>) {
        match *self {
            Self::Lifecycle(text) => {
                json.key("componentType").plain("system");
                json.key("status").plain(word(Status::Unhealthy));
                json.key("time").time(view.now());
                json.key("output").string(text);
            }
            Self::Check(told) => {
                json.key("componentType").plain(COMPONENT);
                if let Some(latency) = told.latency_ms() {
                    json.member("observedValue", latency);
                    json.key("observedUnit").plain("ms");
                }
                finding(json, told, told.counts_as(), told.reason().as_deref());
            }
            Self::Child(told, child) => {
                json.key("componentId").string(child.name());
                json.key("componentType").plain(COMPONENT);
                let counts_as = child.counts_as(told.counts_as());
                finding(json, told, counts_as, child.reason().as_deref());
            }
            Self::Value {
                check,
                child,
                name,
                value,
            } => {
                json.text("componentId", child);
                json.key("componentType").plain(COMPONENT);
                json.member("observedValue", value);
                json.text("observedUnit", unit(name, value));
                json.key("time").time(check.observed_at());
            }
        }
    }
}

const COMPONENT: &str = "component";

/// What was found of a check, or a child of one, that counts as this, when, and what there is to say
/// of it.
fn finding(json: &mut Json, told: Told<'_>, counts_as: Status, text: Option<&str>) {
    json.key("status").plain(word(counts_as));
    json.key("time").time(told.observed_at());
    let name = match counts_as {
        Status::Healthy => "message",
        Status::Degraded | Status::Unhealthy => "output",
    };
    json.text(name, text);
}

fn unit(name: &str, value: &Value) -> Option<&'static str> {
    let is_number = matches!(value, Value::Integer(_) | Value::Float(_));
    let end = name.rsplit('_').next().filter(|_| is_number)?;
    let known = UNITS.iter().find(|(ending, _)| *ending == end);
    known.map(|(_, unit)| *unit)
}
