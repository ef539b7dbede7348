use std::time::Duration;

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::{ConnectionStatus, Error, ErrorKind};

use crate::failure::{CLOSED, Failure};

/// Why a connection is not to be used, if it is not.
pub(super) fn usable(status: &ConnectionStatus) -> Result<(), Failure> {
    match unusable(status) {
        Some(words) => Err(Failure::new(words)),
        None if status.blocked() => Err(Failure::new("publishing is blocked by the server")),
        None => Ok(()),
    }
}

fn unusable(status: &ConnectionStatus) -> Option<&'static str> {
    if status.connected() {
        None
    } else if status.errored() {
        Some("connection lost for good, the application has to connect again")
    } else if status.closing() || status.closed() {
        Some("connection closed")
    } else {
        Some("connection lost, reconnecting")
    }
}

/// The answer, and how long it took; or why there was none, or another.
pub(super) fn answered<T>(
    answer: Result<(lapin::Result<T>, Duration), Duration>,
    status: &ConnectionStatus,
) -> Result<(T, Duration), Failure> {
    match answer {
        Ok((Ok(answer), took)) => Ok((answer, took)),
        Ok((Err(error), _)) => Err(failure(error, status)),
        Err(limit) => Err(usable(status)
            .err()
            .unwrap_or_else(|| Failure::no_answer(limit))),
    }
}

/// The words for an error; those for the connection, if that is lost.
fn failure(error: Error, status: &ConnectionStatus) -> Failure {
    match in_words(error.kind()).or_else(|| unusable(status)) {
        Some(words) => Failure::because(words, error),
        None => Failure::of(error, CLOSED),
    }
}

fn in_words(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::ProtocolError(said) => Some(said_in_words(said.kind())),
        ErrorKind::ChannelsLimitReached => Some("channel limit reached"),
        ErrorKind::ParsingError(_) | ErrorKind::InvalidProtocolVersion(_) => {
            Some("unexpected answer")
        }
        _ => None,
    }
}

fn said_in_words(said: &AMQPErrorKind) -> &'static str {
    match said {
        AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => "queue not found",
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => "permission denied",
        AMQPErrorKind::Soft(AMQPSoftError::RESOURCELOCKED) => {
            "queue is exclusive to another connection"
        }
        AMQPErrorKind::Hard(AMQPHardError::CONNECTIONFORCED) => CLOSED,
        _ => "the server reports an error",
    }
}
