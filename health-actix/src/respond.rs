//! From a request to a response.

use actix_web::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, ORIGIN,
    RETRY_AFTER,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder};
use health_core::{Phase, Probe, Status};
use tokio::time::Instant;

use crate::access::Level;
use crate::asked::{Asked, named};
use crate::dashboard;
use crate::dialect::Dialect;
use crate::dialect::problem::{METHOD_NOT_ALLOWED, NOT_FOUND, UNAVAILABLE};
use crate::dialect::view::{Asker, Scope, View};
use crate::drain::close;
use crate::endpoint::{ALLOWED, Endpoint, METHODS, options_tell_of_health};
use crate::found::{Found, knows_tag};
#[cfg(feature = "prometheus")]
use crate::metrics::prometheus;
use crate::mounted::Mounted;
use crate::notation::Notation;
use crate::turned_away::problem;
use crate::voice::Voice;

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
    mounted: &Mounted,
    endpoint: &Endpoint,
    request: &HttpRequest,
) -> HttpResponse {
    request.extensions_mut().insert(HealthRequest);
    let mut response = answer(mounted, endpoint, request).await;
    // Who offers HTTP/2, as curl and Java do, is answered in HTTP/1.1 all the same; actix-web then
    // closes the connection, but would say `Connection: upgrade`.
    if mounted.health.is_draining() || request.head().upgrade() {
        close(response.head_mut());
    }
    response
}

async fn answer(mounted: &Mounted, endpoint: &Endpoint, request: &HttpRequest) -> HttpResponse {
    let format = endpoint.voice.format;
    let method = request.method();
    if !METHODS.contains(method) {
        let mut response = problem(format, StatusCode::METHOD_NOT_ALLOWED, &METHOD_NOT_ALLOWED);
        let allowed = HeaderValue::from_static(ALLOWED);
        response.headers_mut().insert(ALLOW, allowed);
        return response;
    }
    if *method == Method::OPTIONS {
        if is_preflight(request) {
            return methods(HttpResponse::NoContent());
        }
        if !options_tell_of_health(endpoint.target, format) {
            return methods(HttpResponse::Ok());
        }
    }
    let named = named(endpoint.target, request);
    let is_group = |tag: &str| {
        let level = || endpoint.voice.details.decide_for(request).level();
        endpoint.groups.contains_key(tag) || knows_tag(&mounted.health, tag, level())
    };
    let asked = Asked::by(endpoint.target, &named, is_group);
    let voice = endpoint.voice_for(asked);
    match (asked, voice.admit(asked, request)) {
        (Asked::Dashboard(part), Ok(level)) => {
            dashboard::answer(part, &mounted.board, request, level).await
        }
        // The page itself holds nothing, and asks for what has to be shown.
        (Asked::Dashboard(part), Err(away)) if !part.tells_of_health() && away.can_be_mended() => {
            dashboard::answer(part, &mounted.board, request, Level::StatusOnly).await
        }
        #[cfg(feature = "prometheus")]
        (Asked::Metrics, Ok(level)) => {
            let workers = mounted.workers.as_ref();
            prometheus::answer(&mounted.health, workers, request, level)
        }
        (Asked::Document(notation), Ok(_)) => document(notation, mounted, request),
        (_, Ok(level)) => tell(mounted, endpoint, voice, asked, request, level).await,
        (_, Err(turned_away)) => turned_away.respond(voice.format),
    }
}

/// A browser asking whether a page may ask: no probe, so it says nothing of health. Which pages
/// may is for the application's own middleware to say.
fn is_preflight(request: &HttpRequest) -> bool {
    let headers = request.headers();
    headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn methods(mut response: HttpResponseBuilder) -> HttpResponse {
    response.insert_header((ALLOW, ALLOWED)).finish()
}

fn document(notation: Notation, mounted: &Mounted, request: &HttpRequest) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, notation.media_type()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(mounted.document(notation, request))
}

/// Finds out what is asked, and tells as much of it as the caller may know.
async fn tell(
    mounted: &Mounted,
    endpoint: &Endpoint,
    voice: &Voice,
    asked: Asked<'_>,
    request: &HttpRequest,
    level: Level,
) -> HttpResponse {
    let since = Instant::now();
    let found = Found::find(asked, &mounted.health, request, voice, level);
    let found = match found.await {
        Ok(found) => found,
        Err(why) => return problem(voice.format, why.code(), &why),
    };
    let asker = Asker {
        health: &mounted.health,
        service: mounted.service_name.as_deref(),
        path: &endpoint.path,
        query: request.query_string(),
        took: since.elapsed(),
    };
    match found.view(asked, level, asker) {
        Some(view) => write(voice, &view),
        None => problem(voice.format, NOT_FOUND.code(), &NOT_FOUND),
    }
}

fn write(voice: &Voice, view: &View<'_>) -> HttpResponse {
    let format = voice.format;
    let mut response = HttpResponse::build(voice.codes.code(format.verdict(view)));
    response
        .insert_header((CONTENT_TYPE, format.media_type()))
        .insert_header((CACHE_CONTROL, cache_control(voice, view)));
    if let Some(seconds) = retry_after(view) {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if voice.tells_envoy && is_degraded_readiness(view) {
        response.insert_header(("x-envoy-degraded", "true"));
    }
    for header in format.headers() {
        response.insert_header(*header);
    }
    response.body(format.write(view))
}

/// What not everybody is told is nothing to keep: no `Vary` could say what it depends on, which may
/// be an address.
fn cache_control(voice: &Voice, view: &View<'_>) -> HeaderValue {
    if voice.is_for_everybody() {
        voice.format.cache_control(view)
    } else {
        HeaderValue::from_static("no-store")
    }
}

fn is_degraded_readiness(view: &View<'_>) -> bool {
    matches!(view.scope, Scope::Probe(Probe::Readiness)) && view.status == Status::Degraded
}

/// The seconds until maintenance is expected to end.
fn retry_after(view: &View<'_>) -> Option<u64> {
    let Phase::Maintenance(maintenance) = view.phase else {
        return None;
    };
    let left = maintenance
        .expected_end()?
        .duration_since(view.now())
        .ok()?;
    Some(left.as_secs_f64().ceil() as u64)
}

/// What a guard answers instead of the application.
pub(crate) fn unavailable() -> HttpResponse {
    let format = Dialect::default().format();
    problem(format, StatusCode::SERVICE_UNAVAILABLE, &UNAVAILABLE)
}
