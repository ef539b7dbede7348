//! What is measured, as Prometheus reads it.

mod access;
mod exposition;
mod promtool;

use std::time::{Duration, SystemTime};

use actix_web::http::header::ACCEPT;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use health_actix::{Details, Health, HealthBuilder, HealthService, Runtime};

const OPEN: &str = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";

/// On the test's runtime, at a time of its own.
fn builder() -> HealthBuilder {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    HealthBuilder::empty().runtime(Runtime::current().with_wall_clock(now))
}

/// The head that matters and the body, as an application with this configuration answers.
async fn scrape(
    service: HealthService,
    accept: &str,
    configure: impl FnOnce(&mut web::ServiceConfig),
) -> String {
    let app = init_service(App::new().configure(configure).service(service)).await;
    let request = TestRequest::get().uri("/health/metrics");
    let request = request.insert_header((ACCEPT, accept)).to_request();
    let response = call_service(&app, request).await;
    let code = response.status();
    let headers = ["cache-control", "content-type"].map(|name| {
        let value = response.headers().get(name).map(|value| value.to_str());
        format!("{name}: {}\n", value.unwrap().unwrap())
    });
    let body = String::from_utf8(read_body(response).await.to_vec()).unwrap();
    format!("{code}\n{}\n{body}", headers.concat())
}

async fn full(health: &Health) -> String {
    let service = HealthService::new(health).metrics(Details::full());
    scrape(service, "", |_| ()).await
}

/// The lines of a family's samples.
fn samples<'a>(scraped: &'a str, family: &str) -> Vec<&'a str> {
    let own = |line: &&str| line.starts_with(family);
    scraped.lines().filter(own).collect()
}
