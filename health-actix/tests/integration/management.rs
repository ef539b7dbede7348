//! A port of its own.

use actix_web::web;
use health_actix::{Health, HealthService};

use crate::support::{fine, get, health, run};

#[actix_web::test]
async fn one_call_mounts_everything_on_a_port_of_its_own() {
    let service = HealthService::new(&health([fine("database")])).prefix("");
    let port = free_port();
    run(service.listen_on(("127.0.0.1", port)).unwrap());
    let address = ([127, 0, 0, 1], port).into();
    assert_eq!(
        get(address, "/").await,
        (200, r#"{"status":"alive"}"#.to_owned())
    );
    assert_eq!(get(address, "/ready").await.0, 200);
    assert_eq!(get(address, "/openapi.json").await.0, 200);
}

#[actix_web::test]
async fn data_that_only_requests_bring_is_an_error_at_start() {
    let health = Health::builder().build().unwrap();
    let error = HealthService::new(&health)
        .listen_on(("127.0.0.1", 0))
        .err()
        .unwrap();
    let text = error.to_string();
    assert!(
        text.starts_with("2 mistakes in the health checks:"),
        "{text}"
    );
    assert!(
        text.contains("it takes `Pool` from the data of the requesting application"),
        "{text}"
    );
    assert!(
        text.contains(
            std::any::type_name::<web::Data<()>>()
                .split('<')
                .next()
                .unwrap()
        )
    );
}

#[actix_web::test]
async fn a_bad_prefix_is_an_error_at_start() {
    let service = HealthService::new(&health([])).prefix("no/slash");
    let error = service.listen_on(("127.0.0.1", 0)).err().unwrap();
    assert_eq!(
        error.to_string(),
        "1 mistake in the health checks:\n  - the prefix `no/slash` of the health endpoints \
         cannot be mounted: begin it with `/` and use letters, digits, `_`, `-`, `.` and `~` \
         between single slashes"
    );
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
