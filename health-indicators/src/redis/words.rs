//! What goes wrong, in words for everybody.

use std::time::Duration;

use redis::{ErrorKind, RedisError};

use crate::failure::Failure;

/// An error of the client while it waited for an answer.
pub(super) fn unanswered(error: RedisError, took: Duration) -> Failure {
    match error.is_timeout() {
        // The time that the client gives each of its answers, 500 ms where nothing else is said.
        true => Failure::no_answer(took),
        false => failure(error),
    }
}

/// An error of the client while it connected.
pub(super) fn unconnected(error: RedisError, took: Duration) -> Failure {
    match error.is_timeout() {
        true => Failure::not_connected(took),
        false => failure(error),
    }
}

pub(super) fn failure(error: RedisError) -> Failure {
    match said(&error) {
        Some(words) => Failure::because(words, error),
        None => Failure::of(error, "unexpected answer"),
    }
}

fn said(error: &RedisError) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::AuthenticationFailed => Some("credentials rejected"),
        ErrorKind::RESP3NotSupported => Some("protocol version rejected"),
        ErrorKind::InvalidClientConfig => Some("the client is misconfigured"),
        ErrorKind::ClusterConnectionNotFound => Some("no connection to a node of the cluster"),
        ErrorKind::Server(_) | ErrorKind::Extension => {
            let detail = error.detail().unwrap_or_default();
            Some(in_words(error.code().unwrap_or_default(), detail))
        }
        _ => None,
    }
}

/// What a server says by this code that it does not want; `ERR` stands before much else.
fn in_words(code: &str, detail: &str) -> &'static str {
    match code {
        "NOAUTH" | "WRONGPASS" => "credentials rejected",
        "NOPERM" => "permission denied",
        "DENIED" => "connections from here are denied",
        "LOADING" => "the server is loading its data",
        "READONLY" => "the server is a read-only replica",
        "MASTERDOWN" => "the replica has lost its master",
        "NOREPLICAS" => "the server has too few replicas",
        "OOM" => "the server has no memory left",
        "MISCONF" => "the server cannot save its data",
        "BUSY" => "the server is busy with a script",
        "CLUSTERDOWN" => "cluster is down",
        _ if detail.contains("max number of clients") => "too many connections at the server",
        _ if detail.contains("cluster support disabled") => "the server is no cluster",
        _ => "the server reports an error",
    }
}

#[cfg(test)]
mod tests {
    use redis::parse_redis_value;

    use super::*;

    fn told(line: &str) -> String {
        let answer = parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        failure(answer.extract_error().unwrap_err()).to_string()
    }

    #[test]
    fn errors_of_the_server_are_told_without_what_it_says_of_itself() {
        for (line, words) in [
            ("NOAUTH Authentication required.", "credentials rejected"),
            (
                "WRONGPASS invalid username-password pair",
                "credentials rejected",
            ),
            (
                "NOPERM User bob has no permissions to run the 'ping' command",
                "permission denied",
            ),
            (
                "LOADING Redis is loading the dataset in memory",
                "the server is loading its data",
            ),
            (
                "READONLY You can't write against a read only replica.",
                "the server is a read-only replica",
            ),
            (
                "MASTERDOWN Link with MASTER is down",
                "the replica has lost its master",
            ),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                "the server has no memory left",
            ),
            (
                "MISCONF Redis is configured to save RDB snapshots",
                "the server cannot save its data",
            ),
            (
                "ERR max number of clients reached",
                "too many connections at the server",
            ),
            (
                "ERR This instance has cluster support disabled",
                "the server is no cluster",
            ),
            ("ERR secret", "the server reports an error"),
            ("CLUSTERDOWN The cluster is down", "cluster is down"),
            ("SECRET", "the server reports an error"),
        ] {
            assert_eq!(told(line), words, "{line}");
        }
    }
}
