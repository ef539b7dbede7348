//! The table of `expected.md`, and the same as it was observed.

use std::fmt::Write as _;

use crate::server::Situation;

/// A client: what it asks with, and what it says in each situation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) client: String,
    pub(crate) request: String,
    pub(crate) cells: [String; Situation::ALL.len()],
}

#[derive(Debug)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Reads what is expected.
    pub(crate) fn read() -> Self {
        let text = include_str!("../../expected.md");
        let mut rows = text.lines().filter_map(Row::parse);
        let mut heads = vec!["client".to_owned(), "asks with".to_owned()];
        heads.extend(Situation::ALL.map(|situation| situation.to_string()));
        let head = rows.next().expect("there is a table");
        assert_eq!(head.all().collect::<Vec<_>>(), heads);
        Self(rows.skip(1).collect())
    }

    pub(crate) fn row(&self, client: &str) -> &Row {
        let mut rows = self.0.iter();
        let row = rows.find(|row| row.client == client);
        row.unwrap_or_else(|| panic!("expected.md says nothing of {client:?}"))
    }

    /// What was observed beside what was expected, and what of it differs. Rows of clients that
    /// were skipped are left out.
    pub(crate) fn compare(&self, observed: &[Row], skipped: &[&str]) -> (String, Vec<String>) {
        let mut text = String::from("\nclient x situation: expected / observed\n");
        let mut differences = Vec::new();
        for row in &self.0 {
            let client = row.client.split(':').next().unwrap_or_default();
            if skipped.contains(&client) {
                continue;
            }
            match observed.iter().find(|seen| seen.client == row.client) {
                Some(seen) => differences.extend(row.compare(seen, &mut text)),
                None => differences.push(format!("{}: nothing observes it", row.client)),
            }
        }
        (text, differences)
    }
}

impl Row {
    /// A line of the widest table.
    fn parse(line: &str) -> Option<Self> {
        let line = line.strip_prefix('|')?.strip_suffix('|')?;
        let columns: Vec<_> = line.split('|').map(|text| text.trim().to_owned()).collect();
        let [client, request, cells @ ..] = &columns[..] else {
            return None;
        };
        Some(Self {
            client: client.clone(),
            request: request.clone(),
            cells: cells.to_vec().try_into().ok()?,
        })
    }

    pub(crate) fn cell(&self, situation: Situation) -> &str {
        &self.cells[situation as usize]
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        let first = [self.client.as_str(), &self.request];
        first
            .into_iter()
            .chain(self.cells.iter().map(String::as_str))
    }

    fn compare(&self, seen: &Self, text: &mut String) -> Vec<String> {
        let mut differences = Vec::new();
        let heads = Situation::ALL.map(|situation| situation.to_string());
        let heads = ["asks with".to_owned()].into_iter().chain(heads);
        let cells = self.all().zip(seen.all()).skip(1);
        for (head, (expected, observed)) in heads.zip(cells) {
            let mark = if expected == observed { "  " } else { "! " };
            let line = format!("{} x {head}: {expected} / {observed}", self.client);
            let _ = writeln!(text, "{mark}{line}");
            if expected != observed {
                differences.push(line);
            }
        }
        differences
    }
}

#[test]
fn a_difference_is_found() {
    let row = Table::read().row("envoy: http_health_check").clone();
    let mut other = row.clone();
    other.cells[Situation::Hung as usize] = "UNHEALTHY timeout".to_owned();
    assert!(row.compare(&row, &mut String::new()).is_empty());
    let differences = row.compare(&other, &mut String::new());
    assert_eq!(
        differences,
        ["envoy: http_health_check x hung: UNHEALTHY / UNHEALTHY timeout"]
    );
    let table = Table(vec![row]);
    assert_eq!(table.compare(&[], &["envoy"]).1, [""; 0]);
    assert_eq!(
        table.compare(&[], &[]).1,
        ["envoy: http_health_check: nothing observes it"]
    );
}
