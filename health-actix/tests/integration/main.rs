//! One binary, since annotated functions are registered per binary.
#![allow(clippy::unwrap_used, reason = "tests")]

mod access;
#[cfg(feature = "config")]
mod config;
mod configured;
mod dashboard;
mod data;
mod dialects;
mod documented;
mod drain;
mod golden;
mod groups;
#[cfg(feature = "tonic")]
mod grpc;
mod guard;
#[cfg(target_os = "linux")]
mod hostile;
mod kept;
mod layer;
mod management;
mod methods;
#[cfg(feature = "prometheus")]
mod metrics;
mod openapi;
mod probe_path;
mod probers;
mod protocols;
#[cfg(any(feature = "metrics", feature = "opentelemetry"))]
mod published;
mod service;
mod situations;
mod support;
#[cfg(feature = "systemd")]
mod systemd;
mod workers;
