//! Answers that are no report.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};

use crate::access::{Refusal, RetryAfter};
use crate::dialect::Format;
use crate::dialect::problem::{FORBIDDEN, Problem, TOO_MANY_REQUESTS, UNAUTHORIZED};

/// Why somebody is told nothing.
#[derive(Debug)]
pub(crate) enum TurnedAway {
    /// The limit is reached.
    Later(RetryAfter),
    /// Somebody else may ask.
    Refused(Refusal),
}

impl TurnedAway {
    /// Whether a credential would help.
    pub(crate) fn can_be_mended(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status() == StatusCode::UNAUTHORIZED)
    }

    pub(crate) fn respond(&self, format: &dyn Format) -> HttpResponse {
        match self {
            Self::Later(later) => {
                let code = StatusCode::TOO_MANY_REQUESTS;
                let mut response = problem(format, code, &TOO_MANY_REQUESTS);
                let seconds = HeaderValue::from(later.seconds());
                response.headers_mut().insert(RETRY_AFTER, seconds);
                response
            }
            Self::Refused(refusal) => {
                let code = refusal.status();
                let why = if code == StatusCode::UNAUTHORIZED {
                    UNAUTHORIZED
                } else {
                    FORBIDDEN
                };
                let mut response = problem(format, code, &why);
                for challenge in refusal.challenges() {
                    let headers = response.headers_mut();
                    headers.append(WWW_AUTHENTICATE, challenge.clone());
                }
                response
            }
        }
    }
}

/// An answer that is no report.
pub(crate) fn problem(format: &dyn Format, code: StatusCode, problem: &Problem) -> HttpResponse {
    let mut response = HttpResponse::build(code);
    response
        .insert_header((CONTENT_TYPE, format.problem_media_type()))
        .insert_header((CACHE_CONTROL, "no-store"));
    for header in format.headers() {
        response.insert_header(*header);
    }
    response.body(format.write_problem(problem))
}
