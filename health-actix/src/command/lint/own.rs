//! What the service is, as far as files can contradict it.

use std::sync::Arc;

use health_core::{Check, Mistake, Probe};

use crate::HealthService;
use crate::command::plan::{Budget, Plan, whole_seconds};
use crate::target::Target;

#[derive(Debug)]
pub(super) struct Own {
    pub(super) plan: Plan,
    /// How long the slowest start may take.
    pub(super) startup_seconds: u64,
    /// Those that are not disabled.
    pub(super) checks: Vec<Arc<Check>>,
    /// What keeps it from being mounted.
    pub(super) mistakes: Vec<Mistake>,
    endpoints: Vec<(String, Target)>,
}

impl Own {
    pub(super) fn of(service: &HealthService, budget: &Budget) -> Self {
        let (_, endpoints) = service.for_everybody();
        let endpoints = endpoints.into_iter();
        let mistakes = service.validate().err();
        let mistakes = mistakes.map(|error| error.mistakes().to_vec());
        Self {
            plan: Plan::of(service, budget),
            startup_seconds: whole_seconds(budget.startup),
            checks: enabled(service),
            mistakes: mistakes.unwrap_or_default(),
            endpoints: endpoints.map(|one| (one.path, one.target)).collect(),
        }
    }

    /// What is answered at a path, with its query.
    pub(super) fn target(&self, path: &str) -> Option<Target> {
        let end = path.find(['?', '#']).unwrap_or(path.len());
        let path = path[..end].trim_end_matches('/');
        let mut endpoints = self.endpoints.iter();
        let found = endpoints.find(|(pattern, _)| self.matches(pattern, path));
        found.map(|(_, target)| *target)
    }

    fn matches(&self, pattern: &str, path: &str) -> bool {
        let mut segments = path.split('/');
        for part in pattern.trim_end_matches('/').split('/') {
            let Some(segment) = segments.next() else {
                return false;
            };
            match part {
                "{path:.*}" => return !segment.is_empty(),
                "{name}" if self.checks.iter().any(|check| check.name() == segment) => {}
                "{tag}" if self.has_tag(segment) => {}
                _ if part == segment => {}
                _ => return false,
            }
        }
        segments.next().is_none()
    }

    fn has_tag(&self, tag: &str) -> bool {
        let mut checks = self.checks.iter();
        checks.any(|check| check.tags().any(|own| own == tag))
    }

    /// The timeout that a prober needs at a path, if it is that of a probe.
    pub(super) fn timeout_seconds(&self, path: &str) -> Option<u64> {
        let of = |probe: &Probe| self.plan.probe(*probe).timeout_seconds;
        match self.target(path)? {
            Target::Probe(probe) => Some(of(&probe)),
            Target::Everything => Probe::ALL.iter().map(of).max(),
            _ => None,
        }
    }

    pub(super) fn path(&self, probe: Probe) -> Option<&str> {
        self.plan.probe(probe).path.as_deref()
    }

    pub(super) fn has_checks(&self, probe: Probe) -> bool {
        self.checks.iter().any(|check| check.concerns(probe))
    }
}

fn enabled(service: &HealthService) -> Vec<Arc<Check>> {
    let disabled = service.health().disabled();
    let mut checks = service.health().checks();
    checks.retain(|check| !disabled.iter().any(|name| name == check.name()));
    checks
}
