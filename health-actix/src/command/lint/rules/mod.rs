//! The rules, one file each: what is wrong, why it matters, and what to write instead.

mod balancer_asks_liveness;
mod beyond_documented;
mod cannot_be_mounted;
mod drain_too_short;
mod external_liveness;
mod grace_too_short;
mod needs_shell;
mod no_readiness;
mod not_in_container_apps;
mod numbers_refused;
mod patience;
mod port_only;
mod refused_setting;
mod slow_answer;
mod spawns_a_process;
mod startup_window;
mod timeout_beyond_period;
mod timeout_too_short;
mod unknown_path;
mod wrong_probe;

use super::finding::{Found, Severity};
use super::own::Own;
use super::scene::Scene;

/// A rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    /// What is wrong, in a line.
    pub(super) title: &'static str,
    /// Why it matters.
    pub(super) why: &'static str,
    /// What to write instead.
    pub(super) mend: &'static str,
    /// Where it is known from.
    pub(super) source: &'static str,
    pub(super) look: fn(&Own, &Scene, &mut Found<'_>),
}

/// All of them, by number.
pub(super) static RULES: [Rule; 20] = [
    timeout_too_short::RULE,
    timeout_beyond_period::RULE,
    startup_window::RULE,
    external_liveness::RULE,
    refused_setting::RULE,
    grace_too_short::RULE,
    patience::RULE,
    not_in_container_apps::RULE,
    unknown_path::RULE,
    spawns_a_process::RULE,
    balancer_asks_liveness::RULE,
    numbers_refused::RULE,
    beyond_documented::RULE,
    slow_answer::RULE,
    wrong_probe::RULE,
    no_readiness::RULE,
    needs_shell::RULE,
    cannot_be_mounted::RULE,
    port_only::RULE,
    drain_too_short::RULE,
];

impl Rule {
    /// By its number, in either case.
    pub(super) fn named(id: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.id.eq_ignore_ascii_case(id))
    }

    /// All that there is to say of it.
    pub(super) fn explained(&self) -> String {
        let Self {
            id,
            severity,
            title,
            why,
            mend,
            source,
            ..
        } = self;
        let severity = severity.name();
        format!("{severity}[{id}]: {title}\n\n{why}\n\nMend: {mend}\n\nSource: {source}\n")
    }
}
