//! What an endpoint answers.

use health_core::Probe;

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
    Document,
}

impl Target {
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
