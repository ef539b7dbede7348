//! Who may scrape, how, and what that is answered.

use actix_web::{App, HttpResponse, HttpServer, web};
use health_actix::{
    Check, Details, GuardExt, Health, HealthService, Level, RateLimit, bearer, networks,
};

use super::OPEN;
use crate::support::{exchange, fine, get, health, request, run, serve};

const PATH: &str = "/health/metrics";

fn open(health: &Health) -> HealthService {
    HealthService::new(health).metrics(Details::summary())
}

fn head(answer: &str) -> &str {
    answer.split("\n\n").next().unwrap_or_default()
}

fn code(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[actix_web::test]
async fn it_is_there_only_where_it_was_asked_for() {
    let health = health([fine("db")]);
    let without = {
        let health = health.clone();
        serve(move || HealthService::new(&health))
    };
    assert_eq!(get(without, PATH).await.0, 404);
    let address = serve(move || open(&health).prefix("/internal"));
    for path in [
        "/internal/metrics",
        "/internal/metrics/",
        "/internal/metrics?a=b",
    ] {
        assert_eq!(get(address, path).await.0, 200, "{path}");
    }
}

#[actix_web::test]
async fn whatever_happens_it_is_answered() {
    let health = health([fine("db")]);
    health.start_draining();
    let address = {
        let health = health.clone();
        serve(move || open(&health))
    };
    assert_eq!(get(address, "/health/ready").await.0, 503);
    assert_eq!(get(address, PATH).await.0, 200);
    let wrong = serve(move || open(&health).dialects([]));
    let (code, text) = get(wrong, PATH).await;
    assert_eq!(code, 200);
    assert!(text.contains(r#"health_probe_status{probe="startup",status="unhealthy"} 1"#));
}

#[actix_web::test]
async fn methods_are_answered_as_elsewhere() {
    let health = health([fine("db")]);
    let address = serve(move || open(&health));
    let got = request(address, "GET", PATH).await;
    let (type_of, length) = (
        "content-type: text/plain; version=0.0.4; charset=utf-8",
        "length: ",
    );
    assert!(head(&got).contains(type_of) && head(&got).contains("cache-control: no-store"));
    let asked = request(address, "HEAD", PATH).await;
    assert!(asked.ends_with("\n\n") && head(&asked).contains(type_of));
    assert!(head(&asked).contains(length));
    let options = request(address, "OPTIONS", PATH).await;
    let expected =
        "HTTP/1.1 200 OK\nallow: GET, HEAD, OPTIONS\nconnection: close\ncontent-length: 0";
    assert_eq!(head(&options), expected);
    let posted = request(address, "POST", PATH).await;
    assert_eq!(code(&posted), 405);
    let accept = format!(
        "GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: {OPEN}\r\n\
         Accept-Encoding: gzip\r\n\r\n"
    );
    let answer = exchange(address, &accept).await;
    let media_type = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert!(head(&answer).contains(media_type), "{answer}");
    assert!(answer.ends_with("\n# EOF\n"));
}

#[actix_web::test]
async fn who_may_not_is_turned_away_and_who_asks_too_often_waits() {
    let health = health([fine("db")]);
    let token = {
        let health = health.clone();
        serve(move || HealthService::new(&health).metrics(bearer("t")))
    };
    let answer = request(token, "GET", PATH).await;
    assert_eq!(code(&answer), 401);
    assert!(
        head(&answer).contains("www-authenticate: Bearer"),
        "{answer}"
    );
    let brought = format!(
        "GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer t\r\n\r\n"
    );
    assert_eq!(code(&exchange(token, &brought).await), 200);
    let elsewhere = {
        let health = health.clone();
        serve(move || HealthService::new(&health).metrics(networks(["10.0.0.0/8"])))
    };
    assert_eq!(code(&request(elsewhere, "GET", PATH).await), 403);
    let limit = RateLimit::per_second(1).burst(1);
    let limited = serve(move || open(&health).rate_limit(limit.clone()));
    assert_eq!(code(&request(limited, "GET", PATH).await), 200);
    assert_eq!(code(&request(limited, "GET", PATH).await), 429);
    assert_eq!(code(&request(limited, "GET", "/health/live").await), 200);
}

#[actix_web::test]
async fn each_level_is_told_what_it_may_know() {
    let health = health([fine("db")]);
    let levels = [Level::StatusOnly, Level::Summary];
    let names = levels.map(|level| {
        let health = health.clone();
        serve(move || HealthService::new(&health).metrics(Details::decide(move |_| level)))
    });
    for (address, is_told) in names.into_iter().zip([false, true]) {
        let (_, text) = get(address, PATH).await;
        assert!(text.contains("health_uptime_seconds "));
        assert_eq!(text.contains("\"db\""), is_told, "{text}");
    }
}

#[actix_web::test]
async fn guards_let_it_pass() {
    let down = Check::new("db", async || false);
    let health = health([down.readiness().with_tag("db")]);
    let server = HttpServer::new(move || {
        App::new()
            .service(open(&health))
            .route("/orders", web::get().to(HttpResponse::Ok))
            .wrap(health.guard("db"))
    });
    let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    run(server.run());
    assert_eq!(get(address, "/orders").await.0, 503);
    assert_eq!(get(address, PATH).await.0, 200);
}
