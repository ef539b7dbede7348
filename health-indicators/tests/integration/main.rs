//! What each ready-made check reports of real servers, in health and under faults.
//!
//! `FAULTS.md` says what is expected; `BLESS=1` writes it anew.
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[cfg(feature = "disk")]
mod disk;
#[cfg(feature = "dns")]
mod dns;
#[cfg(feature = "tonic")]
mod grpc;
#[cfg(feature = "tonic")]
mod grpc_loop;
#[cfg(all(
    feature = "deadpool-postgres",
    feature = "redis",
    feature = "memcached",
    feature = "lapin",
    feature = "rskafka",
    feature = "async-nats",
    feature = "rumqttc",
    feature = "tokio-rustls"
))]
mod hostile;
#[cfg(feature = "reqwest")]
mod http;
#[cfg(feature = "rskafka")]
mod kafka;
#[cfg(feature = "memcached")]
mod memcached;
#[cfg(feature = "rumqttc")]
mod mqtt;
#[cfg(feature = "sqlx-mysql")]
mod mysql;
#[cfg(feature = "async-nats")]
mod nats;
#[cfg(feature = "openai")]
mod openai;
#[cfg(any(feature = "sqlx-postgres", feature = "tokio-postgres"))]
mod postgres;
#[cfg(all(feature = "sqlx-postgres", feature = "deadpool-postgres"))]
mod postgres_server;
#[cfg(feature = "reqwest")]
mod probe_loop;
#[cfg(feature = "lapin")]
mod rabbitmq;
#[cfg(feature = "reqwest")]
mod recipes;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "fe2o3-amqp")]
mod servicebus;
#[cfg(feature = "sqlx-sqlite")]
mod sqlite;
mod support;
#[cfg(feature = "system")]
mod system;
#[cfg(feature = "tcp")]
mod tcp;
#[cfg(feature = "tokio-rustls")]
mod tls;
#[cfg(all(
    feature = "sqlx-postgres",
    feature = "sqlx-mysql",
    feature = "sqlx-sqlite"
))]
mod transaction;
