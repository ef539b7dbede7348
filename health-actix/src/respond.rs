//! From a request to a response.

use std::cell::Cell;

use actix_web::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue,
    ORIGIN, RETRY_AFTER,
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
use crate::dialect::view::{Asker, Moment, Scope, View};
use crate::drain::close;
use crate::endpoint::{ALLOWED, Endpoint, METHODS, options_tell_of_health};
use crate::found::{Found, knows_tag};
use crate::kept::Answer;
#[cfg(feature = "prometheus")]
use crate::metrics::prometheus;
use crate::mounted::Mounted;
use crate::notation::Notation;
use crate::target::Target;
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
    place: usize,
    request: &HttpRequest,
    begun: Begun,
) -> HttpResponse {
    let response = match begun {
        Begun::Answered(response) => return response,
        Begun::Admitted(asked, level) => {
            let voice = &mounted.endpoints[place].voice;
            tell(mounted, place, voice, asked, request, level).await
        }
        Begun::Not => answer(mounted, place, request).await,
    };
    finish(mounted, request, response)
}

/// How far an answer has come without waiting for anything.
#[derive(Debug)]
pub(crate) enum Begun {
    Answered(HttpResponse),
    /// Who asks for this may be told so much.
    Admitted(Asked<'static>, Level),
    Not,
}

/// Begins to answer a request to an endpoint, and has done so if a probe is asked for whose answer
/// was kept.
pub(crate) fn begin(mounted: &Mounted, place: usize, request: &HttpRequest) -> Begun {
    request.extensions_mut().insert(HealthRequest);
    let Endpoint { target, voice, .. } = &mounted.endpoints[place];
    let Target::Probe(probe) = *target else {
        return Begun::Not;
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Begun::Not;
    }
    let asked = Asked::Probe(probe);
    let response = match voice.admit(asked, request) {
        Ok(level) => {
            let kept = &mounted.kept;
            match kept.again(&mounted.health, place, level, request) {
                Some(response) => response,
                None => return Begun::Admitted(asked, level),
            }
        }
        Err(turned_away) => turned_away.respond(voice.format),
    };
    Begun::Answered(finish(mounted, request, response))
}

fn finish(mounted: &Mounted, request: &HttpRequest, mut response: HttpResponse) -> HttpResponse {
    // Who offers HTTP/2, as curl and Java do, is answered in HTTP/1.1 all the same; actix-web then
    // closes the connection, but would say `Connection: upgrade`.
    if mounted.health.is_draining() || request.head().upgrade() {
        close(response.head_mut());
    }
    response
}

async fn answer(mounted: &Mounted, place: usize, request: &HttpRequest) -> HttpResponse {
    let endpoint = &mounted.endpoints[place];
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
        (_, Ok(level)) => tell(mounted, place, voice, asked, request, level).await,
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
    place: usize,
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
    let tells_of_moment = Cell::new(false);
    let asker = Asker {
        service: mounted.service_name.as_deref(),
        path: &mounted.endpoints[place].path,
        query: request.query_string(),
        moment: Moment::noted(&mounted.health, since.elapsed(), &tells_of_moment),
    };
    let Some(view) = found.view(asked, level, asker) else {
        return problem(voice.format, NOT_FOUND.code(), &NOT_FOUND);
    };
    let answer = write(voice, &view);
    let response = answer.respond();
    if let Some(lasting) = found.lasting().filter(|_| !tells_of_moment.get()) {
        let lasting = lasting.clone();
        mounted.kept.keep(place, level, request, lasting, answer);
    }
    response
}

fn write(voice: &Voice, view: &View<'_>) -> Answer {
    let format = voice.format;
    let mut headers = vec![
        (CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (CACHE_CONTROL, cache_control(voice, view)),
    ];
    if let Some(seconds) = retry_after(view) {
        headers.push((RETRY_AFTER, seconds.into()));
    }
    if voice.tells_envoy && is_degraded_readiness(view) {
        headers.push((ENVOY_DEGRADED, HeaderValue::from_static("true")));
    }
    let others = format.headers().iter();
    headers.extend(others.filter_map(|(name, value)| {
        let name = HeaderName::try_from(*name).ok()?;
        Some((name, HeaderValue::from_static(value)))
    }));
    Answer {
        code: voice.codes.code(format.verdict(view)),
        headers,
        body: format.write(view).into(),
    }
}

/// Has Envoy move traffic to hosts that are not degraded.
const ENVOY_DEGRADED: HeaderName = HeaderName::from_static("x-envoy-degraded");

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
