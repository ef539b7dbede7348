//! A request and its answer, as every check over HTTP needs them.

use std::error::Error as _;
use std::time::Duration;

use reqwest::{Client, Error, Request, Response};

use crate::budget::Step;
use crate::failure::{BoxError, CLOSED, Failure, spelled};
use crate::measured::Measured;

/// How long a body is read that nobody has a use for, so that its connection is used again.
const DRAINED: Duration = Duration::from_millis(100);

/// Sends a request; the answer has its headers, but not its body yet.
pub(crate) async fn send(
    client: &Client,
    request: Request,
    step: Step,
    measured: &mut Measured,
) -> Result<Response, Failure> {
    let asked = request.url().clone();
    let sending = step.of(client.execute(request)).await;
    let (answer, took) = sending.map_err(silent)?;
    let answer = answer.map_err(|error| failure(error, took))?;
    measured.time("headers_ms", took);
    measured.add("http_status", answer.status().as_u16());
    let mut answered = answer.url().clone();
    answered.set_fragment(asked.fragment());
    if answered == asked {
        Ok(answer)
    } else {
        Err(Failure::new("redirected"))
    }
}

/// The body, if it is no longer than `most` bytes. Of one that says that it is longer nothing is
/// read.
pub(crate) async fn body(
    answer: &mut Response,
    most: usize,
    step: Step,
    measured: &mut Measured,
) -> Result<Option<Vec<u8>>, Failure> {
    let (body, took) = step.of(read(answer, most)).await.map_err(incomplete)?;
    measured.time("body_ms", took);
    body.map_err(|error| failure(error, took))
}

/// Reads to its end a body that is short and here already, or nearly: else the connection could
/// not be used again.
pub(crate) async fn drain(answer: &mut Response, most: usize, step: Step) {
    let _done = Step(step.0.min(DRAINED)).of(read(answer, most)).await;
}

async fn read(answer: &mut Response, most: usize) -> Result<Option<Vec<u8>>, Error> {
    let is_too_long = |length: u64| usize::try_from(length).is_ok_and(|length| length > most);
    if answer.content_length().is_some_and(is_too_long) {
        return Ok(None);
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > most {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body))
}

fn silent(within: Duration) -> Failure {
    Failure::new(format!("no answer within {}", spelled(within)))
}

fn incomplete(after: Duration) -> Failure {
    Failure::new(format!("answer incomplete after {}", spelled(after)))
}

/// In public words, and without the URL, which may have secrets.
fn failure(error: Error, took: Duration) -> Failure {
    let error = error.without_url();
    if error.is_timeout() {
        let what = match error.is_connect() {
            true => "no connection",
            false => "no answer",
        };
        return Failure::because(format!("{what} within {}", spelled(took)), error);
    }
    match in_words(&error) {
        Some(words) => Failure::because(words, error),
        None if error.is_connect() => Failure::of(error, "no connection"),
        None => Failure::of(error, "unexpected answer"),
    }
}

/// What is known of an error that is none of the network.
fn in_words(error: &Error) -> Option<&'static str> {
    if error.is_dns() {
        return Some("name not found");
    }
    if error.is_redirect() {
        return Some("redirected");
    }
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            let is_closed = error.is_incomplete_message() || error.is_canceled();
            return is_closed.then_some(CLOSED);
        }
        next = error.source();
    }
    tls_in_words(error)
}

/// TLS is of the backend that the client was built with, whose types are not known here.
fn tls_in_words(error: &Error) -> Option<&'static str> {
    let said = innermost(error);
    let has = |part: &str| said.contains(part);
    if has("certificate") && has("expired") {
        Some("certificate expired")
    } else if has("certificate") {
        Some("certificate not accepted")
    } else if has("InvalidContentType") || has("corrupt message") || has("received fatal alert") {
        Some("TLS failed")
    } else {
        None
    }
}

fn innermost(error: &Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// A private error of our own.
pub(crate) fn private(text: String) -> BoxError {
    text.into()
}
