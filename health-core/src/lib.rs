#![doc = include_str!("docs/crate.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod bind;
mod builder;
mod check;
mod children;
mod config;
mod context;
mod dependencies;
mod descriptor;
mod engine;
mod error;
mod finding;
mod gate;
mod glance;
mod health;
mod here;
mod history;
mod inbox;
#[cfg(test)]
#[cfg(health_loom)]
mod interleavings;
mod lasting;
mod lifecycle;
mod location;
mod mask;
mod measurements;
mod notice;
mod observe;
mod outcome;
mod override_file;
mod overrides;
mod overview;
mod plan;
mod probe;
mod probe_path;
mod registry;
mod report;
mod sample;
mod settings;
mod signs;
mod standing;
mod standings;
mod status;
mod surprises;
mod sync;
mod tally;
mod time_left;
mod timeline;
mod told;
mod visibility;

#[doc = include_str!("docs/health_check.md")]
pub use health_macros::health_check;

pub use self::builder::HealthBuilder;
pub use self::check::Check;
pub use self::config::HealthConfig;
pub use self::context::{Caller, Context, FromContext, Identity, Requirement, State, ViaState};
pub use self::engine::Runtime;
pub use self::error::{BuildError, Mistake};
pub use self::gate::{ClosedGate, StartupGate, UnknownGate};
pub use self::glance::Glance;
pub use self::health::Health;
pub use self::history::{History, PastRun};
pub use self::lifecycle::{Maintenance, Phase};
pub use self::location::Location;
pub use self::mask::mask;
pub use self::measurements::{
    CheckMeasurements, Distribution, EngineThreads, Measurements, ProbeMeasurements, RunResult,
};
pub use self::notice::{FinishedRun, Transition};
pub use self::observe::Observer;
pub use self::outcome::{IntoOutcome, Outcome, Reason, Value};
pub use self::overrides::{Override, UnknownCheck};
pub use self::overview::Overview;
pub use self::probe::{Probe, ProbeSet};
pub use self::probe_path::{ProbePath, probe_path};
pub use self::report::{Child, Entry, GroupReport, Report};
pub use self::signs::{Heartbeat, LastSuccess, Reload};
pub use self::status::Status;
pub use self::time_left::time_left;
pub use self::timeline::{Change, Event, Happening, Watch};
pub use self::visibility::Visibility;

#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;

#[doc = include_str!("docs/semantics.md")]
pub mod semantics {}

#[doc = include_str!("docs/replicas.md")]
#[doc = include_str!("docs/replicas.svg")]
pub mod replicas {}

/// health-actix runs what users gave it inside of this; nothing else may use it.
#[doc(hidden)]
pub use self::sync::guarded;

#[doc(hidden)]
pub use self::health::WeakHealth;

#[doc(hidden)]
pub use self::lasting::Lasting;

/// What the attribute generates uses this; nothing else may. Its name has the patch version, so
/// that a macro of another version does not compile against it.
#[doc(hidden)]
pub mod __private0 {
    pub use inventory;

    pub use crate::bind::{Binder, Work};
    pub use crate::descriptor::{Descriptor, Source};
    pub use crate::{Probe, Visibility};
}
