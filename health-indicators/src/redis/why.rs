//! Why a connection manager has no connection, which it does not say before it gives up.

use std::time::Duration;

use redis::{ConnectionAddr, Value, parse_redis_value};

use super::words;
use crate::budget::Step;
use crate::failure::Failure;
use crate::line::Lines;

/// Connects, and hears what the server says by itself: one that turns a client away says why, and
/// one that does not waits to be asked.
pub(super) async fn why_none(address: &ConnectionAddr) -> Option<Failure> {
    let server = match address {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            (host.as_str(), *port)
        }
        _ => return None,
    };
    let mut lines = match Step(LOOK).of(Lines::connect(server)).await {
        Ok((Ok(lines), _)) => lines,
        Ok((Err(error), _)) => return Some(Failure::of(error, "no connection")),
        Err(_) => return None,
    };
    match Step(LOOK).of(lines.line()).await {
        Ok((Ok(line), _)) => Some(turned_away(&line)),
        Ok((Err(failure), _)) => Some(failure),
        Err(_) => None,
    }
}

/// How long to wait for either.
const LOOK: Duration = Duration::from_millis(50);

fn turned_away(line: &str) -> Failure {
    let said = format!("{line}\r\n");
    match parse_redis_value(said.as_bytes()).and_then(Value::extract_error) {
        Err(error) => words::failure(error),
        Ok(_) => Failure::new("unexpected answer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_by_itself_is_why() {
        for (line, words) in [
            (
                "-ERR max number of clients reached",
                "too many connections at the server",
            ),
            (
                "-DENIED Redis is running in protected mode",
                "connections from here are denied",
            ),
            ("HTTP/1.1 400 Bad Request", "unexpected answer"),
            ("+OK", "unexpected answer"),
        ] {
            assert_eq!(turned_away(line).to_string(), words, "{line}");
        }
    }
}
