//! What is said of a check.

use std::time::Duration;

use super::Check;
use crate::settings::Settings;
use crate::{Location, Probe, ProbeSet, Status, Visibility};

impl Check {
    /// The name: in reports, paths and configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stays when the name is changed: the function's path, or the name it was made with.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The name that its author gave it.
    pub(crate) fn given_name(&self) -> &str {
        &self.given_name
    }

    /// The probes that it serves.
    pub const fn probes(&self) -> ProbeSet {
        self.settings.probes
    }

    /// Whether `probe` may ask it: it serves the probe, or the probe is readiness and it serves
    /// startup, for readiness also asks startup checks until they have passed.
    pub const fn concerns(&self, probe: Probe) -> bool {
        let probes = self.settings.probes;
        let gates = matches!(probe, Probe::Readiness) && probes.contains(Probe::Startup);
        gates || probes.contains(probe)
    }

    /// The probe as which it answers `probe`: that, or startup, where readiness asks a check that
    /// does not serve it.
    pub(crate) const fn role(&self, probe: Probe) -> Probe {
        if matches!(probe, Probe::Readiness) && !self.settings.probes.contains(probe) {
            Probe::Startup
        } else {
            probe
        }
    }

    /// How long a run may take, for a probe of which nothing else is said.
    pub const fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    /// How long `probe` waits for a run.
    pub fn timeout_for(&self, probe: Probe) -> Duration {
        self.settings.timeout_for(self.role(probe))
    }

    /// When a run that has timed out is cancelled, counted from its start.
    pub fn cancelled_after(&self) -> Duration {
        self.settings.cancelled_after()
    }

    /// Above which a run that passes is degraded.
    pub const fn degraded_after(&self) -> Option<Duration> {
        self.settings.degraded_after
    }

    /// How long a result of a run that passed is kept for `probe`, counted from its run's start.
    pub fn cache(&self, probe: Probe) -> Duration {
        self.kept(probe, Status::Healthy)
    }

    /// How long a result of a run that failed is kept for `probe`, counted from its run's start.
    pub fn cache_failure(&self, probe: Probe) -> Duration {
        self.kept(probe, Status::Unhealthy)
    }

    fn kept(&self, probe: Probe, raw: Status) -> Duration {
        self.settings
            .kept(self.role(probe), raw, self.interval().is_some())
    }

    /// The interval at which it runs by itself.
    pub const fn interval(&self) -> Option<Duration> {
        self.settings.interval
    }

    /// How long after the start of the engine its schedule begins.
    pub fn initial_delay(&self) -> Duration {
        self.settings.initial_delay.unwrap_or_default()
    }

    /// The interval after a run that failed.
    pub fn down_interval(&self) -> Option<Duration> {
        self.settings.pause_after(Status::Unhealthy)
    }

    /// Whether its intervals vary.
    pub fn jitters(&self) -> bool {
        self.settings.jitter.unwrap_or(true)
    }

    /// The age from which a result of the schedule is unhealthy.
    pub fn stale_after(&self) -> Option<Duration> {
        self.interval().map(|_| self.settings.stale_after())
    }

    /// How many runs in a row have to fail before the check does.
    pub const fn failure_threshold(&self) -> u32 {
        self.settings.failure_threshold
    }

    /// How many runs in a row have to pass before the check does again.
    pub const fn success_threshold(&self) -> u32 {
        self.settings.success_threshold
    }

    /// Whether its failure fails a probe of which nothing else is said.
    pub const fn is_critical(&self) -> bool {
        self.settings.critical
    }

    /// Whether its failure fails `probe`.
    pub const fn is_critical_for(&self, probe: Probe) -> bool {
        self.settings.critical_for(self.role(probe))
    }

    /// Whether all replicas share what it checks.
    pub const fn is_shared(&self) -> bool {
        self.settings.shared
    }

    /// How long a shared check may fail before it fails readiness.
    pub const fn fail_closed_after(&self) -> Option<Duration> {
        self.settings.fail_closed_after
    }

    /// Who is told that there is such a check, and how it is doing.
    pub const fn visibility(&self) -> Visibility {
        self.settings.visibility
    }

    /// Whether only callers with full access are told of it.
    pub(crate) const fn is_hidden(&self) -> bool {
        !matches!(self.settings.visibility, Visibility::Summary)
    }

    /// Its name, and whether that is hidden.
    pub(crate) fn named(&self) -> (&str, bool) {
        (self.name(), self.is_hidden())
    }

    /// Whether it is known to ask something outside of the process.
    pub const fn is_external(&self) -> bool {
        self.external
    }

    /// Why it serves liveness all the same; empty if nothing was said.
    pub fn liveness_reason(&self) -> &str {
        &self.liveness_reason
    }

    /// The names of its prerequisites.
    pub fn depends_on(&self) -> impl ExactSizeIterator<Item = &str> {
        self.depends_on.iter().map(|name| &**name)
    }

    /// Whether what can be changed of it, its name and its settings, is the same.
    pub(crate) fn is_said_to_be_as(&self, other: &Self) -> bool {
        self.name == other.name && self.settings == other.settings
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The tags, in the order in which they were given.
    pub fn tags(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tags.iter().map(|tag| &**tag)
    }

    /// What the check covers; empty if nothing was said.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Where in the source code it stands.
    pub const fn location(&self) -> Location {
        self.location
    }
}
