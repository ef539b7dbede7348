use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use health_core::{Outcome, Status, Value};
use health_indicators::http::{self, Http};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Fault, Faults, Probes, Proxy, Web};

const GARBAGE: &[u8] = b"220 mail.example.org ESMTP\r\n";

/// An answer that stops in the middle.
const HALF: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";

fn builder() -> ClientBuilder {
    let _installed = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).no_proxy()
}

fn client() -> Client {
    builder().build().unwrap()
}

async fn json() -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer
        .content_type("application/json")
        .body(r#"{"status":"UP"}"#)
}

async fn status(code: web::Path<u16>) -> HttpResponse {
    let status = StatusCode::from_u16(*code).unwrap();
    HttpResponse::build(status).body("why it is so")
}

async fn elsewhere() -> HttpResponse {
    HttpResponse::Found()
        .insert_header(("location", "/ok"))
        .finish()
}

async fn long() -> HttpResponse {
    HttpResponse::Ok().body("x".repeat(1 << 20))
}

async fn key(request: HttpRequest) -> HttpResponse {
    match request.headers().get("x-key") {
        Some(key) if key == "s3cret" => HttpResponse::Ok().finish(),
        _ => HttpResponse::Unauthorized().finish(),
    }
}

fn service(app: &mut ServiceConfig) {
    app.route("/ok", web::get().to(|| async { "all is well" }))
        .route("/json", web::get().to(json))
        .route("/status/{code}", web::get().to(status))
        .route("/elsewhere", web::get().to(elsewhere))
        .route("/long", web::get().to(long))
        .route("/key", web::get().to(key))
        .route("/post", web::post().to(HttpResponse::NoContent));
}

/// A server whose answers stop in the middle.
async fn stops() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _asked = client.read(&mut [0; 4096]).await;
                let _gone = client.write_all(HALF).await;
                tokio::time::sleep(Duration::from_secs(60)).await;
            });
        }
    });
    address
}

fn told(outcome: &Outcome) -> (Status, &str) {
    (outcome.status(), outcome.message().unwrap_or_default())
}

fn value<'a>(outcome: &'a Outcome, name: &str) -> Option<&'a Value> {
    let mut data = outcome.data();
    data.find(|(own, _)| *own == name).map(|(_, value)| value)
}

/// What is said of a request that fails, or nothing.
async fn said(http: Http) -> String {
    http.ping().await.message().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let web = Web::serve(service);
    let mut proxy = Proxy::to(web.address).await;
    let url = |path: &str| format!("http://{}{path}", proxy.address());
    let healthy = Http::new(&client(), &url("/json")).with_expected_json("/status", "UP");
    let probes = Probes::of(healthy.check());
    let fails: Vec<_> = ["/status/503", "/status/401", "/elsewhere", "/none"]
        .map(|path| (path, Probes::of(http::check(&client(), &url(path)))))
        .into();
    let long = Http::new(&client(), &url("/long")).with_expected_text("x");
    let half = Http::new(&client(), &format!("http://{}/", stops().await));
    let others = [
        ("half an answer", half.with_expected_text("all")),
        ("answer of 1 MiB", long),
        (
            "name not in the DNS",
            Http::new(&client(), "http://service.invalid/"),
        ),
        ("no URL", Http::new(&client(), "service:8080")),
        (
            "TLS asked of a plain server",
            Http::new(&client(), &url("/ok").replace("http:", "https:")),
        ),
    ];
    let mut faults = Faults::of("HTTP (reqwest)");
    faults.play(&mut proxy, &probes, GARBAGE).await;
    let accepted = proxy.counter();
    let count = async || accepted.load(Ordering::SeqCst);
    for (path, probes) in fails {
        faults
            .observe(&format!("answers GET {path}"), &probes, count)
            .await;
    }
    for (fault, http) in others {
        faults
            .observe(fault, &Probes::of(http.check()), count)
            .await;
    }
    faults.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_serves_all_runs() {
    let web = Web::serve(service);
    let proxy = Proxy::to(web.address).await;
    let accepted = proxy.counter();
    for (path, expected) in [
        ("/ok", ""),
        ("/ok", "well"),
        ("/status/503", ""),
        ("/elsewhere", ""),
    ] {
        let before = accepted.load(Ordering::SeqCst);
        let url = format!("http://{}{path}", proxy.address());
        let mut http = Http::new(&client(), &url);
        if !expected.is_empty() {
            http = http.with_expected_text(expected);
        }
        for _ in 0..100 {
            http.ping().await;
        }
        // The client opens another where the last one is not back in its pool at that instant.
        let made = accepted.load(Ordering::SeqCst) - before;
        assert!(made <= 5, "{made} for {path} {expected}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_dropped_leaves_a_client_that_works() {
    let web = Web::serve(service);
    let proxy = Proxy::to(web.address).await;
    let http = Http::new(&client(), &format!("http://{}/ok", proxy.address()));
    for _ in 0..20 {
        assert_eq!(told(&http.ping().await), (Status::Healthy, ""));
        proxy.set(Fault::Frozen);
        let dropped = tokio::time::timeout(Duration::from_millis(5), http.ping()).await;
        assert!(dropped.is_err());
        proxy.set(Fault::None);
    }
    assert_eq!(told(&http.ping().await), (Status::Healthy, ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_expected_is_looked_at() {
    let web = Web::serve(service);
    let client = client();
    let at = |path: &str| Http::new(&client, &web.url(path));
    let healthy = |http| async { assert_eq!(said(http).await, "") };
    healthy(at("/ok").with_expected_text("well")).await;
    healthy(at("/json").with_expected_header("Content-Type", "application/json")).await;
    healthy(at("/json").with_expected_header("content-type", "")).await;
    healthy(at("/status/418").with_expected_status(400..=499)).await;
    healthy(at("/elsewhere").with_expected_status(302..=302)).await;
    healthy(at("/post").with_method(Method::POST)).await;
    healthy(at("/long")).await;
    healthy(
        at("/long")
            .with_body_limit(2 << 20)
            .with_expected_text("xx"),
    )
    .await;
    healthy(at("/ok#part")).await;
    healthy(at("/key").with_header("X-Key", "s3cret")).await;
    assert_eq!(said(at("/key")).await, "HTTP 401");
    assert_eq!(
        said(at("/ok").with_expected_text("bad")).await,
        "unexpected answer"
    );
    assert_eq!(
        said(at("/ok").with_expected_json("/status", "UP")).await,
        "unexpected answer"
    );
    assert_eq!(
        said(at("/ok").with_expected_header("x-none", "")).await,
        "a header is missing"
    );
    assert_eq!(
        said(at("/ok").with_expected_header("content-type", "a/")).await,
        "unexpected header"
    );
    assert_eq!(
        said(at("/ok").with_expected_header("no name", "")).await,
        "a header is missing"
    );
    assert_eq!(
        said(at("/ok").with_header("no name", "")).await,
        "invalid header"
    );
    assert_eq!(
        said(at("/ok").with_header("x-key", "a\nb")).await,
        "invalid header"
    );
    for url in [
        "",
        "nothing",
        "ftp://example.org",
        "http://",
        "data:,x",
        "http://[::1",
    ] {
        assert_eq!(said(Http::new(&client, url)).await, "invalid URL", "{url}");
    }
    let json = at("/json").with_expected_json("/status", "UP").ping().await;
    assert_eq!(value(&json, "http_status"), Some(&Value::Integer(200)));
    let names: Vec<_> = json.data().map(|(name, _)| name).collect();
    assert_eq!(names, ["headers_ms", "http_status", "body_ms"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_that_the_client_follows_is_not_what_was_asked_for() {
    let web = Web::serve(service);
    let follows = |policy| builder().redirect(policy).build().unwrap();
    for (policy, expected) in [
        (Policy::limited(3), "redirected"),
        (Policy::limited(0), "redirected"),
        (Policy::none(), "HTTP 302"),
    ] {
        let outcome = http::ping(&follows(policy), &web.url("/elsewhere")).await;
        assert_eq!(told(&outcome), (Status::Unhealthy, expected));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_url_nor_header_is_ever_shown() {
    let web = Web::serve(service);
    let mut proxy = Proxy::to(web.address).await;
    let url = format!("http://user:s3cret@{}/key?token=s3cret", proxy.address());
    let http = Http::new(&client(), &url).with_header("X-Other", "s3cret");
    let mut outcomes = vec![http.ping().await];
    proxy.set(Fault::Hangup);
    outcomes.push(http.ping().await);
    proxy.stop().await;
    outcomes.push(http.ping().await);
    outcomes.push(Http::new(&client(), "http//s3cret").ping().await);
    for outcome in outcomes {
        let text = format!("{outcome:?} {http:?}");
        assert_eq!(outcome.status(), Status::Unhealthy);
        assert!(
            !text.contains("s3cret") && !outcome.message().unwrap().contains("127."),
            "{text}"
        );
    }
}

#[cfg(feature = "reqwest-certificate")]
mod certificate {
    use super::*;
    use crate::support::Tls;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn days_are_told_if_the_client_keeps_the_certificate() {
        for (days, expected) in [
            (100, (Status::Healthy, "")),
            (
                20,
                (
                    Status::Degraded,
                    "certificate valid for 20 more days, less than 21",
                ),
            ),
            (
                5,
                (
                    Status::Unhealthy,
                    "certificate valid for 5 more days, less than 7",
                ),
            ),
        ] {
            let tls = Tls::serve("localhost", -1, days).await;
            let client = |keeps: bool| {
                let root = reqwest::Certificate::from_der(&tls.root).unwrap();
                builder()
                    .tls_certs_only([root])
                    .tls_info(keeps)
                    .build()
                    .unwrap()
            };
            let url = format!("https://localhost:{}/", tls.address.port());
            let outcome = Http::new(&client(true), &url)
                .with_certificate()
                .ping()
                .await;
            assert_eq!(told(&outcome), expected, "{outcome:?}");
            assert_eq!(
                value(&outcome, "certificate_days"),
                Some(&Value::Integer(days))
            );
            let other = Http::new(&client(true), &url).with_certificate_days(3, 2);
            assert_eq!(told(&other.ping().await), (Status::Healthy, ""));
            let unknown = Http::new(&client(false), &url)
                .with_certificate()
                .ping()
                .await;
            assert_eq!(unknown.status(), Status::Degraded);
            assert!(unknown.message().unwrap().contains("tls_info(true)"));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_the_client_does_not_trust_is_said() {
        let expired = Tls::serve("localhost", -10, -3).await;
        let root = reqwest::Certificate::from_der(&expired.root).unwrap();
        let trusting = builder().tls_certs_only([root]).build().unwrap();
        let at = |port: u16| format!("https://localhost:{port}/");
        let outcome = http::ping(&trusting, &at(expired.address.port())).await;
        assert_eq!(
            told(&outcome),
            (Status::Unhealthy, "certificate expired"),
            "{outcome:?}"
        );
        let other = Tls::serve("localhost", -1, 100).await;
        let outcome = http::ping(&trusting, &at(other.address.port())).await;
        assert_eq!(
            told(&outcome),
            (Status::Unhealthy, "certificate not accepted"),
            "{outcome:?}"
        );
    }
}
