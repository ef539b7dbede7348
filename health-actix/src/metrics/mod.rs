//! What is measured, as families of samples: the one model that all exporters tell.

mod checks;
#[cfg(any(feature = "metrics", feature = "opentelemetry"))]
mod ext;
#[cfg(feature = "metrics")]
mod facade;
pub(crate) mod families;
#[cfg(feature = "opentelemetry")]
mod opentelemetry;
mod process;
#[cfg(feature = "prometheus")]
pub(crate) mod prometheus;
#[cfg(any(feature = "metrics", feature = "opentelemetry"))]
mod publish;

use std::borrow::Cow;

use health_core::{Caller, Distribution, Glance, Health, Measurements};

#[cfg(any(feature = "metrics", feature = "opentelemetry"))]
pub use self::ext::MetricsExt;
use self::families::About;
use crate::Workers;
use crate::access::Level;

/// A family with its samples, of which there is at least one.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) about: &'static About,
    pub(crate) samples: Vec<Sample>,
}

/// One series at one moment. In a family no two have the same labels.
#[derive(Debug)]
pub(crate) struct Sample {
    /// The values of the labels, in the order of [`About::labels`]. Any text may be in them.
    pub(crate) labels: Vec<Cow<'static, str>>,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Whole(u64),
    Real(f64),
    Distribution(Distribution),
}

/// What is known at this moment, as far as who is told as much as this may know it. Nothing is run:
/// statuses are those of a [glance](Health::glance) for this caller, counts are of all callers.
///
/// Of texts only names of checks and children are in it; these are bounded in length and number.
pub(crate) fn collect(
    health: &Health,
    caller: Caller<'_>,
    workers: Option<&Workers>,
    level: Level,
) -> Vec<Family> {
    let glance = health.glance(caller);
    let source = Source {
        health,
        glance: &glance,
        measured: &health.measurements(),
        workers,
        level,
    };
    let families = checks::families(&source).chain(process::families(&source));
    families
        .filter(|family| !family.samples.is_empty())
        .collect()
}

/// What samples are made of.
#[derive(Clone, Copy)]
struct Source<'a> {
    health: &'a Health,
    glance: &'a Glance,
    measured: &'a Measurements,
    workers: Option<&'a Workers>,
    level: Level,
}

impl About {
    fn of(&'static self, samples: impl IntoIterator<Item = Sample>) -> Family {
        Family {
            about: self,
            samples: samples.into_iter().collect(),
        }
    }
}

impl Sample {
    fn new<const N: usize>(labels: [Cow<'static, str>; N], value: impl Into<Value>) -> Self {
        Self {
            labels: labels.into(),
            value: value.into(),
        }
    }
}

#[cfg(any(feature = "metrics", feature = "opentelemetry"))]
impl Value {
    /// As gauges have it. A distribution has none.
    #[allow(clippy::cast_precision_loss, reason = "nothing is counted up to 2^53")]
    fn as_real(&self) -> f64 {
        match self {
            Self::Whole(value) => *value as f64,
            Self::Real(value) => *value,
            Self::Distribution(_) => f64::NAN,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Whole(value.into())
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Whole(value as u64)
    }
}

impl From<std::time::Duration> for Value {
    fn from(value: std::time::Duration) -> Self {
        Self::Real(value.as_secs_f64())
    }
}

impl From<&Distribution> for Value {
    fn from(value: &Distribution) -> Self {
        Self::Distribution(value.clone())
    }
}

/// What a status is called, in the order in which the series of a set are told.
const STATUSES: [&str; 4] = ["healthy", "degraded", "unhealthy", UNKNOWN];

/// Nothing is known yet.
const UNKNOWN: &str = "unknown";

/// A series for each status: 1 for this one, 0 for the others.
fn state_set(
    status: &'static str,
    labels: impl Fn(&'static str) -> Vec<Cow<'static, str>>,
) -> impl Iterator<Item = Sample> {
    STATUSES.into_iter().map(move |each| Sample {
        labels: labels(each),
        value: (each == status).into(),
    })
}
