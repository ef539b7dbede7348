//! What is answered to those who may not ask.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};

/// Why somebody may not ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A credential is missing or wrong: one that answers these challenges, or some of them, would
    /// help. At least one; none twice.
    Unauthorized(Vec<HeaderValue>),
    /// No credential would help.
    Forbidden,
}

impl Refusal {
    /// A missing or wrong token (RFC 6750, section 3).
    pub(super) fn bearer() -> Self {
        Self::Unauthorized(vec![HeaderValue::from_static("Bearer realm=\"health\"")])
    }

    /// A missing or wrong key. No such scheme is registered, but 401 has to challenge (RFC 9110,
    /// section 15.5.2), and this says what is missing.
    pub(super) fn api_key(header: &HeaderName) -> Self {
        let challenge = format!("ApiKey realm=\"health\", header=\"{header}\"");
        match HeaderValue::try_from(challenge) {
            Ok(challenge) => Self::Unauthorized(vec![challenge]),
            // Unreachable: the name of a header can stand in a header.
            Err(_) => Self::Forbidden,
        }
    }

    /// 401 or 403.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
        }
    }

    /// The values of `WWW-Authenticate`, each for a line of its own.
    pub(crate) fn challenges(&self) -> &[HeaderValue] {
        match self {
            Self::Unauthorized(challenges) => challenges,
            Self::Forbidden => &[],
        }
    }

    /// The refusal where either of two would have to let in: a credential for one helps.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Forbidden, other) => other,
            (one, Self::Forbidden) => one,
            (Self::Unauthorized(one), Self::Unauthorized(other)) => Self::both(one, other),
        }
    }

    /// The refusal where both of two would have to let in: none helps where one wants none.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unauthorized(one), Self::Unauthorized(other)) => Self::both(one, other),
            _ => Self::Forbidden,
        }
    }

    fn both(mut one: Vec<HeaderValue>, other: Vec<HeaderValue>) -> Self {
        for challenge in other {
            if !one.contains(&challenge) {
                one.push(challenge);
            }
        }
        Self::Unauthorized(one)
    }
}
