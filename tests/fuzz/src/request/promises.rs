//! What holds for every answer.

use std::net::IpAddr;

use actix_http::Request;
use actix_web::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CACHE_CONTROL, CONTENT_TYPE, FORWARDED, HeaderName,
    HeaderValue, LOCATION, ORIGIN, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FORWARDED_FOR,
};
use actix_web::http::{Method, StatusCode};
use serde_json::Value;

use super::served::{
    CLIENT, CODES, HIDDEN, INSIDE, KEY, LIMITED, ONLY, PROXY, RESTRICTED, SECRET, TOKEN, is_probe,
};
use super::{Answer, Asked, Server};

const TEXT: &str = "text/plain; charset=utf-8";

/// The longest body but that of the OpenAPI document.
const LONGEST: usize = 32 * 1024;

/// How that begins.
const DOCUMENT: &str = "{\"components\":{\"schemas\":";

/// What a request says that must not come back where it could be taken for more than a text.
const ECHO: &str = "fuzz-echo";

/// Returns the status that a health service answered, if one did.
pub(crate) fn keep(server: &Server, bytes: &[u8]) -> Option<StatusCode> {
    let request = server.read(bytes)?;
    let asked = Asked::by(&request);
    let answer = server.answer(request);
    if !answer.is_of_health {
        return None;
    }
    status_is_documented(&asked, &answer);
    headers_are_as_promised(&asked, &answer);
    body_is_as_promised(&answer);
    strangers_stay_strangers(&asked, &answer);
    same_without(server, bytes, &asked, &answer);
    Some(answer.status)
}

fn status_is_documented(asked: &Asked, answer: &Answer) {
    let is_at = |place: &str| asked.path.contains(place);
    let status = answer.status.as_u16();
    let is_documented = if !is_answered(asked) {
        status == 405
    } else if is_preflight(asked) {
        status == 204
    } else {
        match status {
            200 | 503 => true,
            401 | 403 if is_at(RESTRICTED) || is_at(INSIDE) => true,
            429 | 500 if is_at(CODES) => true,
            401 | 403 => is_at(ONLY) && !is_probe(&asked.path),
            429 => is_at(LIMITED) && !is_probe(&asked.path),
            404 => !is_probe(&asked.path),
            _ => false,
        }
    };
    assert!(is_documented, "{status} at {}", asked.path);
}

fn headers_are_as_promised(asked: &Asked, answer: &Answer) {
    let header = |name: HeaderName| answer.headers.get(name).map(|value| value.as_bytes());
    assert_eq!(header(LOCATION), None);
    assert_eq!(
        header(ALLOW).is_some(),
        !is_answered(asked) || answer.body.is_empty()
    );
    assert_eq!(
        header(WWW_AUTHENTICATE).is_some(),
        answer.status == StatusCode::UNAUTHORIZED
    );
    if !answer.body.is_empty() {
        assert!(header(CACHE_CONTROL).is_some());
        assert!(header(CONTENT_TYPE).is_some());
    }
    for (_, value) in &answer.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        assert!(!value.contains(SECRET) && !value.contains(ECHO), "{value}");
    }
}

fn body_is_as_promised(answer: &Answer) {
    let body = std::str::from_utf8(&answer.body).expect("UTF-8");
    let media_type = answer.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    match media_type {
        None => assert_eq!(body, ""),
        Some(text) if text == TEXT.as_bytes() => {
            let sniffed = answer.headers.get(X_CONTENT_TYPE_OPTIONS);
            assert!(sniffed.is_some_and(|value| value == "nosniff"));
            let is_printable = |c: char| c == '\n' || !c.is_control();
            assert!(body.chars().all(is_printable), "{body:?}");
        }
        Some(b"application/json" | b"application/health+json") => {
            let value: Value = serde_json::from_str(body).expect("JSON");
            assert!(value.is_object(), "{body}");
        }
        Some(other) => panic!("{}", String::from_utf8_lossy(other)),
    }
    let is_document = body.starts_with(DOCUMENT);
    assert!(is_document || body.len() < LONGEST, "{} bytes", body.len());
    // The dialect of Kubernetes says which names it does not know, quoted.
    let mut lines = body.lines().filter(|line| !line.starts_with("warn: "));
    assert!(!lines.any(|line| line.contains(ECHO)), "{body}");
}

/// Nobody is told what they may not know.
fn strangers_stay_strangers(asked: &Asked, answer: &Answer) {
    if may_know(asked) {
        return;
    }
    let body = String::from_utf8_lossy(&answer.body);
    let lines = body.lines().filter(|line| !line.starts_with("warn: "));
    for line in lines {
        let has_secret = line.contains(SECRET) || line.contains(HIDDEN);
        assert!(!has_secret, "told to a stranger: {body}");
    }
}

/// What must not make a difference makes none.
fn same_without(server: &Server, bytes: &[u8], asked: &Asked, answer: &Answer) {
    if asked.path.contains(LIMITED) {
        return;
    }
    let without = |change: fn(&mut Request)| {
        let mut request = server.read(bytes).expect("it was read before");
        change(&mut request);
        server.answer(request)
    };
    if asked.peer != Some(address(PROXY)) {
        let other = without(|request| {
            request.headers_mut().remove(FORWARDED);
            request.headers_mut().remove(X_FORWARDED_FOR);
        });
        assert_eq!(other.status, answer.status, "it believes a stranger");
    }
    if asked.method == Method::GET {
        let other = without(|request| request.head_mut().method = Method::HEAD);
        assert_eq!(other.status, answer.status, "of HEAD");
    }
    let media_type = answer.headers.get(CONTENT_TYPE);
    let is_json = media_type.is_some_and(|it| it != TEXT);
    // In text, that of Kubernetes, the query says what is left out of the verdict.
    if is_json && !asked.query.is_empty() {
        let other = without(|request| {
            let path = request.path().parse();
            request.head_mut().uri = path.expect("a path of a request is one");
        });
        assert_eq!(other.status, answer.status, "of another query");
    }
}

fn is_answered(asked: &Asked) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(&asked.method)
}

fn is_preflight(asked: &Asked) -> bool {
    let has = |name: HeaderName| asked.headers.contains_key(name);
    asked.method == Method::OPTIONS && has(ORIGIN) && has(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Whether the request has what lets somebody in, wherever it stands.
fn may_know(asked: &Asked) -> bool {
    if asked.path.contains(INSIDE) {
        let inside = [PROXY, CLIENT].map(address);
        return asked.peer.is_some_and(|peer| inside.contains(&peer));
    }
    asked.headers.iter().any(|(_, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        value.contains(TOKEN) || value.contains(KEY)
    })
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}
