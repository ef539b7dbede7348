//! Where answers are judged, once everything is known that was so meanwhile.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::catalogue::CHECKS;
use crate::clock::{self, MILLISECOND, Moment};
use crate::model::{Answer, Ask, Judged, Model};

/// How long after an answer it is judged: canaries have told by then, and commands were acknowledged.
const REFLECTION: Moment = 2500 * MILLISECOND;
/// A machine that is no later than this is quiet.
const QUIET: Moment = 5 * MILLISECOND;

/// What was answered.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Verdicts {
    /// By what was asked, and what the answer was.
    pub(crate) answers: BTreeMap<String, BTreeMap<String, u64>>,
    pub(crate) judged: u64,
    /// Allowed only because the machine was late.
    pub(crate) excused: u64,
    /// The worst lateness behind the longest timeout, in microseconds, also where the machine was quiet.
    pub(crate) worst_late_us: Moment,
    pub(crate) worst_late_when_quiet_us: Moment,
}

/// What must not be.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) at: Moment,
    pub(crate) what: String,
}

pub(crate) struct Court {
    pub(crate) model: Arc<Mutex<Model>>,
    pub(crate) answers: Receiver<Answer>,
    pub(crate) verdicts: Verdicts,
}

impl Court {
    /// Judges all until nobody asks any more, or something is wrong.
    pub(crate) fn sit(mut self) -> (Verdicts, Option<Violation>) {
        let mut waiting = VecDeque::new();
        let mut goes_on = true;
        while goes_on || !waiting.is_empty() {
            match self.answers.recv_timeout(Duration::from_millis(5)) {
                Ok(answer) => waiting.push_back(answer),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => goes_on = false,
            }
            waiting.extend(self.answers.try_iter().take(1000));
            let ripe = clock::now().saturating_sub(REFLECTION);
            let model = Arc::clone(&self.model);
            let model = model.lock().unwrap_or_else(PoisonError::into_inner);
            while let Some(answer) = waiting.front() {
                if goes_on && answer.span.received > ripe {
                    break;
                }
                if let Some(violation) = self.judge(&model, answer) {
                    return (self.verdicts, Some(violation));
                }
                waiting.pop_front();
            }
        }
        (self.verdicts, None)
    }

    fn judge(&mut self, model: &Model, answer: &Answer) -> Option<Violation> {
        let judged = model.judge(answer);
        self.count(model, answer);
        match judged {
            Judged::Allowed => {}
            Judged::Excused => self.verdicts.excused += 1,
            Judged::Wrong(allowed) => {
                let span = answer.span;
                let at = |moment: Moment| (moment.saturating_sub(model.start)) / MILLISECOND;
                let what = format!(
                    "{} on the {} port\n  sent at {} ms, answered at {} ms\n  answer:  {}\n  allowed: {allowed}",
                    answer.request,
                    if answer.on_management {
                        "management"
                    } else {
                        "main"
                    },
                    at(span.sent),
                    at(span.received),
                    told(answer),
                );
                let at = span.received;
                return Some(Violation { at, what });
            }
        }
        None
    }

    fn count(&mut self, model: &Model, answer: &Answer) {
        let verdicts = &mut self.verdicts;
        verdicts.judged += 1;
        let asked = match answer.ask {
            Ask::Probe(kind) => format!("{kind:?}").to_lowercase(),
            Ask::Check(check) => format!("check {}", CHECKS[check].name),
            Ask::Group => "group".to_owned(),
            Ask::Other => "other".to_owned(),
        };
        let came = match &answer.came {
            Ok((code, body)) => match status(body).filter(|_| answer.is_default) {
                Some(status) => format!("{code} {status}"),
                None => code.to_string(),
            },
            Err(error) => error.clone(),
        };
        let answers = verdicts.answers.entry(asked).or_default();
        *answers.entry(came).or_default() += 1;
        if !answer.on_management || answer.ask == Ask::Other {
            return;
        }
        let span = answer.span;
        let late = (span.received - span.sent).saturating_sub(CHECKS[0].timeout);
        verdicts.worst_late_us = verdicts.worst_late_us.max(late);
        let near = 50 * MILLISECOND;
        let machine = |with_pauses| {
            let from = span.sent.saturating_sub(near);
            model.lateness.lost(from, span.received + near, with_pauses)
        };
        if late > verdicts.worst_late_when_quiet_us && machine(true) <= QUIET {
            verdicts.worst_late_when_quiet_us = late;
        }
    }
}

fn status(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let status = body.get("status")?.as_str()?;
    let degraded = body.get("degraded").is_some() && status != "degraded";
    Some(format!(
        "{status}{}",
        if degraded { " degraded" } else { "" }
    ))
}

fn told(answer: &Answer) -> String {
    match &answer.came {
        Ok((code, body)) => {
            let body: String = String::from_utf8_lossy(body).chars().take(1500).collect();
            format!("{code} {body}")
        }
        Err(error) => error.clone(),
    }
}
