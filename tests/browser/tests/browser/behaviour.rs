//! What a check does, as the script says it.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use health_actix::{Check, Outcome, Probe, Status, Visibility};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::sleep;

/// A check, and how it begins.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckSpec {
    pub(crate) name: String,
    #[serde(default)]
    probes: Vec<String>,
    critical: Option<bool>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    depends_on: Vec<String>,
    /// Only those who may know everything know of it.
    #[serde(default)]
    hidden: bool,
    timeout: Option<u64>,
    cancel_after: Option<u64>,
    cache: Option<u64>,
    interval: Option<u64>,
    initial_delay: Option<u64>,
    degraded_after: Option<u64>,
    #[serde(default)]
    does: Behaviour,
}

/// What a run of a check does.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Behaviour {
    how: How,
    /// How long it takes.
    ms: u64,
    message: Option<String>,
    /// Private.
    error: Option<String>,
    data: BTreeMap<String, Value>,
    children: Vec<ChildSpec>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum How {
    #[default]
    Pass,
    Degrade,
    Fail,
    Hang,
    Panic,
    /// Passes and fails in turn.
    Flap,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChildSpec {
    name: String,
    #[serde(default)]
    how: How,
    message: Option<String>,
}

/// What a check does now.
#[derive(Clone, Debug)]
pub(crate) struct Switch(Arc<Mutex<Behaviour>>);

impl Switch {
    pub(crate) fn set(&self, behaviour: Behaviour) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }

    fn now(&self) -> Behaviour {
        let behaviour = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        behaviour.clone()
    }
}

impl CheckSpec {
    pub(crate) fn make(&self) -> (Check, Switch) {
        let switch = Switch(Arc::new(Mutex::new(self.does.clone())));
        let (seen, flap) = (switch.clone(), Arc::new(AtomicBool::new(false)));
        let check = Check::new(self.name.clone(), move || {
            let (behaviour, flap) = (seen.now(), Arc::clone(&flap));
            async move { behaviour.act(&flap).await }
        });
        (self.timed(self.described(check)), switch)
    }

    fn described(&self, mut check: Check) -> Check {
        for probe in Probe::ALL {
            let is_meant = self.probes.iter().any(|name| name == probe.as_str());
            if is_meant || (self.probes.is_empty() && probe == Probe::Readiness) {
                check = check.serving(probe);
            }
        }
        for tag in &self.tags {
            check = check.with_tag(tag.clone());
        }
        for name in &self.depends_on {
            check = check.with_depends_on(name.clone());
        }
        if self.hidden {
            check = check.with_visibility(Visibility::Full);
        }
        if let Some(critical) = self.critical {
            check = check.with_critical(critical);
        }
        check.with_description(self.description.clone())
    }

    fn timed(&self, check: Check) -> Check {
        type Set = fn(Check, Duration) -> Check;
        let (check, soon) = match self.interval {
            Some(_) => (check.with_jitter(false), None),
            // So that what befalls a check is seen as soon as it is asked.
            None => (check, Some(100)),
        };
        let settings: [(Option<u64>, Set); 6] = [
            (self.timeout, Check::with_timeout),
            (self.cancel_after, Check::with_cancel_after),
            (self.cache.or(soon), Check::with_cache),
            (self.interval, Check::with_interval),
            (self.initial_delay, Check::with_initial_delay),
            (self.degraded_after, Check::with_degraded_after),
        ];
        settings
            .into_iter()
            .fold(check, |check, (ms, set)| match ms {
                Some(ms) => set(check, Duration::from_millis(ms)),
                None => check,
            })
    }
}

impl Behaviour {
    async fn act(self, flap: &AtomicBool) -> Outcome {
        // A dependency that takes its time.
        sleep(Duration::from_millis(self.ms)).await;
        let status = match self.how {
            How::Hang => pending().await,
            How::Panic => panic!("{}", self.error.unwrap_or_default()),
            How::Flap if !flap.fetch_xor(true, Ordering::Relaxed) => Status::Unhealthy,
            how => how.status(),
        };
        let mut outcome = told(Outcome::new(status), self.message);
        if let Some(error) = self.error {
            outcome = outcome.with_error(error);
        }
        for (name, value) in self.data {
            outcome = with_value(outcome, name, value);
        }
        let children = self.children.into_iter();
        children.fold(outcome, |outcome, child| {
            let own = told(Outcome::new(child.how.status()), child.message);
            outcome.with_child(child.name, own)
        })
    }
}

impl How {
    const fn status(self) -> Status {
        match self {
            Self::Degrade => Status::Degraded,
            Self::Fail => Status::Unhealthy,
            _ => Status::Healthy,
        }
    }
}

fn told(outcome: Outcome, message: Option<String>) -> Outcome {
    match message {
        Some(message) => outcome.with_message(message),
        None => outcome,
    }
}

fn with_value(outcome: Outcome, name: String, value: Value) -> Outcome {
    match value {
        Value::Bool(value) => outcome.with_data(name, value),
        Value::Number(value) if value.is_i64() => outcome.with_data(name, value.as_i64().unwrap()),
        Value::Number(value) => outcome.with_data(name, value.as_f64().unwrap()),
        Value::String(value) => outcome.with_data(name, value),
        other => outcome.with_data(name, other.to_string()),
    }
}
