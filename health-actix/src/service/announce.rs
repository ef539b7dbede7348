//! What a log says of a service that was mounted.

use std::collections::BTreeSet;

use health_core::Probe;

use super::HealthService;
use super::routes::Routes;
use crate::endpoint::below;
use crate::notation::Notation;
use crate::target::PAGE;

impl HealthService {
    /// One line, once: what was found, and what to point where.
    pub(super) fn announce(&self, routes: &Routes) {
        let paths = routes
            .endpoints
            .iter()
            .map(|endpoint| endpoint.path.as_str());
        let paths = paths.collect::<Vec<_>>().join(" ");
        if self.health.is_misconfigured() || !self.health.is_news(&paths) {
            return;
        }
        let at = |probe| routes.path_of(probe).unwrap_or("nowhere");
        let dashboard = self.dashboard.as_ref().map(|_| below(&self.prefix, PAGE));
        let dashboard = dashboard.map_or_else(String::new, |path| format!("; dashboard: {path}"));
        let checks = self.health.checks();
        let found = Probe::ALL.map(|probe| {
            let serving = checks.iter().filter(|c| c.probes().contains(probe));
            let names: Vec<_> = serving.map(|check| check.name()).collect();
            let names = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            format!("{probe}: {names}")
        });
        tracing::info!(
            target: "health",
            "{} health checks ({}). Point balancers and the readinessProbe at {}, the \
             livenessProbe at {}, the startupProbe at {}; a path that says liveness is none for \
             balancers; OpenAPI: {}{dashboard}",
            checks.len(),
            found.join("; "),
            at(Probe::Readiness),
            at(Probe::Liveness),
            at(Probe::Startup),
            below(&self.prefix, Notation::Json.path()),
        );
        self.warn_of_groups();
    }

    /// A group that nobody is in may be one that is misspelt; a check may join it later.
    fn warn_of_groups(&self) {
        let checks = self.health.checks();
        let known: BTreeSet<_> = checks.iter().flat_map(|check| check.tags()).collect();
        let groups = self.groups.iter().map(|group| &*group.tag);
        for tag in groups.filter(|tag| !known.contains(tag)) {
            tracing::warn!(
                target: "health",
                "no check has the tag `{tag}`, which a group is configured for; the tags are: {}",
                known.iter().copied().collect::<Vec<_>>().join(", ")
            );
        }
    }
}
