//! What is told of checks and their children.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use health_core::{CheckMeasurements, Entry, Reason, RunResult, Status};

use super::families::{
    About, CHECK_DURATION, CHECK_RUNS, CHECK_STATUS, CHILD_STATUS, DEPENDENCY_STATUS, LAST_RUN,
    LAST_SUCCESS, TRANSITIONS,
};
use super::{Family, Sample, Source, UNKNOWN, Value, state_set};
use crate::dialect::view::may_know;

/// So many children of a check have series of their own.
const MOST_CHILDREN: usize = 100;

/// The longest name of a child, in characters.
const LONGEST: usize = 100;

/// The child that stands for the rest.
const OTHERS: &str = "others";

pub(super) fn families(source: &Source<'_>) -> impl Iterator<Item = Family> {
    let counted = counted(source);
    let entries: Vec<_> = entries(source).collect();
    [
        DEPENDENCY_STATUS.of(entries.iter().map(|entry| passes(entry))),
        CHECK_STATUS.of(entries.iter().flat_map(|entry| status(entry))),
        CHILD_STATUS.of(entries.iter().flat_map(|entry| children(entry))),
        CHECK_DURATION.of(counted.iter().map(|check| {
            let durations = check.durations();
            Sample::new([name(check)], durations)
        })),
        CHECK_RUNS.of(counted.iter().flat_map(|check| runs(check))),
        times(&LAST_RUN, &counted, CheckMeasurements::last_run),
        times(&LAST_SUCCESS, &counted, CheckMeasurements::last_success),
        TRANSITIONS.of(counted.iter().flat_map(|check| transitions(check))),
    ]
    .into_iter()
}

/// The checks that the caller may know of, sorted by name.
fn counted<'a>(source: &Source<'a>) -> Vec<&'a CheckMeasurements> {
    let all = source.measured.checks().iter();
    all.filter(|it| may_know(it.check(), source.level))
        .collect()
}

/// The same as a glance finds them, but for those that are disabled, sorted by name.
fn entries<'a>(source: &Source<'a>) -> impl Iterator<Item = &'a Entry> {
    let level = source.level;
    let all = source.glance.overview().entries().iter();
    all.filter(move |it| may_know(it.check(), level) && it.reason() != Some(Reason::Disabled))
}

fn name(check: &CheckMeasurements) -> Cow<'static, str> {
    check.check().name().to_owned().into()
}

fn is_unknown(entry: &Entry) -> bool {
    entry.reason() == Some(Reason::NoResult)
}

fn passes(entry: &Entry) -> Sample {
    let passes = entry.status().is_passing() && !is_unknown(entry);
    Sample::new([entry.name().to_owned().into()], passes)
}

fn status(entry: &Entry) -> impl Iterator<Item = Sample> {
    let status = if is_unknown(entry) {
        UNKNOWN
    } else {
        entry.status().as_str()
    };
    let check = entry.name().to_owned();
    state_set(status, move |each| vec![check.clone().into(), each.into()])
}

/// Children whose names are cut to the same are one, with the worst of their statuses.
fn children(entry: &Entry) -> impl Iterator<Item = Sample> {
    let check = entry.name().to_owned();
    let mut children = BTreeMap::<String, Status>::new();
    for (place, child) in entry.children().enumerate() {
        let name = if place < MOST_CHILDREN {
            cut(child.name())
        } else {
            OTHERS.to_owned()
        };
        let status = children.entry(name).or_default();
        *status = child.status().max(*status);
    }
    children.into_iter().flat_map(move |(child, status)| {
        let check = check.clone();
        state_set(status.as_str(), move |each| {
            vec![check.clone().into(), child.clone().into(), each.into()]
        })
    })
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

fn runs(check: &CheckMeasurements) -> impl Iterator<Item = Sample> {
    RunResult::ALL
        .into_iter()
        .map(|result| Sample::new([name(check), result.as_str().into()], check.runs(result)))
}

fn transitions(check: &CheckMeasurements) -> impl Iterator<Item = Sample> {
    Status::ALL.into_iter().map(|to| {
        let labels = [name(check), to.as_str().into()];
        Sample::new(labels, check.transitions(to))
    })
}

fn times(
    about: &'static About,
    counted: &[&CheckMeasurements],
    at: impl Fn(&CheckMeasurements) -> Option<SystemTime>,
) -> Family {
    let known = counted.iter().filter_map(|check| {
        let since = at(check)?.duration_since(UNIX_EPOCH).ok()?;
        Some(Sample::new([name(check)], Value::from(since)))
    });
    about.of(known)
}
