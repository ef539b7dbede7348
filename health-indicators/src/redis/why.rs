//! Why a connection manager has no connection, which it does not say before it gives up.

use std::time::Duration;

use redis::{ConnectionAddr, Value, parse_redis_value};

use super::words;
use crate::budget::Step;
use crate::failure::Failure;
use crate::line::Lines;

/// Connects, and listens, and asks without credentials: one that turns clients away says why, and one that does
/// not is no reason.
pub(super) async fn why_none(address: &ConnectionAddr) -> Option<Failure> {
    let (server, speaks_plainly) = match address {
        ConnectionAddr::Tcp(host, port) => ((host.as_str(), *port), true),
        ConnectionAddr::TcpTls { host, port, .. } => ((host.as_str(), *port), false),
        _ => return None,
    };
    let mut lines = match Step::to_look(LOOK).of(Lines::connect(server)).await {
        Ok((Ok(lines), _)) => lines,
        Ok((Err(error), _)) => return Some(Failure::of(error, "no connection")),
        Err(_) => return None,
    };
    if !speaks_plainly {
        return None;
    }
    // One that closes at once may take what it has said with it, if it is asked something.
    let said = match Step::to_look(LOOK).of(lines.line()).await {
        Ok((said, _)) => said,
        Err(_) => Step::to_look(LOOK).of(asked(&mut lines)).await.ok()?.0,
    };
    said.map_or_else(Some, |line| turned_away(&line))
}

async fn asked(lines: &mut Lines) -> Result<String, Failure> {
    lines.write(b"PING\r\n").await?;
    lines.line().await
}

/// How long to wait for a connection, for what comes unasked, and for an answer.
const LOOK: Duration = Duration::from_millis(50);

fn turned_away(line: &str) -> Option<Failure> {
    let said = format!("{line}\r\n");
    match parse_redis_value(said.as_bytes()).and_then(Value::extract_error) {
        Err(error) if error.code() == Some("NOAUTH") => None,
        Err(error) => Some(words::failure(error)),
        Ok(Value::SimpleString(pong)) if pong == "PONG" => None,
        Ok(_) => Some(Failure::new("unexpected answer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_turns_clients_away_is_why() {
        for (line, words) in [
            (
                "-ERR max number of clients reached",
                Some("too many connections at the server"),
            ),
            (
                "-DENIED Redis is running in protected mode",
                Some("connections from here are denied"),
            ),
            ("HTTP/1.1 400 Bad Request", Some("unexpected answer")),
            ("+OK", Some("unexpected answer")),
            ("+PONG", None),
            ("-NOAUTH Authentication required.", None),
        ] {
            let told = turned_away(line).map(|failure| failure.to_string());
            assert_eq!(told.as_deref(), words, "{line}");
        }
    }
}
