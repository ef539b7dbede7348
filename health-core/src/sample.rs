use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::mask::mask;
use crate::sync::{discard, guarded};
use crate::{Outcome, Reason, Status, Value};

/// The result of a run as the engine keeps it: nothing of the user's in it but text.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// When the run was asked for; freshness counts from here.
    pub(crate) asked: Instant,
    /// The same by the wall clock.
    pub(crate) at: SystemTime,
    pub(crate) latency: Option<Duration>,
    /// What the run found, before thresholds: the worst of what was said of the check itself and
    /// of its children.
    pub(crate) raw: Status,
    /// What was said of the check itself.
    pub(crate) own: Status,
    pub(crate) reason: Option<Reason>,
    pub(crate) message: Option<Cow<'static, str>>,
    pub(crate) error: Option<String>,
    pub(crate) data: Vec<(Cow<'static, str>, Value)>,
    /// What was said of children, until it is counted.
    pub(crate) children: Vec<ChildSample>,
    /// Whether the message is the author's.
    pub(crate) authored: bool,
}

/// What a run said of a child.
#[derive(Clone, Debug)]
pub(crate) struct ChildSample {
    pub(crate) name: Arc<str>,
    pub(crate) raw: Status,
    pub(crate) message: Option<Cow<'static, str>>,
    pub(crate) error: Option<String>,
    pub(crate) data: Vec<(Cow<'static, str>, Value)>,
}

impl Sample {
    /// Takes an outcome apart. Runs user code (`Display` and `Drop` of the errors), so it belongs
    /// on the thread of the run.
    pub(crate) fn of(outcome: Outcome, asked: Asked, latency: Duration) -> Self {
        let Outcome {
            status,
            message,
            error,
            data,
            mut children,
        } = outcome;
        let error = match error.map(told).transpose() {
            Ok(error) => error,
            Err(panic) => return Self::panicked(&panic, asked).after(latency),
        };
        let children = if children.is_empty() {
            Vec::new()
        } else {
            let mut names = Names::default();
            let children = children.take().into_iter();
            children
                .map(|(name, outcome)| ChildSample::of(names.own(masked(name)), outcome))
                .collect()
        };
        let worst = children.iter().map(|child| child.raw).max();
        Self {
            asked: asked.instant,
            at: asked.at,
            latency: Some(latency),
            raw: status.max(worst.unwrap_or_default()),
            own: status,
            reason: None,
            authored: message.is_some(),
            message: message.map(masked),
            error,
            data: all_masked(data),
            children,
        }
    }

    pub(crate) fn panicked(text: &str, asked: Asked) -> Self {
        let mut sample = Self::failed(asked, Reason::Panicked, None);
        sample.error = Some(panicked(text));
        sample
    }

    /// A failure that the framework itself found; its message is public.
    pub(crate) fn failed(asked: Asked, reason: Reason, message: Option<Cow<'static, str>>) -> Self {
        Self {
            asked: asked.instant,
            at: asked.at,
            latency: None,
            raw: Status::Unhealthy,
            own: Status::Unhealthy,
            reason: Some(reason),
            authored: message.is_some(),
            message,
            error: None,
            data: Vec::new(),
            children: Vec::new(),
        }
    }

    pub(crate) fn after(mut self, latency: Duration) -> Self {
        self.latency = Some(latency);
        self
    }

    /// What somebody or something else says of a check that was not run.
    pub(crate) fn said(asked: Asked, status: Status, reason: Reason, message: String) -> Self {
        let mut sample = Self::failed(asked, reason, Some(message.into()));
        sample.raw = status;
        sample.own = status;
        sample
    }

    /// Degrades a run that passed, but slowly. Where a child fails, it did not pass; slow it was
    /// all the same.
    pub(crate) fn weigh_latency(&mut self, most: Option<Duration>) {
        let (Some(most), Some(latency)) = (most, self.latency) else {
            return;
        };
        if self.own != Status::Healthy || latency <= most {
            return;
        }
        self.own = Status::Degraded;
        self.raw = self.raw.max(self.own);
        self.reason = self.raw.is_passing().then_some(Reason::Slow);
        if self.message.is_none() {
            let (took, most) = (milliseconds(latency).round(), most.as_millis());
            self.message = Some(format!("took {took} ms, more than {most} ms").into());
        }
    }

    /// Whether it says which children there are. A run that fails without naming any, such as one
    /// that panicked, has not come so far.
    pub(crate) fn speaks_of_children(&self) -> bool {
        !self.children.is_empty() || self.own.is_passing()
    }

    /// When it was asked for, by both clocks.
    pub(crate) const fn asked(&self) -> Asked {
        Asked {
            instant: self.asked,
            at: self.at,
        }
    }

    /// What to say of it in a log: the private text if there is one.
    pub(crate) fn text(&self) -> Option<&str> {
        self.error.as_deref().or(self.message.as_deref())
    }
}

impl ChildSample {
    /// A child whose error panics when it is told fails with that: its siblings do not.
    fn of(name: Arc<str>, outcome: Outcome) -> Self {
        let Outcome {
            status,
            message,
            error,
            data,
            children: _,
        } = outcome;
        let (raw, error) = match error.map(told).transpose() {
            Ok(error) => (status, error),
            Err(panic) => (Status::Unhealthy, Some(panicked(&panic))),
        };
        Self {
            name,
            raw,
            message: message.map(masked),
            error,
            data: all_masked(data),
        }
    }

    /// What to say of it in a log: the private text if there is one.
    pub(crate) fn text(&self) -> Option<&str> {
        self.error.as_deref().or(self.message.as_deref())
    }
}

/// Gives every child a name of its own: two may have become the same when they were masked.
#[derive(Default)]
struct Names(BTreeMap<Arc<str>, usize>);

impl Names {
    fn own(&mut self, name: Cow<'static, str>) -> Arc<str> {
        let name: Arc<str> = name.into();
        let mut own = Arc::clone(&name);
        while self.0.contains_key(&own) {
            let number = self.0.entry(Arc::clone(&name)).or_insert(1);
            *number += 1;
            own = format!("{name} ({number})").into();
        }
        self.0.insert(Arc::clone(&own), 1);
        own
    }
}

/// When a run was asked for, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) instant: Instant,
    pub(crate) at: SystemTime,
}

impl Asked {
    /// The present by the system's clocks.
    pub(crate) fn now() -> Self {
        Self {
            instant: Instant::now(),
            at: SystemTime::now(),
        }
    }

    /// A failure that the framework itself found; its message is public.
    pub(crate) fn failed(self, reason: Reason, message: impl Into<Cow<'static, str>>) -> Sample {
        Sample::failed(self, reason, Some(message.into()))
    }

    /// The same moment by both clocks, later.
    pub(crate) fn until(self, now: Instant) -> Self {
        Self {
            instant: now,
            at: self
                .at
                .checked_add(now.duration_since(self.instant))
                .unwrap_or(self.at),
        }
    }
}

/// `0.4 s`, `12 s`.
pub(crate) fn spell(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.95 {
        format!("{seconds:.1} s")
    } else {
        format!("{seconds:.0} s")
    }
}

/// To the microsecond: more digits are noise.
pub(crate) fn milliseconds(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 1e6).round() / 1e3
}

fn masked(text: Cow<'static, str>) -> Cow<'static, str> {
    match mask(&text) {
        Cow::Borrowed(same) if same.len() == text.len() => text,
        changed => Cow::Owned(changed.into_owned()),
    }
}

fn all_masked(mut data: Vec<(Cow<'static, str>, Value)>) -> Vec<(Cow<'static, str>, Value)> {
    for (name, value) in &mut data {
        *name = masked(std::mem::take(name));
        if let Value::Text(text) = value {
            *text = masked(std::mem::take(text));
        }
    }
    data
}

fn panicked(text: &str) -> String {
    format!("panicked: {}", mask(text))
}

/// What an error says; if it panics, what that says.
fn told(error: Box<dyn std::error::Error + Send + Sync>) -> Result<String, String> {
    let text = guarded(|| describe(&*error));
    discard(error);
    text.map(|text| mask(&text).into_owned())
}

/// The error and what caused it, on one line.
fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    // A chain can be a circle.
    let causes = std::iter::successors(error.source(), |cause| cause.source()).take(16);
    for cause in causes {
        let cause = cause.to_string();
        // Many errors already carry their cause in their own text.
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Outer(std::io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot reach redis://:hunter2@cache")
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    fn asked() -> Asked {
        Asked {
            instant: Instant::now(),
            at: SystemTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_what_passed_and_took_longer_is_slow() {
        let weighed = |outcome: Outcome, ms: u64, most: Option<u64>| {
            let mut sample = Sample::of(outcome, asked(), Duration::from_millis(ms));
            sample.weigh_latency(most.map(Duration::from_millis));
            let message = sample.message.as_deref().map(str::to_owned);
            (sample.own, sample.reason, message)
        };
        let slow = (Status::Degraded, Some(Reason::Slow));
        let took = |text: &str| (slow.0, slow.1, Some(text.to_owned()));
        let (healthy, as_said) = (Outcome::healthy, (Status::Healthy, None, None));
        assert_eq!(weighed(healthy(), 100, None), as_said);
        assert_eq!(weighed(healthy(), 100, Some(100)), as_said);
        assert_eq!(
            weighed(healthy(), 101, Some(100)),
            took("took 101 ms, more than 100 ms")
        );
        let with_message = healthy().with_message("3 of 3");
        assert_eq!(weighed(with_message, 101, Some(100)), took("3 of 3"));
        for (outcome, status) in [
            (Outcome::degraded("full"), Status::Degraded),
            (Outcome::unhealthy("full"), Status::Unhealthy),
        ] {
            let said = (status, None, Some("full".to_owned()));
            assert_eq!(weighed(outcome, 101, Some(100)), said);
        }
    }

    #[test]
    fn an_error_is_told_with_its_cause_and_without_its_secrets() {
        let error = Outer(std::io::Error::other("connection refused"));
        let outcome = Outcome::unhealthy("token=abc").with_error(error);
        let sample = Sample::of(
            outcome.with_data("url", "a://b:c@d"),
            asked(),
            Duration::ZERO,
        );
        assert_eq!(
            sample.error.as_deref(),
            Some("cannot reach redis://:***@cache: connection refused")
        );
        assert_eq!(sample.message.as_deref(), Some("token=***"));
        assert_eq!(sample.data[0].1, Value::Text("a://b:***@d".into()));
    }

    #[test]
    fn an_error_that_panics_when_told_is_a_panic() {
        #[derive(Debug)]
        struct Rude;
        impl fmt::Display for Rude {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                panic!("pwd=x")
            }
        }
        impl std::error::Error for Rude {}
        let outcome = Outcome::new(Status::Unhealthy).with_error(Rude);
        let sample = Sample::of(outcome, asked(), Duration::ZERO);
        assert_eq!(sample.reason, Some(Reason::Panicked));
        assert_eq!(sample.error.as_deref(), Some("panicked: pwd=***"));
    }

    #[test]
    fn durations_are_spelt_as_people_say_them() {
        let spelt = |ms| spell(Duration::from_millis(ms));
        assert_eq!(
            [spelt(400), spelt(9949), spelt(12_400)],
            ["0.4 s", "9.9 s", "12 s"]
        );
    }
}
