//! All probes at once.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use tokio::time::Instant;

use super::ask::Inquiry;
use super::pending::{Asking, Pending};
use super::{Engine, phase_of_start};
use crate::context::Caller;
use crate::overview::worst_of_each;
use crate::{Entry, Overview, Phase, Probe};

impl Engine {
    /// Asks the checks of all probes at once, as each of these would. Arguments are made and runs
    /// are started before this returns; what it returns waits.
    pub(crate) fn everything(
        self: &Arc<Self>,
        said: Option<Phase>,
        caller: Caller<'_>,
    ) -> impl Future<Output = Overview> + Send + 'static + use<> {
        // All are asked before anything runs.
        let inquiry = Inquiry {
            starts_early: false,
            ..self.inquiry(caller)
        };
        let roster = Arc::clone(&inquiry.roster);
        let asked = Probe::ALL.map(|probe| inquiry.ask_probe(probe));
        let [(liveness, ..), (readiness, gates, _), (startup, ..)] = asked;
        let pending = [liveness, readiness, startup].map(Asking::start);
        let lifecycle = Arc::clone(&self.lifecycle);
        async move {
            let mut entries = worst_of_each(entries_of(pending).await, Instant::now());
            roster.attribute_all(&mut entries);
            let closed = lifecycle.gates.closed();
            let phase = said.unwrap_or_else(|| phase_of_start(&closed, &gates));
            Overview::new(phase, closed, entries)
        }
    }
}

/// Waits for several probes at once, for each keeps its own deadlines.
async fn entries_of(probes: [Pending; 3]) -> Vec<Entry> {
    let mut waiting = probes.map(|probe| Some(Box::pin(probe.entries())));
    let mut all = Vec::new();
    poll_fn(|cx| {
        for place in &mut waiting {
            let polled = place.as_mut().map(|probe| probe.as_mut().poll(cx));
            if let Some(Poll::Ready(entries)) = polled {
                all.extend(entries);
                *place = None;
            }
        }
        if waiting.iter().all(Option::is_none) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    all
}
