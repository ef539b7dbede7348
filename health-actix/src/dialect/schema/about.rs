use std::collections::BTreeSet;
use std::sync::Arc;

use health_core::{Check, Health, Probe};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};

use crate::access::Level;
use crate::dialect::view::may_know;
use crate::target::Target;

/// What a document tells of: the checks as they were at one moment, as far as the reader may know
/// of them.
#[derive(Debug)]
pub(crate) struct About {
    checks: Vec<Arc<Check>>,
    disabled: Vec<String>,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) misconfigured: bool,
    pub(crate) level: Level,
}

impl About {
    pub(crate) fn new(health: &Health, level: Level) -> Self {
        let mut checks = health.checks();
        checks.retain(|check| may_know(check, level));
        let tags = checks.iter().flat_map(|check| check.tags());
        let tags = tags.map(str::to_owned).collect::<BTreeSet<_>>();
        Self {
            disabled: health.disabled(),
            tags,
            checks,
            misconfigured: health.is_misconfigured(),
            level,
        }
    }

    pub(crate) fn checks(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().map(|check| &**check)
    }

    /// The checks that a report of this probe may list.
    pub(crate) fn checks_of(&self, probe: Probe) -> impl Iterator<Item = &Check> {
        self.checks().filter(move |check| check.concerns(probe))
    }

    /// One that may be in an answer, for examples.
    pub(crate) fn sample(&self, target: Target) -> Option<&Check> {
        let fits = |check: &&Check| match target {
            Target::Probe(probe) | Target::CheckOf(probe) => check.probes().contains(probe),
            Target::Group => check.tags().next().is_some(),
            _ => true,
        };
        self.checks().find(fits)
    }

    /// Whether names are told at all.
    pub(crate) fn tells_names(&self) -> bool {
        self.level > Level::StatusOnly
    }

    /// With what would be known instead, for those who may know everything.
    pub(crate) fn with_known(&self, problem: ObjectBuilder) -> ObjectBuilder {
        if !self.is_full() {
            return problem;
        }
        let names = ArrayBuilder::new()
            .items(ObjectBuilder::new().schema_type(Type::String))
            .description(Some("What would be known instead."));
        problem.property("known", names)
    }

    /// Whether it is answered without a run.
    pub(crate) fn is_disabled(&self, check: &Check) -> bool {
        self.disabled.iter().any(|name| name == check.name())
    }

    pub(crate) fn is_full(&self) -> bool {
        self.level == Level::Full
    }

    /// The names that a path may have.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.checks().map(Check::name).collect()
    }
}
