//! What the page is told: one JSON object of all probes and checks, as far as the caller may know
//! of them. Times are milliseconds since 1970 by the server's clock.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use health_core::{
    Caller, Change, Entry, Event, Glance, Happening, Health, History, Override, Phase, Probe,
    Reason, Report, Status, Value,
};
use serde::Serialize;

use crate::access::Level;
use crate::dialect::default::word;
use crate::dialect::members::Members;
use crate::dialect::view::{Asker, HIDDEN, Scope, Told, ToldChild, View, hidden, may_be_told};

/// How many runs of a check are told, though more may be remembered: a line has room for no more.
const MOST_RUNS: usize = 60;

/// What is told besides the checks and what has happened.
#[derive(Debug, Serialize)]
pub(super) struct Head<'a> {
    now: u64,
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    uptime_ms: u64,
    phase: PhaseOf<'a>,
    gates: Vec<Gate<'a>>,
    probes: Vec<ProbeOf<'a>>,
}

/// All that there is to tell from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) health: &'a Health,
    pub(super) service: Option<&'a str>,
    pub(super) glance: &'a Glance,
    pub(super) events: &'a [Event],
    pub(super) level: Level,
}

impl<'a> Source<'a> {
    pub(super) fn head(&self) -> Head<'a> {
        let readiness = self.glance.probes().nth(1).map(|(report, _)| report);
        let overview = self.glance.overview();
        let whole = self.view(Scope::Everything, overview.status(), overview.phase());
        Head {
            now: ms(self.health.wall_clock()),
            level: self.level.as_str(),
            service: self.service.filter(|_| whole.lists_checks()),
            uptime_ms: span(self.health.uptime()),
            phase: PhaseOf::new(
                readiness.map_or(overview.phase(), Report::phase),
                &whole,
                self,
            ),
            gates: self.gates(&whole),
            probes: self.probes().collect(),
        }
    }

    /// The checks that the caller may know of, sorted by name.
    pub(super) fn checks(&self) -> impl Iterator<Item = Told<'a>> {
        let level = self.level;
        let entries = self.glance.overview().entries().iter();
        let mut told: Vec<_> = entries
            .filter_map(|entry| Told::new(entry, level))
            .collect();
        told.sort_unstable_by_key(|told| told.name());
        told.into_iter()
    }

    /// What the caller may know of what has happened, with its number.
    pub(super) fn events(&self) -> impl Iterator<Item = (u64, EventOf<'a>)> {
        let level = self.level;
        let hidden = hidden(self.glance.overview().entries(), level);
        let told = self.events.iter();
        let told = told.filter(move |event| may_be_told(event, &hidden, level));
        told.map(|event| (event.number(), EventOf::new(event)))
    }

    fn gates(&self, whole: &View<'_>) -> Vec<Gate<'a>> {
        let gates = self.glance.overview().closed_gates().iter();
        let told = gates.filter(|_| whole.lists_checks());
        told.map(|gate| Gate {
            name: gate.name(),
            progress: gate.progress(),
        })
        .collect()
    }

    fn probes(&self) -> impl Iterator<Item = ProbeOf<'a>> {
        let source = *self;
        let probes = self.glance.probes();
        probes.map(move |(report, since)| ProbeOf::new(report, since, &source))
    }

    fn view(&self, scope: Scope<'a>, status: Status, phase: &'a Phase) -> View<'a> {
        let asker = Asker {
            health: self.health,
            service: self.service,
            path: "",
            query: "",
            took: Duration::ZERO,
        };
        View {
            scope,
            status,
            phase,
            gates: self.glance.overview().closed_gates(),
            entries: self.glance.overview().entries(),
            level: self.level,
            asker,
        }
    }

    /// When the process came to be in a phase that somebody said it is in.
    fn said_at(&self, is_it: impl Fn(&Happening) -> bool) -> Option<u64> {
        let mut events = self.events.iter().rev();
        let event = events.find(|event| is_it(event.what()));
        event.map(|event| ms(event.at()))
    }
}

/// Where the process stands in its life.
#[derive(Debug, Serialize)]
struct PhaseOf<'a> {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
}

impl<'a> PhaseOf<'a> {
    fn new(phase: &'a Phase, whole: &View<'a>, source: &Source<'a>) -> Self {
        let (name, since, until) = match phase {
            Phase::Starting => ("starting", None, None),
            Phase::Draining => {
                let since = source.said_at(|what| *what == Happening::Draining(true));
                ("draining", since, None)
            }
            Phase::Maintenance(maintenance) => {
                let is_it = |what: &Happening| matches!(what, Happening::Maintenance(Some(_)));
                let until = maintenance.expected_end().map(ms);
                ("maintenance", source.said_at(is_it), until)
            }
            Phase::Misconfigured => ("misconfigured", None, None),
            _ => ("started", None, None),
        };
        Self {
            name,
            text: whole.failing_phase_text(),
            since,
            until,
        }
    }
}

/// A startup gate that is not open.
#[derive(Debug, Serialize)]
struct Gate<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<&'a str>,
}

/// A probe's verdict, since when, and why.
#[derive(Debug, Serialize)]
struct ProbeOf<'a> {
    probe: &'static str,
    status: &'static str,
    word: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<Cause<'a>>,
}

impl<'a> ProbeOf<'a> {
    fn new(report: &'a Report, since: Option<SystemTime>, source: &Source<'a>) -> Self {
        let view = View {
            gates: report.closed_gates(),
            entries: report.entries(),
            ..source.view(
                Scope::Probe(report.probe()),
                report.status(),
                report.phase(),
            )
        };
        let causes = Cause::of(&view);
        let unexplained = !view.is_passing() && causes.is_empty() && view.lists_checks();
        let text = view.failing_phase_text();
        Self {
            probe: report.probe().as_str(),
            status: report.status().as_str(),
            word: word(&view),
            since: since.map(ms),
            text: text.or_else(|| unexplained.then_some(HIDDEN)),
            causes,
        }
    }
}

/// A check whose failure is why, and those that fail because of it.
#[derive(Debug, Serialize)]
struct Cause<'a> {
    check: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    affects: Vec<&'a str>,
}

impl<'a> Cause<'a> {
    /// Those that matter most come first.
    fn of(view: &View<'a>) -> Vec<Self> {
        let ill = |told: &Told<'a>| told.counts_as() != Status::Healthy;
        let entries: Vec<_> = view.entries().filter(ill).collect();
        let mut affected = BTreeMap::<_, Vec<_>>::new();
        for told in &entries {
            let affects = affected.entry(told.cause().unwrap_or(told.name()));
            let affects = affects.or_default();
            affects.extend(told.cause().map(|_| told.name()));
        }
        let told = |name: &str| entries.iter().find(|told| told.name() == name);
        let weight = |name: &str| told(name).map(|told| told.counts_as());
        let mut causes: Vec<_> = affected.into_iter().collect();
        causes.sort_by_key(|(name, affects)| {
            let worst = affects.iter().filter_map(|name| weight(name)).max();
            std::cmp::Reverse(weight(name).max(worst))
        });
        let cause = |(check, affects)| Self {
            check,
            text: told(check).and_then(|told| told.text()),
            affects,
        };
        causes.into_iter().map(cause).collect()
    }
}

/// One check.
#[derive(Debug, Serialize)]
pub(super) struct CheckOf<'a> {
    name: &'a str,
    status: &'static str,
    known: bool,
    counts_as: &'static str,
    critical: bool,
    probes: Vec<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caused_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    disabled: bool,
    #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
    forced: Option<Forced<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<ChildOf<'a>>,
    runs: Vec<(u64, Option<f64>, &'static str)>,
    #[serde(flatten)]
    more: Option<More<'a>>,
}

impl<'a> CheckOf<'a> {
    pub(super) fn new(
        told: Told<'a>,
        history: Option<&History>,
        forced: Option<&'a Override>,
    ) -> Self {
        let passes = told.status().is_passing();
        Self {
            name: told.name(),
            status: told.status().as_str(),
            known: told.is_known(),
            counts_as: told.counts_as().as_str(),
            critical: told.is_critical(),
            probes: told.probes().map(Probe::as_str).collect(),
            description: told.description(),
            message: told.text().filter(|_| passes),
            error: told.text().filter(|_| !passes),
            caused_by: told.cause(),
            latency_ms: told.latency_ms(),
            disabled: told.is_disabled(),
            forced: forced.map(Forced::new),
            children: told.children().map(ChildOf::new).collect(),
            runs: history.map(runs).unwrap_or_default(),
            more: told.full().map(|entry| More::new(entry, history)),
        }
    }
}

fn runs(history: &History) -> Vec<(u64, Option<f64>, &'static str)> {
    let runs = history.runs();
    let last = runs.len().saturating_sub(MOST_RUNS);
    let runs = runs[last..].iter().map(|run| {
        let latency = run.latency().map(tenths);
        (ms(run.started_at()), latency, &run.status().as_str()[..1])
    });
    runs.collect()
}

/// What was forced.
#[derive(Debug, Serialize)]
struct Forced<'a> {
    status: &'static str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
}

impl<'a> Forced<'a> {
    fn new(forced: &'a Override) -> Self {
        Self {
            status: forced.status().as_str(),
            reason: forced.reason(),
            until: forced.expires_at().map(ms),
        }
    }
}

/// One child of a check.
#[derive(Debug, Serialize)]
struct ChildOf<'a> {
    name: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl<'a> ChildOf<'a> {
    fn new(child: ToldChild<'a>) -> Self {
        Self {
            name: child.name(),
            status: child.status().as_str(),
            text: child.reason().map(std::borrow::Cow::into_owned),
        }
    }
}

/// What only those are told who may know everything.
#[derive(Debug, Serialize)]
struct More<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    internal_error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_success: Option<u64>,
    consecutive_failures: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
    timeout_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_run: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'a str>,
    #[serde(skip_serializing_if = "Members::is_empty")]
    data: Members<'a, &'a Value>,
    source: String,
}

impl<'a> More<'a> {
    fn new(entry: &'a Entry, history: Option<&History>) -> Self {
        let check = entry.check();
        let raw = entry.raw_status();
        let last = history.and_then(|history| history.runs().last());
        Self {
            internal_error: entry.error(),
            reason: entry.reason(),
            raw_status: (raw != entry.status()).then(|| raw.as_str()),
            since: entry.since().map(ms),
            last_run: last.map(|run| ms(run.started_at())),
            last_success: history.and_then(History::last_success).map(ms),
            consecutive_failures: entry.consecutive_failures(),
            tags: check.tags().collect(),
            timeout_ms: span(check.timeout()),
            degraded_after_ms: check.degraded_after().map(span),
            interval_ms: check.interval().map(span),
            next_run: history.and_then(History::next_run).map(ms),
            depends_on: check.depends_on().collect(),
            data: Members::named(entry.data()),
            source: check.location().to_string(),
        }
    }
}

/// Something that has happened.
#[derive(Debug, Default, Serialize)]
pub(super) struct EventOf<'a> {
    id: u64,
    at: u64,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    child: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probe: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

impl<'a> EventOf<'a> {
    fn new(event: &'a Event) -> Self {
        let what = match event.what() {
            Happening::Turned {
                check,
                child,
                from,
                to,
                message,
                ..
            } => Self {
                kind: if child.is_some() { "child" } else { "check" },
                check: Some(check),
                child: child.as_deref(),
                from: from.map(Status::as_str),
                to: Some(to.as_str()),
                text: message.as_deref(),
                ..Self::default()
            },
            Happening::Verdict {
                probe, from, to, ..
            } => Self {
                kind: "probe",
                probe: Some(probe.as_str()),
                from: from.map(Status::as_str),
                to: Some(to.as_str()),
                ..Self::default()
            },
            what => Self::said(what),
        };
        Self {
            id: event.number(),
            at: ms(event.at()),
            ..what
        }
    }

    /// What operators said.
    fn said(what: &'a Happening) -> Self {
        let said = |kind, to| Self {
            kind,
            to: Some(to),
            ..Self::default()
        };
        match what {
            Happening::Draining(true) => said("drain", "draining"),
            Happening::Draining(_) => said("drain", "serving"),
            Happening::Maintenance(Some(maintenance)) => Self {
                text: Some(maintenance.reason()),
                ..said("maintenance", "maintenance")
            },
            Happening::Maintenance(_) => said("maintenance", "serving"),
            Happening::Overridden { check, by, .. } => Self {
                check: Some(check),
                text: by.as_ref().map(Override::reason),
                ..said(
                    "override",
                    by.as_ref().map_or("ended", |by| by.status().as_str()),
                )
            },
            Happening::Changed { check, change, .. } => {
                let (to, text) = match change {
                    Change::Registered => ("registered", None),
                    Change::Removed => ("removed", None),
                    Change::Renamed(name) => ("renamed", Some(name.as_str())),
                    Change::Disabled => ("disabled", None),
                    Change::Enabled => ("enabled", None),
                    _ => ("changed", None),
                };
                Self {
                    check: Some(check),
                    text,
                    ..said("roster", to)
                }
            }
            _ => said("roster", "configured"),
        }
    }
}

/// What is remembered of each check's runs that the caller may know of.
pub(super) fn history(health: &Health, told: Told<'_>, caller: Caller<'_>) -> Option<History> {
    health.history(told.name(), caller)
}

fn ms(at: SystemTime) -> u64 {
    span(
        at.duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default(),
    )
}

fn span(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// In milliseconds, with one digit after the point.
fn tenths(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 10_000.0).round() / 10.0
}
