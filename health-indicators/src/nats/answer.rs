use async_nats::{Message, StatusCode};
use serde_json::Value;

use crate::failure::Failure;
use crate::measured::Measured;

/// Where a client wants no echo, the server says that nobody else listens.
pub(super) fn echo(message: &Message, sent: &str) -> Result<(), Failure> {
    match is_unheard(message) || message.payload == sent.as_bytes() {
        true => Ok(()),
        false => Err(Failure::new("unexpected answer")),
    }
}

pub(super) fn jetstream(message: &Message, measured: &mut Measured) -> Result<(), Failure> {
    if is_unheard(message) {
        return Err(Failure::new("JetStream not enabled"));
    }
    account(&message.payload, measured)
}

fn is_unheard(message: &Message) -> bool {
    message.status == Some(StatusCode::NO_RESPONDERS)
}

/// `io.nats.jetstream.api.v1.account_info_response`.
fn account(payload: &[u8], measured: &mut Measured) -> Result<(), Failure> {
    let answer: Value = serde_json::from_slice(payload)
        .map_err(|error| Failure::because("unexpected answer", error))?;
    if let Some(error) = answer.get("error") {
        return Err(Failure::because(refusal(error), error.to_string()));
    }
    for (of, name) in [
        ("streams", "streams"),
        ("consumers", "consumers"),
        ("memory", "memory_bytes"),
        ("storage", "storage_bytes"),
    ] {
        if let Some(value) = answer.get(of).and_then(Value::as_u64) {
            measured.add(name, value);
        }
    }
    Ok(())
}

fn refusal(error: &Value) -> &'static str {
    match error.get("err_code").and_then(Value::as_u64) {
        Some(DISABLED | DISABLED_FOR_ACCOUNT) => "JetStream not enabled",
        _ => "JetStream reports an error",
    }
}

const DISABLED: u64 = 10076;
const DISABLED_FOR_ACCOUNT: u64 = 10039;

#[cfg(test)]
mod tests {
    use health_core::Outcome;

    use super::*;

    fn told(payload: &str) -> Outcome {
        let mut measured = Measured::default();
        let found = account(payload.as_bytes(), &mut measured).map(|()| Outcome::healthy());
        measured.told(found)
    }

    #[test]
    fn the_state_of_an_account_is_measured_and_its_errors_are_told_apart() {
        let outcome = told(r#"{"type":"t","memory":1,"storage":2,"streams":3,"consumers":4}"#);
        let data: Vec<_> = outcome.data().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(
            data,
            ["streams", "consumers", "memory_bytes", "storage_bytes"]
        );
        for (payload, words) in [
            (
                r#"{"error":{"code":503,"err_code":10039}}"#,
                "JetStream not enabled",
            ),
            (
                r#"{"error":{"code":503,"err_code":10076}}"#,
                "JetStream not enabled",
            ),
            (
                r#"{"error":{"code":503,"err_code":10008}}"#,
                "JetStream reports an error",
            ),
            ("{", "unexpected answer"),
        ] {
            assert_eq!(told(payload).message(), Some(words), "{payload}");
        }
    }
}
