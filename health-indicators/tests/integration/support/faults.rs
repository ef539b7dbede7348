//! The section of `FAULTS.md` of one dependency: what was observed under each fault, against what
//! is expected.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use health_core::{Entry, Reason};
use tokio::time::sleep;

use super::probes::told;
use super::{Fault, Probes, Proxy, glance};

/// How many probes ask at the same time under each fault.
const PROBES: usize = 200;

/// See the module.
#[derive(Debug)]
pub(crate) struct Faults {
    section: &'static str,
    client_retries: bool,
    rows: Vec<[String; 3]>,
}

impl Faults {
    /// Of the section of this title.
    pub(crate) fn of(section: &'static str) -> Self {
        Self {
            section,
            client_retries: false,
            rows: Vec::new(),
        }
    }

    /// The client itself connects again within a run, as often as it happens to.
    pub(crate) fn client_retries(mut self) -> Self {
        self.client_retries = true;
        self
    }

    /// What 200 probes at once are told under a fault, and how many connections that makes, as
    /// `count` counts them in all.
    pub(crate) async fn observe(
        &mut self,
        fault: &str,
        probes: &Probes,
        count: impl AsyncFn() -> usize,
    ) -> Entry {
        let mut before = count().await;
        let mut entry = probes.at_once(PROBES).await;
        // On a machine that is too busy the engine may speak first; a check that always lets it does so
        // again.
        if entry.reason() == Some(Reason::TimedOut) {
            before = count().await;
            entry = probes.at_once(PROBES).await;
        }
        let made = match count().await - before {
            0..=20 if self.client_retries => "at most 20".to_owned(),
            0 | 1 => "at most 1".to_owned(),
            more => more.to_string(),
        };
        self.add(fault, &told(&entry), &made);
        entry
    }

    /// What one probe is told once a fault is over: that all is well, for which it may ask a few
    /// times, and nothing of ours restarts.
    pub(crate) async fn recovers(&mut self, fault: &str, probes: &Probes) -> Entry {
        let entry = probes.until_healthy(25).await;
        self.add(&format!("{fault}, then over"), &told(&entry), "");
        entry
    }

    /// What is reported under each fault of the network in turn, and after it.
    pub(crate) async fn play(
        &mut self,
        proxy: &mut Proxy,
        probes: &Probes,
        garbage: &'static [u8],
    ) {
        let accepted = proxy.counter();
        let count = async || accepted.load(Ordering::SeqCst);
        self.observe("none", probes, count).await;
        // A pool may ask a connection that is given back whether it is well.
        sleep(Duration::from_millis(100)).await;
        proxy.set(Fault::Frozen);
        self.observe("frozen", probes, count).await;
        proxy.set(Fault::None);
        self.recovers("frozen", probes).await;
        proxy.set(Fault::Slow(Duration::from_millis(50)));
        self.observe("slow: 50 ms each way", probes, count).await;
        proxy.stop().await;
        self.observe("down", probes, count).await;
        proxy.start();
        self.recovers("down", probes).await;
        proxy.cut();
        self.observe("restarted", probes, count).await;
        self.recovers("restarted", probes).await;
        proxy.set(Fault::Garbage(garbage));
        self.observe("wrong answer", probes, count).await;
        proxy.set(Fault::Hangup);
        self.observe("closes each connection at once", probes, count)
            .await;
        proxy.set(Fault::None);
        self.recovers("wrong answers", probes).await;
    }

    /// What is reported over pools that have never had a connection.
    pub(crate) async fn play_cold(
        &mut self,
        proxy: &mut Proxy,
        while_frozen: &Probes,
        while_down: &Probes,
    ) {
        let accepted = proxy.counter();
        let count = async || accepted.load(Ordering::SeqCst);
        proxy.set(Fault::Frozen);
        let frozen = "frozen from the start";
        self.observe(frozen, while_frozen, count).await;
        proxy.set(Fault::None);
        self.recovers(frozen, while_frozen).await;
        proxy.stop().await;
        let down = "down from the start";
        self.observe(down, while_down, count).await;
        proxy.start();
        self.recovers(down, while_down).await;
    }

    /// A row of its own.
    pub(crate) fn add(&mut self, fault: &str, report: &str, connections: &str) {
        let row = [fault, report, connections];
        self.rows.push(row.map(|cell| cell.replace('|', "\\|")));
    }

    /// Prints what was observed, and compares it with what is expected; or writes that, if asked to
    /// bless.
    #[track_caller]
    pub(crate) fn finish(self) {
        static FILE: Mutex<()> = Mutex::new(());
        let _alone = FILE.lock().unwrap_or_else(PoisonError::into_inner);
        let file = read();
        let (head, sections) = split(&file);
        let at = sections
            .iter()
            .position(|(title, _)| *title == self.section);
        let observed = self.table();
        let expected = at.map_or("", |at| sections[at].1);
        println!("## {}\n\n{observed}", self.section);
        if expected == observed {
            return;
        }
        if std::env::var_os("BLESS").is_none() {
            panic!(
                "{}: FAULTS.md expects\n\n{expected}\nbut observed was\n\n{observed}",
                self.section
            );
        }
        let others = |title: &str| title != self.section && title != glance::TITLE;
        let mut sections: Vec<_> = sections;
        sections.retain(|(title, _)| others(title));
        sections.push((self.section, &observed));
        sections.sort_by_key(|(title, _)| title.to_lowercase());
        let glance = glance::table(&sections);
        sections.insert(0, (glance::TITLE, &glance));
        let mut text = head.to_owned();
        for (title, table) in sections {
            write!(text, "## {title}\n\n{table}\n").unwrap();
        }
        std::fs::write(path(), text.trim_end().to_owned() + "\n").unwrap();
    }

    fn table(&self) -> String {
        let mut table = "| fault | report | new connections |\n|---|---|---|\n".to_owned();
        for [fault, report, connections] in &self.rows {
            writeln!(table, "| {fault} | {report} | {connections} |").unwrap();
        }
        table
    }
}

fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/FAULTS.md"))
}

fn read() -> String {
    std::fs::read_to_string(path()).expect("there is a file of what is expected")
}

#[test]
fn what_is_seen_at_a_glance_is_what_the_sections_say() {
    let file = read();
    let (_, mut sections) = split(&file);
    let (title, glance) = sections.remove(0);
    assert_eq!(title, glance::TITLE);
    assert_eq!(glance, glance::table(&sections));
}

/// What stands before the first section, and the title and table of each.
fn split(file: &str) -> (&str, Vec<(&str, &str)>) {
    let start = file.find("\n## ").map_or(file.len(), |at| at + 1);
    let (head, rest) = file.split_at(start);
    let sections = rest.split("## ").skip(1).filter_map(|section| {
        let (title, table) = section.split_once("\n\n")?;
        Some((
            title,
            table
                .strip_suffix('\n')
                .filter(|t| t.ends_with('\n'))
                .unwrap_or(table),
        ))
    });
    (head, sections.collect())
}
