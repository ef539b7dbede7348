//! Bodies without requests: what a dialect writes of what was found.

use std::cell::Cell;
use std::time::Duration;

use health_core::{Caller, Health, Probe};

use crate::access::Level;
use crate::asked::Asked;
use crate::dialect::Dialect;
use crate::dialect::view::{Asker, Moment};
use crate::found::Found;

/// What was found, so that the benchmarks of this project can have it written without HTTP around
/// it; nothing else may use it.
#[derive(Debug)]
pub struct Unsent {
    health: Health,
    asked: Asked<'static>,
    found: Found,
}

impl Unsent {
    /// What a probe found.
    pub async fn probe(health: &Health, probe: Probe) -> Self {
        let report = health.probe(probe, Caller::nobody()).await;
        Self {
            health: health.clone(),
            asked: Asked::Probe(probe),
            found: Found::Report(report),
        }
    }

    /// What all checks found.
    pub async fn everything(health: &Health) -> Self {
        let all = health.everything(Caller::nobody()).await;
        Self {
            health: health.clone(),
            asked: Asked::Everything,
            found: Found::Overview(all),
        }
    }

    /// The body for who is told as much as this.
    pub fn body(&self, dialect: &Dialect, level: Level, query: &str) -> Vec<u8> {
        let is_told = Cell::new(false);
        let asker = Asker {
            service: None,
            path: "/readyz",
            query,
            moment: Moment::noted(&self.health, Duration::from_micros(1234), &is_told),
        };
        let view = self.found.view(self.asked, level, asker);
        view.map(|view| dialect.format().write(&view))
            .unwrap_or_default()
    }
}
