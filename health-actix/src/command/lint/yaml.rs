//! YAML as it is written: every value with its line. Nodes are kept in one list and refer to each
//! other by number, so that neither aliases nor depth cost memory or stack.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, options};

/// A file with all its documents.
#[derive(Debug, Default)]
pub(super) struct Tree<'i> {
    nodes: Vec<Node<'i>>,
    documents: Vec<Id>,
    /// Where a key is no text, as `{{ name }}` of a template is.
    pub(super) strange_key: Option<usize>,
}

type Id = usize;

#[derive(Debug)]
struct Node<'i> {
    line: usize,
    value: Value<'i>,
}

#[derive(Debug)]
enum Value<'i> {
    /// With whether it is plain, and so may be null.
    Scalar(Cow<'i, str>, bool),
    Sequence(Vec<Id>),
    /// Sorted by key, and what is merged into it with `<<` is among its own.
    Mapping(Vec<Entry<'i>>),
}

#[derive(Clone, Debug)]
struct Entry<'i> {
    key: Cow<'i, str>,
    line: usize,
    value: Id,
}

/// Why a file cannot be read as YAML.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotYaml {
    pub(super) line: usize,
    pub(super) message: String,
}

/// How many values a file may have, with those that are merged: a million would be a gigabyte.
const MOST_NODES: usize = 400_000;

impl<'i> Tree<'i> {
    pub(super) fn read(text: &'i str) -> Result<Self, NotYaml> {
        let options = options! { emit_comments: false };
        let mut parser = Parser::new_from_str_with_options(text, options);
        let mut reader = Reader::default();
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| NotYaml {
                line: error.marker().line(),
                message: error.info(),
            })?;
            reader.take(event, span.start.line())?;
        }
        Ok(reader.tree)
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = View<'_>> {
        self.documents.iter().map(|id| self.view(*id, None))
    }

    fn view(&self, id: Id, line: Option<usize>) -> View<'_> {
        let line = line.unwrap_or(self.nodes[id].line);
        View {
            tree: self,
            id,
            line,
        }
    }
}

/// What has begun and not ended.
#[derive(Debug)]
struct Open<'i> {
    id: Id,
    anchor: usize,
    /// Of a mapping: what has been read of it, and the key whose value comes next.
    entries: Option<(Vec<Entry<'i>>, Option<Id>)>,
}

#[derive(Debug, Default)]
struct Reader<'i> {
    tree: Tree<'i>,
    open: Vec<Open<'i>>,
    anchors: HashMap<usize, Id>,
    merged: usize,
}

impl<'i> Reader<'i> {
    fn take(&mut self, event: Event<'i>, line: usize) -> Result<(), NotYaml> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = matches!(style, ScalarStyle::Plain);
                let id = self.add(Value::Scalar(text, plain), line)?;
                self.anchors.insert(anchor, id);
            }
            Event::SequenceStart(_, anchor, _) => {
                let id = self.add(Value::Sequence(Vec::new()), line)?;
                self.begin(id, anchor, None);
            }
            Event::MappingStart(_, anchor, _) => {
                let id = self.add(Value::Mapping(Vec::new()), line)?;
                self.begin(id, anchor, Some((Vec::new(), None)));
            }
            Event::SequenceEnd | Event::MappingEnd => self.end()?,
            Event::Alias(anchor) => {
                let id = self.anchors.get(&anchor).copied();
                let id = id.ok_or_else(|| not_yaml(line, "an alias within what it stands for"))?;
                self.attach(id);
            }
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, value: Value<'i>, line: usize) -> Result<Id, NotYaml> {
        let id = self.tree.nodes.len();
        if id + self.merged >= MOST_NODES {
            return Err(not_yaml(
                line,
                "too much: there are more than 400000 values",
            ));
        }
        self.tree.nodes.push(Node { line, value });
        self.attach(id);
        Ok(id)
    }

    fn begin(&mut self, id: Id, anchor: usize, entries: Option<(Vec<Entry<'i>>, Option<Id>)>) {
        self.open.push(Open {
            id,
            anchor,
            entries,
        });
    }

    /// Gives a node to what it stands in.
    fn attach(&mut self, id: Id) {
        let Some(open) = self.open.last_mut() else {
            self.tree.documents.push(id);
            return;
        };
        let Some((entries, key)) = &mut open.entries else {
            if let Value::Sequence(items) = &mut self.tree.nodes[open.id].value {
                items.push(id);
            }
            return;
        };
        let Some(key_id) = key.take() else {
            *key = Some(id);
            return;
        };
        let key = &self.tree.nodes[key_id];
        // What is no scalar is the key of nothing that is looked for.
        let Value::Scalar(text, _) = &key.value else {
            self.tree.strange_key.get_or_insert(key.line);
            return;
        };
        entries.push(Entry {
            key: text.clone(),
            line: key.line,
            value: id,
        });
    }

    fn end(&mut self) -> Result<(), NotYaml> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        if let Some((entries, _)) = open.entries {
            let entries = self.with_merged(entries)?;
            self.tree.nodes[open.id].value = Value::Mapping(entries);
        }
        self.anchors.insert(open.anchor, open.id);
        Ok(())
    }

    /// Sorted, with what `<<` brings: its own go before, and the first of several before the others.
    fn with_merged(&mut self, entries: Vec<Entry<'i>>) -> Result<Vec<Entry<'i>>, NotYaml> {
        let (merges, mut own): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| entry.key == "<<");
        own.sort_by(|a, b| a.key.cmp(&b.key));
        let twice = own.windows(2).find(|pair| pair[0].key == pair[1].key);
        if let Some([one, other]) = twice {
            let message = format!(
                "the key `{}` is there twice, first in line {}",
                one.key, one.line
            );
            return Err(not_yaml(other.line, message));
        }
        for merge in merges {
            for source in self.merge_sources(merge.value) {
                self.merge(&mut own, source, merge.line)?;
            }
        }
        Ok(own)
    }

    fn merge_sources(&self, id: Id) -> Vec<Id> {
        match &self.tree.nodes[id].value {
            Value::Sequence(items) => items.clone(),
            _ => vec![id],
        }
    }

    fn merge(&mut self, into: &mut Vec<Entry<'i>>, id: Id, line: usize) -> Result<(), NotYaml> {
        let Value::Mapping(source) = &self.tree.nodes[id].value else {
            return Ok(());
        };
        self.merged += source.len();
        if self.tree.nodes.len() + self.merged >= MOST_NODES {
            return Err(not_yaml(
                line,
                "too much: there are more than 400000 values",
            ));
        }
        let is_new = |entry: &&Entry<'i>| {
            into.binary_search_by(|own| own.key.cmp(&entry.key))
                .is_err()
        };
        let new: Vec<_> = source.iter().filter(is_new).cloned().collect();
        into.extend(new);
        into.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(())
    }
}

fn not_yaml(line: usize, message: impl Into<String>) -> NotYaml {
    NotYaml {
        line,
        message: message.into(),
    }
}

/// A value, and the line in which it, or its key, stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'t> {
    tree: &'t Tree<'t>,
    id: Id,
    pub(super) line: usize,
}

impl<'t> View<'t> {
    fn value(self) -> &'t Value<'t> {
        &self.tree.nodes[self.id].value
    }

    fn mapping(self) -> &'t [Entry<'t>] {
        match self.value() {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn get(self, key: &str) -> Option<Self> {
        let entries = self.mapping();
        let found = entries.binary_search_by(|entry| (*entry.key).cmp(key));
        let entry = &entries[found.ok()?];
        Some(self.tree.view(entry.value, Some(entry.line)))
    }

    /// What is there below one key after the other.
    pub(super) fn at(self, keys: &[&str]) -> Option<Self> {
        keys.iter().try_fold(self, |view, key| view.get(key))
    }

    /// The entries of a mapping, in the order of their lines.
    pub(super) fn entries(self) -> Vec<(&'t str, Self)> {
        let entries = self.mapping().iter();
        let view = |entry: &'t Entry<'t>| self.tree.view(entry.value, Some(entry.line));
        let mut entries: Vec<_> = entries.map(|entry| (&*entry.key, view(entry))).collect();
        entries.sort_by_key(|(_, view)| view.line);
        entries
    }

    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        let items: &[Id] = match self.value() {
            Value::Sequence(items) => items,
            _ => &[],
        };
        items.iter().map(move |id| self.tree.view(*id, None))
    }

    /// A text or a number as it is written; none for null.
    pub(super) fn text(self) -> Option<&'t str> {
        match self.value() {
            Value::Scalar(text, true) if matches!(&**text, "" | "~" | "null") => None,
            Value::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_null(self) -> bool {
        matches!(self.value(), Value::Scalar(..)) && self.text().is_none()
    }

    pub(super) fn is_mapping(self) -> bool {
        matches!(self.value(), Value::Mapping(_))
    }

    pub(super) fn is_sequence(self) -> bool {
        matches!(self.value(), Value::Sequence(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Tree<'_> {
        Tree::read(text).unwrap()
    }

    fn message(text: &str) -> String {
        let error = Tree::read(text).unwrap_err();
        format!("{}: {}", error.line, error.message)
    }

    #[test]
    fn values_know_the_lines_of_their_keys() {
        let tree = read("a:\n  b:\n\n    - c: 1\n---\nd: null\n");
        let documents: Vec<_> = tree.documents().collect();
        let [first, second] = documents[..] else {
            panic!("{documents:?}")
        };
        let list = first.at(&["a", "b"]).unwrap();
        assert_eq!(list.line, 2);
        let c = list.items().next().unwrap().get("c").unwrap();
        assert_eq!((c.line, c.text()), (4, Some("1")));
        assert!(second.get("d").unwrap().is_null());
        assert!(second.get("e").is_none());
    }

    #[test]
    fn what_is_merged_is_there_and_gives_way() {
        let tree = read("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 0\n");
        let z = tree.documents().next().unwrap().get("z").unwrap();
        let texts: Vec<_> = z.entries().iter().map(|(k, v)| (*k, v.text())).collect();
        assert_eq!(
            texts,
            [("b", Some("2")), ("c", Some("4")), ("a", Some("0"))]
        );
    }

    #[test]
    fn json_is_read_too() {
        let tree = read("{\n\t\"a\": [1,\n\t\t\"b\"]\n}");
        let a = tree.documents().next().unwrap().get("a").unwrap();
        let texts: Vec<_> = a.items().filter_map(View::text).collect();
        assert_eq!(texts, ["1", "b"]);
    }

    #[test]
    fn mistakes_have_lines_and_words() {
        assert_eq!(
            message("a: 1\nb: 2\na: 3\n"),
            "3: the key `a` is there twice, first in line 1"
        );
        assert_eq!(
            message("a: &a [*a]\n"),
            "1: an alias within what it stands for"
        );
        for text in ["a: [1\n", "a:\n\t- b\n", "a: *none\n", "\"a", "a: b: c\n"] {
            let message = message(text);
            assert!(message.len() > 10, "{text:?}: {message}");
        }
    }

    #[test]
    fn bombs_cost_little() {
        let mut laughs = "a0: &a0 [lol]\n".to_owned();
        for i in 1..200 {
            let before = format!("*a{}, ", i - 1).repeat(9);
            laughs.push_str(&format!("a{i}: &a{i} [{before}]\n"));
        }
        assert!(read(&laughs).nodes.len() < 1000);
        let mut merges = "a0: &a0 {k: v}\n".to_owned();
        for i in 1..2000 {
            merges.push_str(&format!("a{i}: &a{i} {{<<: *a{}, k{i}: v}}\n", i - 1));
        }
        assert!(message(&merges).ends_with("there are more than 400000 values"));
        let deep = "[".repeat(100_000);
        assert!(message(&deep).len() > 10);
        let deep = format!("{}x", "- ".repeat(100_000));
        assert!(message(&deep).len() > 10);
        let wide = format!("[{}]", "a,".repeat(500_000));
        assert!(message(&wide).ends_with("there are more than 400000 values"));
    }
}
