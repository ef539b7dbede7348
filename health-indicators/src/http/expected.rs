//! What an answer has to be like.

use std::ops::RangeInclusive;

use health_core::Value;
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value as Json;

use super::exchange::private;
use crate::failure::Failure;

/// How much of a value that was not expected is told, in characters.
const TOLD: usize = 100;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) statuses: RangeInclusive<u16>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<Content>,
}

/// What a body has to have.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Text(String),
    Json(String, Value),
}

impl Default for Expected {
    fn default() -> Self {
        Self {
            statuses: 200..=299,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }
}

impl Expected {
    /// The status and the headers.
    pub(super) fn head(&self, answer: &Response) -> Result<(), Failure> {
        let status = answer.status().as_u16();
        if !self.statuses.contains(&status) {
            return Err(Failure::new(format!("HTTP {status}")));
        }
        let mut headers = self.headers.iter();
        headers.try_for_each(|(name, value)| header(answer.headers(), name, value))
    }

    /// The body; none if it is longer than was to be read.
    pub(super) fn body(&self, body: Option<Vec<u8>>) -> Result<(), Failure> {
        let body = body.ok_or_else(|| Failure::new("the answer is too long"))?;
        self.body
            .iter()
            .try_for_each(|content| content.is_in(&body))
    }
}

fn header(headers: &HeaderMap, name: &str, start: &str) -> Result<(), Failure> {
    let mut values = headers.get_all(name).iter().peekable();
    if values.peek().is_none() {
        let which = private(format!("there is no header `{name}`"));
        return Err(Failure::because("a header is missing", which));
    }
    if values.any(|value| value.as_bytes().starts_with(start.as_bytes())) {
        return Ok(());
    }
    let which = private(format!("`{name}` does not start with `{start}`"));
    Err(Failure::because("unexpected header", which))
}

impl Content {
    fn is_in(&self, body: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Text(text) => text_is_in(text, body),
            Self::Json(pointer, value) => json_is_in(pointer, value, body),
        }
    }
}

fn text_is_in(text: &str, body: &[u8]) -> Result<(), Failure> {
    if String::from_utf8_lossy(body).contains(text) {
        return Ok(());
    }
    let why = private(format!("there is no `{text}` in it"));
    Err(Failure::because("unexpected answer", why))
}

fn json_is_in(pointer: &str, value: &Value, body: &[u8]) -> Result<(), Failure> {
    let json: Json = serde_json::from_slice(body)
        .map_err(|error| Failure::because("unexpected answer", error))?;
    let found = json.pointer(pointer);
    if found.is_some_and(|found| equal(found, value)) {
        return Ok(());
    }
    let found = found.map_or_else(|| "nothing".to_owned(), Json::to_string);
    let found: String = found.chars().take(TOLD).collect();
    let why = private(format!("`{pointer}` is {found}"));
    Err(Failure::because("unexpected answer", why))
}

fn equal(found: &Json, value: &Value) -> bool {
    match value {
        Value::Bool(value) => found.as_bool() == Some(*value),
        Value::Integer(value) => found.as_i64() == Some(*value),
        Value::Float(value) => found.as_f64() == Some(*value),
        Value::Text(value) => found.as_str() == Some(value),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(pointer: &str, value: impl Into<Value>, body: &str) -> Result<(), String> {
        let expected = Content::Json(pointer.to_owned(), value.into());
        expected
            .is_in(body.as_bytes())
            .map_err(|why| why.to_string())
    }

    #[test]
    fn a_value_is_found_by_its_pointer() {
        let body = r#"{"status":"UP","parts":[{"ok":true,"lag":0,"load":0.5}]}"#;
        assert_eq!(wants("/status", "UP", body), Ok(()));
        assert_eq!(wants("/parts/0/ok", true, body), Ok(()));
        assert_eq!(wants("/parts/0/lag", 0, body), Ok(()));
        assert_eq!(wants("/parts/0/load", 0.5, body), Ok(()));
        let unexpected = Err("unexpected answer".to_owned());
        for (pointer, value) in [("/status", "DOWN"), ("/state", "UP"), ("status", "UP")] {
            assert_eq!(wants(pointer, value, body), unexpected);
        }
        assert_eq!(wants("/status", "UP", "<html>"), unexpected);
    }

    #[test]
    fn a_text_is_looked_for_in_the_whole_body() {
        let expected = Content::Text("ready".to_owned());
        assert!(expected.is_in(b"all are ready.").is_ok());
        assert!(expected.is_in(b"\xff ready").is_ok());
        assert!(expected.is_in(b"not so").is_err());
    }
}
