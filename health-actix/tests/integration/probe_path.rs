//! Requests that say by way of which checks of other services they come.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::App;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::{TestRequest, init_service, read_body};
use health_actix::{Check, Details, Health, HealthService};
use health_core::{ProbePath, probe_path};

use crate::support::health;

static HEADER: HeaderName = HeaderName::from_static(ProbePath::HEADER);

const ID: &str = "0123456789abcdef";

/// By which ways it was run.
type Ways = Arc<Mutex<Vec<String>>>;

/// A check that asks others, as far as can be told.
fn asks(ways: &Ways) -> Check {
    let ways = Arc::clone(ways);
    let check = Check::new("other", move || {
        let path = probe_path().unwrap();
        ways.lock().unwrap().push(path.to_string());
        async {}
    });
    check.readiness().with_tag("others")
}

/// The code, the head and the body, in one text.
async fn answer(response: ServiceResponse<impl MessageBody>) -> (u16, String) {
    let code = response.status().as_u16();
    let head = format!("{:?}", response.headers());
    let body = read_body(response).await;
    (code, head + &String::from_utf8_lossy(&body))
}

macro_rules! ask {
    ($app:ident, $path:expr, $lines:expr) => {{
        let mut request = TestRequest::with_uri($path);
        for line in $lines {
            request = request.append_header((HEADER.clone(), line));
        }
        answer(request.send_request(&$app).await).await
    }};
}

const NOBODY: [HeaderValue; 0] = [];

fn line(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).unwrap()
}

#[actix_web::test]
async fn all_lines_of_the_header_reach_a_check_that_asks_others() {
    let ways = Ways::default();
    let health = health([asks(&ways).with_cache(Duration::ZERO)]);
    let app = init_service(App::new().service(HealthService::new(&health))).await;
    let own = ask!(app, "/health/ready", NOBODY);
    assert_eq!(own.0, 200);
    let other = "fedcba9876543210";
    ask!(app, "/health/ready", [line(ID), line("ü"), line(other)]);
    let ways = ways.lock().unwrap();
    assert_eq!(*ways[1], format!("{ID},{other},{}", ways[0]));
}

#[actix_web::test]
async fn who_comes_in_a_circle_is_told_so_and_starts_nothing() {
    let ways = Ways::default();
    let health = health([asks(&ways).with_cache(Duration::ZERO)]);
    let app = init_service(App::new().service(HealthService::new(&health))).await;
    ask!(app, "/health/ready", NOBODY);
    let own = ways.lock().unwrap()[0].clone();
    for path in [
        "/health/ready",
        "/health/checks/other",
        "/health/groups/others",
    ] {
        let (code, body) = ask!(app, path, [line(&own)]);
        assert_eq!(code, 200, "{path}");
        assert!(body.contains("probe loop"), "{path}: {body}");
    }
    assert_eq!(ways.lock().unwrap().len(), 1);
}

/// What a stranger may say, who may have got hold of an id.
fn strange(own: &str) -> Vec<Vec<HeaderValue>> {
    let ids = |count| line(&vec![ID; count].join(","));
    vec![
        vec![line("")],
        vec![line("0000000000000000")],
        vec![line("ffffffffffffffff")],
        vec![ids(16)],
        vec![ids(480)],
        vec![ids(3000)],
        vec![ids(16); 90],
        vec![line(&"x".repeat(8192))],
        vec![line(&",".repeat(8192))],
        vec![line("+123456789abcdef,ü, \u{fffd}")],
        vec![HeaderValue::from_bytes(b"\xff\xfe").unwrap()],
        vec![line(own)],
        vec![line(own), line("ü"), line(own)],
    ]
}

#[actix_web::test]
async fn whatever_a_stranger_says_nobody_else_is_told_otherwise() {
    let ways = Ways::default();
    let down = Check::new("database", async || false).readiness();
    let starts = Check::new("schema", async || false).startup();
    let kept = Duration::from_secs(600);
    let checks = [asks(&ways), down, starts].map(|check| check.with_cache(kept));
    let health = health(checks);
    let service = HealthService::new(&health).details(Details::full());
    let app = init_service(App::new().service(service)).await;
    let paths = [
        "/health",
        "/health/live",
        "/health/ready",
        "/health/started",
        "/health/checks/other",
        "/health/checks/database",
        "/health/groups/others",
    ];
    let mut before = Vec::new();
    for path in paths {
        before.push(ask!(app, path, NOBODY).0);
    }
    assert_eq!(before, [200, 200, 503, 503, 200, 503, 200]);
    let own = ways.lock().unwrap()[0].clone();
    let known = known(&health);
    for lines in strange(&own) {
        for (path, before) in paths.into_iter().zip(&before) {
            let (code, body) = ask!(app, path, lines.clone());
            assert_eq!(
                code, *before,
                "what fails fails for them too: {path} {lines:?}"
            );
            assert!(!body.contains(&own) && !body.contains(ID), "{body}");
            let (code, body) = ask!(app, path, NOBODY);
            assert_eq!(code, *before, "{path} {lines:?}");
            assert!(
                !body.contains("probe loop") && !body.contains(&own),
                "{body}"
            );
        }
    }
    assert_eq!(ways.lock().unwrap().len(), 1, "nothing was run for them");
    assert_eq!(self::known(&health), known);
}

/// What has happened, and what is remembered.
fn known(health: &Health) -> String {
    let caller = health_actix::Caller::nobody;
    let names = ["database", "other", "schema"];
    let histories = names.map(|name| health.history(name, caller()));
    format!("{:?} {histories:?}", health.timeline())
}
