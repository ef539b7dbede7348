//! What the page is told: one JSON object of all probes and checks, as far as the caller may know
//! of them. Times are milliseconds since 1970 by the server's clock.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::SystemTime;

use health_core::{Event, Glance, Happening, Health, Phase, Report, Status};
use serde::Serialize;

use super::event::EventOf;
use super::time::{ms, span};
use crate::access::Level;
use crate::dialect::default::word;
use crate::dialect::view::{Asker, HIDDEN, Moment, Scope, Told, View, hidden, may_be_told};

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
        let overview = self.glance.overview();
        let whole = self.view(Scope::Everything, overview.status(), overview.phase());
        Head {
            now: ms(self.health.wall_clock()),
            level: self.level.as_str(),
            service: self.service.filter(|_| whole.lists_checks()),
            uptime_ms: span(self.health.uptime()),
            phase: PhaseOf::new(&whole, self),
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
            service: self.service,
            path: "",
            query: "",
            moment: Moment::new(self.health),
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
    fn new(whole: &View<'a>, source: &Source<'a>) -> Self {
        let (name, since, until) = match whole.phase {
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
        let entries = view.entries().filter(ill);
        let entries: BTreeMap<_, _> = entries.map(|told| (told.name(), told)).collect();
        let mut affected = BTreeMap::<_, Vec<_>>::new();
        for told in view.entries().filter(ill) {
            let affects = affected.entry(told.cause().unwrap_or(told.name()));
            let affects = affects.or_default();
            affects.extend(told.cause().map(|_| told.name()));
        }
        let weight = |name: &str| entries.get(name).map(|told| told.counts_as());
        let mut causes: Vec<_> = affected.into_iter().collect();
        causes.sort_by_cached_key(|(name, affects)| {
            let worst = affects.iter().filter_map(|name| weight(name)).max();
            Reverse(weight(name).max(worst))
        });
        let cause = |(check, affects)| Self {
            check,
            text: entries.get(check).and_then(|told| told.text()),
            affects,
        };
        causes.into_iter().map(cause).collect()
    }
}
