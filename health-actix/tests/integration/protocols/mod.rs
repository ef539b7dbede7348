//! HTTP/2 and TLS: the same answers, whatever they travel in.

mod clients;
mod servers;

use std::sync::Arc;
use std::time::Duration;

use h2::Reason;
use health_actix::{Check, Health, Maintenance, Outcome};
use http::Method;
use tokio::sync::{Semaphore, mpsc};

use self::clients::{Http2, http1};
use self::servers::Servers;
use crate::support::{fine, health};

const PATHS: [&str; 13] = [
    "/health",
    "/health/live/",
    "/health/ready?verbose",
    "/health/started",
    "/health/checks/database",
    "/health/checks/broken",
    "/health/checks/nobody",
    "/health/openapi.json",
    "/readyz?verbose&exclude=database",
    "/readyz/broken",
    "/actuator/health",
    "/outermost/ready",
    "/elsewhere",
];

const METHODS: [Method; 5] = [
    Method::GET,
    Method::HEAD,
    Method::OPTIONS,
    Method::POST,
    Method::TRACE,
];

/// Results, and with them their latencies, are made once.
fn sample() -> Health {
    const KEPT: Duration = Duration::from_secs(3600);
    let broken = Check::new("broken", async || {
        Outcome::unhealthy("no route").with_error("port 5432")
    });
    let checks = [fine("database"), broken.readiness().with_critical(false)];
    health(checks.map(|check| check.with_cache(KEPT).with_cache_failure(KEPT)))
}

#[actix_web::test]
async fn answers_are_the_same_in_every_protocol() {
    let health = sample();
    let servers = Servers::start(&health);
    assert_same(&servers, "usually").await;
    health.start_draining();
    assert_same(&servers, "while draining").await;
    health.stop_draining();
    health.start_maintenance(Maintenance::new("new disks"));
    assert_same(&servers, "in maintenance").await;
}

async fn assert_same(servers: &Servers, when: &str) {
    let mut h2c = Http2::on(servers.tcp_auto().await).await;
    let mut h2 = Http2::on(servers.tls("h2").await).await;
    for method in METHODS {
        for path in PATHS {
            let asked = format!("{method} {path} {when}");
            let expected = http1(servers.tcp().await, &method, path).await;
            let auto = http1(servers.tcp_auto().await, &method, path).await;
            assert_eq!(auto, expected, "the same port as HTTP/2: {asked}");
            let tls = http1(servers.tls("http/1.1").await, &method, path).await;
            assert_eq!(tls, expected, "TLS: {asked}");
            // It is about the connection, not the answer: RFC 9113, section 8.2.2.
            let expected = expected.replace("connection: close\n", "");
            assert_eq!(h2c.ask(&method, path).await, expected, "h2c: {asked}");
            assert_eq!(h2.ask(&method, path).await, expected, "h2: {asked}");
        }
    }
}

#[actix_web::test]
async fn a_preflight_is_one_in_http_2_too() {
    let servers = Servers::start(&sample());
    let headers = [
        ("origin", "http://a"),
        ("access-control-request-method", "GET"),
    ];
    let expected = "204\nallow: GET, HEAD, OPTIONS\n\n";
    let h2 = Http2::on(servers.tls("h2").await).await;
    let h2c = Http2::on(servers.tcp_auto().await).await;
    for mut client in [h2, h2c] {
        let answer = client.ask_with(&Method::OPTIONS, "/health", &headers).await;
        assert_eq!(answer, expected);
    }
}

/// It would be malformed. The layer of the application and what it wraps say so neither.
#[actix_web::test]
async fn draining_says_nothing_of_connections_in_http_2() {
    let health = sample();
    let servers = Servers::start(&health);
    let mut client = Http2::on(servers.tls("h2").await).await;
    let mut before = Vec::new();
    let paths = ["/health", "/outermost/live", "/orders", "/elsewhere"];
    for path in paths {
        before.push(client.ask(&Method::GET, path).await);
    }
    health.start_draining();
    for (path, before) in paths.iter().zip(before) {
        // Over the connection that was there before, too.
        assert_eq!(client.ask(&Method::GET, path).await, before, "{path}");
        let mut new = Http2::on(servers.tcp_auto().await).await;
        assert_eq!(new.ask(&Method::GET, path).await, before, "{path}");
        let http1 = http1(servers.tls("http/1.1").await, &Method::GET, path).await;
        assert!(http1.contains("\nconnection: close\n"), "{http1}");
    }
}

/// 100 at once, on one connection, of which ten lose interest.
#[actix_web::test]
async fn many_streams_share_one_run() {
    let (starts, mut started) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let slow = Check::new("slow", move || {
        starts.send(()).unwrap();
        let gate = Arc::clone(&gate);
        async move { drop(gate.acquire().await) }
    });
    let slow = slow.readiness().with_timeout(Duration::from_secs(60));
    let servers = Servers::start(&health([slow]));
    let mut client = Http2::on(servers.tls("h2").await).await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(client.send(&Method::GET, "/health/ready").await);
    }
    // By then it knows of all that came before.
    let last = client.ask(&Method::GET, "/health/live").await;
    assert_eq!(last.lines().next(), Some("200"));
    started.recv().await.unwrap();
    for (_, mut request) in streams.split_off(90) {
        request.send_reset(Reason::CANCEL);
    }
    opened.close();
    for (answer, _) in streams {
        assert_eq!(answer.await.unwrap().status(), 200);
    }
    assert!(started.try_recv().is_err(), "one run");
}
