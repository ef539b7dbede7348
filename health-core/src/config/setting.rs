//! What can be said of a check, and how it is read.

use std::time::Duration;

use self::Takes::{Flag, Ms, Name, Runs, Seen};
use super::node::Node;
use crate::Visibility;
use crate::check::is_valid_name;
use crate::settings::{A_DAY, Own, Settings};

/// A check as it is to become.
pub(super) struct Draft {
    pub(super) enabled: bool,
    pub(super) name: Option<String>,
    pub(super) settings: Settings,
}

/// What a setting takes, and where that goes.
pub(super) enum Takes<T: 'static> {
    Flag(fn(&mut T, bool)),
    /// A number of milliseconds, from the first one to a day.
    Ms(u64, fn(&mut T, Duration)),
    Runs(fn(&mut T, u32)),
    Name(fn(&mut T, String)),
    Seen(fn(&mut T, Visibility)),
}

pub(super) type Table<T> = &'static [(&'static str, Takes<T>)];

/// The settings of a check, besides what differs for one probe. They are called as the arguments
/// of the attribute are.
pub(super) const SETTINGS: Table<Draft> = &[
    ("enabled", Flag(|draft, on| draft.enabled = on)),
    ("name", Name(|draft, name| draft.name = Some(name))),
    ("timeout_ms", Ms(1, |d, span| d.settings.timeout = span)),
    (
        "cancel_after_ms",
        Ms(1, |d, span| d.settings.cancel_after = Some(span)),
    ),
    (
        "degraded_after_ms",
        Ms(1, |d, span| d.settings.degraded_after = Some(span)),
    ),
    ("cache_ms", Ms(0, |d, span| d.settings.cache = Some(span))),
    (
        "cache_failure_ms",
        Ms(0, |d, span| d.settings.cache_failure = Some(span)),
    ),
    (
        "interval_ms",
        Ms(1, |d, span| d.settings.interval = Some(span)),
    ),
    (
        "down_interval_ms",
        Ms(1, |d, span| d.settings.down_interval = Some(span)),
    ),
    (
        "initial_delay_ms",
        Ms(0, |d, span| d.settings.initial_delay = Some(span)),
    ),
    (
        "jitter",
        Flag(|draft, jitter| draft.settings.jitter = Some(jitter)),
    ),
    (
        "stale_after_ms",
        Ms(1, |d, span| d.settings.stale_after = Some(span)),
    ),
    (
        "failure_threshold",
        Runs(|draft, runs| draft.settings.failure_threshold = runs),
    ),
    (
        "success_threshold",
        Runs(|draft, runs| draft.settings.success_threshold = runs),
    ),
    (
        "critical",
        Flag(|draft, critical| draft.settings.critical = critical),
    ),
    (
        "shared",
        Flag(|draft, shared| draft.settings.shared = shared),
    ),
    (
        "fail_closed_after_ms",
        Ms(1, |d, span| d.settings.fail_closed_after = Some(span)),
    ),
    (
        "visibility",
        Seen(|draft, visibility| draft.settings.visibility = visibility),
    ),
];

/// What differs for one probe.
pub(super) const OWN: Table<Own> = &[
    ("timeout_ms", Ms(1, |own, span| own.timeout = Some(span))),
    (
        "critical",
        Flag(|own, critical| own.critical = Some(critical)),
    ),
];

/// Arguments of the attribute that the code alone decides.
pub(super) const IN_CODE_ALONE: [&str; 5] =
    ["kind", "liveness_reason", "depends_on", "tags", "crate"];

pub(super) fn names<T>(table: Table<T>) -> impl Iterator<Item = &'static str> + Clone {
    table.iter().map(|(name, _)| *name)
}

pub(super) fn find<T>(table: Table<T>, setting: &str) -> Option<&'static Takes<T>> {
    let found = table.iter().find(|(name, _)| *name == setting);
    found.map(|(_, takes)| takes)
}

impl<T> Takes<T> {
    /// Does what is said, or leaves all as it is; whether that made sense.
    pub(super) fn take(&self, target: &mut T, said: &Node) -> bool {
        let done = match self {
            Flag(set) => said.flag().map(|flag| set(target, flag)),
            Ms(least, set) => span(said, *least).map(|span| set(target, span)),
            Runs(set) => runs(said).map(|runs| set(target, runs)),
            Name(set) => name(said).map(|name| set(target, name)),
            Seen(set) => said.visibility().map(|visibility| set(target, visibility)),
        };
        done.is_some()
    }

    /// What makes sense.
    pub(super) fn expected(&self) -> String {
        match self {
            Flag(_) => "`true` or `false`".to_owned(),
            Ms(least, _) => format!(
                "a number of milliseconds from {least} to {} (a day)",
                A_DAY.as_millis()
            ),
            Runs(_) => format!("a number of runs from 1 to {}", Settings::MOST_RUNS),
            Name(_) => "a name of up to 100 letters, digits, `_`, `-` and `.`, not of dots alone"
                .to_owned(),
            Seen(_) => "`\"summary\"` or `\"full\"`".to_owned(),
        }
    }

    /// A value that makes sense.
    pub(super) const fn example(&self) -> &'static str {
        match self {
            Flag(_) => "false",
            Ms(..) => "2000",
            Runs(_) => "3",
            Name(_) => "\"orders_db\"",
            Seen(_) => "\"full\"",
        }
    }
}

fn span(said: &Node, least: u64) -> Option<Duration> {
    let ms = said.number().filter(|ms| *ms >= least);
    ms.map(Duration::from_millis).filter(|span| *span <= A_DAY)
}

fn runs(said: &Node) -> Option<u32> {
    let runs = u32::try_from(said.number()?).ok()?;
    (1..=Settings::MOST_RUNS).contains(&runs).then_some(runs)
}

fn name(said: &Node) -> Option<String> {
    match said {
        Node::Text(name) if is_valid_name(name) => Some(name.clone()),
        _ => None,
    }
}
