use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use rskafka::client::error::{Error, ProtocolError};
use rskafka::{BackoffError, ConnectionError};
use tokio::net::TcpStream;

use crate::budget::Step;
use crate::failure::{Failure, in_words, spelled};

/// How long to find out whether a broker accepts connections.
const LOOK: Duration = Duration::from_millis(100);

/// rskafka tries again and again where no broker is reached, and tells of nothing.
pub(super) async fn why_none(brokers: &[String], within: Duration) -> Failure {
    let mut last = None;
    for broker in brokers.iter().take(3) {
        match Step::to_look(LOOK / 3).of(TcpStream::connect(broker)).await {
            Ok((Ok(_), _)) => return Failure::no_answer(within),
            Ok((Err(error), _)) => last = Some(error),
            Err(_) => {}
        }
    }
    match last {
        Some(error) => Failure::of(error, "no connection"),
        None => Failure::new(format!("no answer within {}", spelled(within))),
    }
}

/// The words for an error, as far as they are known.
pub(super) fn failure(error: Error) -> Failure {
    match known(&error) {
        Some(words) => Failure::because(words, error),
        None => Failure::of(error, "unexpected answer"),
    }
}

fn known(error: &Error) -> Option<&'static str> {
    match error {
        Error::ServerError { protocol_error, .. } => Some(said(*protocol_error)),
        Error::Connection(error) => of_connection(error),
        Error::RetryFailed(error) => of_retries(error),
        _ => None,
    }
}

fn said(error: ProtocolError) -> &'static str {
    match error {
        ProtocolError::UnknownTopicOrPartition => "topic not found",
        ProtocolError::LeaderNotAvailable => "partition has no leader",
        ProtocolError::TopicAuthorizationFailed | ProtocolError::ClusterAuthorizationFailed => {
            "permission denied"
        }
        ProtocolError::SaslAuthenticationFailed => "credentials rejected",
        ProtocolError::NotEnoughReplicas | ProtocolError::NotEnoughReplicasAfterAppend => {
            "not enough replicas in sync"
        }
        _ => "the server reports an error",
    }
}

fn of_connection(error: &ConnectionError) -> Option<&'static str> {
    match error {
        ConnectionError::Transport { error, .. } => in_words(error),
        ConnectionError::SaslFailed(_) => Some("credentials rejected"),
        ConnectionError::RetryFailed(error) => of_retries(error),
        _ => None,
    }
}

fn of_retries(error: &BackoffError) -> Option<&'static str> {
    let BackoffError::DeadlineExceded { source, .. } = error;
    let source: &(dyn StdError + 'static) = source.as_ref();
    match source.downcast_ref() {
        Some(error) => known(error),
        None => in_words(source).or_else(|| in_text(&source.to_string())),
    }
}

/// The errors of several brokers are told as text alone, which ends in the number that the system
/// has for the last.
fn in_text(text: &str) -> Option<&'static str> {
    let (_, number) = text.rsplit_once("(os error ")?;
    let number = number.split_once(')')?.0.parse().ok()?;
    in_words(&io::Error::from_raw_os_error(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_network_are_found_in_the_text() {
        let refused = io::Error::from_raw_os_error(111).to_string();
        let text = format!("error connecting to broker \"kafka:9092\": IO Error: {refused}");
        if cfg!(target_os = "linux") {
            assert_eq!(in_text(&text), Some("connection refused"));
        }
        for unknown in ["", "(os error ", "(os error x)", "(os error 99999999999)"] {
            assert_eq!(in_text(unknown), None, "{unknown}");
        }
    }
}
