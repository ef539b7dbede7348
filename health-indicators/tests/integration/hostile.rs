//! Servers that mean harm, or tell of themselves what is nobody's business.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use health_core::{Check, Outcome, Value};
use health_indicators::{dns, memcached, mqtt, nats, postgres, rabbitmq, redis, tls};
use sqlx::postgres::PgPoolOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::support::{Fault, Probes, Proxy, Service, told};

const SECRET: &str = "secret";

fn tells_nothing(shown: &impl Debug) {
    let shown = format!("{shown:?}");
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(!shown.contains("127.0.0.1"), "{shown}");
}

#[tokio::test]
async fn nobody_is_shown_where_a_server_is_or_what_it_has() {
    let config = Arc::new(
        tokio_rustls::rustls::ClientConfig::builder_with_provider(Arc::new(
            tokio_rustls::rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(tokio_rustls::rustls::RootCertStore::empty())
        .with_no_client_auth(),
    );
    tells_nothing(&tls::Tls::new(config, "secret.internal", 443).with_server_name("secret"));
    tells_nothing(&dns::Dns::new("secret.internal"));
    tells_nothing(&rabbitmq::Queue::new("secret"));
    tells_nothing(&memcached::Memcached::new("secret:1").with_round_trip("secret"));
    let (client, _loop) =
        rumqttc::AsyncClient::new(rumqttc::MqttOptions::new("secret", "secret", 1883), 10);
    tells_nothing(&mqtt::Mqtt::new(client).with_topic("secret"));
    let mut pool = deadpool_postgres::Config::new();
    (pool.host, pool.user, pool.dbname) = (
        Some("secret".into()),
        Some("secret".into()),
        Some("secret".into()),
    );
    let pool = pool.create_pool(None, ::tokio_postgres::NoTls).unwrap();
    tells_nothing(&postgres::Server::known(&pool));
    if let Some(server) = Service::NATS.address() {
        let client = async_nats::connect(server.to_string()).await.unwrap();
        client.flush().await.unwrap();
        let nats = nats::Nats::new(client).with_subject_prefix("secret");
        let events = nats::Events::new();
        events.seen(&async_nats::Event::ServerError(
            async_nats::ServerError::Other(
                "Permissions Violation for Publish to \"secret\"".into(),
            ),
        ));
        tells_nothing(&events);
        tells_nothing(&nats.with_events(events));
    }
    if let Some(server) = Service::REDIS.address() {
        let client = ::redis::Client::open(format!("redis://{server}/")).unwrap();
        let connection = client.get_multiplexed_async_connection().await.unwrap();
        let redis = redis::Redis::new(connection).with_client(&client);
        tells_nothing(&redis.with_round_trip("secret"));
    }
}

/// Answers each piece that it reads with the next of these; the last one again and again.
async fn peer(greeting: Vec<u8>, answers: Vec<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (greeting, answers) = (greeting.clone(), answers.clone());
            tokio::spawn(async move {
                stream.write_all(&greeting).await.unwrap();
                let mut at = 0;
                let mut piece = [0; 4096];
                while stream.read(&mut piece).await.is_ok_and(|read| read > 0) {
                    let answer = &answers[at.min(answers.len() - 1)];
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                    at += 1;
                }
            });
        }
    });
    address
}

/// All texts are short, and of characters that harm no log or terminal.
fn is_tame(outcome: &Outcome) {
    let texts = outcome.data().filter_map(|(name, value)| match value {
        Value::Text(text) => Some((name, text)),
        _ => None,
    });
    for (name, text) in texts {
        assert!(text.len() <= 64, "{name} has {} bytes", text.len());
        assert!(!text.chars().any(char::is_control), "{name}: {text:?}");
        assert!(!text.contains(SECRET), "{name}: {text:?}");
    }
}

/// What a server may say that is asked for its version.
fn versions() -> [String; 3] {
    [
        "1.\u{1b}[31m6\u{7}".to_owned(),
        "9".repeat(900),
        "secret://secret@10.0.0.1:5432".to_owned(),
    ]
}

#[tokio::test]
async fn versions_of_memcached_are_tame() {
    for version in versions() {
        let at = peer(Vec::new(), vec![format!("VERSION {version}\r\n").into()]).await;
        let found = memcached::Memcached::new(at.to_string()).ping().await;
        assert_eq!(found.message(), None);
        is_tame(&found);
    }
}

/// The answers to what the client says as it connects come first.
#[tokio::test]
async fn versions_of_redis_are_tame() {
    for version in versions() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = stream.read(&mut piece).await {
                let said = String::from_utf8_lossy(&piece[..read]).into_owned();
                let words: Vec<_> = said.split("\r\n").collect();
                let mut answer = String::new();
                let ping = words.iter().position(|word| *word == "PING");
                if let Some(nonce) = ping.and_then(|at| words.get(at + 2)) {
                    let (length, bytes) = (nonce.len(), version.len());
                    answer = format!(
                        "${length}\r\n{nonce}\r\n*4\r\n$7\r\nversion\r\n${bytes}\r\n{version}\r\n\
                         $4\r\nrole\r\n${bytes}\r\n{version}\r\n*1\r\n${bytes}\r\n{version}\r\n"
                    );
                } else {
                    for _ in words.iter().filter(|word| word.starts_with('*')) {
                        answer += "+OK\r\n";
                    }
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let client = ::redis::Client::open(format!("redis://{at}/")).unwrap();
        let connection = client.get_multiplexed_async_connection().await.unwrap();
        let redis = redis::Redis::new(connection).with_role(redis::Role::Master);
        let found = redis.ping().await;
        assert_eq!(found.message(), Some("the server is no master"));
        is_tame(&found);
    }
}

#[tokio::test]
async fn versions_of_nats_are_tame() {
    for version in versions() {
        let version = version
            .replace('\u{1b}', "\\u001b")
            .replace('\u{7}', "\\u0007");
        let info = format!(
            "INFO {{\"server_id\":\"a\",\"version\":\"{version}\",\"host\":\"0.0.0.0\",\
             \"port\":4222,\"max_payload\":1048576,\"proto\":1,\"headers\":true}}\r\n"
        );
        let at = peer(info.into(), vec![b"PONG\r\n".to_vec()]).await;
        let client = async_nats::connect(at.to_string()).await.unwrap();
        let found = nats::ping(&client).await;
        is_tame(&found);
    }
}

fn postgres_message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[kind], &length[..], body].concat()
}

#[tokio::test]
async fn versions_of_postgres_are_tame() {
    for version in versions() {
        let ready = postgres_message(b'Z', b"I");
        let hello = [postgres_message(b'R', &[0; 4]), ready.clone()].concat();
        let column = [
            &1_u16.to_be_bytes()[..],
            b"v\0",
            &[0; 6],
            &25_u32.to_be_bytes(),
            &[0xff; 6],
            &[0; 2],
        ]
        .concat();
        let length = u32::try_from(version.len()).unwrap().to_be_bytes();
        let value = [&1_u16.to_be_bytes()[..], &length, version.as_bytes()].concat();
        let row = [
            postgres_message(b'T', &column),
            postgres_message(b'D', &value),
            postgres_message(b'C', b"SHOW\0"),
            ready,
        ]
        .concat();
        let at = peer(Vec::new(), vec![hello, row]).await;
        let config = format!("host=127.0.0.1 port={} user=a", at.port());
        let connecting = ::tokio_postgres::connect(&config, ::tokio_postgres::NoTls);
        let (client, connection) = connecting.await.unwrap();
        tokio::spawn(connection);
        let found = postgres::ping(&client).await;
        assert_eq!(found.message(), None);
        is_tame(&found);
    }
}

/// Runs of little time end by themselves, too: only then do they say why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_little_time_looks_less_long_why() {
    let Some(server) = Service::REDIS.address() else {
        return;
    };
    let mut proxy = Proxy::to(server).await;
    proxy.set(Fault::Frozen);
    let client = ::redis::Client::open(format!("redis://{}/", proxy.address())).unwrap();
    let config = ::redis::aio::ConnectionManagerConfig::new();
    let manager =
        ::redis::aio::ConnectionManager::new_lazy_with_config(client.clone(), config).unwrap();
    let redis = redis::Redis::new(manager).with_client(&client);
    assert_eq!(
        told_in_time(redis.check()).await,
        "no connection within N ms"
    );

    proxy.stop().await;
    let pool =
        PgPoolOptions::new().connect_lazy_with(crate::postgres::sqlx::options(proxy.address()));
    let freezes = async {
        sleep(SHORT * 6 / 10).await;
        proxy.start();
        proxy.set(Fault::Frozen);
    };
    let (told, ()) = tokio::join!(told_in_time(postgres::check(pool)), freezes);
    assert_eq!(told, "no connection within N ms");
}

const SHORT: Duration = Duration::from_millis(300);

async fn told_in_time(check: Check) -> String {
    let probes = Probes::of(check.with_timeout(SHORT));
    let told = told(&probes.one().await);
    told.trim_start_matches("unhealthy: ").to_owned()
}
