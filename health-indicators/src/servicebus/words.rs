use std::fmt;

use fe2o3_amqp::connection::ConnectionStopReason;
use fe2o3_amqp::link::{
    DetachError, LinkStateError, ReceiverAttachError, RecvError, SendError, SenderAttachError,
    SessionStopReason,
};
use fe2o3_amqp::types::definitions::{AmqpError, Error, ErrorCondition, LinkError};
use fe2o3_amqp::types::messaging::ApplicationProperties;
use fe2o3_amqp::types::primitives::SimpleValue;

use crate::failure::Failure;

/// What the management node says of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) code: Option<i32>,
    condition: Option<String>,
    description: Option<String>,
}

impl Status {
    /// Each is spelled in two ways, by who answers.
    pub(super) fn of(properties: Option<&ApplicationProperties>) -> Self {
        let find = |names: [&str; 2]| {
            let mut all = properties?.0.iter();
            let found = all.find(|(name, _)| names.contains(&name.as_str()));
            found.map(|(_, value)| value)
        };
        Self {
            code: find(["statusCode", "status-code"]).and_then(number),
            condition: find(["errorCondition", "error-condition"]).and_then(text),
            description: find(["statusDescription", "status-description"]).and_then(text),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "status {code}")?,
            None => f.write_str("no status")?,
        }
        for said in [&self.condition, &self.description].into_iter().flatten() {
            write!(f, ", {said}")?;
        }
        Ok(())
    }
}

fn number(value: &SimpleValue) -> Option<i32> {
    match value {
        SimpleValue::Int(number) => Some(*number),
        SimpleValue::Long(number) => (*number).try_into().ok(),
        SimpleValue::Uint(number) => (*number).try_into().ok(),
        _ => None,
    }
}

fn text(value: &SimpleValue) -> Option<String> {
    match value {
        SimpleValue::String(text) => Some(text.clone()),
        SimpleValue::Symbol(symbol) => Some(symbol.as_str().to_owned()),
        _ => None,
    }
}

/// None, if all is well.
pub(super) fn of_status(status: &Status) -> Option<&'static str> {
    let condition = status.condition.as_deref();
    if let Some(words) = condition.and_then(of_condition) {
        return Some(words);
    }
    let Some(code) = status.code else {
        return Some(UNEXPECTED);
    };
    Some(match code {
        200..=299 | 400 => return None,
        404 if condition == Some("com.microsoft:message-not-found") => return None,
        401 => REJECTED,
        403 => "permission denied",
        404 | 410 => NOT_FOUND,
        429 => THROTTLED,
        503 => "the server is not available",
        _ => REPORTS,
    })
}

/// The conditions that say more than a status, or stand alone where a link or connection is closed.
fn of_condition(condition: &str) -> Option<&'static str> {
    Some(match condition {
        "amqp:unauthorized-access" | "com.microsoft:auth-failed" => REJECTED,
        "amqp:not-found" | "amqp:resource-deleted" => NOT_FOUND,
        "com.microsoft:entity-disabled" => "entity disabled",
        "com.microsoft:server-busy" | "amqp:resource-limit-exceeded" => THROTTLED,
        _ => return None,
    })
}

const REJECTED: &str = "credentials rejected";
const NOT_FOUND: &str = "entity not found";
const THROTTLED: &str = "throttled by the server";
const REPORTS: &str = "the server reports an error";
const LINK_CLOSED: &str = "link closed by the server";
const UNEXPECTED: &str = "unexpected answer";

/// What went wrong with a link, and what may do better.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) failure: Failure,
    pub(super) next: Next,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another run.
    Run,
    /// Other links.
    Links,
    /// Another session.
    Session,
}

impl Broken {
    fn link(words: &'static str, error: impl fmt::Display) -> Self {
        Self {
            failure: Failure::because(words, error.to_string()),
            next: Next::Links,
        }
    }

    /// The application has to begin another session.
    fn session(reason: &SessionStopReason) -> Self {
        let words = match reason {
            SessionStopReason::Ended | SessionStopReason::EndedWithError(_) => "session ended",
            SessionStopReason::RemoteEnded => "session ended by the server",
            SessionStopReason::RemoteEndedWithError(error) => {
                of_error(error).unwrap_or("session ended by the server")
            }
            SessionStopReason::ConnectionStopped(reason) => of_connection(reason),
        };
        Self {
            failure: Failure::because(words, format!("{reason:?}")),
            next: Next::Session,
        }
    }

    pub(super) fn given_up(next: Next) -> Self {
        Self {
            failure: Failure::new("request given up"),
            next,
        }
    }

    fn remote(error: &Error) -> Self {
        Self::link(of_error(error).unwrap_or(LINK_CLOSED), error)
    }
}

/// A connection that breaks is one that this side closes with an error. None makes itself anew.
fn of_connection(reason: &ConnectionStopReason) -> &'static str {
    match reason {
        ConnectionStopReason::Closed => "connection closed, the application has to connect again",
        ConnectionStopReason::ClosedWithError(_) | ConnectionStopReason::RemoteClosed => LOST,
        ConnectionStopReason::RemoteClosedWithError(error) => of_error(error).unwrap_or(LOST),
    }
}

const LOST: &str = "connection closed by the server, the application has to connect again";

fn of_error(error: &Error) -> Option<&'static str> {
    match &error.condition {
        ErrorCondition::AmqpError(AmqpError::UnauthorizedAccess) => Some(REJECTED),
        ErrorCondition::AmqpError(AmqpError::NotFound | AmqpError::ResourceDeleted) => {
            Some(NOT_FOUND)
        }
        ErrorCondition::AmqpError(AmqpError::ResourceLimitExceeded) => Some(THROTTLED),
        ErrorCondition::LinkError(LinkError::DetachForced) => Some(LINK_CLOSED),
        ErrorCondition::Custom(condition) => of_condition(condition.as_str()),
        _ => None,
    }
}

impl From<SenderAttachError> for Broken {
    fn from(error: SenderAttachError) -> Self {
        match &error {
            SenderAttachError::SessionStopped(reason) => Self::session(reason),
            SenderAttachError::RemoteClosedWithError(said) => Self::remote(said),
            _ => Self::link(UNEXPECTED, error),
        }
    }
}

impl From<ReceiverAttachError> for Broken {
    fn from(error: ReceiverAttachError) -> Self {
        match &error {
            ReceiverAttachError::SessionStopped(reason) => Self::session(reason),
            ReceiverAttachError::RemoteClosedWithError(said) => Self::remote(said),
            _ => Self::link(UNEXPECTED, error),
        }
    }
}

impl From<SendError> for Broken {
    fn from(error: SendError) -> Self {
        match error {
            SendError::LinkStateError(error) => error.into(),
            SendError::Detached(error) => error.into(),
            _ => Self::link(UNEXPECTED, error),
        }
    }
}

impl From<RecvError> for Broken {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::LinkStateError(error) => error.into(),
            _ => Self::link(UNEXPECTED, error),
        }
    }
}

impl From<DetachError> for Broken {
    fn from(error: DetachError) -> Self {
        match &error {
            DetachError::SessionStopped(reason) => Self::session(reason),
            DetachError::RemoteDetachedWithError(said)
            | DetachError::RemoteClosedWithError(said) => Self::remote(said),
            _ => Self::link(LINK_CLOSED, error),
        }
    }
}

impl From<LinkStateError> for Broken {
    fn from(error: LinkStateError) -> Self {
        match &error {
            LinkStateError::SessionStopped(reason) => Self::session(reason),
            LinkStateError::RemoteDetachedWithError(said)
            | LinkStateError::RemoteClosedWithError(said) => Self::remote(said),
            _ => Self::link(LINK_CLOSED, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: impl Into<SimpleValue>, condition: Option<&str>) -> Option<&'static str> {
        let properties = ApplicationProperties::builder().insert("statusCode", code);
        let properties = match condition {
            Some(condition) => properties.insert("errorCondition", condition.to_owned()),
            None => properties,
        };
        of_status(&Status::of(Some(&properties.build())))
    }

    #[test]
    fn statuses_are_told_apart() {
        for (code, words) in [
            (200, None),
            (202, None),
            (204, None),
            (400, None),
            (401, Some("credentials rejected")),
            (403, Some("permission denied")),
            (404, Some("entity not found")),
            (410, Some("entity not found")),
            (429, Some("throttled by the server")),
            (500, Some("the server reports an error")),
            (503, Some("the server is not available")),
        ] {
            assert_eq!(told(code, None), words, "{code}");
        }
        assert_eq!(told("200".to_owned(), None), Some(UNEXPECTED));
        assert_eq!(of_status(&Status::of(None)), Some(UNEXPECTED));
    }

    #[test]
    fn conditions_say_more_than_statuses() {
        for (code, condition, words) in [
            (404, "com.microsoft:message-not-found", None),
            (
                404,
                "com.microsoft:messaging-entity-not-found",
                Some(NOT_FOUND),
            ),
            (
                400,
                "com.microsoft:entity-disabled",
                Some("entity disabled"),
            ),
            (503, "com.microsoft:server-busy", Some(THROTTLED)),
            (400, "com.microsoft:argument-error", None),
        ] {
            assert_eq!(told(code, Some(condition)), words, "{condition}");
        }
    }
}
