//! What the page is told at one moment, and what of it is new.

use std::sync::OnceLock;

use actix_web::web::Bytes;
use serde::Serialize;
use tokio::time::Instant;

/// What the page is told at one moment: JSON, in pieces that are left out where they are not new.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) taken: Instant,
    /// Counts the snapshots of a board.
    pub(super) version: u64,
    /// The number of the last thing that had happened.
    pub(super) last_event: u64,
    /// An object without its last brace.
    head: String,
    names: Piece,
    checks: Vec<(String, Piece)>,
    events: Vec<(u64, Piece)>,
    /// All of it, written once, however many are told.
    whole: OnceLock<Bytes>,
}

/// A piece of JSON, and the version in which it was new.
#[derive(Clone, Debug)]
struct Piece {
    json: String,
    since: u64,
}

impl Piece {
    /// As it was before, if it says the same.
    fn new(json: String, before: Option<&Self>, version: u64) -> Self {
        let since = match before {
            Some(before) if before.json == json => before.since,
            _ => version,
        };
        Self { json, since }
    }
}

/// What a snapshot is made of.
#[derive(Debug)]
pub(super) struct Pieces {
    pub(super) head: String,
    /// By their names, in order.
    pub(super) checks: Vec<(String, String)>,
    /// By their numbers, in order.
    pub(super) events: Vec<(u64, String)>,
    /// The number of the last thing that had happened, whether it is told or not.
    pub(super) last_event: u64,
}

impl Snapshot {
    pub(super) fn after(before: Option<&Self>, pieces: Pieces, taken: Instant) -> Self {
        let version = before.map_or(1, |before| before.version + 1);
        let names: Vec<_> = pieces.checks.iter().map(|(name, _)| name).collect();
        let names = Piece::new(json(&names), before.map(|before| &before.names), version);
        let (checks, events) = before.map_or_else(Default::default, |before| {
            (&*before.checks, &*before.events)
        });
        let checks = carried(pieces.checks, checks, version);
        let events = carried(pieces.events, events, version);
        let mut head = pieces.head;
        head.pop();
        Self {
            taken,
            version,
            last_event: pieces.last_event,
            head,
            names,
            checks,
            events,
            whole: OnceLock::new(),
        }
    }

    /// All of it.
    pub(super) fn whole(&self) -> Bytes {
        let whole = self.whole.get_or_init(|| self.since(0).into());
        whole.clone()
    }

    /// What is new since this version, and the head.
    pub(super) fn since(&self, version: u64) -> String {
        let mut text = self.head.clone();
        if self.names.since > version {
            text.push_str(",\"names\":");
            text.push_str(&self.names.json);
        }
        let checks = self.checks.iter().map(|(_, piece)| piece);
        list(&mut text, "checks", checks, version);
        let events = self.events.iter().map(|(_, piece)| piece);
        list(&mut text, "events", events, version);
        text.push('}');
        text
    }
}

/// These pieces, by their keys; both are in order.
fn carried<K: Ord>(new: Vec<(K, String)>, before: &[(K, Piece)], version: u64) -> Vec<(K, Piece)> {
    let piece = |(key, json): (K, String)| {
        let place = before.binary_search_by(|(known, _)| known.cmp(&key));
        let known = place.ok().map(|place| &before[place].1);
        let piece = Piece::new(json, known, version);
        (key, piece)
    };
    new.into_iter().map(piece).collect()
}

fn list<'a>(text: &mut String, name: &str, pieces: impl Iterator<Item = &'a Piece>, version: u64) {
    let start = format!(",\"{name}\":[");
    text.push_str(&start);
    let mut separator = "";
    for piece in pieces.filter(|piece| piece.since > version) {
        text.push_str(separator);
        text.push_str(&piece.json);
        separator = ",";
    }
    text.push(']');
}

/// Keys are strings and numbers finite, so it can always be written.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(now: u64, checks: &[(&str, u32)], events: &[u64]) -> Pieces {
        let check = |(name, value): &(&str, u32)| ((*name).to_owned(), value.to_string());
        Pieces {
            head: format!("{{\"now\":{now}}}"),
            checks: checks.iter().map(check).collect(),
            events: events.iter().map(|it| (*it, it.to_string())).collect(),
            last_event: 0,
        }
    }

    #[test]
    fn who_knows_a_version_is_told_what_is_new_since() {
        let now = Instant::now();
        let first = Snapshot::after(None, pieces(1, &[("a", 1), ("b", 2)], &[7]), now);
        let all = r#"{"now":1,"names":["a","b"],"checks":[1,2],"events":[7]}"#;
        assert_eq!(first.whole(), all);
        let second = pieces(2, &[("a", 1), ("b", 3)], &[7, 8]);
        let second = Snapshot::after(Some(&first), second, now);
        let new = r#"{"now":2,"checks":[3],"events":[8]}"#;
        assert_eq!(second.since(first.version), new);
        let third = Snapshot::after(Some(&second), pieces(3, &[("b", 3)], &[8]), now);
        let gone = r#"{"now":3,"names":["b"],"checks":[],"events":[]}"#;
        assert_eq!(third.since(second.version), gone);
        // Who has missed a version is told of it too.
        let missed = r#"{"now":3,"names":["b"],"checks":[3],"events":[8]}"#;
        assert_eq!(third.since(first.version), missed);
        assert_eq!(
            third.since(third.version),
            r#"{"now":3,"checks":[],"events":[]}"#
        );
    }

    #[test]
    fn without_checks_there_are_no_names() {
        let none = Snapshot::after(None, pieces(1, &[], &[]), Instant::now());
        assert_eq!(
            none.whole(),
            r#"{"now":1,"names":[],"checks":[],"events":[]}"#
        );
    }
}
