//! What an endpoint answers.

use health_core::Probe;

use crate::notation::Notation;

/// What an endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A probe, with its checks.
    Probe(Probe),
    /// All checks, and the lifecycle.
    Everything,
    /// One check, named in the path.
    Check,
    /// The same, if it serves the probe.
    CheckOf(Probe),
    /// A group, a check, or a check of a probe or a group: whatever the rest of the path names.
    Tree,
    /// The checks with the tag that the path names.
    Group,
    /// The OpenAPI document.
    Document(Notation),
    /// The page for people, or what belongs to it.
    Dashboard(Part),
    /// What is measured, for Prometheus.
    #[cfg(feature = "prometheus")]
    Metrics,
}

/// Where the page for people is.
pub(crate) const PAGE: &str = "/ui";

/// Where the metrics are.
#[cfg(feature = "prometheus")]
pub(crate) const METRICS: &str = "/metrics";

/// What the page for people is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Page,
    Style,
    Script,
    /// All that it shows, once.
    State,
    /// The same as it happens.
    Events,
}

impl Part {
    /// Where they are.
    pub(crate) const PATHS: [(&'static str, Self); 5] = [
        ("/ui/style.css", Self::Style),
        ("/ui/app.js", Self::Script),
        ("/ui/state", Self::State),
        ("/ui/events", Self::Events),
        (PAGE, Self::Page),
    ];

    /// Whether it tells of health, and not only how to look at it.
    pub(crate) const fn tells_of_health(self) -> bool {
        matches!(self, Self::State | Self::Events)
    }
}

impl Target {
    /// Whether who is turned away for want of a credential gets nothing.
    pub(crate) const fn needs_credentials(self) -> bool {
        match self {
            Self::Dashboard(part) => part.tells_of_health(),
            _ => true,
        }
    }

    /// Whether it is there for details, and not for probers.
    pub(crate) const fn is_detail(self) -> bool {
        !matches!(self, Self::Probe(_) | Self::Everything)
    }
}

/// The parameter that names a check.
pub(crate) const NAME: &str = "name";

/// The parameter that names a group.
pub(crate) const TAG: &str = "tag";

/// The parameter that is the rest of a path.
pub(crate) const REST: &str = "path";
