//! `web::Data<T>` as an argument.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{App, web};
use health_actix::{Health, HealthBuilder, HealthService, health_check};
use serde_json::{Value, json};

/// What an application has: up or down, and how often it was asked.
pub(crate) struct Pool {
    pub(crate) up: AtomicBool,
    pub(crate) asked: AtomicUsize,
}

impl Pool {
    pub(crate) fn new(up: bool) -> web::Data<Self> {
        web::Data::new(Self {
            up: up.into(),
            asked: AtomicUsize::new(0),
        })
    }
}

/// The pool of the application that is probed.
#[health_check(kind = "readiness", tags = ["db"])]
async fn pool(pool: web::Data<Pool>) -> bool {
    pool.asked.fetch_add(1, Ordering::SeqCst);
    pool.up.load(Ordering::SeqCst)
}

pub(crate) trait Greeter: Send + Sync {
    fn greets(&self) -> bool;
}

impl Greeter for bool {
    fn greets(&self) -> bool {
        *self
    }
}

/// Data need not be sized.
#[health_check(kind = "startup", critical = false)]
fn greeter(greeter: web::Data<dyn Greeter>) -> bool {
    greeter.greets()
}

pub(crate) fn builder() -> HealthBuilder {
    Health::builder()
}

async fn ready(health: &Health, data: Option<&web::Data<Pool>>) -> Value {
    let mut app = App::new();
    if let Some(data) = data {
        app = app.app_data(data.clone());
    }
    let app = init_service(app.service(HealthService::new(health))).await;
    let request = TestRequest::get().uri("/health/ready").to_request();
    read_body_json(call_service(&app, request).await).await
}

#[actix_web::test]
async fn two_applications_never_see_each_others_results() {
    let health = builder().build().unwrap();
    let (up, down) = (Pool::new(true), Pool::new(false));
    for _ in 0..3 {
        assert_eq!(ready(&health, Some(&up)).await["status"], "ready");
        assert_eq!(ready(&health, Some(&down)).await["status"], "not_ready");
    }
    assert_eq!(
        up.asked.load(Ordering::SeqCst),
        1,
        "kept for a second, for its own"
    );
}

#[actix_web::test]
async fn data_that_is_not_there_is_named_as_it_was_written() {
    let health = builder().build().unwrap();
    assert_eq!(
        ready(&health, None).await,
        json!({
            "status": "not_ready",
            "checks": {"pool": {"healthy": false, "error": "`Pool` is not initialised"}}
        })
    );
    let app = init_service(App::new().service(HealthService::new(&health))).await;
    let request = TestRequest::get()
        .uri("/health/checks/greeter")
        .to_request();
    let body: Value = read_body_json(call_service(&app, request).await).await;
    assert_eq!(body["error"], "`dyn Greeter` is not initialised");
}

#[actix_web::test]
async fn the_builder_provides_what_no_request_brings() {
    let greeter: std::sync::Arc<dyn Greeter> = std::sync::Arc::new(true);
    let health = builder()
        .data(Pool::new(true))
        .data(web::Data::from(greeter))
        .build()
        .unwrap();
    assert_eq!(health.ensure_standalone(), Ok(()));
    assert_eq!(ready(&health, None).await["status"], "ready");
    let down = Pool::new(false);
    assert_eq!(
        ready(&health, Some(&down)).await["status"],
        "not_ready",
        "the request's own first"
    );
}

#[actix_web::test]
async fn in_the_outermost_layer_it_is_that_of_the_application() {
    let health = Health::builder().build().unwrap();
    let app = App::new()
        .app_data(Pool::new(true))
        .wrap(HealthService::new(&health).layer());
    let app = init_service(app).await;
    let request = TestRequest::get().uri("/health/checks/pool").to_request();
    let body: Value = read_body_json(call_service(&app, request).await).await;
    assert_eq!(body["status"], "healthy", "{body}");
}
