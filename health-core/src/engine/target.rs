//! A check as one caller sees it.

use std::sync::Arc;

use super::gate_of_readiness;
use super::instance::Instance;
use super::slot::Bound;
use crate::bind::Brought;
use crate::finding::{Finding, Found};
use crate::overrides::Override;
use crate::sample::Sample;
use crate::{Check, Probe};

/// The probe as which a check is asked for itself: the one whose results are kept longest. Only a
/// check that serves nothing but startup is asked as that, since what has started is latched.
pub(super) fn own_probe(check: &Check) -> Probe {
    let lasting = check
        .probes()
        .iter()
        .filter(|probe| *probe != Probe::Startup);
    lasting
        .max_by_key(|probe| check.cache(*probe))
        .unwrap_or(Probe::Startup)
}

/// A check that a caller asks.
pub(super) struct Target {
    /// The place of the check in the roster.
    pub(super) index: usize,
    pub(super) check: Arc<Check>,
    /// The probe that it serves here.
    pub(super) role: Probe,
    pub(super) bound: Bound,
    pub(super) forced: Option<Box<Override>>,
    /// The check for whose failure it is skipped.
    pub(super) cause: Option<Arc<Check>>,
}

impl Target {
    /// What is said of it by something else than a run.
    pub(super) fn said(&self, sample: Sample) -> Finding {
        match &self.bound {
            Ok((instance, _)) => instance.said(sample),
            Err(_) => Found::alone(sample),
        }
    }

    /// A startup check that has passed is never asked again.
    pub(super) fn latched(&self, instance: &Instance) -> Option<Finding> {
        if self.role != Probe::Startup {
            return None;
        }
        instance.passed()
    }

    /// What the caller has brought for it; nothing if that is not all that it takes.
    pub(super) fn brought(&self) -> &[Brought] {
        match &self.bound {
            Ok((instance, _)) => instance.brought(),
            Err(_) => &[],
        }
    }

    /// The gate before readiness, if this is a critical startup check.
    pub(super) fn gate(&self) -> Option<Gate> {
        let forced = self.forced.as_ref();
        let forced = forced.is_some_and(|forced| forced.status().is_passing());
        gate_of_readiness(&self.check).then(|| match &self.bound {
            _ if forced => Gate::Said(true),
            Ok((instance, _)) => Gate::Latch(instance.clone()),
            Err(said) => Gate::Said(said.status(Probe::Startup).is_passing()),
        })
    }

    /// While the process starts, readiness also asks the startup checks that have not passed.
    pub(super) fn is_outstanding(&self, starting: bool) -> bool {
        starting
            && match &self.bound {
                Ok((instance, _)) => instance.passed().is_none(),
                Err(said) => !said.status(Probe::Startup).is_passing(),
            }
    }
}

/// A critical startup check: nothing is ready before it has passed once.
pub(super) enum Gate {
    Latch(Instance),
    /// It was forced to pass or is disabled, or cannot pass for this caller.
    Said(bool),
}

impl Gate {
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Latch(instance) => instance.passed().is_some(),
            Self::Said(open) => *open,
        }
    }
}
