//! What is known, though nothing is run.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::Instant;

use super::ask::Inquiry;
use super::{Engine, phase_of_start};
use crate::context::Caller;
use crate::glance::Glance;
use crate::overview::worst_of_each;
use crate::{Overview, Phase, Probe, Report};

impl Engine {
    /// What is known of all probes, for this caller; `said` is the phase that each of them is in
    /// because somebody said so.
    pub(crate) fn glance(
        self: &Arc<Self>,
        said: impl Fn(Probe) -> Option<Phase>,
        caller: Caller<'_>,
    ) -> Glance {
        let inquiry = Inquiry {
            runs: false,
            ..self.inquiry(caller)
        };
        let closed = self.lifecycle.gates.closed();
        let mut all = Vec::new();
        let reports = Probe::ALL.map(|probe| {
            let (asking, gates, _) = inquiry.ask_probe(probe);
            let entries = asking.start().settled();
            all.extend(entries.iter().cloned());
            let closed = match probe {
                Probe::Liveness => Vec::new(),
                Probe::Readiness | Probe::Startup => closed.clone(),
            };
            let phase = said(probe).unwrap_or_else(|| phase_of_start(&closed, &gates));
            Report::new(probe, phase, closed, entries)
        });
        let mut entries = worst_of_each(all, Instant::now());
        inquiry.roster.attribute_all(&mut entries);
        // Readiness is where the whole process stands.
        let [_, readiness, _] = &reports;
        let overview = Overview::new(readiness.phase().clone(), closed, entries);
        let now = inquiry.asked.at;
        let since = reports.each_ref().map(|report| {
            let timeline = &self.lifecycle.timeline;
            timeline.note_verdict(report.probe(), report.status(), now);
            timeline.verdict_since(report.probe())
        });
        Glance::new(reports, since, overview)
    }

    /// Remembers what was told of a probe.
    pub(crate) fn note(&self, report: &Report, now: impl FnOnce() -> SystemTime) {
        let timeline = &self.lifecycle.timeline;
        let (probe, status) = (report.probe(), report.status());
        if !timeline.is_told(probe, status) {
            timeline.tell_verdict(probe, status, now());
        }
    }
}
