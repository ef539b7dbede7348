//! Which paths a service answers, and what of it cannot be mounted.

use std::iter;
use std::sync::Arc;

use health_core::{Mistake, Probe};

use super::HealthService;
use crate::dialect::Dialect;
use crate::endpoint::{Endpoint, GROUPS, below, overlap};
use crate::notation::Notation;
#[cfg(feature = "prometheus")]
use crate::target::METRICS;
use crate::target::{Part, Target};
use crate::voice::Voice;

/// All endpoints of a service, and what keeps it from being mounted as it was configured.
#[derive(Debug, Default)]
pub(super) struct Routes {
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) mistakes: Vec<Mistake>,
}

impl Routes {
    pub(super) fn of(service: &HealthService) -> Self {
        let mut routes = Self::default();
        for dialect in &service.dialects {
            routes.add_dialect(service, dialect);
        }
        let voice = Arc::new(service.own_voice());
        let groups = service.groups.iter();
        let groups = groups.map(|group| (group.tag.clone(), voice.of_group(group)));
        let groups = Arc::new(groups.collect());
        if let Some(details) = &service.dashboard {
            let voice = voice.beside(details);
            let endpoints = Part::PATHS.map(|(path, part)| Endpoint {
                path: below(&service.prefix, path),
                target: Target::Dashboard(part),
                voice: Arc::clone(&voice),
                groups: Arc::default(),
            });
            routes.add(endpoints.into(), "the dashboard");
        }
        #[cfg(feature = "prometheus")]
        if let Some(details) = &service.metrics {
            let endpoint = Endpoint {
                path: below(&service.prefix, METRICS),
                target: Target::Metrics,
                voice: voice.beside(details),
                groups: Arc::default(),
            };
            routes.add(vec![endpoint], "the endpoint of metrics");
        }
        let document = |notation: &Notation| (notation.path(), Target::Document(*notation));
        let documents = Notation::ALL.iter().map(document);
        for (path, target) in iter::once((GROUPS, Target::Group)).chain(documents) {
            let endpoint = Endpoint {
                path: below(&service.prefix, path),
                target,
                voice: Arc::clone(&voice),
                groups: Arc::clone(&groups),
            };
            routes.add(vec![endpoint], "the service itself");
        }
        routes
    }

    fn add_dialect(&mut self, service: &HealthService, dialect: &Dialect) {
        let format = dialect.format();
        let usual = format.usual_prefix().unwrap_or(&service.prefix);
        let prefix = dialect.prefix().unwrap_or(usual).trim_end_matches('/');
        let whose = format!("the dialect `{}`", format.name());
        if !is_mountable(prefix) {
            self.mistakes.push(not_mountable(prefix, &whose));
            return;
        }
        let voice = Arc::new(service.own_voice().with(dialect));
        // A tree has groups too: what keeps strangers out holds there, but the format is its own.
        let groups = service.groups.iter().map(|group| {
            let of_group = voice.of_group(group);
            (group.tag.clone(), Voice { format, ..of_group })
        });
        let groups = Arc::new(groups.collect());
        let endpoints = format.paths().iter().map(|(path, target)| Endpoint {
            path: below(prefix, path),
            target: *target,
            voice: Arc::clone(&voice),
            groups: Arc::clone(&groups),
        });
        self.add(endpoints.collect(), &whose);
    }

    /// Adds what belongs together, except for paths that are taken: one mistake tells of the first.
    fn add(&mut self, endpoints: Vec<Endpoint>, whose: &str) {
        let clash = |endpoint: &Endpoint| {
            let mut taken = self.endpoints.iter();
            let other = taken.find(|other| overlap(&other.path, &endpoint.path))?;
            Some(Mistake::new(format!(
                "{whose} answers `{}`, but the dialect `{}` answers `{}`: move one of them with \
                 `Dialect::at`, or leave one out of `HealthService::dialects`",
                endpoint.path,
                other.voice.format.name(),
                other.path
            )))
        };
        let (free, clashing): (Vec<_>, Vec<_>) = endpoints
            .into_iter()
            .map(|endpoint| (clash(&endpoint), endpoint))
            .partition(|(clash, _)| clash.is_none());
        self.mistakes
            .extend(clashing.into_iter().find_map(|(clash, _)| clash));
        self.endpoints
            .extend(free.into_iter().map(|(_, endpoint)| endpoint));
    }

    /// Where the first dialect answers a probe: of several paths the one that it lists last.
    pub(super) fn path_of(&self, probe: Probe) -> Option<&str> {
        let first = &self.endpoints.first()?.voice;
        let endpoints = self.endpoints.iter();
        let mut own = endpoints.filter(|endpoint| {
            endpoint.target == Target::Probe(probe) && Arc::ptr_eq(&endpoint.voice, first)
        });
        own.next_back().map(|endpoint| endpoint.path.as_str())
    }
}

pub(super) fn not_mountable(prefix: &str, whose: &str) -> Mistake {
    Mistake::new(format!(
        "the prefix `{prefix}` of {whose} cannot be mounted: begin it with `/` and use letters, \
         digits, `_`, `-`, `.` and `~` between single slashes"
    ))
}

/// Whether a path, without a slash at its end, can be a prefix: nothing that a router or a URL
/// would read as something else.
pub(super) fn is_mountable(prefix: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '~');
    let is_segment = |segment: &str| {
        !segment.is_empty() && segment.chars().all(fits) && segment != "." && segment != ".."
    };
    match prefix.strip_prefix('/') {
        Some(rest) => rest.split('/').all(is_segment),
        None => prefix.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use health_core::HealthBuilder;

    use super::*;

    #[test]
    fn probers_are_pointed_to_the_usual_paths_of_the_first_dialect() {
        let probes = [Probe::Liveness, Probe::Readiness, Probe::Startup];
        let moved = || Dialect::default().at("/moved");
        let cases = [
            (
                vec![Dialect::default(), moved(), Dialect::kubernetes()],
                ["/health/live", "/health/ready", "/health/started"],
            ),
            (
                vec![moved(), Dialect::default()],
                ["/moved/live", "/moved/ready", "/moved/started"],
            ),
            (
                vec![Dialect::kubernetes(), Dialect::default()],
                ["/livez", "/readyz", "/startupz"],
            ),
            (vec![Dialect::components()], ["/live", "/ready", "/started"]),
        ];
        let health = HealthBuilder::empty().build().unwrap();
        for (dialects, paths) in cases {
            let routes = Routes::of(&HealthService::new(&health).dialects(dialects));
            assert_eq!(probes.map(|probe| routes.path_of(probe)), paths.map(Some));
        }
    }

    #[test]
    fn prefixes_are_plain_paths() {
        for good in ["", "/health", "/internal/v1.0/health_check", "/~ops"] {
            assert!(is_mountable(good), "{good}");
        }
        for bad in [
            "health", "//x", "/a//b", "/{id}", "/a b", "/a/../b", "/ü", "/a?b",
        ] {
            assert!(!is_mountable(bad), "{bad}");
        }
    }
}
