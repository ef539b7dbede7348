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
mod guard;
#[cfg(target_os = "linux")]
mod hostile;
mod layer;
mod management;
mod methods;
mod openapi;
mod probe_path;
mod probers;
mod protocols;
mod service;
mod situations;
mod support;
mod workers;
