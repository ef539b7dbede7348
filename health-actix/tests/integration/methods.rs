//! Methods, protocols and neighbours.

use actix_web::{App, HttpResponse, HttpServer, web};
use health_actix::{Check, HealthService};

use crate::golden::expect;
use crate::support::{exchange, fine, get, health, request, run, serve};

fn service() -> impl Fn() -> HealthService + Clone + Send + 'static {
    let health = health([fine("database")]);
    move || HealthService::new(&health)
}

#[actix_web::test]
async fn every_method_has_its_answer() {
    let address = serve(service());
    let mut found = String::new();
    for method in [
        "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "QUERY",
    ] {
        for path in ["/health", "/health/checks/nobody", "/health/openapi.json"] {
            let answer = request(address, method, path).await;
            let short = match answer.split_once("\n\n{\"components\"") {
                Some((head, _)) => format!("{head}\n\n(the document)"),
                None => answer,
            };
            let short: String = short
                .lines()
                .filter(|l| !is_length(l, path))
                .collect::<Vec<_>>()
                .join("\n");
            found.push_str(&format!("{method} {path}\n{short}\n\n"));
        }
    }
    expect("methods.txt", &found);
}

/// The length of the document is nothing to promise.
fn is_length(line: &str, path: &str) -> bool {
    path.ends_with("openapi.json") && line.starts_with("content-length: ")
}

#[actix_web::test]
async fn head_answers_as_get_does_without_the_body() {
    let address = serve(service());
    for path in ["/health", "/health/started", "/health/checks/nobody"] {
        let got = request(address, "GET", path).await;
        let head = request(address, "HEAD", path).await;
        let (expected, body) = got.split_once("\n\n").unwrap();
        assert!(!body.is_empty());
        assert_eq!(head, format!("{expected}\n\n"), "{path}");
    }
}

#[actix_web::test]
async fn options_tells_of_health_but_a_preflight_does_not() {
    let health = health([fine("database")]);
    health.start_draining();
    let address = serve(move || HealthService::new(&health));
    let bare = exchange(address, "OPTIONS /health/ready HTTP/1.0\r\n\r\n").await;
    assert!(bare.starts_with("HTTP/1.0 503 "), "as HAProxy asks: {bare}");
    let preflight = "OPTIONS /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                     Origin: http://a\r\nAccess-Control-Request-Method: GET\r\n\r\n";
    assert_eq!(
        exchange(address, preflight).await,
        "HTTP/1.1 204 No Content\nallow: GET, HEAD, OPTIONS\nconnection: close\n\n"
    );
}

#[actix_web::test]
async fn http_1_0_without_a_host_is_answered() {
    let address = serve(service());
    let answer = exchange(address, "GET /health/ready HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\n"), "{answer}");
    assert!(answer.contains("{\"status\":\"ready\""));
}

#[actix_web::test]
async fn a_trailing_slash_works_and_nothing_is_redirected() {
    let address = serve(service());
    for path in [
        "/health",
        "/health/live",
        "/health/ready",
        "/health/started",
    ] {
        let (code, body) = get(address, path).await;
        assert_eq!(get(address, &format!("{path}/")).await.0, code);
        assert_eq!(code, 200, "{path}: {body}");
    }
    assert_eq!(get(address, "/health/checks/database/").await.0, 200);
    assert_eq!(get(address, "/health/openapi.json/").await.0, 200);
    assert_eq!(get(address, "/health//live").await.0, 404);
}

#[actix_web::test]
async fn a_query_string_never_fails_a_probe() {
    let address = serve(service());
    for query in ["?", "?verbose", "?%zz", "?a=b&a=%", "?exclude=database"] {
        assert_eq!(
            get(address, &format!("/health/ready{query}")).await.0,
            200,
            "{query}"
        );
    }
}

#[actix_web::test]
async fn a_scope_of_the_user_below_health_still_works() {
    let health = health([]);
    let server = HttpServer::new(move || {
        App::new()
            .service(HealthService::new(&health))
            .service(web::scope("/health").route("/mine", web::get().to(HttpResponse::Ok)))
    });
    let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    run(server.run());
    assert_eq!(get(address, "/health/mine").await.0, 200);
    assert_eq!(get(address, "/health/live").await.0, 200);
    assert_eq!(get(address, "/health/nothing").await.0, 404);
}

#[actix_web::test]
async fn hostile_names_of_checks_are_just_unknown() {
    let address = serve(service());
    let long = "x".repeat(10_000);
    for name in [
        "%22%3Cscript%3E",
        "%00",
        "..",
        "%2e%2e",
        "database%2f..",
        "%ff",
        &long,
    ] {
        let (code, body) = get(address, &format!("/health/checks/{name}")).await;
        assert!(matches!(code, 404 | 400), "{name}: {code}");
        assert!(!body.contains("script"));
    }
    assert_eq!(get(address, "/health/checks/%64atabase").await.0, 200);
}

#[actix_web::test]
async fn groups_of_all_names_can_be_asked() {
    let tags = ["a b", "a/b", "50%", "%2F", "c++", "größe", "Case", "."];
    let check = tags.into_iter().fold(fine("database"), Check::with_tag);
    let health = health([check]);
    let address = serve(move || HealthService::new(&health));
    for path in [
        "a%20b",
        "a%2Fb",
        "a%2fb",
        "50%25",
        "%252F",
        "c++",
        "c%2B%2B",
        "gr%C3%B6%C3%9Fe",
        "Case",
    ] {
        let (code, body) = get(address, &format!("/health/groups/{path}")).await;
        assert_eq!(code, 200, "{path}: {body}");
    }
    for path in ["a/b", "a+b", "50", "%252f", "case", "c", "", "%", "%00"] {
        let (code, _) = get(address, &format!("/health/groups/{path}")).await;
        assert_eq!(code, 404, "{path}");
    }
}

#[actix_web::test]
async fn in_a_scope_every_path_is_below_that_of_the_scope() {
    let health = health([fine("database").with_tag("db")]);
    let server = HttpServer::new(move || {
        let at_its_root = HealthService::new(&health).prefix("");
        App::new()
            .service(web::scope("/api/{version}").service(HealthService::new(&health)))
            .service(web::scope("/ops").service(at_its_root))
            .service(web::scope("/layered").wrap(HealthService::new(&health).layer()))
    });
    let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    run(server.run());
    for (path, code) in [
        ("/api/v1/health", 200),
        ("/api/v1/health/checks/database/", 200),
        ("/api/v1/health/groups/db", 200),
        ("/health", 404),
        ("/ops", 200),
        ("/ops/", 200),
        ("/ops/ready", 200),
        ("/ops/checks/database", 200),
        ("/ops/openapi.json", 200),
        ("/layered/health", 404),
        ("/layered/health/checks/database", 404),
    ] {
        assert_eq!(get(address, path).await.0, code, "{path}");
    }
}
