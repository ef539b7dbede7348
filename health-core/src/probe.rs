use std::fmt;

use serde::{Deserialize, Serialize};

/// The question a platform asks. The attribute calls it `kind`.
///
/// The three probes are those of
/// [Kubernetes](https://kubernetes.io/docs/concepts/workloads/pods/probes/); there is no fourth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "the platforms know these three")]
pub enum Probe {
    /// Is the process alive? A failure asks for a restart, so only what a restart repairs
    /// belongs here.
    Liveness,
    /// Can the process serve? A failure takes traffic away, without a restart.
    Readiness,
    /// Has the process finished initialising?
    Startup,
}

impl Probe {
    /// All three, in the order in which they are listed everywhere.
    pub const ALL: [Self; 3] = [Self::Liveness, Self::Readiness, Self::Startup];

    /// The probe that is called `liveness`, `readiness` or `startup`, if it is one of these.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|probe| probe.as_str() == name)
    }

    /// `liveness`, `readiness` or `startup`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
            Self::Startup => "startup",
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of probes: those that a check serves.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ProbeSet(u8);

impl ProbeSet {
    /// The empty set.
    pub const fn new() -> Self {
        Self(0)
    }

    /// This set and `probe`.
    #[must_use]
    pub const fn with(self, probe: Probe) -> Self {
        Self(self.0 | 1 << probe as u8)
    }

    /// Whether `probe` is in the set.
    pub const fn contains(self, probe: Probe) -> bool {
        self.0 & (1 << probe as u8) != 0
    }

    /// Whether no probe is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The probes in the set, in the order of [`Probe::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Probe> {
        Probe::ALL.into_iter().filter(move |p| self.contains(*p))
    }
}

impl fmt::Debug for ProbeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl From<Probe> for ProbeSet {
    fn from(probe: Probe) -> Self {
        Self::new().with(probe)
    }
}

impl FromIterator<Probe> for ProbeSet {
    fn from_iter<I: IntoIterator<Item = Probe>>(probes: I) -> Self {
        probes.into_iter().fold(Self::new(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set = ProbeSet::new()
            .with(Probe::Startup)
            .with(Probe::Liveness)
            .with(Probe::Startup);
        assert!(set.contains(Probe::Liveness));
        assert!(!set.contains(Probe::Readiness));
        assert_eq!(
            set.iter().collect::<Vec<_>>(),
            [Probe::Liveness, Probe::Startup]
        );
        assert_eq!(format!("{set:?}"), "{Liveness, Startup}");
        assert!(ProbeSet::new().is_empty());
    }
}
