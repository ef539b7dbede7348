//! The page for people, and what it is told.

use health_core::{Probe, Reason};
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{RefOr, Required, Response};

use super::answer::{header, response};
use crate::dialect::schema::{
    About, Body, always_true, boolean, number, object, reference, text, whole_number, words,
};
use crate::target::{Part, Target};

/// The component for what the page is told.
pub(super) const STATE: &str = "HealthDashboard";

/// What comes in a stream of events is described as one of them is, as OpenAPI 3.2 does.
const EVENT: &str = "HealthDashboardEvent";

const CHECK: &str = "HealthDashboardCheck";

const STATUSES: [&str; 3] = ["healthy", "degraded", "unhealthy"];

/// The words of all probes.
const WORDS: [&str; 9] = [
    "alive",
    "unhealthy",
    "ready",
    "not_ready",
    "draining",
    "maintenance",
    "misconfigured",
    "started",
    "starting",
];

/// What becomes of something besides its status.
const SAID: [&str; 11] = [
    "draining",
    "serving",
    "maintenance",
    "ended",
    "registered",
    "removed",
    "renamed",
    "disabled",
    "enabled",
    "changed",
    "configured",
];

/// Why a status is not simply what the check returned.
const REASONS: [Reason; 11] = [
    Reason::TimedOut,
    Reason::Panicked,
    Reason::StillRunning,
    Reason::NotInitialised,
    Reason::Abandoned,
    Reason::Slow,
    Reason::Skipped,
    Reason::Stale,
    Reason::NoResult,
    Reason::Overridden,
    Reason::Disabled,
];

/// Summary and description.
pub(super) fn describe(part: Part) -> (&'static str, String) {
    let (summary, text) = match part {
        Part::Page => (
            "The dashboard",
            "A page that shows how all checks are doing, live.",
        ),
        Part::Style => ("The style of the dashboard", "Belongs to the page."),
        Part::Script => ("The script of the dashboard", "Belongs to the page."),
        Part::State => (
            "What the dashboard shows",
            "All probes and checks, as far as the caller may know of them, and what has happened \
             lately. Checks are asked as probes ask them, but nobody waits for one that is slow. \
             Times are milliseconds since 1970.",
        ),
        Part::Events => (
            "What the dashboard shows, as it happens",
            "Server-sent events: `state` has all of it, `update` what is new, `end` says why the \
             stream ends: `renew`, open another one with the header `Last-Event-ID`; or \
             `draining`.",
        ),
    };
    (summary, text.to_owned())
}

/// What a request for the stream may bring.
pub(super) fn parameter(target: Target) -> Option<Parameter> {
    let parameter = ParameterBuilder::new()
        .name("Last-Event-ID")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The `id` of the event that was told last: of what it told, nothing is told again.",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
    (target == Target::Dashboard(Part::Events)).then(|| parameter.build())
}

pub(super) fn responses(part: Part, has_body: bool) -> Vec<(String, Response)> {
    let schema = match part {
        Part::State => reference(STATE),
        Part::Events => reference(EVENT),
        _ => RefOr::T(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .build()
                .into(),
        ),
    };
    let body = has_body.then_some(Body {
        schema,
        example: example(part),
    });
    let (description, headers): (_, &[(&str, &str)]) = match part {
        Part::Page => (
            "The page.",
            &[
                (
                    "Content-Security-Policy",
                    "Nothing is loaded from elsewhere.",
                ),
                ("X-Frame-Options", "No other page may show it."),
                ("Referrer-Policy", "Nobody is told that it was seen."),
            ],
        ),
        Part::Style | Part::Script => ("The file.", &[]),
        Part::State => ("What there is to show.", &[]),
        Part::Events => ("What there is to show, and then what is new.", &[]),
    };
    let response = response(description, part.media_type(), body);
    let response = response.header("X-Content-Type-Options", header("It is what it says."));
    let add = |response: utoipa::openapi::ResponseBuilder, (name, text): &(&str, &str)| {
        response.header(*name, header(text))
    };
    let response = headers.iter().fold(response, add);
    vec![("200".to_owned(), response.build())]
}

fn example(part: Part) -> Option<serde_json::Value> {
    match part {
        Part::State => Some(json!({
            "now": 1_763_759_445_123_u64,
            "level": "summary",
            "uptime_ms": 60_000,
            "phase": { "name": "started" },
            "gates": [],
            "probes": [],
            "names": [],
            "checks": [],
            "events": [],
        })),
        Part::Events => Some(json!({
            "id": "1f-summary-1",
            "event": "update",
            "data": "{\"now\":1763759445123}",
        })),
        _ => None,
    }
}

/// What the document says of what the page is told.
pub(super) fn schemas(about: &About) -> [(&'static str, Schema); 3] {
    [(STATE, state()), (CHECK, check(about)), (EVENT, streamed())]
}

fn state() -> Schema {
    object()
        .description(Some("What the dashboard shows."))
        .property("now", at("The time of the server."))
        .property("level", words(&["status_only", "summary", "full"]))
        .property("service", text("The name of the service."))
        .property(
            "uptime_ms",
            whole_number("How long the process has been up."),
        )
        .property("phase", phase())
        .property("gates", list(gate()))
        .property("probes", list(probe()))
        .property(
            "names",
            list(ObjectBuilder::new().schema_type(Type::String)),
        )
        .property("checks", list(reference(CHECK)))
        .property("events", list(event()))
        .required("now")
        .required("level")
        .required("uptime_ms")
        .required("phase")
        .required("gates")
        .required("probes")
        .required("names")
        .required("checks")
        .required("events")
        .build()
        .into()
}

fn streamed() -> Schema {
    let data =
        text("What there is to show, of an update what is new, or why the stream ends; JSON.");
    object()
        .description(Some("One event of a stream."))
        .property("event", words(&["state", "update", "end"]))
        .property("id", text("What to send as `Last-Event-ID`."))
        .property("data", data)
        .required("event")
        .required("data")
        .build()
        .into()
}

fn phase() -> ObjectBuilder {
    let names = [
        "starting",
        "started",
        "draining",
        "maintenance",
        "misconfigured",
    ];
    object()
        .property("name", words(&names))
        .property("text", text("What is to be said of it."))
        .property("since", at("Since when."))
        .property("until", at("The expected end."))
        .required("name")
}

fn gate() -> ObjectBuilder {
    object()
        .description(Some("A startup gate that is not open."))
        .property("name", text("Its name."))
        .property("progress", text("How far it has come."))
        .required("name")
}

fn probe() -> ObjectBuilder {
    let cause = object()
        .property("check", text("The check whose failure is the cause."))
        .property("text", text("What is wrong with it."))
        .property("affects", list(text("A check that fails for it.")))
        .required("check");
    object()
        .property("probe", words(&Probe::ALL.map(Probe::as_str)))
        .property("status", words(&STATUSES))
        .property("word", words(&WORDS))
        .property("since", at("Since when it is told to be so."))
        .property("text", text("What is to be said of a failure."))
        .property("causes", list(cause))
        .required("probe")
        .required("status")
        .required("word")
}

fn check(about: &About) -> Schema {
    let name = match about.names() {
        names if names.is_empty() => text("Its name."),
        names => words(&names),
    };
    let check = object()
        .description(Some("One check."))
        .property("name", name)
        .property("status", words(&STATUSES))
        .property("known", boolean("Whether it has ever run."))
        .property("counts_as", words(&STATUSES))
        .property("critical", boolean("Whether its failure fails the probe."))
        .property("probes", list(words(&Probe::ALL.map(Probe::as_str))))
        .property("description", text("What its author says of it."))
        .property("message", text("What it says of itself."))
        .property("error", text("What is wrong."))
        .property("caused_by", text("The check whose failure is the cause."))
        .property("latency_ms", number("How long the run took."))
        .property("disabled", always_true("It is switched off."))
        .property("override", forced())
        .property("children", list(child()))
        .property("runs", list(run()));
    let required = [
        "name",
        "status",
        "known",
        "counts_as",
        "critical",
        "probes",
        "runs",
    ];
    let check = required.into_iter().fold(check, ObjectBuilder::required);
    let check = if about.is_full() { more(check) } else { check };
    check.build().into()
}

/// What only those are told who may know everything.
fn more(check: ObjectBuilder) -> ObjectBuilder {
    check
        .property("internal_error", text("The text of the error itself."))
        .property("reason", words(&REASONS.map(Reason::as_str)))
        .property("raw_status", words(&STATUSES))
        .property("since", at("Since when it has its status."))
        .property("last_run", at("When it was last run."))
        .property(
            "last_success",
            at("When the last run that passed was started."),
        )
        .property(
            "consecutive_failures",
            whole_number("How many runs in a row have failed."),
        )
        .property("tags", list(text("A tag.")))
        .property("timeout_ms", whole_number("How long a run may take."))
        .property(
            "degraded_after_ms",
            whole_number("How long it should take."),
        )
        .property("interval_ms", whole_number("How often it runs by itself."))
        .property("next_run", at("When it runs by itself next."))
        .property("depends_on", list(text("A check that has to pass before.")))
        .property("data", object().description(Some("What was measured.")))
        .property("source", text("Where it stands in the source."))
}

fn forced() -> ObjectBuilder {
    object()
        .description(Some("A status that was forced."))
        .property("status", words(&STATUSES))
        .property("reason", text("Why."))
        .property("until", at("When that ends."))
        .required("status")
        .required("reason")
}

fn child() -> ObjectBuilder {
    object()
        .property("name", text("Its name."))
        .property("status", words(&STATUSES))
        .property("text", text("What it says of itself."))
        .required("name")
        .required("status")
}

fn run() -> ArrayBuilder {
    let any = ObjectBuilder::new().description(Some(
        "When it was started, how long it took in milliseconds or null, and the first letter of \
         what it found.",
    ));
    ArrayBuilder::new()
        .items(any.schema_type(utoipa::openapi::schema::SchemaType::AnyValue))
        .min_items(Some(3))
        .max_items(Some(3))
}

fn event() -> ObjectBuilder {
    let kinds = [
        "check",
        "child",
        "probe",
        "drain",
        "maintenance",
        "override",
        "roster",
    ];
    object()
        .description(Some("Something that has happened."))
        .property("id", whole_number("Counts them."))
        .property("at", at("When."))
        .property("kind", words(&kinds))
        .property("check", text("The check."))
        .property("child", text("The child of it."))
        .property("probe", words(&Probe::ALL.map(Probe::as_str)))
        .property("from", words(&STATUSES))
        .property("to", words(&[STATUSES.as_slice(), &SAID].concat()))
        .property("text", text("What was said of it."))
        .required("id")
        .required("at")
        .required("kind")
}

fn at(description: &str) -> ObjectBuilder {
    whole_number(description)
}

fn list(items: impl Into<RefOr<Schema>>) -> ArrayBuilder {
    ArrayBuilder::new().items(utoipa::openapi::schema::ArrayItems::from(items.into()))
}
