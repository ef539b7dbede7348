//! The health endpoint of Spring Boot Actuator, as Spring Boot Admin and its kin read it.
//!
//! Source: Spring Boot 4 (4.2.0-SNAPSHOT), `module/spring-boot-health`: `HealthEndpointSupport`
//! (which path names what), `CompositeHealthDescriptor`, `SystemHealthDescriptor` and
//! `IndicatedHealthDescriptor` (the members), `Status` (the words and their order),
//! `SimpleHttpCodeStatusMapper` (503 for `DOWN` and `OUT_OF_SERVICE`, 200 for `UP`); and "Health
//! (`health`)" in its reference of the actuator's web API. It is version 3 of the format, which is
//! what Spring Boot itself answers unless asked otherwise; version 2, whose components are called
//! `details`, is not spoken, whatever `Accept` asks for. The media type is `application/json`,
//! which Spring Boot Admin reads as well as `application/vnd.spring-boot.actuator.v3+json`.
//!
//! Decided, where Spring has no word for it:
//!
//! - What is degraded is `UP`. Its details have `degraded`; a whole answer, which has no details,
//!   has the `description` that belongs to Spring's `Status`.
//! - A check that fails without failing the whole, since it is not critical or shared, is degraded
//!   too: in Spring a whole is as bad as the worst of its components. At its own path it has its
//!   own status. A child is never worse than its check.
//! - What fails although no check does is a component as well: `readinessState`, which Spring has,
//!   and `startupState` by analogy, for Spring has no startup group. It is `OUT_OF_SERVICE` while the
//!   process starts, drains or is in maintenance, as Spring's `ReadinessState.REFUSING_TRAFFIC`
//!   is, and `DOWN` where the checks are misconfigured. It is not there while nothing is to be said,
//!   and has no path of its own.
//! - A check with children has `components` and no `details`, as `CompositeHealthContributor` has:
//!   the dashboard of Spring Boot Admin (`health-details.vue`) shows no components of what has
//!   details. What is to be said of the check itself is the component among them that is called as
//!   the check is, with `_` behind its name where a child is called so. It has no path of its own.
//! - The names of tags are `groups`, beside those of the probes, unless only the verdict is told.
//! - Measured values are details beside the framework's own, with `_` behind a name that these
//!   have. A number that is not finite is left out, for a detail of Spring's is never null.
//! - What is unknown is 404, as in Spring; the body, which Spring leaves empty, says what is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::mem;

use health_core::{Phase, Probe, Status, Value};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::format::{Format, json};
use super::json::Json;
use super::members::{Keys, LazyKeys, beside};
use super::problem::Problem;
use super::schema::{self, About, Body};
use super::view::{Scope, Told, ToldChild, View};
use crate::target::Target;

/// How many components there can be one below the other; the last one has the rest of the name.
const DEEPEST: usize = 16;

/// The details that are not the author's, taken or not.
const OWN_DETAILS: [&str; 7] = [
    "latency_ms",
    "degraded",
    "critical",
    "shared",
    "caused_by",
    "message",
    "error",
];

#[derive(Debug)]
pub(super) struct Spring;

impl Format for Spring {
    fn name(&self) -> &'static str {
        "spring"
    }

    fn usual_prefix(&self) -> Option<&'static str> {
        Some("/actuator")
    }

    fn paths(&self) -> &'static [(&'static str, Target)] {
        &[
            ("/health", Target::Everything),
            ("/health/liveness", Target::Probe(Probe::Liveness)),
            ("/health/readiness", Target::Probe(Probe::Readiness)),
            ("/health/startup", Target::Probe(Probe::Startup)),
            ("/health/{path:.*}", Target::Tree),
        ]
    }

    fn write(&self, view: &View<'_>) -> Vec<u8> {
        Json::of(|json| match view.scope {
            Scope::Check(told) => Component::of(told, told.status()).write(json),
            Scope::Child(told, path) => Component::at(told, path).write(json),
            Scope::Probe(_) | Scope::Everything | Scope::Group(_) => whole(json, view),
        })
    }

    /// Without a `status` that is a text: Spring Boot Admin would take it for that of the service.
    fn write_problem(&self, problem: &Problem) -> Vec<u8> {
        if problem.is_misconfigured() {
            return Json::of(|json| state(json, Word::Down, Some(problem.detail)));
        }
        json(&Error {
            error: problem.status,
            message: problem.detail,
            known: problem.known.as_deref(),
        })
    }

    fn schemas(&self, about: &About) -> Vec<schema::Component> {
        schema::spring::schemas(about)
    }

    fn body(&self, target: Target, statuses: &[Status], about: &About) -> Body {
        schema::spring::body(target, statuses, about)
    }

    fn problem_schema(&self, problem: &Problem) -> RefOr<Schema> {
        schema::spring::problem(problem.is_misconfigured())
    }

    /// Spring Boot Admin asks so whether there is such an endpoint, and takes only 2xx for yes. What
    /// is below it, it only gets.
    fn options_tell_of_health(&self, target: Target) -> bool {
        target != Target::Everything
    }
}

/// What Spring calls a status; the last is the worst, as its `Status.DEFAULT_ORDER` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Up,
    OutOfService,
    Down,
}

impl Word {
    const fn of(status: Status) -> Self {
        match status {
            Status::Healthy | Status::Degraded => Self::Up,
            Status::Unhealthy => Self::Down,
        }
    }

    const fn of_phase(phase: &Phase) -> Self {
        match phase {
            Phase::Misconfigured => Self::Down,
            _ => Self::OutOfService,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "UP",
            Self::OutOfService => "OUT_OF_SERVICE",
            Self::Down => "DOWN",
        }
    }
}

/// A probe, a group, or everything.
fn whole(json: &mut Json, view: &View<'_>) {
    let phase = view.failing_phase();
    let checks = Word::of(view.worst_of_checks());
    let status = phase.map_or(checks, |phase| checks.max(Word::of_phase(phase)));
    json.key("status").plain(status.as_str());
    if view.status == Status::Degraded {
        json.key("description").plain("degraded");
    }
    let phase = phase.filter(|_| view.lists_checks());
    json.filled_object("components", |json| components(json, view, phase));
    if let Scope::Everything = view.scope {
        let mut groups = view.groups();
        groups.extend(Probe::ALL.map(Probe::as_str));
        json.texts("groups", groups.iter());
    }
}

enum Part<'a> {
    Check(Told<'a>),
    /// What fails though no check does.
    State(&'a Phase),
}

/// The checks, and the phase that fails what was asked, sorted by name.
fn components<'a>(json: &mut Json, view: &View<'a>, phase: Option<&'a Phase>) {
    let mut names = LazyKeys::new(|| view.entries().map(Told::name).collect());
    let state_is_called = match view.scope {
        Scope::Probe(Probe::Startup) => "startupState",
        _ => "readinessState",
    };
    let failing = phase.map(|phase| (names.own(state_is_called), Part::State(phase)));
    let checks = view.entries();
    let checks = checks.map(|told| (Cow::from(told.name()), Part::Check(told)));
    let mut all: Vec<_> = checks.chain(failing).collect();
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, part) in all {
        json.named(&name).object(|json| match part {
            Part::Check(told) => Component::of(told, told.counts_as()).write(json),
            Part::State(phase) => {
                state(json, Word::of_phase(phase), view.failing_phase_text());
            }
        });
    }
}

/// What fails though no check does, and why.
fn state(json: &mut Json, status: Word, why: Option<&str>) {
    json.key("status").plain(status.as_str());
    json.filled_object("details", |json| json.text("message", why));
}

/// A check, what is below it, or a part of that.
#[derive(Debug)]
struct Component<'a> {
    status: Word,
    /// Its status, but for its components.
    own_status: Word,
    details: Details<'a>,
    components: BTreeMap<Cow<'a, str>, Component<'a>>,
}

impl<'a> Component<'a> {
    const fn new(status: Word) -> Self {
        Self {
            status,
            own_status: status,
            details: Details::Nothing,
            components: BTreeMap::new(),
        }
    }

    fn write(&self, json: &mut Json) {
        json.key("status").plain(self.status.as_str());
        json.filled_object("details", |json| self.details.write(json));
        json.filled_object("components", |json| {
            for (name, component) in &self.components {
                json.named(name).object(|json| component.write(json));
            }
        });
    }

    /// A check that counts as this, with its children below it.
    fn of(told: Told<'a>, counts_as: Status) -> Self {
        let mut component = Self::new(Word::of(counts_as));
        component.details = Details::Check(told, counts_as);
        for child in told.children() {
            component.add(child, child.name().splitn(DEEPEST, '.'), counts_as);
        }
        component.composed(told.name())
    }

    /// What is at a path below a check.
    fn at(told: Told<'a>, path: &str) -> Self {
        let depth = path.split('/').count();
        let mut component = Self::new(Word::Up);
        for child in told.children_at(path) {
            let names = child.name().splitn(depth + DEEPEST, '.').skip(depth);
            component.add(child, names, Status::Unhealthy);
        }
        component.composed(path.rsplit('/').next().unwrap_or_default())
    }

    /// Adds a child of a check, below those that its name begins with. Whatever has it below is as
    /// bad.
    fn add(
        &mut self,
        child: ToldChild<'a>,
        mut names: impl Iterator<Item = &'a str>,
        most: Status,
    ) {
        let status = Word::of(child.counts_as(most));
        self.status = self.status.max(status);
        match names.next() {
            None => {
                self.own_status = status;
                self.details = Details::Child(child, most);
            }
            Some(name) => {
                let components = &mut self.components;
                let below = components.entry(name.into());
                let below = below.or_insert_with(|| Self::new(Word::Up));
                below.add(child, names, most);
            }
        }
    }

    /// With either details or components: where there are components, they have the details.
    fn composed(mut self, name: &str) -> Self {
        if self.components.is_empty() {
            return self;
        }
        let components = mem::take(&mut self.components).into_iter();
        let components = components.map(|(name, it)| {
            let it = it.composed(&name);
            (name, it)
        });
        self.components = components.collect();
        if self.details.is_empty() {
            return self;
        }
        let mut own = Self::new(self.own_status);
        own.details = mem::take(&mut self.details);
        let mut names: Keys<'_> = self.components.keys().map(|name| &**name).collect();
        let name = names.own(name).into_owned();
        self.components.insert(name.into(), own);
        self
    }
}

/// What there is to say of a component, which is looked up where it is written.
#[derive(Debug, Default)]
enum Details<'a> {
    #[default]
    Nothing,
    Check(Told<'a>, Status),
    Child(ToldChild<'a>, Status),
}

impl Details<'_> {
    /// Whether nothing is written.
    fn is_empty(&self) -> bool {
        Json::of(|json| self.write(json)) == b"{}"
    }

    fn write(&self, json: &mut Json) {
        match *self {
            Self::Nothing => {}
            Self::Check(told, counts_as) => details(json, told, counts_as),
            Self::Child(child, most) => {
                json.flag("degraded", child.counts_as(most) == Status::Degraded);
                json.text("message", child.text());
                json.text("error", child.error());
                measured(json, child.data());
            }
        }
    }
}

fn details(json: &mut Json, told: Told<'_>, counts_as: Status) {
    let is_let_pass = !told.status().is_passing() && counts_as.is_passing();
    json.some("latency_ms", told.latency_ms());
    json.flag("degraded", counts_as == Status::Degraded);
    if is_let_pass && !told.is_critical() {
        json.member("critical", false);
    }
    json.flag("shared", is_let_pass && told.is_forgiven());
    json.text("caused_by", told.cause());
    json.text("message", told.text());
    json.text("error", told.error());
    measured(json, told.data());
}

fn measured<'a>(json: &mut Json, data: impl Iterator<Item = (&'a str, &'a Value)>) {
    for (name, value) in beside(&OWN_DETAILS, data) {
        json.named(&name).value(value);
    }
}

/// An answer that is no report, as Spring's own `DefaultErrorAttributes` call it.
#[derive(Debug, Serialize)]
struct Error<'a> {
    error: &'static str,
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<&'a [String]>,
}
