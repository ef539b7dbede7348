#![doc = include_str!("docs/crate.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(feature = "sqlx-postgres"),
    allow(dead_code, reason = "each dependency needs a part of what all share")
)]

#[cfg(feature = "tcp")]
mod address;
mod budget;
#[cfg(any(feature = "deadpool-postgres", feature = "deadpool-redis"))]
mod deadpool;
mod failure;
mod measured;
mod pool;
mod reached;
mod ready_made;
#[cfg(any(feature = "disk", feature = "system"))]
mod size;
#[cfg(any(
    feature = "sqlx-postgres",
    feature = "sqlx-mysql",
    feature = "sqlx-sqlite"
))]
mod sqlx;

#[cfg(feature = "disk")]
#[cfg_attr(docsrs, doc(cfg(feature = "disk")))]
pub mod disk;
#[cfg(any(feature = "sqlx-postgres", feature = "tokio-postgres"))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "sqlx-postgres", feature = "tokio-postgres")))
)]
pub mod postgres;

#[cfg(feature = "tcp")]
#[cfg_attr(docsrs, doc(cfg(feature = "tcp")))]
pub mod tcp;

pub use self::reached::{Behind, Itself, Reached};
