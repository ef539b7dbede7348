//! The outermost layer: no middleware of the application reaches the probes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::{App, HttpResponse, HttpServer, web};
use health_actix::{Check, GuardExt, HealthService};

use crate::support::{exchange, get, health, request, run};

#[actix_web::test]
async fn what_is_wrapped_before_it_never_sees_a_probe() {
    let seen = Arc::new(AtomicU32::new(0));
    let health = health([Check::new("database", async || ()).readiness()]);
    let counter = Arc::clone(&seen);
    let server = HttpServer::new(move || {
        let counter = Arc::clone(&counter);
        App::new()
            .route("/orders", web::get().to(HttpResponse::Ok))
            .route("/health/mine", web::get().to(HttpResponse::Ok))
            .wrap_fn(move |request, _next| {
                counter.fetch_add(1, Ordering::Relaxed);
                let refused = HttpResponse::Unauthorized().finish();
                async { Ok(request.into_response(refused)) }
            })
            .wrap(HealthService::new(&health).layer())
    });
    let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    run(server.run());

    for (path, code) in [
        ("/health", 200),
        ("/health/", 200),
        ("/health/ready?x=%zz", 200),
        ("/health/checks/database", 200),
        ("/health/checks/%64atabase", 200),
        ("/health/checks/nobody", 404),
        ("/health/groups/nothing", 404),
        ("/health/openapi.json", 200),
    ] {
        assert_eq!(get(address, path).await.0, code, "{path}");
    }
    let bare = exchange(address, "OPTIONS /health/ready HTTP/1.0\r\n\r\n").await;
    assert!(bare.starts_with("HTTP/1.0 200 "), "{bare}");
    let post = request(address, "POST", "/health/ready").await;
    assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
    assert_eq!(seen.load(Ordering::Relaxed), 0);

    for path in ["/orders", "/health/mine", "/health/checks", "/"] {
        assert_eq!(get(address, path).await.0, 401, "{path}");
    }
    assert_eq!(seen.load(Ordering::Relaxed), 4);
}

#[actix_web::test]
async fn a_guard_inside_of_it_guards_the_rest() {
    let down = Check::new("database", async || false)
        .readiness()
        .with_tag("db");
    let health = health([down]);
    let server = HttpServer::new(move || {
        App::new()
            .route("/orders", web::get().to(HttpResponse::Ok))
            .wrap(health.guard("db"))
            .wrap(HealthService::new(&health).layer())
    });
    let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    run(server.run());
    assert_eq!(get(address, "/orders").await.0, 503);
    assert_eq!(get(address, "/health/live").await.0, 200);
}
