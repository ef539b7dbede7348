#![doc = include_str!("docs/crate.md")]
#![doc = include_str!("docs/features.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// What the checks share is needed as a whole by all of them together.
#![cfg_attr(
    not(all(
        feature = "async-nats",
        feature = "deadpool-postgres",
        feature = "deadpool-redis",
        feature = "disk",
        feature = "fe2o3-amqp",
        feature = "hickory-resolver",
        feature = "lapin",
        feature = "memcached",
        feature = "openai",
        feature = "redis-cluster",
        feature = "reqwest-certificate",
        feature = "rskafka",
        feature = "rumqttc",
        feature = "sqlx-mysql",
        feature = "sqlx-postgres",
        feature = "sqlx-sqlite",
        feature = "system",
        feature = "tcp",
        feature = "tokio-rustls",
        feature = "tonic"
    )),
    allow(dead_code)
)]

#[cfg(feature = "tcp")]
mod address;
mod budget;
#[cfg(any(feature = "reqwest-certificate", feature = "tokio-rustls"))]
mod certificate;
#[cfg(any(feature = "deadpool-postgres", feature = "deadpool-redis"))]
mod deadpool;
mod failure;
#[cfg(any(feature = "redis", feature = "memcached"))]
mod line;
mod measured;
#[cfg(any(feature = "redis", feature = "memcached"))]
mod nonce;
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
#[cfg(feature = "dns")]
#[cfg_attr(docsrs, doc(cfg(feature = "dns")))]
pub mod dns;
#[cfg(feature = "tonic")]
#[cfg_attr(docsrs, doc(cfg(feature = "tonic")))]
pub mod grpc;
#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
pub mod http;
#[cfg(feature = "rskafka")]
#[cfg_attr(docsrs, doc(cfg(feature = "rskafka")))]
pub mod kafka;
pub mod loading;
#[cfg(feature = "memcached")]
#[cfg_attr(docsrs, doc(cfg(feature = "memcached")))]
pub mod memcached;
#[cfg(feature = "rumqttc")]
#[cfg_attr(docsrs, doc(cfg(feature = "rumqttc")))]
pub mod mqtt;
#[cfg(feature = "sqlx-mysql")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlx-mysql")))]
pub mod mysql;
#[cfg(feature = "async-nats")]
#[cfg_attr(docsrs, doc(cfg(feature = "async-nats")))]
pub mod nats;
#[cfg(feature = "openai")]
#[cfg_attr(docsrs, doc(cfg(feature = "openai")))]
pub mod openai;
#[cfg(any(feature = "sqlx-postgres", feature = "tokio-postgres"))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "sqlx-postgres", feature = "tokio-postgres")))
)]
pub mod postgres;
#[cfg(feature = "lapin")]
#[cfg_attr(docsrs, doc(cfg(feature = "lapin")))]
pub mod rabbitmq;
#[doc = include_str!("docs/recipes.md")]
pub mod recipes {}
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub mod redis;
#[cfg(feature = "fe2o3-amqp")]
#[cfg_attr(docsrs, doc(cfg(feature = "fe2o3-amqp")))]
pub mod servicebus;
#[cfg(feature = "sqlx-sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlx-sqlite")))]
pub mod sqlite;
#[cfg(feature = "system")]
#[cfg_attr(docsrs, doc(cfg(feature = "system")))]
pub mod system;
#[cfg(feature = "tcp")]
#[cfg_attr(docsrs, doc(cfg(feature = "tcp")))]
pub mod tcp;
#[cfg(feature = "tokio-rustls")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio-rustls")))]
pub mod tls;
#[cfg(any(
    feature = "sqlx-postgres",
    feature = "sqlx-mysql",
    feature = "sqlx-sqlite"
))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(
        feature = "sqlx-postgres",
        feature = "sqlx-mysql",
        feature = "sqlx-sqlite"
    )))
)]
pub mod transaction;

pub use self::reached::{Behind, Itself, Reached};
