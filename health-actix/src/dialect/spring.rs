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
use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use health_core::{Phase, Probe, Status, Value};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::format::{Format, json};
use super::members::{Keys, beside};
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
        json(&match view.scope {
            Scope::Check(told) => Component::of(told, told.status()),
            Scope::Child(told, path) => Component::at(told, path),
            Scope::Probe(_) | Scope::Everything | Scope::Group(_) => Component::whole(view),
        })
    }

    /// Without a `status` that is a text: Spring Boot Admin would take it for that of the service.
    fn write_problem(&self, problem: &Problem) -> Vec<u8> {
        if problem.is_misconfigured() {
            let mut component = Component::new(Word::Down);
            component.details = Details::saying(Some(problem.detail));
            return json(&component);
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
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
}

/// A status, and what it is made of.
#[derive(Debug, Serialize)]
struct Component<'a> {
    status: Word,
    /// Its status, but for its components.
    #[serde(skip)]
    own_status: Word,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
    #[serde(skip_serializing_if = "Details::is_empty")]
    details: Details<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    components: BTreeMap<Cow<'a, str>, Component<'a>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    groups: BTreeSet<&'a str>,
}

impl<'a> Component<'a> {
    fn new(status: Word) -> Self {
        Self {
            status,
            own_status: status,
            description: None,
            details: Details::default(),
            components: BTreeMap::new(),
            groups: BTreeSet::new(),
        }
    }

    /// A probe, a group, or everything.
    fn whole(view: &View<'a>) -> Self {
        let phase = view.failing_phase();
        let checks = Word::of(view.worst_of_checks());
        let status = phase.map_or(checks, |phase| checks.max(Word::of_phase(phase)));
        let mut whole = Self::new(status);
        whole.description = (view.status == Status::Degraded).then_some("degraded");
        let components = view.entries();
        let components = components.map(|told| (told.name(), Self::of(told, told.counts_as())));
        whole.components = components.map(|(name, it)| (name.into(), it)).collect();
        if let Some(phase) = phase.filter(|_| view.lists_checks()) {
            whole.add_state(view, phase);
        }
        if let Scope::Everything = view.scope {
            whole.groups = view.groups();
            whole.groups.extend(Probe::ALL.map(Probe::as_str));
        }
        whole
    }

    /// Adds what fails though no check does.
    fn add_state(&mut self, view: &View<'a>, phase: &Phase) {
        let mut state = Self::new(Word::of_phase(phase));
        state.details = Details::saying(view.failing_phase_text());
        let name = match view.scope {
            Scope::Probe(Probe::Startup) => "startupState",
            _ => "readinessState",
        };
        self.insert(name, state);
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
        self.insert(name, own);
        self
    }

    /// Adds a component, which takes no name away.
    fn insert(&mut self, name: &str, component: Self) {
        let mut names: Keys<'_> = self.components.keys().map(|name| &**name).collect();
        let name = names.own(name).into_owned();
        self.components.insert(name.into(), component);
    }
}

/// What there is to say of a component, which is looked up where it is written.
#[derive(Debug, Default)]
enum Details<'a> {
    #[default]
    Nothing,
    Check(Told<'a>, Status),
    Child(ToldChild<'a>, Status),
    Saying(&'a str),
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Detail<'a> {
    Flag(bool),
    Number(f64),
    Text(&'a str),
    Measured(&'a Value),
}

impl<'a> Details<'a> {
    fn saying(message: Option<&'a str>) -> Self {
        message.map_or(Self::Nothing, Self::Saying)
    }

    fn is_empty(&self) -> bool {
        self.say(&mut |_, _| Err(())).is_ok()
    }

    /// Says it all in its order, as long as somebody listens.
    fn say<E>(
        &self,
        to: &mut impl FnMut(Cow<'a, str>, Detail<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        match *self {
            Self::Nothing => Ok(()),
            Self::Saying(message) => say("message", Some(Detail::Text(message)), to),
            Self::Check(told, counts_as) => say_of_check(told, counts_as, to),
            Self::Child(child, most) => {
                let is_degraded = child.counts_as(most) == Status::Degraded;
                say("degraded", is_degraded.then_some(Detail::Flag(true)), to)?;
                say("message", child.text().map(Detail::Text), to)?;
                say("error", child.error().map(Detail::Text), to)?;
                say_measured(child.data(), to)
            }
        }
    }
}

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut details = serializer.serialize_map(None)?;
        self.say(&mut |name, detail| details.serialize_entry(&name, &detail))?;
        details.end()
    }
}

fn say_of_check<'a, E>(
    told: Told<'a>,
    counts_as: Status,
    to: &mut impl FnMut(Cow<'a, str>, Detail<'a>) -> Result<(), E>,
) -> Result<(), E> {
    let passes_all_the_same = !told.status().is_passing() && counts_as.is_passing();
    let is_let_pass = passes_all_the_same && !told.is_critical();
    let is_shared = passes_all_the_same && told.is_forgiven();
    let is_degraded = counts_as == Status::Degraded;
    say("latency_ms", told.latency_ms().map(Detail::Number), to)?;
    say("degraded", is_degraded.then_some(Detail::Flag(true)), to)?;
    say("critical", is_let_pass.then_some(Detail::Flag(false)), to)?;
    say("shared", is_shared.then_some(Detail::Flag(true)), to)?;
    say("caused_by", told.cause().map(Detail::Text), to)?;
    say("message", told.text().map(Detail::Text), to)?;
    say("error", told.error().map(Detail::Text), to)?;
    say_measured(told.data(), to)
}

fn say<'a, E>(
    name: &'static str,
    detail: Option<Detail<'a>>,
    to: &mut impl FnMut(Cow<'a, str>, Detail<'a>) -> Result<(), E>,
) -> Result<(), E> {
    detail.map_or(Ok(()), |detail| to(name.into(), detail))
}

fn say_measured<'a, E>(
    data: impl Iterator<Item = (&'a str, &'a Value)>,
    to: &mut impl FnMut(Cow<'a, str>, Detail<'a>) -> Result<(), E>,
) -> Result<(), E> {
    let mut data = beside(&OWN_DETAILS, data);
    data.try_for_each(|(name, value)| to(name, Detail::Measured(value)))
}

/// An answer that is no report, as Spring's own `DefaultErrorAttributes` call it.
#[derive(Debug, Serialize)]
struct Error<'a> {
    error: &'static str,
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<&'a [String]>,
}
