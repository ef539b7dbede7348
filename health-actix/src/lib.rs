#![doc = include_str!("docs/crate.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod access;
mod asked;
#[cfg(feature = "config")]
mod config;
mod dashboard;
mod data;
mod dialect;
mod drain;
mod endpoint;
mod found;
mod group;
mod guard;
mod local;
mod management;
mod mounted;
mod notation;
mod openapi;
mod probe_path;
mod respond;
mod service;
mod status_codes;
mod target;
mod turned_away;
mod voice;
mod workers;

#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub use health_core::testing;
pub use health_core::{
    BuildError, Caller, Change, Check, Child, ClosedGate, Context, Entry, Event, FinishedRun,
    FromContext, Glance, GroupReport, Happening, Health, HealthBuilder, HealthConfig, Heartbeat,
    History, Identity, IntoOutcome, LastSuccess, Location, Maintenance, Mistake, Observer, Outcome,
    Override, Overview, PastRun, Phase, Probe, ProbePath, ProbeSet, Reason, Reload, Report,
    Requirement, Runtime, StartupGate, State, Status, Transition, UnknownCheck, UnknownGate, Value,
    ViaState, Visibility, Watch, mask, probe_path, semantics, time_left,
};
#[doc = include_str!("docs/health_check.md")]
pub use health_macros::health_check_actix as health_check;

pub use self::access::{Access, Details, Level, RateLimit, allow, api_key, bearer, networks};
#[cfg(feature = "config")]
#[cfg_attr(docsrs, doc(cfg(feature = "config")))]
pub use self::config::{load_config, load_config_from_env};
pub use self::data::ViaActix;
pub use self::dialect::{Dialect, UnknownDialect};
pub use self::drain::{Drain, DrainExt, DrainLayer, DrainService};
pub use self::group::Group;
pub use self::guard::{GuardExt, GuardLayer, GuardService};
pub use self::respond::HealthRequest;
pub use self::service::{HealthLayer, HealthLayerService, HealthService, service, try_service};
pub use self::status_codes::StatusCodes;
pub use self::workers::{Limits, Workers, WorkersLayer, WorkersService};

#[doc(hidden)]
pub use health_core::__private0;
