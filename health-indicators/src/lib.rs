#![doc = include_str!("docs/crate.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod budget;
#[cfg(any(feature = "deadpool-postgres", feature = "deadpool-redis"))]
mod deadpool;
mod failure;
mod measured;
mod pool;
mod reached;
mod ready_made;
#[cfg(any(
    feature = "sqlx-postgres",
    feature = "sqlx-mysql",
    feature = "sqlx-sqlite"
))]
mod sqlx;

#[cfg(any(feature = "sqlx-postgres", feature = "tokio-postgres"))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "sqlx-postgres", feature = "tokio-postgres")))
)]
pub mod postgres;

pub use self::reached::{Behind, Itself, Reached};
