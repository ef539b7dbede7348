//! What a configuration says, before anybody knows whether it makes sense.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::shown;
use crate::Visibility;
use crate::mask::mask;

/// Any value of any format that describes itself.
#[derive(Clone, PartialEq)]
pub(super) enum Node {
    Nothing,
    Flag(bool),
    Whole(i128),
    Float(f64),
    Text(String),
    List,
    /// Sorted by key, so that mistakes come in one order whatever the format makes of maps; a key
    /// may be there twice.
    Map(Vec<(String, Self)>),
}

impl Node {
    /// What it is, as a mistake says it.
    pub(super) fn found(&self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Flag(flag) => format!("`{flag}`"),
            Self::Whole(number) => format!("`{number}`"),
            Self::Float(number) => format!("`{number:?}`"),
            Self::Text(text) => found_text(text),
            Self::List => "a list".to_owned(),
            Self::Map(_) => "a table".to_owned(),
        }
    }

    /// A flag, or a text that is one, as environment variables have it.
    pub(super) fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Text(text) => [true, false]
                .into_iter()
                .find(|flag| text.trim().eq_ignore_ascii_case(&flag.to_string())),
            _ => None,
        }
    }

    /// A visibility, in any case, as environment variables may have it.
    pub(super) fn visibility(&self) -> Option<Visibility> {
        let Self::Text(text) = self else {
            return None;
        };
        let is_meant = |known: &Visibility| text.trim().eq_ignore_ascii_case(known.as_str());
        Visibility::ALL.into_iter().find(is_meant)
    }

    /// A number from 0, or a text that is one, as environment variables have it.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Whole(number) => u64::try_from(*number).ok(),
            Self::Text(text) => {
                let text = text.trim();
                let is_number = text.bytes().all(|b| b.is_ascii_digit());
                text.parse().ok().filter(|_| is_number)
            }
            _ => None,
        }
    }

    fn into_key(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Flag(flag) => flag.to_string(),
            Self::Whole(number) => number.to_string(),
            other => other.found(),
        }
    }
}

/// What is long is not shown: not even half of it, should it be a secret.
fn found_text(text: &str) -> String {
    /// In characters.
    const LONGEST: usize = 20;
    let masked = mask(text);
    let length = text.chars().count();
    if masked.chars().count() > LONGEST || masked.is_empty() && length > 0 {
        return format!("a text of {length} characters");
    }
    format!("the text `{}`", shown(&masked))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Whole(number.into()))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Node, E> {
        Ok(Node::Whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Whole(number.into()))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Node, E> {
        // Far too large for anything; a float says so.
        let whole = i128::try_from(number).map(Node::Whole);
        Ok(whole.unwrap_or(Node::Float(number as f64)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Node, E> {
        Ok(Node::Text(String::from_utf8_lossy(bytes).into_owned()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Node, D::Error> {
        Node::deserialize(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Node, Node>()? {
            entries.push((key.into_key(), value));
        }
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Node::Map(entries))
    }
}
