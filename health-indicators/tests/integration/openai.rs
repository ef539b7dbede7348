use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use health_core::{Outcome, Status, Value};
use health_indicators::openai::{self, OpenAi};
use reqwest::Client;

use crate::support::{Fault, Faults, Probes, Proxy, Web};

const GARBAGE: &[u8] = b"220 mail.example.org ESMTP\r\n";
const KEY: &str = "sk-s3cret";

const MODELS: &str = r#"{"object":"list","data":[{"id":"gpt-4o","object":"model"}]}"#;
const DEPLOYMENTS: &str = r#"{"object":"list","data":[
    {"id":"chat","model":"gpt-4o","status":"succeeded"},
    {"id":"new","model":"gpt-4o","status":"running"}]}"#;

fn client() -> Client {
    let _installed = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

fn authorized(
    request: &HttpRequest,
    header: &str,
    value: &str,
    body: &'static str,
) -> HttpResponse {
    match request.headers().get(header) {
        Some(own) if own == value => HttpResponse::Ok().body(body),
        // As OpenAI does, it tells of the key.
        own => HttpResponse::Unauthorized().body(format!("Incorrect API key provided: {own:?}")),
    }
}

/// Both services; what fails is below a path that is named after how.
fn services(app: &mut ServiceConfig) {
    let bearer = format!("Bearer {KEY}");
    let openai = move |request: HttpRequest| {
        let answer = authorized(&request, "authorization", &bearer, MODELS);
        async move { answer }
    };
    let azure = |request: HttpRequest| async move {
        let (body, version) = match request.path() {
            "/openai/models" => (MODELS, "api-version=2024-10-21"),
            _ => (DEPLOYMENTS, "api-version=2022-12-01"),
        };
        match request.query_string() == version {
            true => authorized(&request, "api-key", KEY, body),
            false => HttpResponse::NotFound().finish(),
        }
    };
    app.route("/v1/models", web::get().to(openai))
        .route("/openai/models", web::get().to(azure))
        .route("/openai/deployments", web::get().to(azure))
        .route("/{how}/v1/models", web::get().to(failing))
        .route("/{how}/openai/models", web::get().to(failing));
}

async fn failing(how: web::Path<String>) -> HttpResponse {
    let quota = r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}"#;
    match how.as_str() {
        "limited" => HttpResponse::TooManyRequests()
            .insert_header(("retry-after", "20"))
            .body(r#"{"error":{"code":"rate_limit_exceeded"}}"#),
        "quota" => HttpResponse::TooManyRequests().body(quota),
        "page" => HttpResponse::Ok().body("<html>"),
        "object" => HttpResponse::Ok().body("{}"),
        "long" => HttpResponse::Ok().body("x".repeat(2 << 20)),
        code => HttpResponse::build(StatusCode::from_u16(code.parse().unwrap()).unwrap()).finish(),
    }
}

fn told(outcome: &Outcome) -> (Status, &str) {
    (outcome.status(), outcome.message().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let web = Web::serve(services);
    let mut proxy = Proxy::to(web.address).await;
    let client = client();
    let at = |path: &str| format!("http://{}{path}", proxy.address());
    let azure = |path: &str, key: &str| Probes::of(OpenAi::azure(&client, at(path), key).check());
    let openai = |path: &str, key: &str| {
        Probes::of(OpenAi::new(&client, key).with_base_url(at(path)).check())
    };
    let probes = azure("", KEY);
    let others = [
        ("credentials missing", azure("", "")),
        ("wrong credentials", azure("", "another")),
        ("rate limited", azure("/limited", KEY)),
        ("quota exhausted", azure("/quota", KEY)),
        ("answers 500", azure("/500", KEY)),
        ("answers a page", azure("/page", KEY)),
        ("OpenAI, none", openai("", KEY)),
        ("OpenAI, credentials missing", openai("", " ")),
        ("OpenAI, wrong credentials", openai("", "another")),
        ("OpenAI, rate limited", openai("/limited", KEY)),
    ];
    let deployed = |name: &str| {
        let azure = OpenAi::azure(&client, at(""), KEY).with_deployment(name);
        Probes::of(azure.check())
    };
    let parts = [
        ("deployment ready", deployed("chat")),
        ("deployment not ready", deployed("new")),
        ("deployment missing", deployed("none")),
    ];
    let mut faults = Faults::of("OpenAI (reqwest)");
    faults.play(&mut proxy, &probes, GARBAGE).await;
    let accepted = proxy.counter();
    let count = async || accepted.load(Ordering::SeqCst);
    for (fault, probes) in others.into_iter().chain(parts) {
        faults.observe(fault, &probes, count).await;
    }
    faults.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_answer_has_its_words() {
    let web = Web::serve(services);
    let client = client();
    let at = |path: &str| OpenAi::new(&client, KEY).with_base_url(web.url(path));
    for (path, expected) in [
        ("", (Status::Healthy, "")),
        ("/", (Status::Healthy, "")),
        ("/403", (Status::Unhealthy, "HTTP 403 from OpenAI")),
        ("/503", (Status::Unhealthy, "HTTP 503 from OpenAI")),
        ("/204", (Status::Unhealthy, "HTTP 204 from OpenAI")),
        (
            "/limited",
            (Status::Degraded, "HTTP 429 from OpenAI: rate limited"),
        ),
        (
            "/quota",
            (Status::Unhealthy, "HTTP 429 from OpenAI: quota exhausted"),
        ),
        ("/object", (Status::Unhealthy, "unexpected answer")),
        ("/long", (Status::Unhealthy, "unexpected answer")),
    ] {
        assert_eq!(told(&at(path).ping().await), expected, "{path}");
    }
    let limited = at("/limited")
        .with_rate_limited(Status::Healthy)
        .ping()
        .await;
    assert_eq!(limited.status(), Status::Healthy);
    let after = limited
        .data()
        .find(|(name, _)| *name == "retry_after_seconds");
    assert_eq!(after, Some(("retry_after_seconds", &Value::Integer(20))));
    let other = at("").with_model("gpt-4o").ping().await;
    assert_eq!(told(&other), (Status::Healthy, ""));
    let missing = at("").with_model("gpt-3").ping().await;
    assert_eq!(told(&missing), (Status::Unhealthy, "model not available"));
    let invalid = OpenAi::azure(&client, "example.openai.azure.com", KEY)
        .ping()
        .await;
    assert_eq!(told(&invalid), (Status::Unhealthy, "invalid URL"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_without_credentials() {
    let asked = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&asked);
    let web = Web::serve(move |app| {
        let seen = Arc::clone(&seen);
        let count = move || {
            seen.fetch_add(1, Ordering::SeqCst);
            std::future::ready(HttpResponse::Ok().finish())
        };
        app.default_service(web::to(count));
    });
    let client = client();
    let none = || std::env::var("NO_SUCH_VARIABLE_IS_SET");
    let azure = OpenAi::azure(&client, web.url(""), none());
    let missing = "Azure OpenAI credentials not configured";
    assert_eq!(told(&azure.ping().await), (Status::Unhealthy, missing));
    let nowhere = OpenAi::azure(&client, none(), KEY).ping().await;
    assert_eq!(told(&nowhere), (Status::Unhealthy, missing));
    let missing = "OpenAI credentials not configured";
    assert_eq!(
        told(&openai::ping(&client, none()).await),
        (Status::Unhealthy, missing)
    );
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_is_never_shown() {
    let web = Web::serve(services);
    let mut proxy = Proxy::to(web.address).await;
    let (client, at) = (client(), format!("http://{}", proxy.address()));
    let key = "s3cret-but-wrong";
    let both = [
        OpenAi::new(&client, key).with_base_url(&*at),
        OpenAi::azure(&client, &*at, key),
        OpenAi::new(&client, "s3cret\nof two lines").with_base_url(&*at),
    ];
    let mut shown = String::new();
    for fault in [Fault::None, Fault::Hangup, Fault::Garbage(GARBAGE)] {
        proxy.set(fault);
        for service in &both {
            shown += &format!("{service:?} {:?}", service.ping().await);
        }
    }
    proxy.stop().await;
    for service in &both {
        shown += &format!("{:?}", service.ping().await);
    }
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("HTTP 401 from Azure OpenAI") && shown.contains("credentials rejected"));
}
