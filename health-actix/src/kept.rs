//! Answers to probes that are given again, as the bytes that they are.
//!
//! When that may be is for the core to say: see [`Lasting`]. Besides, an answer is kept only if it
//! would be the same at any other moment ([`Moment`]), and for those alone who are answered alike:
//! the same endpoint of the same application and worker, the same level, no query, no path by way of
//! other services. Who may ask, and how much is told, is decided for each request before this.

use std::cell::RefCell;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use health_core::{Caller, Health, Lasting};

use crate::access::Level;
use crate::probe_path::is_on_a_path;

/// An answer to a probe, as it is sent.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn respond(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.code).body(self.body.clone());
        let headers = response.headers_mut();
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        response
    }
}

/// What is kept of the answers of a worker: for each endpoint one for each level.
#[derive(Debug)]
pub(crate) struct KeptAnswers(Vec<[Place; Level::ALL.len()]>);

/// The answer of an endpoint at a level, if one is kept.
type Place = RefCell<Option<(Lasting, Answer)>>;

impl KeptAnswers {
    /// Of so many endpoints.
    pub(crate) fn of(endpoints: usize) -> Self {
        Self((0..endpoints).map(|_| Default::default()).collect())
    }

    /// The answer that was kept, if it still is the answer.
    pub(crate) fn again(
        &self,
        health: &Health,
        place: usize,
        level: Level,
        request: &HttpRequest,
    ) -> Option<HttpResponse> {
        let kept = self.0[place][level as usize].borrow();
        let (lasting, answer) = kept.as_ref()?;
        let is_the_answer = is_plain(request) && health.tells_again(lasting, Caller::of(request));
        is_the_answer.then(|| answer.respond())
    }

    /// Keeps an answer to this request, if it can be an answer to another one.
    pub(crate) fn keep(
        &self,
        place: usize,
        level: Level,
        request: &HttpRequest,
        lasting: Lasting,
        answer: Answer,
    ) {
        if is_plain(request) {
            self.0[place][level as usize].replace(Some((lasting, answer)));
        }
    }
}

/// Whether it asks for nothing of its own.
fn is_plain(request: &HttpRequest) -> bool {
    request.query_string().is_empty() && !is_on_a_path(request)
}
