//! JSON, read strictly: an object that has a name twice is no JSON that can be relied upon.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The value that a body says, in which no object has a name twice.
pub(crate) fn parse(body: &str) -> Value {
    match serde_json::from_str(body) {
        Ok(Strict(value)) => value,
        Err(error) => panic!("{error}: {body}"),
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AsWritten)
    }
}

struct AsWritten;

impl<'de> Visitor<'de> for AsWritten {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Strict, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = all.next_element()? {
            values.push(value);
        }
        Ok(Strict(values.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Strict, A::Error> {
        let mut members = Map::new();
        while let Some((name, Strict(value))) = all.next_entry::<String, _>()? {
            let twice = format!("`{name}` is there twice");
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom(twice));
            }
        }
        Ok(Strict(members.into()))
    }
}

#[test]
fn a_name_that_is_there_twice_is_found() {
    assert!(serde_json::from_str::<Strict>(r#"{"a":[{"b":1,"c":null}]}"#).is_ok());
    assert!(serde_json::from_str::<Strict>(r#"{"a":[{"b":1,"b":1}]}"#).is_err());
}
