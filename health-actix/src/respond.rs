//! From a request to a response.

use std::sync::Arc;
use std::time::SystemTime;

use actix_web::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CACHE_CONTROL, CONTENT_TYPE, ORIGIN, RETRY_AFTER,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder};
use health_core::{Caller, Phase, Probe, Report};
use serde::Serialize;

use crate::dialect::default::{
    CheckBody, METHOD_NOT_ALLOWED, MISCONFIGURED, NOT_FOUND, ProbeBody, UNAVAILABLE,
};
use crate::drain::close;
use crate::endpoint::{ALLOWED, Endpoint, Kind, METHODS, NAME};
use crate::mounted::Mounted;

/// Marks the requests that a health service answers, in their extensions, so that middleware can
/// leave them out of traces, logs and metrics.
///
/// ```
/// use actix_web::dev::Service;
/// use actix_web::{App, HttpMessage};
/// use health_actix::HealthRequest;
///
/// let app = App::new()
///     .wrap_fn(|request, next| {
///         let answer = next.call(request);
///         async move {
///             let response = answer.await?;
///             if !response.request().extensions().contains::<HealthRequest>() {
///                 println!("{} {}", response.request().path(), response.status());
///             }
///             Ok(response)
///         }
///     })
///     .service(health_actix::service());
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HealthRequest;

/// Answers a request to an endpoint. While the process drains, whoever asks is sent elsewhere with
/// the next request: a connection that is kept alive would end in a server that has stopped.
pub(crate) async fn respond(
    mounted: Arc<Mounted>,
    endpoint: Endpoint,
    request: HttpRequest,
) -> HttpResponse {
    request.extensions_mut().insert(HealthRequest);
    let mut response = answer(&mounted, endpoint, &request).await;
    if mounted.health().is_draining() {
        close(response.head_mut());
    }
    response
}

async fn answer(mounted: &Mounted, endpoint: Endpoint, request: &HttpRequest) -> HttpResponse {
    let method = request.method();
    if !METHODS.contains(method) {
        let mut response = HttpResponse::MethodNotAllowed();
        response.insert_header((ALLOW, ALLOWED));
        return json(&mut response, &METHOD_NOT_ALLOWED);
    }
    if *method == Method::OPTIONS && is_preflight(request) {
        let mut response = HttpResponse::NoContent();
        return response.insert_header((ALLOW, ALLOWED)).finish();
    }
    match endpoint.kind {
        Kind::Probe(probe) => respond_to_probe(mounted, probe, request).await,
        Kind::Check => respond_to_check(mounted, request).await,
        Kind::OpenApi => {
            let mut response = HttpResponse::Ok();
            with_headers(&mut response).body(mounted.document(request))
        }
    }
}

/// A browser asking whether a page may ask: no probe, so it says nothing of health. Which pages
/// may is for the application's own middleware to say.
fn is_preflight(request: &HttpRequest) -> bool {
    let headers = request.headers();
    headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

async fn respond_to_probe(mounted: &Mounted, probe: Probe, request: &HttpRequest) -> HttpResponse {
    let report = mounted.health().probe(probe, Caller::of(request)).await;
    let mut response = HttpResponse::build(code(report.is_passing()));
    if let Some(seconds) = retry_after(&report, mounted.health().wall_clock()) {
        response.insert_header((RETRY_AFTER, seconds));
    }
    json(
        &mut response,
        &ProbeBody::new(&report, mounted.service_name()),
    )
}

async fn respond_to_check(mounted: &Mounted, request: &HttpRequest) -> HttpResponse {
    if mounted.health().is_misconfigured() {
        return json(&mut HttpResponse::ServiceUnavailable(), &MISCONFIGURED);
    }
    let name = request.match_info().get(NAME).unwrap_or_default();
    let Some(entry) = mounted.health().check(name, Caller::of(request)) else {
        return json(&mut HttpResponse::NotFound(), &NOT_FOUND);
    };
    let entry = entry.await;
    let mut response = HttpResponse::build(code(entry.status().is_passing()));
    json(&mut response, &CheckBody::new(&entry))
}

/// What a guard answers instead of the application.
pub(crate) fn unavailable() -> HttpResponse {
    json(&mut HttpResponse::ServiceUnavailable(), &UNAVAILABLE)
}

/// 200 or 503 and nothing else: what every prober and balancer agrees on.
fn code(passing: bool) -> StatusCode {
    if passing {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// The seconds until maintenance is expected to end.
fn retry_after(report: &Report, now: SystemTime) -> Option<u64> {
    let Phase::Maintenance(maintenance) = report.phase() else {
        return None;
    };
    let left = maintenance.expected_end()?.duration_since(now).ok()?;
    Some(left.as_secs_f64().ceil() as u64)
}

fn json(response: &mut HttpResponseBuilder, body: &impl Serialize) -> HttpResponse {
    let response = with_headers(response);
    match serde_json::to_vec(body) {
        Ok(bytes) => response.body(bytes),
        // Unreachable: the bodies have string keys only. A probe must not panic to say so.
        Err(_) => response.status(StatusCode::SERVICE_UNAVAILABLE).finish(),
    }
}

fn with_headers(response: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    response
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CACHE_CONTROL, "no-store"))
}
