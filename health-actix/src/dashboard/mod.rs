//! The page for people who want to see how the service is doing.

mod board;
mod check;
mod event;
mod snapshot;
mod state;
mod stream;
mod time;

use std::sync::Arc;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::http::{Method, StatusCode, Version};
use actix_web::{HttpRequest, HttpResponse};

pub(crate) use self::board::Board;
use self::stream::Stream;
use crate::access::Level;
use crate::dialect::Dialect;
use crate::dialect::problem::TOO_MANY_REQUESTS;
use crate::drain::close;
use crate::target::Part;
use crate::turned_away::problem;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/app.js");

/// Where the page refers to its files from: it may be asked with a slash at the end, which changes
/// what relative references mean.
const BASE: &str = "{base}";

/// The page loads nothing but its own files, and nothing in it is ever taken for code or markup.
///
/// Source: Content Security Policy Level 3; Trusted Types.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// How many seconds who finds no place for a stream had better wait for one.
const LATER: u64 = 30;

impl Part {
    /// The media type of what is answered.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Page => "text/html; charset=utf-8",
            Self::Style => "text/css; charset=utf-8",
            Self::Script => "text/javascript; charset=utf-8",
            Self::State => "application/json",
            Self::Events => "text/event-stream",
        }
    }
}

/// Answers who may look.
pub(crate) async fn answer(
    part: Part,
    board: &Arc<Board>,
    request: &HttpRequest,
    level: Level,
) -> HttpResponse {
    match part {
        Part::Page => page(request),
        Part::Style => file(part, STYLE),
        Part::Script => file(part, SCRIPT),
        Part::State => {
            let snapshot = board.current(request, level).await;
            of(part).body(snapshot.whole())
        }
        // Who asks for the head alone never reads what goes on.
        Part::Events if *request.method() == Method::HEAD => of(part).finish(),
        Part::Events => match board.seat() {
            Some(seat) => events(Stream::new(seat, request.clone(), level), request.version()),
            None => later(),
        },
    }
}

/// HTTP/1.0 knows no chunks: there the end of the connection is that of the stream.
///
/// Source: RFC 9112, section 6.1.
fn events(stream: Stream, version: Version) -> HttpResponse {
    let mut response = of(Part::Events);
    response.insert_header(("x-accel-buffering", "no"));
    let mut response = response.body(stream);
    if version < Version::HTTP_11 {
        let head = response.head_mut();
        head.no_chunking(true);
        close(head);
    }
    response
}

fn page(request: &HttpRequest) -> HttpResponse {
    let base = if request.path().ends_with('/') {
        ""
    } else {
        "ui/"
    };
    of(Part::Page)
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .body(PAGE.replace(BASE, base))
}

fn file(part: Part, text: &'static str) -> HttpResponse {
    of(part).body(text)
}

fn of(part: Part) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, part.media_type()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    response
}

/// All places are taken.
fn later() -> HttpResponse {
    let format = Dialect::default().format();
    let code = StatusCode::TOO_MANY_REQUESTS;
    let mut response = problem(format, code, &TOO_MANY_REQUESTS);
    response.headers_mut().insert(RETRY_AFTER, LATER.into());
    response
}
