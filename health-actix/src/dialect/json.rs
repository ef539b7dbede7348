//! JSON that is written where what it says is looked up: nothing is kept for a report of many checks.

use std::time::SystemTime;

use health_core::Value;
use serde::Serialize;

use super::members::Members;
use super::time::Timestamps;

/// What `serde_json` begins with, too.
const ROOM: usize = 128;

/// JSON as far as it is written. Commas are its own affair.
#[derive(Debug)]
pub(super) struct Json {
    bytes: Vec<u8>,
    times: Timestamps,
}

/// Values, and what comes before them.
impl Json {
    /// The object that has these members.
    pub(super) fn of(members: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut json = Self {
            bytes: Vec::with_capacity(ROOM),
            times: Timestamps::default(),
        };
        json.object(members);
        json.bytes
    }

    /// The name of a member, whose value is to follow. It stands there as it is, so nothing in it may
    /// need an escape.
    #[inline]
    pub(super) fn key(&mut self, name: &'static str) -> &mut Self {
        self.element().plain(name);
        self.bytes.push(b':');
        self
    }

    /// The name of a member that somebody else has given it.
    pub(super) fn named(&mut self, name: &str) -> &mut Self {
        self.element().string(name);
        self.bytes.push(b':');
        self
    }

    /// An element of a list, which is to follow.
    #[inline]
    pub(super) fn element(&mut self) -> &mut Self {
        if !matches!(self.bytes.last(), Some(b'{' | b'[')) {
            self.bytes.push(b',');
        }
        self
    }

    /// A value that is no map, so that it can be written whatever it holds.
    pub(super) fn value(&mut self, value: &impl Serialize) {
        // A vector takes all that is written to it.
        let _ = serde_json::to_writer(&mut self.bytes, value);
    }

    /// A text in which nothing needs an escape.
    #[inline]
    pub(super) fn plain(&mut self, text: impl AsRef<[u8]>) {
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(text.as_ref());
        self.bytes.push(b'"');
    }

    pub(super) fn string(&mut self, text: &str) {
        if is_plain(text) {
            self.plain(text);
        } else {
            self.value(&text);
        }
    }

    /// A point in time, as a text.
    pub(super) fn time(&mut self, at: SystemTime) {
        let at = self.times.of(at);
        self.plain(at.as_bytes());
    }

    pub(super) fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.bytes.push(b'{');
        members(self);
        self.bytes.push(b'}');
    }

    pub(super) fn list(&mut self, elements: impl FnOnce(&mut Self)) {
        self.bytes.push(b'[');
        elements(self);
        self.bytes.push(b']');
    }
}

/// Members, and elements.
impl Json {
    pub(super) fn member(&mut self, name: &'static str, value: impl Serialize) {
        self.key(name).value(&value);
    }

    /// A member that is left out where there is nothing to say.
    pub(super) fn some(&mut self, name: &'static str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.member(name, value);
        }
    }

    /// A text that is left out where there is none.
    pub(super) fn text(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.key(name).string(text);
        }
    }

    /// A member that is said only where it is so.
    pub(super) fn flag(&mut self, name: &'static str, is_so: bool) {
        if is_so {
            self.key(name).bytes.extend_from_slice(b"true");
        }
    }

    /// An object that is left out where it is empty.
    pub(super) fn filled_object(&mut self, name: &'static str, members: impl FnOnce(&mut Self)) {
        let before = self.bytes.len();
        self.key(name).object(members);
        if self.bytes.ends_with(b"{}") {
            self.bytes.truncate(before);
        }
    }

    /// An object of objects that is left out where it is empty, and whose names may come twice.
    pub(super) fn objects<'a, T>(
        &mut self,
        name: &'static str,
        objects: impl Iterator<Item = (&'a str, T)>,
        members: impl Fn(&mut Self, T),
    ) {
        let objects = Members::named(objects).0;
        if !objects.is_empty() {
            self.key(name).object(|json| {
                for (name, of) in objects {
                    json.named(&name).object(|json| members(json, of));
                }
            });
        }
    }

    /// An object of measured values that is left out where there are none.
    pub(super) fn data<'a>(
        &mut self,
        name: &'static str,
        data: impl Iterator<Item = (&'a str, &'a Value)>,
    ) {
        let mut data = data.peekable();
        if data.peek().is_some() {
            self.key(name).object(|json| json.values(data));
        }
    }

    /// Measured values as members, whose names may come twice.
    pub(super) fn values<'a>(&mut self, data: impl Iterator<Item = (&'a str, &'a Value)>) {
        for (name, value) in Members::named(data).0 {
            self.named(&name).value(value);
        }
    }

    /// A list of texts that is left out where there are none.
    pub(super) fn texts(
        &mut self,
        name: &'static str,
        texts: impl Iterator<Item = impl AsRef<str>>,
    ) {
        let mut texts = texts.peekable();
        if texts.peek().is_some() {
            self.key(name).list(|json| json.strings(texts));
        }
    }

    /// Texts, as elements.
    pub(super) fn strings(&mut self, texts: impl Iterator<Item = impl AsRef<str>>) {
        for text in texts {
            self.element().string(text.as_ref());
        }
    }
}

/// Whether nothing in it needs an escape.
fn is_plain(text: &str) -> bool {
    // No byte decides alone, so that the compiler can look at many at once.
    text.bytes().fold(true, |is_plain, byte| {
        is_plain & (byte >= b' ') & (byte != b'"') & (byte != b'\\')
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commas_are_where_they_belong() {
        let (nan, two) = (Value::Float(f64::NAN), Value::Float(2.0));
        let written = Json::of(|json| {
            json.member("value", "{[");
            json.key("plain").plain("{");
            json.filled_object("nothing", |_| {});
            json.texts("nothing", [""; 0].into_iter());
            json.data("nothing", [].into_iter());
            json.objects("nothing", [].into_iter(), |_, ()| {});
            json.text("nothing", None);
            json.named("a\"b\n{").object(|_| {});
            json.filled_object("inner", |json| {
                json.some("there", Some(1.5));
                json.some("not there", None::<bool>);
                json.filled_object("nothing", |_| {});
                json.flag("so", true);
                json.flag("not so", false);
                json.key("empty").object(|_| {});
            });
            json.texts("texts", ["{", "["].into_iter());
            json.data("data", [("a", &nan), ("a", &two)].into_iter());
            json.objects(
                "objects",
                [("a", 1), ("a", 2)].into_iter(),
                |json, number| {
                    json.member("b", number);
                },
            );
            json.key("list").list(|json| {
                json.element().object(|_| {});
                json.element().list(|_| {});
                json.element().value(&true);
                json.element().time(SystemTime::UNIX_EPOCH);
            });
        });
        let expected = concat!(
            r#"{"value":"{[","plain":"{","a\"b\n{":{},"inner":{"there":1.5,"so":true,"empty":{}},"#,
            r#""texts":["{","["],"data":{"a":null,"a_":2.0},"objects":{"a":{"b":1},"a_":{"b":2}},"#,
            r#""list":[{},[],true,"1970-01-01T00:00:00.000Z"]}"#,
        );
        assert_eq!(String::from_utf8_lossy(&written), expected);
    }

    proptest! {
        #[test]
        fn every_text_is_written_as_serde_does(text: String, odd in "[\0-\u{80}]{0,40}") {
            for text in [text, odd] {
                let written = Json::of(|json| json.text("text", Some(&text)));
                let expected = serde_json::json!({ "text": text }).to_string();
                prop_assert_eq!(String::from_utf8_lossy(&written), expected);
            }
        }
    }
}
