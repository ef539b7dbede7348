//! What a log says of a service that was mounted.

use std::collections::BTreeSet;

use health_core::Probe;

use super::HealthService;
use super::routes::Routes;
use crate::endpoint::below;
use crate::notation::Notation;
#[cfg(feature = "prometheus")]
use crate::target::METRICS;
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
        let beside = self.beside();
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
             balancers; OpenAPI: {}{beside}",
            checks.len(),
            found.join("; "),
            at(Probe::Readiness),
            at(Probe::Liveness),
            at(Probe::Startup),
            below(&self.prefix, Notation::Json.path()),
        );
        self.warn_of_groups();
    }

    /// What is mounted when it is asked for.
    fn beside(&self) -> String {
        let beside = [
            ("dashboard", PAGE, &self.dashboard),
            #[cfg(feature = "prometheus")]
            ("metrics", METRICS, &self.metrics),
        ];
        let mounted = beside.iter().filter(|(.., details)| details.is_some());
        let tell =
            |(what, path, _): &(&str, &str, _)| format!("; {what}: {}", below(&self.prefix, path));
        mounted.map(tell).collect()
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

#[cfg(test)]
#[cfg(feature = "prometheus")]
mod tests {
    use health_core::Health;

    use super::*;
    use crate::Details;

    #[test]
    fn what_was_asked_for_is_announced_where_it_is() {
        let service = HealthService::new(&Health::misconfigured()).prefix("/ops");
        assert_eq!(service.beside(), "");
        let both = service
            .dashboard(Details::full())
            .metrics(Details::summary());
        let expected = "; dashboard: /ops/ui; metrics: /ops/metrics";
        assert_eq!(both.beside(), expected);
    }
}
