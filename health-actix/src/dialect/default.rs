//! The default dialect: small JSON objects whose first member is `status`.

use health_core::{Child, ClosedGate, Entry, Phase, Probe, Report, Status};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// What is to be said before startup has passed.
pub(crate) const STILL_INITIALISING: &str = "Service is still initialising";

/// Stands for every text that must not be shown.
pub(crate) const HIDDEN: &str = "check failed";

/// The body of a probe.
#[derive(Debug, Serialize)]
pub(crate) struct ProbeBody<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    degraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Checks<'a>>,
}

impl<'a> ProbeBody<'a> {
    pub(crate) fn new(report: &'a Report, service: Option<&'a str>) -> Self {
        let is_liveness = report.probe() == Probe::Liveness;
        Self {
            status: word(report),
            degraded: report.status() == Status::Degraded,
            service: service.filter(|_| is_liveness),
            detail: detail(report),
            checks: checks(report),
        }
    }
}

/// The word for a verdict.
fn word(report: &Report) -> &'static str {
    let passing = report.is_passing();
    match (report.probe(), report.phase()) {
        (Probe::Liveness, _) if passing => "alive",
        (Probe::Liveness, _) => "unhealthy",
        (_, Phase::Misconfigured) => MISCONFIGURED.status,
        (Probe::Readiness, Phase::Draining) => "draining",
        (Probe::Readiness, Phase::Maintenance(_)) => "maintenance",
        (Probe::Readiness, _) if passing => "ready",
        (Probe::Readiness, _) => "not_ready",
        (Probe::Startup, _) if passing => "started",
        (Probe::Startup, _) => "starting",
    }
}

fn detail(report: &Report) -> Option<&str> {
    match (report.probe(), report.phase()) {
        (Probe::Liveness, _) => None,
        (_, Phase::Misconfigured) => Some(MISCONFIGURED.detail),
        (Probe::Readiness, Phase::Maintenance(maintenance)) => Some(maintenance.reason()),
        (Probe::Readiness, Phase::Starting) => Some(progress(report)),
        (Probe::Startup, _) if !report.is_passing() => Some(progress(report)),
        _ => None,
    }
}

/// How far the start has come, as far as a startup gate says so.
fn progress(report: &Report) -> &str {
    let said = report.closed_gates().iter().find_map(ClosedGate::progress);
    said.unwrap_or(STILL_INITIALISING)
}

/// Readiness always lists its checks. Liveness and startup do so only when they have something
/// to explain: their plain bodies are what the common guides show, and never change.
fn checks(report: &Report) -> Option<Checks<'_>> {
    let listed = match (report.probe(), report.phase()) {
        (_, Phase::Draining | Phase::Maintenance(_) | Phase::Misconfigured) => false,
        (Probe::Readiness, _) => true,
        (Probe::Liveness | Probe::Startup, _) => {
            report.status() != Status::Healthy && !report.entries().is_empty()
        }
    };
    listed.then_some(Checks(report.entries()))
}

#[derive(Debug)]
struct Checks<'a>(&'a [Entry]);

impl Serialize for Checks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for entry in self.0 {
            map.serialize_entry(entry.name(), &EntryBody::new(entry))?;
        }
        map.end()
    }
}

/// One check in the body of a probe.
#[derive(Debug, Serialize)]
struct EntryBody<'a> {
    healthy: bool,
    #[serde(skip_serializing_if = "is_false")]
    degraded: bool,
    /// Said only where it explains why a failure did not fail the probe.
    #[serde(skip_serializing_if = "Option::is_none")]
    critical: Option<bool>,
    /// Said where all replicas share the failure, so that this one stays ready.
    #[serde(skip_serializing_if = "is_false")]
    shared: bool,
    /// The check whose failure is the cause of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    caused_by: Option<&'a str>,
    #[serde(flatten)]
    finding: Finding<'a>,
}

impl<'a> EntryBody<'a> {
    fn new(entry: &'a Entry) -> Self {
        let healthy = entry.status().is_passing();
        Self {
            healthy,
            degraded: entry.status() == Status::Degraded,
            critical: (!healthy && !entry.is_critical()).then_some(false),
            shared: !healthy && entry.is_critical() && entry.counts_as().is_passing(),
            caused_by: entry.cause(),
            finding: Finding::new(entry),
        }
    }
}

/// The body of one check's own path.
#[derive(Debug, Serialize)]
pub(crate) struct CheckBody<'a> {
    status: &'static str,
    name: &'a str,
    #[serde(flatten)]
    finding: Finding<'a>,
}

impl<'a> CheckBody<'a> {
    pub(crate) fn new(entry: &'a Entry) -> Self {
        Self {
            status: entry.status().as_str(),
            name: entry.name(),
            finding: Finding::new(entry),
        }
    }
}

/// What a run found, as far as it is public.
#[derive(Debug, Serialize)]
struct Finding<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    children: Option<Children<'a>>,
}

impl<'a> Finding<'a> {
    fn new(entry: &'a Entry) -> Self {
        let (message, error) = texts(entry.status(), entry.message());
        Self {
            latency_ms: entry
                .latency()
                .map(|l| (l.as_secs_f64() * 10_000.0).round() / 10.0),
            message,
            error,
            children: (entry.children().len() > 0).then_some(Children(entry)),
        }
    }
}

/// The public text, as what is said by the way, or as what is wrong.
fn texts(status: Status, message: Option<&str>) -> (Option<&str>, Option<&str>) {
    if status.is_passing() {
        (message, None)
    } else {
        (None, Some(message.unwrap_or(HIDDEN)))
    }
}

/// The children of a check, in the order in which it returned them.
#[derive(Debug)]
struct Children<'a>(&'a Entry);

impl Serialize for Children<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let children = self.0.children();
        serializer.collect_map(children.map(|child| (child.name(), ChildBody::new(child))))
    }
}

/// One child of a check.
#[derive(Debug, Serialize)]
struct ChildBody<'a> {
    healthy: bool,
    #[serde(skip_serializing_if = "is_false")]
    degraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> ChildBody<'a> {
    fn new(child: Child<'a>) -> Self {
        let (message, error) = texts(child.status(), child.message());
        Self {
            healthy: child.status().is_passing(),
            degraded: child.status() == Status::Degraded,
            message,
            error,
        }
    }
}

/// An answer that is no report: an unknown check, a method that is not answered.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    pub(crate) status: &'static str,
    pub(crate) detail: &'static str,
}

pub(crate) const NOT_FOUND: Problem = Problem {
    status: "not_found",
    detail: "There is no check of this name",
};

pub(crate) const MISCONFIGURED: Problem = Problem {
    status: "misconfigured",
    detail: "The health checks are misconfigured; the log lists the mistakes",
};

pub(crate) const METHOD_NOT_ALLOWED: Problem = Problem {
    status: "method_not_allowed",
    detail: "This method is not answered here; the Allow header lists those that are",
};

/// What a guard answers instead of the application.
pub(crate) const UNAVAILABLE: Problem = Problem {
    status: "unavailable",
    detail: "The service cannot serve just now",
};

fn is_false(flag: &bool) -> bool {
    !flag
}
