//! Who is told what, who is turned away, and how: asked over sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use actix_web::{App, HttpServer};
use health_actix::{
    Check, Details, Dialect, Health, HealthService, Level, RateLimit, allow, api_key, bearer,
    networks,
};
use serde_json::Value;

use crate::support::{exchange, fine, get, health, request, run, serve};

/// What is there for details: existing or not, in all its spellings.
const DETAILS: [&str; 9] = [
    "/health/checks/database",
    "/health/checks/database/",
    "/health/checks/%64atabase",
    "/%68ealth/checks/database?x=%zz",
    "/health/checks/nobody",
    "/health/groups/db",
    "/health/groups/nobody",
    "/health/openapi.json",
    "/health/openapi.json/",
];

const PROBES: [&str; 4] = [
    "/health",
    "/health/live/",
    "/health/ready?x=%zz",
    "/health/started",
];

const UNAUTHORIZED: &str = r#"{"status":"unauthorized","detail":"Credentials are needed here; the WWW-Authenticate header says which"}"#;
const FORBIDDEN: &str =
    r#"{"status":"forbidden","detail":"This may not be asked from where you are"}"#;
const TOO_MANY: &str =
    r#"{"status":"too_many_requests","detail":"Ask less often; the Retry-After header says when"}"#;

/// One check that serves every probe, and says what not everybody may know.
pub(crate) fn private() -> Health {
    let failing = Check::new("database", async || Err::<(), _>("no route to db-7"));
    let database = failing.liveness().readiness().startup().with_tag("db");
    health([database.with_critical(false)])
}

async fn ask(address: SocketAddr, method: &str, path: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    exchange(address, &head).await
}

/// The status code and the body.
pub(crate) async fn told(address: SocketAddr, path: &str, headers: &[&str]) -> (u16, String) {
    let answer = ask(address, "GET", path, headers).await;
    let (head, body) = answer.split_once("\n\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

/// An answer that is no report, as it is sent.
fn sent(status: &str, more: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\ncache-control: no-store\nconnection: close\ncontent-length: {}\n\
         content-type: application/json\n{more}\n{body}",
        body.len()
    )
}

pub(crate) fn unauthorized(challenges: &[&str]) -> String {
    let lines = challenges.iter();
    let lines: String = lines
        .map(|line| format!("www-authenticate: {line}\n"))
        .collect();
    sent("401 Unauthorized", &lines, UNAUTHORIZED)
}

pub(crate) const BEARER: &str = r#"Bearer realm="health""#;
const KEY: &str = r#"ApiKey realm="health", header="x-api-key""#;

/// Serves with this many workers.
fn serve_by(workers: usize, service: HealthService) -> SocketAddr {
    let server = HttpServer::new(move || App::new().service(service.clone())).workers(workers);
    let server = server.bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    run(server.run());
    address
}

#[actix_web::test]
async fn each_level_is_told_what_it_may_know_and_nobody_gets_the_answer_of_another() {
    let health = private();
    let details = Details::decide(|request| match request.headers().get("x-level") {
        Some(level) if level == "full" => Level::Full,
        Some(level) if level == "status" => Level::StatusOnly,
        Some(_) => panic!("on purpose"),
        None => Level::Summary,
    });
    let address = serve(move || HealthService::new(&health).details(details.clone()));
    // Twice, since documents are kept.
    for _ in 0..2 {
        for path in [
            "/health",
            "/health/live",
            "/health/ready",
            "/health/started",
            "/health/checks/database",
            "/health/groups/db",
            "/health/openapi.json",
        ] {
            let (_, full) = told(address, path, &["x-level: full"]).await;
            let is_document = path.ends_with(".json");
            let secret = if is_document { "x-health-" } else { "db-7" };
            assert!(full.contains(secret), "{path}: {full}");
            let (_, summary) = told(address, path, &[]).await;
            assert!(summary.contains("database"), "{path}: {summary}");
            assert!(!summary.contains(secret), "{path}: {summary}");
            for level in ["status", "panic"] {
                let (code, status) = told(address, path, &[&format!("x-level: {level}")]).await;
                let code_is_right = code == if path.contains("checks") { 404 } else { 200 };
                assert!(code_is_right, "{path}: {code}");
                assert!(!status.contains("database"), "{path}: {status}");
                assert!(!status.contains("\"db\""), "{path}: {status}");
            }
        }
    }
}

#[actix_web::test]
async fn whom_access_lets_in_is_told_everything_and_others_the_summary() {
    let health = private();
    let details = Details::when(bearer("hunter2").or(api_key("swordfish")));
    let address = serve(move || HealthService::new(&health).details(details.clone()));
    for path in ["/health/ready", "/health/checks/database"] {
        for right in [
            "Authorization: Bearer hunter2",
            "authorization: bearer  hunter2",
            "X-Api-Key: swordfish",
        ] {
            let (_, body) = told(address, path, &[right]).await;
            assert!(body.contains("db-7"), "{path}, {right}: {body}");
        }
        for wrong in [
            "Authorization: Bearer hunter",
            "Authorization: Bearer hunter22",
            "Authorization: Basic hunter2",
            "Authorization: Bearer x\r\nAuthorization: Bearer hunter2",
            "Authorization: Bearer hunter2\r\nAuthorization: Bearer hunter2",
            "X-Api-Key: hunter2",
            "X-Api-Key: \u{fc}",
        ] {
            let (code, body) = told(address, path, &[wrong]).await;
            assert_eq!(code == 200, path.ends_with("ready"), "{path}, {wrong}");
            assert!(body.contains("check failed"), "{path}, {wrong}: {body}");
            assert!(!body.contains("db-7"), "{path}, {wrong}: {body}");
        }
    }
}

#[actix_web::test]
async fn details_for_some_only_are_refused_to_others_and_probes_are_not() {
    let health = private();
    let access = bearer("hunter2").or(api_key("swordfish"));
    let details = Details::only(access);
    let address = serve(move || HealthService::new(&health).details(details.clone()));
    let expected = unauthorized(&[KEY, BEARER]);
    for path in DETAILS {
        for headers in [&[] as &[&str], &["Authorization: Bearer wrong"]] {
            assert_eq!(ask(address, "GET", path, headers).await, expected, "{path}");
        }
        let (head, _) = expected.split_once("\n\n").unwrap();
        let bare = ask(address, "HEAD", path, &[]).await;
        assert_eq!(bare, format!("{head}\n\n"), "{path}");
        assert_eq!(ask(address, "OPTIONS", path, &[]).await, expected, "{path}");
    }
    for (path, body) in PROBES.into_iter().zip([
        r#"{"status":"alive","degraded":true}"#,
        r#"{"status":"alive","degraded":true}"#,
        r#"{"status":"ready","degraded":true}"#,
        r#"{"status":"started","degraded":true}"#,
    ]) {
        assert_eq!(told(address, path, &[]).await, (200, body.to_owned()));
        let (code, body) = told(address, path, &["x-api-key: swordfish"]).await;
        assert_eq!(code, 200);
        assert!(body.contains("db-7"), "{path}: {body}");
    }
    for (path, code) in [
        ("/health/checks/database", 503),
        ("/health/checks/nobody", 404),
        ("/health/groups/db", 200),
        ("/health/groups/nobody", 404),
        ("/health/openapi.json", 200),
    ] {
        let (found, body) = told(address, path, &["Authorization: Bearer hunter2"]).await;
        assert_eq!(found, code, "{path}");
        let known = [r#""known":["database"]"#, r#""known":["db"]"#];
        let is_told = known.iter().any(|known| body.contains(known));
        assert_eq!(is_told, code == 404, "{path}: {body}");
    }
}

#[actix_web::test]
async fn where_no_credential_would_help_the_answer_is_403() {
    let health = private();
    for access in [
        networks(["192.0.2.0/24"]),
        allow(|_| false),
        allow(|_| panic!("on purpose")),
    ] {
        let service = HealthService::new(&health).details(Details::only(access));
        let address = serve(move || service.clone());
        for path in DETAILS {
            let answer = request(address, "GET", path).await;
            assert_eq!(answer, sent("403 Forbidden", "", FORBIDDEN), "{path}");
        }
        for path in PROBES {
            assert_eq!(get(address, path).await.0, 200, "{path}");
        }
    }
}

#[actix_web::test]
async fn a_restriction_turns_everybody_else_away_before_anything_runs() {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let database = Check::new("database", move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async {}
    });
    let health = health([database.liveness().readiness().with_tag("db")]);
    let service = HealthService::new(&health).restrict(bearer("hunter2"));
    let mounted = serve({
        let service = service.clone();
        move || service.clone()
    });
    let layer = HttpServer::new(move || App::new().wrap(service.clone().layer())).workers(1);
    let layer = layer.bind(("127.0.0.1", 0)).unwrap();
    let layered = layer.addrs()[0];
    run(layer.run());
    for address in [mounted, layered] {
        let before = runs.load(Ordering::Relaxed);
        for path in PROBES.into_iter().chain(DETAILS) {
            for method in ["GET", "OPTIONS"] {
                let answer = ask(address, method, path, &[]).await;
                assert_eq!(answer, unauthorized(&[BEARER]), "{method} {path}");
            }
        }
        let bare = exchange(address, "OPTIONS /health/ready HTTP/1.0\r\n\r\n").await;
        assert!(bare.starts_with("HTTP/1.0 401 "), "as HAProxy asks: {bare}");
        let preflight = ["Origin: http://a", "Access-Control-Request-Method: GET"];
        let allowed = ask(address, "OPTIONS", "/health/ready", &preflight).await;
        assert!(allowed.starts_with("HTTP/1.1 204 "), "{allowed}");
        assert_eq!(runs.load(Ordering::Relaxed), before, "nothing was run");
        for path in PROBES {
            let (code, _) = told(address, path, &["Authorization: Bearer hunter2"]).await;
            assert_eq!(code, 200, "{path}");
        }
        assert!(runs.load(Ordering::Relaxed) > before);
    }
}

#[actix_web::test]
async fn asking_for_details_too_often_is_429_and_probes_are_never_turned_away() {
    let health = private();
    let limit = RateLimit::per_second(1).burst(2);
    let service = HealthService::new(&health).rate_limit(limit);
    let address = serve(move || service.clone());
    let started = Instant::now();
    let mut turned_away = 0;
    for path in DETAILS.into_iter().cycle().take(40) {
        let answer = request(address, "GET", path).await;
        if answer.starts_with("HTTP/1.1 429 ") {
            let expected = sent("429 Too Many Requests", "retry-after: 1\n", TOO_MANY);
            assert_eq!(answer, expected);
            turned_away += 1;
        }
    }
    let passed = 40 - turned_away;
    assert!((2..=most(2, started)).contains(&passed), "{passed}");
    for path in PROBES.into_iter().cycle().take(100) {
        let (code, body) = get(address, path).await;
        assert_eq!(code, 200, "{path}: {body}");
    }
    let preflight = ["Origin: http://a", "Access-Control-Request-Method: GET"];
    let allowed = ask(address, "OPTIONS", "/health/checks/database", &preflight).await;
    assert!(allowed.starts_with("HTTP/1.1 204 "), "{allowed}");
}

/// How many may have passed since then, at one more in each second.
fn most(burst: u32, since: Instant) -> u32 {
    let seconds = since.elapsed().as_secs();
    burst + u32::try_from(seconds).unwrap() + 1
}

#[actix_web::test]
async fn all_workers_count_together() {
    let limit = RateLimit::per_second(1).burst(5);
    let service = HealthService::new(&health([fine("database")])).rate_limit(limit);
    let address = serve_by(4, service);
    let started = Instant::now();
    let mut passed = 0;
    for _ in 0..60 {
        let (code, _) = get(address, "/health/checks/database").await;
        passed += u32::from(code == 200);
    }
    // Four workers that count alone let 20 pass.
    assert!((5..=most(5, started)).contains(&passed), "{passed}");
}

#[actix_web::test]
async fn a_limit_counts_those_apart_for_whom_a_trusted_proxy_asks() {
    let limit = RateLimit::per_second(1).burst(1).behind(["127.0.0.1"]);
    let service = HealthService::new(&health([fine("database")])).rate_limit(limit);
    let address = serve(move || service.clone());
    let path = "/health/checks/database";
    let ask = async |client: &str| {
        let header = format!("X-Forwarded-For: {client}");
        told(address, path, &[&header]).await.0
    };
    for client in 1..20 {
        assert_eq!(ask(&format!("192.0.2.{client}")).await, 200, "{client}");
    }
    let mut codes = Vec::new();
    for claimed in 1..20 {
        codes.push(ask(&format!("203.0.113.{claimed}, 198.51.100.1")).await);
    }
    assert!(
        codes.contains(&429),
        "the claims of a client count for nothing"
    );
}

#[actix_web::test]
async fn a_forwarded_address_is_believed_if_a_trusted_proxy_tells_it() {
    let health = private();
    let office = || networks(["192.0.2.0/24"]);
    let service =
        HealthService::new(&health).details(Details::only(office().behind(["127.0.0.1"])));
    let address = serve(move || service.clone());
    for (headers, code) in [
        (&["X-Forwarded-For: 192.0.2.7"] as &[&str], 503),
        (&["x-forwarded-for: 203.0.113.9, 192.0.2.7:4711"], 503),
        (
            &["X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 192.0.2.7"],
            503,
        ),
        (&["X-Forwarded-For: 192.0.2.7, 127.0.0.1"], 503),
        (&["Forwarded: for=192.0.2.7;proto=https"], 503),
        (&["Forwarded: for=203.0.113.9, for=\"192.0.2.7:80\""], 503),
        (
            &["Forwarded: for=192.0.2.7", "X-Forwarded-For: 192.0.2.7"],
            503,
        ),
        (&[], 403),
        (&["X-Forwarded-For: 192.0.2.7, 203.0.113.9"], 403),
        (
            &["X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: 203.0.113.9"],
            403,
        ),
        (&["X-Forwarded-For: 192.0.2.7, unknown"], 403),
        (&["X-Forwarded-For: "], 403),
        (&["Forwarded: for=192.0.2.7, for=203.0.113.9"], 403),
        (&["Forwarded: for=192.0.2.7, for=_hidden"], 403),
        (&["Forwarded: for=\"192.0.2.7"], 403),
        (
            &["Forwarded: for=192.0.2.7", "X-Forwarded-For: 203.0.113.9"],
            403,
        ),
        (&["X-Real-IP: 192.0.2.7"], 403),
    ] {
        let (found, _) = told(address, "/health/checks/database", headers).await;
        assert_eq!(found, code, "{headers:?}");
        assert_eq!(told(address, "/health/ready", headers).await.0, 200);
    }

    for believing_nobody in [office(), office().behind(["127.0.0.2", "10.0.0.0/8"])] {
        let service = HealthService::new(&health).details(Details::only(believing_nobody));
        let address = serve(move || service.clone());
        for header in ["X-Forwarded-For: 192.0.2.7", "Forwarded: for=192.0.2.7"] {
            let (code, _) = told(address, "/health/checks/database", &[header]).await;
            assert_eq!(code, 403, "{header}");
        }
    }
    let here = HealthService::new(&health).details(Details::only(networks(["127.0.0.0/8"])));
    let address = serve(move || here.clone());
    let header = "X-Forwarded-For: 192.0.2.7";
    let (code, body) = told(address, "/health/checks/database", &[header]).await;
    assert_eq!(code, 503);
    assert!(body.contains("db-7"), "{body}");
}

#[actix_web::test]
async fn a_dialect_can_have_its_own_details_beside_those_of_the_service() {
    let health = private();
    let service = HealthService::new(&health)
        .dialects([
            Dialect::default(),
            Dialect::default().at("/ops").details(Details::full()),
            Dialect::default()
                .at("/public")
                .details(Details::status_only()),
            Dialect::default()
                .at("/mine")
                .details(Details::only(bearer("hunter2"))),
        ])
        .details(Details::summary());
    service.validate().unwrap();
    let address = serve(move || service.clone());
    let (_, body) = get(address, "/health/checks/database").await;
    assert!(!body.contains("db-7"), "{body}");
    let (_, body) = get(address, "/ops/checks/database").await;
    assert!(body.contains("db-7"), "{body}");
    assert_eq!(get(address, "/public/checks/database").await.0, 404);
    let (_, body) = get(address, "/public/ready").await;
    assert_eq!(body, r#"{"status":"ready","degraded":true}"#);
    let answer = request(address, "GET", "/mine/checks/database").await;
    assert_eq!(answer, unauthorized(&[BEARER]));
    assert_eq!(get(address, "/mine/ready").await.1, body);
    let (_, document) = get(address, "/health/openapi.json").await;
    let document: Value = serde_json::from_str(&document).unwrap();
    assert!(document["paths"]["/mine/checks/{name}"].is_object());
}

#[actix_web::test]
async fn nothing_is_run_that_the_caller_may_not_know_of() {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let database = Check::new("database", move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async {}
    });
    let health = health([database.liveness().with_cache(Duration::ZERO)]);
    let hidden = HealthService::new(&health).details(Details::status_only());
    let spring = HealthService::new(&health).dialects([Dialect::spring()]);
    for (service, path, liveness) in [
        (hidden, "/health/checks/database", "/health/live"),
        (
            spring,
            "/actuator/health/readiness/database",
            "/actuator/health/liveness",
        ),
    ] {
        let address = serve(move || service.clone());
        assert_eq!(get(address, path).await.0, 404, "{path}");
        // A run that the other had started would have ended with this one at the latest.
        assert_eq!(get(address, liveness).await.0, 200);
        assert_eq!(runs.swap(0, Ordering::Relaxed), 1, "{path}");
    }
}

#[actix_web::test]
async fn a_restriction_with_mistakes_restarts_nobody() {
    let health = private();
    for broken in [bearer("hunter2\n"), networks(["10.0.0.0/33"])] {
        let service = HealthService::new(&health).restrict(broken);
        let address = serve(move || service.clone());
        assert_eq!(
            get(address, "/health/live").await,
            (200, r#"{"status":"alive"}"#.to_owned())
        );
        for path in [
            "/health/ready",
            "/health/started",
            "/health/checks/database",
            "/health/groups/db",
        ] {
            let (code, body) = get(address, path).await;
            assert_eq!(code, 503, "{path}");
            assert!(body.starts_with(r#"{"status":"misconfigured""#), "{body}");
        }
        let (_, document) = get(address, "/health/openapi.json").await;
        assert!(!document.contains("database"), "{document}");
    }
}

#[actix_web::test]
async fn what_not_everybody_is_told_is_not_kept_by_caches() {
    let kept = fine("database").with_cache(Duration::from_secs(90));
    let health = health([kept]);
    let ietf = || HealthService::new(&health).dialects([Dialect::ietf()]);
    let token = ["Authorization: Bearer hunter2"];
    for (service, is_kept) in [
        (ietf(), true),
        (ietf().details(Details::full()), true),
        (ietf().details(Details::when(bearer("hunter2"))), false),
        (ietf().details(Details::only(bearer("hunter2"))), false),
        (ietf().details(Details::decide(|_| Level::Full)), false),
        (ietf().restrict(bearer("hunter2")), false),
    ] {
        let address = serve(move || service.clone());
        let answer = ask(address, "GET", "/health/ready", &token).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let says_so = answer.contains("\ncache-control: private, max-age=");
        assert_eq!(says_so, is_kept, "{answer}");
        assert_ne!(answer.contains("\ncache-control: no-store\n"), is_kept);
    }
}
