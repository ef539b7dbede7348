//! What is measured, and its table.

use std::fmt::Write;

use super::Course;
use super::dependency::Fault;
use super::fleet::{OBSERVED, REQUESTS};

const SECONDS: usize = OBSERVED.1 as usize / 10;

/// What became of a fleet.
#[derive(Default)]
pub(super) struct Figures {
    /// Requests that nobody served.
    pub(super) lost: u64,
    /// Instances out of rotation, at most at a time.
    pub(super) most_out: usize,
    /// Instances out of rotation, in each slot.
    out: usize,
    checks: Seconds,
    connects: Seconds,
    /// The requests that were served in each second.
    served: Seconds,
    /// The last slot in which one was lost.
    last_loss: u32,
}

struct Seconds([u64; SECONDS]);

impl Default for Seconds {
    fn default() -> Self {
        Self([0; SECONDS])
    }
}

impl Seconds {
    fn add(&mut self, slot: u32, count: u64) {
        self.0[slot as usize / 10] += count;
    }

    fn most(&self) -> u64 {
        let from = OBSERVED.0 as usize / 10;
        self.0[from..].iter().copied().max().unwrap_or_default()
    }
}

impl Figures {
    pub(super) fn checked(&mut self, slot: u32) {
        self.checks.add(slot, 1);
    }

    pub(super) fn tried_to_connect(&mut self, slot: u32) {
        self.connects.add(slot, 1);
    }

    pub(super) fn passed(&mut self, slot: u32, served: u64, out: usize) {
        self.served.add(slot, served);
        if slot < OBSERVED.0 {
            return;
        }
        self.lost += REQUESTS - served;
        self.most_out = self.most_out.max(out);
        self.out += out;
        if served < REQUESTS {
            self.last_loss = slot;
        }
    }

    /// What was lost beyond what the dependency itself costs.
    pub(super) fn beyond(&self, dependency: &Self) -> i64 {
        self.lost as i64 - dependency.lost as i64
    }

    /// Each second that is observed, and how many requests were served in it.
    pub(super) fn served(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let seconds = self.served.0.iter().copied().enumerate();
        seconds.skip(OBSERVED.0 as usize / 10)
    }

    /// How long after the fault the last request was lost, in seconds.
    fn full_after(&self) -> String {
        let end = self.last_loss + 1;
        let slots = end.saturating_sub(Fault::SLOTS.1);
        let more = if end == OBSERVED.1 { "> " } else { "" };
        format!("{more}{}.{}", slots / 10, slots % 10)
    }
}

pub(super) fn table(courses: &[Course]) -> String {
    let mut table = String::new();
    for course in courses {
        rows(&mut table, course).unwrap();
    }
    table
}

fn rows(table: &mut String, course: &Course) -> std::fmt::Result {
    writeln!(
        table,
        "\n| {} | lost | beyond the dependency | most out | out, instance seconds | checks, at most a second \
         | connects, at most a second | full service after, s |\n|---|--:|--:|--:|--:|--:|--:|--:|",
        course.fault.name()
    )?;
    for (way, figures) in &course.ways {
        writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            way.name,
            figures.lost,
            figures.beyond(course.dependency()),
            figures.most_out,
            figures.out / 10,
            figures.checks.most(),
            figures.connects.most(),
            figures.full_after(),
        )?;
    }
    Ok(())
}
