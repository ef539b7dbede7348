//! Who decides over requests, and asks the group.

use std::collections::BTreeSet;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use health_core::{Caller, Health, ProbePath};
use tokio::time::Instant;

use super::verdict::{LastVerdict, Look};
use crate::endpoint::is_for_health;
use crate::local;
use crate::probe_path::path_of;

/// What becomes of a request.
pub(super) enum Decision {
    Pass,
    Refuse,
    /// It passes if this says so.
    Wait(Asked),
}

/// Whether the group passes.
pub(super) type Asked = Pin<Box<dyn Future<Output = bool> + Send>>;

impl Decision {
    const fn of(passes: bool) -> Self {
        if passes { Self::Pass } else { Self::Refuse }
    }
}

/// The guard of one application, or scope, on one worker. Verdicts are its own: another may bring
/// other data to the checks. Those that ask the same share the runs and results of the engine.
pub(super) struct Keeper {
    health: Health,
    group: Arc<str>,
    last: LastVerdict,
}

impl Keeper {
    pub(super) fn new(health: &Health, group: &Arc<str>) -> Self {
        let keeper = Self {
            health: health.clone(),
            group: Arc::clone(group),
            last: LastVerdict::default(),
        };
        keeper.warn_if_unknown();
        keeper
    }

    pub(super) fn decide(&self, request: &ServiceRequest) -> Decision {
        let look = self.last.look(Instant::now());
        // A request that passes anyway need not be looked up.
        if look == Look::Fresh(true) || is_for_health(request) {
            return Decision::Pass;
        }
        match look {
            Look::Fresh(passes) => Decision::of(passes),
            Look::Old(passes) => {
                self.refresh(request);
                Decision::of(passes)
            }
            Look::Unknown => match self.ask(request, &path_of(request.request())) {
                Some(asked) => Decision::Wait(asked),
                None => Decision::Pass,
            },
        }
    }

    /// Fetches a newer verdict beside the request, unless one is being fetched.
    fn refresh(&self, request: &ServiceRequest) {
        let Some(right) = self.last.right_to_refresh() else {
            return;
        };
        // Nobody waits for it, by whatever way they came.
        if let Some(asked) = self.ask(request, &ProbePath::default()) {
            local::spawn(async move {
                asked.await;
                drop(right);
            });
        }
    }

    /// The answer is also kept, but that along a path is for this request alone. Nobody waits for
    /// longer than the engine promises. `None` if no check has the tag, which passes: checks come
    /// and go while the process runs.
    fn ask(&self, request: &ServiceRequest, path: &ProbePath) -> Option<Asked> {
        let caller = Caller::of(request.request()).along(path);
        let Some(report) = self.health.group(&self.group, caller) else {
            self.last.settle(true, Instant::now());
            self.warn_if_unknown();
            return None;
        };
        let last = path.is_empty().then(|| self.last.clone());
        Some(Box::pin(async move {
            let passes = report.await.is_passing();
            if let Some(last) = last {
                last.settle(passes, Instant::now());
            }
            passes
        }))
    }

    /// Says once that no check has the tag. A registry with mistakes has been told of already.
    fn warn_if_unknown(&self) {
        let (checks, group) = (self.health.checks(), &*self.group);
        let tags: BTreeSet<_> = checks.iter().flat_map(|check| check.tags()).collect();
        let is_news = || self.health.is_news(&format!("guard of {group}"));
        if self.health.is_misconfigured() || tags.contains(group) || !is_news() {
            return;
        }
        let known = if tags.is_empty() {
            "no check has a tag".to_owned()
        } else {
            let tags: Vec<_> = tags.into_iter().collect();
            format!("there are: {}", tags.join(", "))
        };
        tracing::warn!(
            target: "health",
            "the guard of the group `{group}` lets every request pass while no check has this \
             tag; {known}"
        );
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("group", &self.group)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}
