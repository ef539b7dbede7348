#![doc = include_str!("docs/crate.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod access;
mod asked;
#[cfg(feature = "clap")]
mod command;
#[cfg(feature = "config")]
mod config;
mod dashboard;
mod data;
mod dialect;
mod drain;
mod endpoint;
mod found;
mod group;
#[cfg(feature = "tonic")]
mod grpc;
mod guard;
mod kept;
mod local;
mod management;
#[cfg(any(feature = "metrics", feature = "opentelemetry", feature = "prometheus"))]
mod metrics;
mod mounted;
mod notation;
mod openapi;
mod probe_path;
mod respond;
mod service;
mod standalone;
mod status_codes;
#[cfg(feature = "systemd")]
mod systemd;
mod target;
mod turned_away;
mod unsent;
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
#[cfg(feature = "clap")]
#[cfg_attr(docsrs, doc(cfg(feature = "clap")))]
pub use self::command::HealthCommand;
#[cfg(feature = "config")]
#[cfg_attr(docsrs, doc(cfg(feature = "config")))]
pub use self::config::{load_config, load_config_from_env};
pub use self::data::ViaActix;
pub use self::dialect::{Dialect, UnknownDialect};
pub use self::drain::{Drain, DrainExt, DrainLayer, DrainService};
pub use self::group::Group;
#[cfg(feature = "tonic")]
#[cfg_attr(docsrs, doc(cfg(feature = "tonic")))]
pub use self::grpc::{GrpcHealth, GrpcServer};
pub use self::guard::{GuardExt, GuardLayer, GuardService};
#[cfg(any(feature = "metrics", feature = "opentelemetry"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "metrics", feature = "opentelemetry"))))]
pub use self::metrics::MetricsExt;
pub use self::respond::HealthRequest;
pub use self::service::{HealthLayer, HealthLayerService, HealthService, service, try_service};
pub use self::status_codes::StatusCodes;
#[cfg(feature = "systemd")]
#[cfg_attr(docsrs, doc(cfg(feature = "systemd")))]
pub use self::systemd::SystemdExt;
pub use self::workers::{Limits, Workers, WorkersLayer, WorkersService};

#[doc(hidden)]
pub use health_core::__private0;

#[doc(hidden)]
pub use self::unsent::Unsent;
