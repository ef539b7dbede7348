//! One binary, since annotated functions are registered per binary: see `annotated`.
#![allow(clippy::unwrap_used, reason = "tests")]

mod annotated;
mod any_check;
mod binding;
mod changes;
mod children;
mod configured;
mod defects;
mod dependencies;
mod engine;
mod everything;
mod freshness;
mod glance;
mod groups;
mod lifecycle;
mod log;
mod measurements;
mod observers;
mod operations;
mod override_file;
mod paths;
mod peers;
mod properties;
mod reentrant;
mod registry;
mod replicas;
mod semantics;
mod signs;
mod support;
#[cfg(feature = "testing")]
mod testing;
mod threads;
mod time_left;
mod timeline;
mod visibility;
