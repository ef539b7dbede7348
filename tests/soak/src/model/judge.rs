//! Whether an answer is among those that are allowed.

use serde_json::Value;

use super::check::{ASKED_EACH, SLACK, Span};
use super::lateness::Lateness;
use super::{Model, Statuses};
use crate::catalogue::{CHECKS, GROUP, Kind};
use crate::clock::{MILLISECOND, Moment};

/// Where no deadline is promised, an answer is there after so long.
const UNPROMISED: Moment = 2000 * MILLISECOND;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Probe(Kind),
    Check(usize),
    Group,
    /// What is no probe, and always answers with 200.
    Other,
}

/// A request and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) ask: Ask,
    /// The body is of the default dialect.
    pub(crate) is_default: bool,
    pub(crate) on_management: bool,
    pub(crate) request: String,
    pub(crate) span: Span,
    /// The status code and the body; or why there was none.
    pub(crate) came: Result<(u16, Vec<u8>), String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    Allowed,
    /// Allowed on a machine that was as late as this one.
    Excused,
    /// What would have been allowed.
    Wrong(String),
}

impl Model {
    pub(crate) fn judge(&self, answer: &Answer) -> Judged {
        if self.look(answer, None).is_ok() {
            return Judged::Allowed;
        }
        match self.look(answer, Some(&self.lateness)) {
            Ok(()) => Judged::Excused,
            Err(allowed) => Judged::Wrong(allowed),
        }
    }

    fn look(&self, answer: &Answer, lateness: Option<&Lateness>) -> Result<(), String> {
        self.in_time(answer, lateness)?;
        let (code, body) = answer
            .came
            .as_ref()
            .map_err(|error| format!("an answer, not: {error}"))?;
        let span = answer.span;
        let allowed: Vec<&str> = match answer.ask {
            Ask::Other => {
                let right = *code == 200;
                return right.then_some(()).ok_or_else(|| "200".to_owned());
            }
            Ask::Probe(Kind::Liveness) => self.liveness(span, lateness),
            Ask::Probe(Kind::Readiness) => self.readiness(span, lateness),
            Ask::Probe(Kind::Startup) => self.startup(span, lateness),
            Ask::Check(check) => words(
                self.check(check, span, lateness),
                ["healthy", "degraded", "unhealthy"],
            ),
            Ask::Group => {
                // Whether what is shared is forgiven there, nobody says.
                let members = CHECKS
                    .iter()
                    .enumerate()
                    .filter(|(_, check)| check.tag == Some(GROUP));
                let members: Vec<_> = members
                    .map(|(index, _)| {
                        self.counted(index, span, lateness) | self.check(index, span, lateness)
                    })
                    .collect();
                words(
                    Statuses::worst(&members),
                    ["healthy", "degraded", "unhealthy"],
                )
            }
        };
        let codes = |word: &&str| if fails(word) { 503 } else { 200 };
        if !allowed.iter().any(|word| codes(word) == *code) {
            return Err(allowed.join(" or "));
        }
        if !answer.is_default || body.is_empty() {
            return Ok(());
        }
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return Err("JSON".to_owned());
        };
        let said = said(&body);
        if !allowed.contains(&said.as_str()) {
            return Err(allowed.join(" or "));
        }
        self.entries(&body, answer.ask, span, lateness)
    }

    /// Promise 1: the timeout, the 50 ms, and how late the machine was; on a worker that is free.
    fn in_time(&self, answer: &Answer, lateness: Option<&Lateness>) -> Result<(), String> {
        let Span { sent, received } = answer.span;
        let promised = match answer.ask {
            Ask::Other => UNPROMISED,
            Ask::Check(check) => CHECKS[check].timeout + SLACK,
            Ask::Probe(_) | Ask::Group => CHECKS[0].timeout + SLACK,
        };
        let late = lateness.map_or(0, |lateness| lateness.lost(sent, received, true));
        let held = self
            .blocked
            .iter()
            .rev()
            .take(32)
            .filter(|_| !answer.on_management);
        let held = held.filter(|(from, to)| *from <= received && *to >= sent);
        // Requests queue behind each other on a worker that was held.
        let held: Moment = held
            .map(|(from, to)| (to - from).min(3000 * MILLISECOND) + SLACK)
            .sum();
        if received - sent <= promised + late + held {
            return Ok(());
        }
        let allowed = (promised + late + held) / MILLISECOND;
        Err(format!("an answer within {allowed} ms"))
    }

    /// The statuses that a check may be said to have: rule 8 and its own.
    fn check(&self, index: usize, span: Span, lateness: Option<&Lateness>) -> Statuses {
        let check = &self.checks[index];
        let mut allowed = check.allowed(span, lateness);
        if let Some(prerequisite) = check.spec.depends_on.and_then(crate::catalogue::find) {
            let prerequisite = &self.checks[prerequisite];
            // What is fresh may be as old as it is kept.
            let known = Span {
                sent: span
                    .sent
                    .saturating_sub(prerequisite.spec.cache + check.spec.cache + SLACK),
                ..span
            };
            let known = prerequisite.allowed(known, lateness);
            allowed |= known & Statuses::UNHEALTHY;
        }
        allowed
    }

    /// The same, as it counts for its probe: rules 9 and 10.
    fn counted(&self, index: usize, span: Span, lateness: Option<&Lateness>) -> Statuses {
        let found = self.check(index, span, lateness);
        let check = &self.checks[index];
        let mut counted = Statuses::NONE;
        if check.critical.may_be(true, span.sent, span.received) {
            counted |= found;
        }
        if check.critical.may_be(false, span.sent, span.received) {
            counted |= found.forgiven();
        }
        if !check.spec.shared {
            return counted;
        }
        let since = span.sent.saturating_sub(self.start);
        if since > 3000 * MILLISECOND {
            counted.forgiven()
        } else {
            counted | counted.forgiven()
        }
    }

    fn verdict(&self, kind: Kind, span: Span, lateness: Option<&Lateness>) -> Statuses {
        let checks = CHECKS
            .iter()
            .enumerate()
            .filter(|(_, check)| check.kind == kind);
        let sets: Vec<_> = checks
            .map(|(index, _)| self.counted(index, span, lateness))
            .collect();
        Statuses::worst(&sets)
    }

    fn liveness(&self, span: Span, lateness: Option<&Lateness>) -> Vec<&'static str> {
        let verdict = self.verdict(Kind::Liveness, span, lateness);
        words(verdict, ["alive", "alive degraded", "unhealthy"])
    }

    fn readiness(&self, span: Span, lateness: Option<&Lateness>) -> Vec<&'static str> {
        let Span { sent, received } = span;
        let late = lateness.map_or(0, |lateness| lateness.worst(sent, received, true));
        let received = received + late;
        let mut allowed = Vec::new();
        if self.draining.may_be(true, sent, received) {
            allowed.push("draining");
        }
        if !self.draining.may_be(false, sent, received) {
            return allowed;
        }
        if self.maintenance.may_be(true, sent, received) {
            allowed.push("maintenance");
        }
        if !self.maintenance.may_be(false, sent, received) {
            return allowed;
        }
        let has_started = self.has_started(span, lateness);
        if has_started != Some(true) {
            allowed.push("not_ready");
        }
        if has_started != Some(false) {
            let verdict = self.verdict(Kind::Readiness, span, lateness);
            allowed.extend(words(verdict, ["ready", "ready degraded", "not_ready"]));
        }
        allowed
    }

    fn startup(&self, span: Span, lateness: Option<&Lateness>) -> Vec<&'static str> {
        match self.has_started(span, lateness) {
            Some(true) => vec!["started"],
            Some(false) => vec!["starting"],
            None => vec!["started", "starting"],
        }
    }

    /// Rule 7: whether every startup check has passed, if that is certain.
    fn has_started(&self, span: Span, lateness: Option<&Lateness>) -> Option<bool> {
        let boot = self
            .checks
            .iter()
            .find(|check| check.spec.kind == Kind::Startup)?;
        let passes = boot
            .effects
            .recent(64)
            .iter()
            .find(|change| change.to.brings == Statuses::HEALTHY);
        let Some(passes) = passes.filter(|passes| passes.sent <= span.received) else {
            return Some(false);
        };
        let late = lateness.map_or(0, |lateness| {
            lateness.worst(passes.sent, span.received, true)
        });
        // Somebody has asked since, and was told so.
        let latched = passes
            .done
            .saturating_add(boot.spec.cache + boot.spec.timeout + ASKED_EACH + SLACK + late);
        (latched <= span.sent).then_some(true)
    }

    /// What a body says of single checks.
    fn entries(
        &self,
        body: &Value,
        ask: Ask,
        span: Span,
        lateness: Option<&Lateness>,
    ) -> Result<(), String> {
        let Some(checks) = body.get("checks").and_then(Value::as_object) else {
            return Ok(());
        };
        for (name, entry) in checks {
            let Some(index) = crate::catalogue::find(name) else {
                return Err(format!("no check {name}"));
            };
            let flag = |name: &str| entry.get(name).and_then(Value::as_bool).unwrap_or(false);
            let status = match (flag("healthy"), flag("degraded")) {
                (true, false) => Statuses::HEALTHY,
                (true, true) => Statuses::DEGRADED,
                (false, _) => Statuses::UNHEALTHY,
            };
            let allowed = self.check(index, span, lateness);
            let is_startup = CHECKS[index].kind == Kind::Startup;
            let gates = is_startup && ask == Ask::Probe(Kind::Readiness);
            if !allowed.has(status) && !gates {
                return Err(format!("`{name}` {allowed}, not {status}"));
            }
        }
        Ok(())
    }
}

/// The status of a body, and whether it is degraded.
fn said(body: &Value) -> String {
    let status = body.get("status").and_then(Value::as_str).unwrap_or("");
    let degraded = body.get("degraded").and_then(Value::as_bool);
    if degraded == Some(true) && status != "degraded" {
        format!("{status} degraded")
    } else {
        status.to_owned()
    }
}

fn words(statuses: Statuses, words: [&'static str; 3]) -> Vec<&'static str> {
    let all = [Statuses::HEALTHY, Statuses::DEGRADED, Statuses::UNHEALTHY];
    let allowed = all
        .into_iter()
        .zip(words)
        .filter(|(status, _)| statuses.has(*status));
    allowed.map(|(_, word)| word).collect()
}

fn fails(word: &str) -> bool {
    [
        "unhealthy",
        "not_ready",
        "draining",
        "maintenance",
        "starting",
    ]
    .contains(&word)
}
