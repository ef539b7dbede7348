//! The text that `systemctl status` shows.

use health_core::{ClosedGate, Glance, Phase, Report, Status};

use crate::access::Level;
use crate::dialect::view::Told;

/// How many names are told.
const MOST: usize = 10;

/// The longest text, in bytes: systemd ignores datagrams of more than 4,096.
const LONGEST: usize = 1000;

/// How the process is, in one line.
pub(super) fn status(glance: &Glance) -> String {
    let mut reports = glance.probes().map(|(report, _)| report);
    let (Some(liveness), Some(readiness), Some(startup)) =
        (reports.next(), reports.next(), reports.next())
    else {
        return String::new();
    };
    one_line(&match readiness.phase() {
        Phase::Draining => "draining".to_owned(),
        Phase::Maintenance(maintenance) => format!("maintenance: {}", maintenance.reason()),
        Phase::Misconfigured => "misconfigured".to_owned(),
        Phase::Starting => starting(startup),
        _ => started(liveness, readiness),
    })
}

fn starting(startup: &Report) -> String {
    let checks = Named::of(startup, |told| told.counts_as() == Status::Unhealthy);
    let gates = startup.closed_gates().iter().map(gate);
    let names: Vec<_> = gates.chain(checks.names.iter().cloned()).collect();
    said("starting", ": waits for ", &names)
}

fn gate(gate: &ClosedGate) -> String {
    match gate.progress() {
        Some(progress) => format!("{} ({progress})", gate.name()),
        None => gate.name().to_owned(),
    }
}

/// The worst that is known; that nobody has asked is known of nothing that fails.
fn started(liveness: &Report, readiness: &Report) -> String {
    let found = |report, status: Status| {
        Named::of(report, move |told| {
            told.is_known() && told.counts_as() == status
        })
    };
    let degraded = found(liveness, Status::Degraded).and(found(readiness, Status::Degraded));
    let unknown = Named::of(readiness, |told| !told.is_known());
    let cases = [
        ("unhealthy", ": ", found(liveness, Status::Unhealthy)),
        ("not ready", ": ", found(readiness, Status::Unhealthy)),
        ("degraded", ": ", degraded),
        ("started", ", not asked yet: ", unknown),
    ];
    let worst = cases.iter().find(|(_, _, named)| named.any);
    worst.map_or_else(
        || "ready".to_owned(),
        |(what, link, named)| said(what, link, &named.names),
    )
}

/// Checks of which the same is to be said.
struct Named {
    /// Whether there are any, also those that not everybody may be told of.
    any: bool,
    names: Vec<String>,
}

impl Named {
    fn of(report: &Report, is_meant: impl Fn(Told<'_>) -> bool) -> Self {
        let entries = report.entries().iter();
        let all = entries.filter_map(|entry| Told::new(entry, Level::Full));
        let meant: Vec<_> = all.filter(|told| is_meant(*told)).collect();
        let public = meant.iter().filter(|told| told.is_public());
        Self {
            any: !meant.is_empty(),
            names: public.map(|told| told.name().to_owned()).collect(),
        }
    }

    fn and(mut self, other: Self) -> Self {
        let new = other.names.into_iter();
        let new: Vec<_> = new.filter(|name| !self.names.contains(name)).collect();
        self.names.extend(new);
        self.any |= other.any;
        self
    }
}

fn said(what: &str, link: &str, names: &[String]) -> String {
    let listed = names.iter().take(MOST).map(String::as_str);
    let listed = listed.collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => what.to_owned(),
        1..=MOST => format!("{what}{link}{listed}"),
        many => format!("{what}{link}{listed} and {} more", many - MOST),
    }
}

/// Whoever says something in several lines would say something else to systemd.
fn one_line(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    let ends = text.char_indices().map(|(at, char)| at + char.len_utf8());
    let end = ends.take_while(|end| *end <= LONGEST).last();
    text[..end.unwrap_or(0)].to_owned()
}
