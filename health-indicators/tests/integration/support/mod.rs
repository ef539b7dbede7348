//! What the tests of all checks need.
#![allow(dead_code, unused_imports, reason = "each feature needs a part of it")]

mod cluster;
mod faults;
mod glance;
mod name_server;
pub(crate) mod probes;
mod program;
mod proxy;
mod service;
#[cfg(any(feature = "reqwest-certificate", feature = "tokio-rustls"))]
mod tls;
#[cfg(feature = "reqwest")]
mod web;

pub(crate) use self::cluster::Cluster;
pub(crate) use self::faults::Faults;
pub(crate) use self::name_server::{Answer, NameServer};
pub(crate) use self::probes::{Probes, pool_use, told};
pub(crate) use self::program::Program;
pub(crate) use self::proxy::{Fault, Proxy};
pub(crate) use self::service::{Service, not_permitted, skipped};
#[cfg(any(feature = "reqwest-certificate", feature = "tokio-rustls"))]
pub(crate) use self::tls::Tls;
#[cfg(feature = "reqwest")]
pub(crate) use self::web::Web;
