//! Answers that are no report.

use actix_web::http::StatusCode;
use serde::Serialize;

use crate::access::Level;

/// Why there is no report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    pub(crate) status: &'static str,
    pub(crate) detail: &'static str,
    /// What would be known instead, where the caller may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) known: Option<Vec<String>>,
}

impl Problem {
    const fn new(status: &'static str, detail: &'static str) -> Self {
        Self {
            status,
            detail,
            known: None,
        }
    }

    /// Whether it is that of a registry with mistakes, which some formats have a report for.
    pub(crate) fn is_misconfigured(&self) -> bool {
        self.status == MISCONFIGURED.status
    }

    /// Its status code, where it is answered instead of a report.
    pub(crate) fn code(&self) -> StatusCode {
        if self.is_misconfigured() {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::NOT_FOUND
        }
    }

    /// With what would be known instead, for those who may know everything.
    pub(crate) fn knowing(mut self, level: Level, known: impl FnOnce() -> Vec<String>) -> Self {
        self.known = (level == Level::Full).then(known);
        self
    }
}

pub(crate) const NOT_FOUND: Problem = Problem::new("not_found", "There is no check of this name");

pub(crate) const NO_GROUP: Problem = Problem::new("not_found", "There is no group of this name");

pub(crate) const MISCONFIGURED: Problem = Problem::new(
    "misconfigured",
    "The health checks are misconfigured; the log lists the mistakes",
);

pub(crate) const METHOD_NOT_ALLOWED: Problem = Problem::new(
    "method_not_allowed",
    "This method is not answered here; the Allow header lists those that are",
);

pub(crate) const UNAUTHORIZED: Problem = Problem::new(
    "unauthorized",
    "Credentials are needed here; the WWW-Authenticate header says which",
);

pub(crate) const FORBIDDEN: Problem =
    Problem::new("forbidden", "This may not be asked from where you are");

pub(crate) const TOO_MANY_REQUESTS: Problem = Problem::new(
    "too_many_requests",
    "Ask less often; the Retry-After header says when",
);

/// What a guard answers instead of the application.
pub(crate) const UNAVAILABLE: Problem =
    Problem::new("unavailable", "The service cannot serve just now");
