//! The literal requests of probers and balancers, as they send them, and what must not make a
//! difference. Observed versions are given; `[doc]` marks what only a vendor's documentation says.

use std::time::Duration;

use health_actix::{Health, HealthBuilder, HealthService, StartupGate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{exchange, fine, health, in_order, request, serve};

/// Who probes readiness, and with which head.
const PROBERS: [(&str, &str); 21] = [
    (
        "kubelet",
        "GET /health/ready HTTP/1.1\r\nHost: 10.0.0.7:8000\r\nUser-Agent: kube-probe/1.34\r\n\
         Accept: */*\r\nConnection: close\r\n\r\n",
    ),
    (
        "HAProxy 2.6 httpchk",
        "OPTIONS /health/ready HTTP/1.0\r\n\r\n",
    ),
    (
        "HAProxy 2.6 httpchk GET",
        "GET /health/ready HTTP/1.0\r\n\r\n",
    ),
    (
        "HAProxy 2.6 http-check send, send-state",
        "GET /health/ready HTTP/1.1\r\nhost: x\r\nx-haproxy-server-state: UP 1/2; \
         address=127.0.0.1; port=8000; name=be/s; node=n; weight=1/1; scur=0/0; qcur=0\r\n\
         connection: close\r\n\r\n",
    ),
    (
        "Envoy 1.40",
        "GET /health/ready HTTP/1.1\r\nhost: orders\r\nuser-agent: Envoy/HC\r\n\r\n",
    ),
    (
        "Traefik 3.7",
        "GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\
         User-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n\r\n",
    ),
    (
        "Varnish 7.1",
        "GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    ),
    (
        "blackbox_exporter 0.23",
        "GET /health/ready HTTP/1.1\r\nHost: localhost:8000\r\n\
         User-Agent: Blackbox Exporter/0.23.0\r\nAccept-Encoding: gzip\r\n\
         Connection: close\r\n\r\n",
    ),
    (
        "check_http 2.3.3",
        "GET /health/ready HTTP/1.1\r\nUser-Agent: check_http/v2.3.3 (monitoring-plugins \
         2.3.3)\r\nConnection: close\r\nHost: localhost:8000\r\n\r\n",
    ),
    (
        "check_http 2.3.3 -j HEAD",
        "HEAD /health/ready HTTP/1.1\r\nUser-Agent: check_http/v2.3.3 (monitoring-plugins \
         2.3.3)\r\nConnection: close\r\nHost: localhost:8000\r\n\r\n",
    ),
    (
        "Monit 5.33",
        "GET /health/ready HTTP/1.1\r\nHost: localhost:8000\r\nAccept: */*\r\n\
         User-Agent: Monit/5.33.0\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n",
    ),
    (
        "Consul [doc]",
        "GET /health/ready HTTP/1.1\r\nHost: localhost:8000\r\n\
         User-Agent: Consul Health Check\r\nAccept: text/plain, text/*, */*\r\n\
         Accept-Encoding: gzip\r\nConnection: close\r\n\r\n",
    ),
    (
        "Nomad [doc]",
        "GET /health/ready HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: nomad\r\n\
         Accept-Encoding: gzip\r\n\r\n",
    ),
    (
        "AWS ALB [doc]",
        "GET /health/ready HTTP/1.1\r\nHost: 10.0.0.7:8000\r\nConnection: close\r\n\
         User-Agent: ELB-HealthChecker/2.0\r\nAccept-Encoding: gzip, compressed\r\n\r\n",
    ),
    (
        "AWS NLB [doc]",
        "GET /health/ready HTTP/1.0\r\nHost: 10.0.0.7:8000\r\nConnection: close\r\n\r\n",
    ),
    (
        "Google Cloud load balancers [doc]",
        "GET /health/ready HTTP/1.1\r\nHost: 10.0.0.7\r\nUser-Agent: GoogleHC/1.0\r\n\
         Connection: Keep-alive\r\n\r\n",
    ),
    (
        "Azure Front Door [doc]",
        "HEAD /health/ready HTTP/1.1\r\nHost: example.org\r\nUser-Agent: Edge Health Probe\r\n\
         Connection: close\r\n\r\n",
    ),
    (
        "Azure Load Balancer [doc]",
        "GET /health/ready HTTP/1.1\r\nHost: 10.0.0.7\r\nUser-Agent: Load Balancer Agent\r\n\
         Connection: Keep-Alive\r\nAccept: */*\r\n\r\n",
    ),
    (
        "Uptime Kuma",
        "GET /health/ready HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: Uptime-Kuma/2.0.0\r\n\
         Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,image/apng,\
         */*;q=0.8\r\nAccept-Encoding: gzip, compress, deflate, br\r\nConnection: close\r\n\r\n",
    ),
    (
        "Datadog http_check",
        "GET /health/ready HTTP/1.1\r\nHost: localhost:8000\r\n\
         User-Agent: Datadog Agent/7.60.0\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\n\
         Connection: keep-alive\r\n\r\n",
    ),
    (
        "a browser",
        "GET /health/ready HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: Mozilla/5.0\r\n\
         Accept: text/html,*/*;q=0.8\r\nAccept-Language: de\r\nCookie: session=1\r\n\
         Upgrade-Insecure-Requests: 1\r\nSec-Fetch-Mode: navigate\r\nSec-GPC: 1\r\n\
         Connection: keep-alive\r\n\r\n",
    ),
];

/// Before and behind the start.
const NOT_READY: &str =
    r#"{"status":"not_ready","detail":"Service is still initialising","checks":{}}"#;
const READY: &str = r#"{"status":"ready","checks":{}}"#;

#[actix_web::test]
async fn each_prober_is_answered_200_or_503_and_nothing_else() {
    let (health, gate) = starting();
    let address = serve(move || HealthService::new(&health));
    for (line, body) in [("503 Service Unavailable", NOT_READY), ("200 OK", READY)] {
        for (prober, head) in PROBERS {
            let expected = expected(head, line, body);
            let mut stream = TcpStream::connect(address).await.unwrap();
            assert_eq!(ask(&mut stream, head).await, expected, "{prober}");
            if expected.contains("\nconnection: close\n") || head.contains("HTTP/1.0") {
                assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "{prober}");
            } else {
                assert_eq!(ask(&mut stream, head).await, expected, "{prober}, again");
            }
        }
        gate.open();
    }
}

/// What answers, but for the date, with headers in alphabetical order.
fn expected(head: &str, line: &str, body: &str) -> String {
    let head = head.to_ascii_lowercase();
    let (version, closes) = if head.contains(" http/1.0\r\n") {
        ("HTTP/1.0", "")
    } else if head.contains("\r\nconnection: close\r\n") {
        ("HTTP/1.1", "connection: close\n")
    } else {
        ("HTTP/1.1", "")
    };
    let length = body.len();
    let body = if head.starts_with("head ") { "" } else { body };
    format!(
        "{version} {line}\ncache-control: no-store\n{closes}content-length: {length}\n\
         content-type: application/json\n\n{body}"
    )
}

/// One answer on a connection that may be kept.
async fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(answer.clone()).unwrap();
    if !request.starts_with("HEAD ") {
        let mut lines = head.lines();
        let length = lines.find_map(|line| line.strip_prefix("content-length: "));
        let end = answer.len() + length.unwrap().parse::<usize>().unwrap();
        answer.resize(end, 0);
        stream.read_exact(&mut answer[head.len()..]).await.unwrap();
    }
    in_order(&String::from_utf8(answer).unwrap())
}

/// Of a process that starts until the gate opens.
fn starting() -> (Health, StartupGate) {
    let health = HealthBuilder::empty()
        .startup_gate("model")
        .build()
        .unwrap();
    let gate = health.startup_gate("model").unwrap();
    (health, gate)
}

fn started() -> Health {
    health([])
}

#[actix_web::test]
async fn headers_that_ask_for_something_else_change_nothing() {
    let (health, _gate) = starting();
    for health in [health, started()] {
        let address = serve(move || HealthService::new(&health));
        let plain = request(address, "GET", "/health/ready").await;
        for header in [
            "Accept: text/plain, text/*, */*",
            "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept: text/html",
            "Accept: image/png",
            "Accept: application/json;q=0",
            "Accept: ",
            "Accept: ;;;,=",
            "Accept-Charset: utf-16",
            "Accept-Encoding: gzip",
            "Accept-Encoding: br, zstd, gzip;q=0.5, identity;q=0",
            "Accept-Language: de",
            "Range: bytes=0-3",
            "If-Match: \"x\"",
            "If-None-Match: *",
            "If-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT",
            "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT",
            "Cache-Control: only-if-cached, max-stale=3600",
            "Prefer: return=minimal",
            "TE: trailers, deflate",
            "Origin: http://elsewhere",
            "Access-Control-Request-Method: POST",
            "X-Forwarded-Proto: http",
            "X-Forwarded-Prefix: /elsewhere",
            "X-Original-URL: /elsewhere",
            "X-HTTP-Method-Override: DELETE",
            "Upgrade-Insecure-Requests: 1",
            "Authorization: Basic eDp5",
            "Cookie: session=1",
            "Content-Type: application/xml",
        ] {
            let head = format!(
                "GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n\r\n"
            );
            assert_eq!(exchange(address, &head).await, plain, "{header}");
        }
    }
}

#[actix_web::test]
async fn a_target_may_have_an_authority_and_a_fragment() {
    let health = started();
    let address = serve(move || HealthService::new(&health));
    let plain = request(address, "GET", "/health/ready").await;
    for target in [
        "http://h/health/ready",
        "https://user:password@h:8443/health/ready?x",
        "/health/ready#x",
        "/health/ready/",
    ] {
        assert_eq!(request(address, "GET", target).await, plain, "{target}");
    }
    // That asks for the server as a whole: RFC 9110, section 9.3.7.
    assert_eq!(
        request(address, "OPTIONS", "*").await,
        "HTTP/1.1 404 Not Found\nconnection: close\ncontent-length: 0\n\n"
    );
}

#[actix_web::test]
async fn who_expects_to_be_asked_for_a_body_is_answered() {
    let health = started();
    let address = serve(move || HealthService::new(&health));
    let head = "GET /health/ready HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\
                Connection: close\r\n\r\n";
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let last = answer
        .strip_prefix("HTTP/1.1 100 Continue\r\n\r\n")
        .unwrap();
    assert_eq!(in_order(last), expected(head, "200 OK", READY));
}

/// As `curl --http2` and the HTTP client of Java do.
#[actix_web::test]
async fn who_offers_http_2_is_told_that_the_connection_ends() {
    let health = started();
    let address = serve(move || HealthService::new(&health));
    let head = "GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n\
                Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n";
    let closing = head.replace("Upgrade, HTTP2-Settings", "close");
    assert_eq!(
        exchange(address, head).await,
        expected(&closing, "200 OK", READY)
    );
}

#[actix_web::test]
async fn head_has_the_length_of_get_on_every_path() {
    let kept = Duration::from_secs(3600);
    let check = fine("database").with_tag("storage").with_cache(kept);
    let health = health([check]);
    let address = serve(move || HealthService::new(&health));
    for path in [
        "/health",
        "/health/live",
        "/health/ready",
        "/health/started",
        "/health/checks/database",
        "/health/checks/nobody",
        "/health/groups/storage",
        "/health/groups/nothing",
        "/health/openapi.json",
    ] {
        let got = request(address, "GET", path).await;
        let (head, body) = got.split_once("\n\n").unwrap();
        assert!(
            head.contains(&format!("\ncontent-length: {}\n", body.len())),
            "{path}"
        );
        let answer = request(address, "HEAD", path).await;
        assert_eq!(answer, format!("{head}\n\n"), "{path}");
    }
}

/// Nothing of the request comes back: cross-site tracing.
#[actix_web::test]
async fn trace_is_refused_and_echoes_nothing() {
    let health = started();
    let address = serve(move || HealthService::new(&health));
    let head = "TRACE /health/ready?token=mine HTTP/1.1\r\nHost: x\r\nCookie: session=mine\r\n\
                X-Api-Key: mine\r\nConnection: close\r\n\r\n";
    let answer = exchange(address, head).await;
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
    assert!(!answer.contains("mine"), "{answer}");
}
