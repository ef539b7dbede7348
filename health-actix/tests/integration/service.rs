//! The one line.

use actix_web::dev::Service;
use actix_web::{App, HttpMessage, HttpResponse, HttpServer, web};
use health_actix::{HealthRequest, HealthService, service, try_service};
use serde_json::Value;

use crate::support::{get, health, serve};

#[actix_web::test]
async fn the_one_line_mounts_every_annotated_function() {
    assert!(try_service().is_ok());
    let address = serve(service);
    let (code, body) = get(address, "/health/ready").await;
    assert_eq!(
        (code, &*body),
        (
            503,
            r#"{"status":"not_ready","checks":{"pool":{"healthy":false,"error":"`Pool` is not initialised"}}}"#
        )
    );
    let (_, document) = get(address, "/health/openapi.json").await;
    let document: Value = serde_json::from_str(&document).unwrap();
    let readiness = &document["components"]["schemas"]["HealthReadinessReport"];
    let pool = &readiness["properties"]["checks"]["properties"]["pool"];
    assert_eq!(
        pool["description"],
        "The pool of the application that is probed."
    );
}

#[actix_web::test]
async fn a_prefix_that_cannot_be_mounted_does_not_panic_in_a_worker() {
    let health = health([]);
    let address = serve(move || HealthService::new(&health).prefix("/{oops}"));
    assert_eq!(get(address, "/health").await.0, 200);
    let (code, body) = get(address, "/health/ready").await;
    assert_eq!(code, 503);
    assert!(body.starts_with(r#"{"status":"misconfigured""#), "{body}");
}

#[actix_web::test]
async fn two_services_of_one_health_can_be_mounted_side_by_side() {
    let health = health([]);
    let server = HttpServer::new(move || {
        App::new()
            .service(HealthService::new(&health))
            .service(HealthService::new(&health).prefix("/ops"))
    });
    let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    crate::support::run(server.run());
    assert_eq!(get(address, "/health/ready").await.0, 200);
    assert_eq!(get(address, "/ops/ready").await.0, 200);
}

#[actix_web::test]
async fn middleware_can_tell_the_requests_of_probes_from_others() {
    let (tells, told) = std::sync::mpsc::channel();
    let server = HttpServer::new(move || {
        let tells = tells.clone();
        App::new()
            .wrap_fn(move |request, next| {
                let (answer, tells) = (next.call(request), tells.clone());
                async move {
                    let response = answer.await?;
                    let request = response.request();
                    let marked = request.extensions().contains::<HealthRequest>();
                    tells.send((request.path().to_owned(), marked)).unwrap();
                    Ok(response)
                }
            })
            .service(HealthService::new(&health([])))
            .route("/orders", web::get().to(HttpResponse::Ok))
    });
    let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    crate::support::run(server.run());
    for path in ["/health/ready", "/orders", "/health/openapi.json"] {
        crate::support::request(address, "GET", path).await;
    }
    let marked: Vec<_> = told.try_iter().collect();
    let expected = [
        ("/health/ready", true),
        ("/orders", false),
        ("/health/openapi.json", true),
    ];
    assert_eq!(
        marked,
        expected.map(|(path, marked)| (path.to_owned(), marked))
    );
}
