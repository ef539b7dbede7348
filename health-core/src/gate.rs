use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::sleep;

use crate::error::list;
use crate::mask::mask;
use crate::sample::{Asked, Sample};
use crate::sync::{Mutex, discard, guarded, lock};
use crate::{IntoOutcome, Outcome, Status};

/// Something that has to be done before the process has started, and that no check can see, such
/// as loading a model: until it is opened, startup and readiness fail.
///
/// ```
/// # use health_core::HealthBuilder;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let health = HealthBuilder::empty().startup_gate("model").build()?;
///
/// // Wherever the work is done:
/// let model = health.startup_gate("model")?;
/// model.progress("loading the model, 40 %");
/// model.open();
/// # Ok(())
/// # }
/// ```
///
/// A cheap clone. Dropped without having been opened, the gate stays closed.
#[derive(Clone)]
pub struct StartupGate {
    name: Arc<str>,
    state: Arc<Mutex<Progress>>,
}

/// How far a startup gate has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Progress {
    open: bool,
    text: Option<String>,
}

impl StartupGate {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says how far it has come, as in `loading the model, 40 %`. Public; secrets are masked.
    pub fn progress(&self, text: impl Into<Cow<'static, str>>) {
        let text = mask(&text.into()).into_owned();
        lock(&self.state).text = Some(text);
    }

    /// Opens it, for good.
    pub fn open(&self) {
        let was_open = std::mem::replace(&mut lock(&self.state).open, true);
        if !was_open {
            tracing::info!(target: "health", gate = self.name(), "startup gate opened");
        }
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        lock(&self.state).open
    }
}

impl fmt::Debug for StartupGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartupGate")
            .field("name", &self.name)
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}

/// A startup gate that is not open, as a report has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedGate {
    name: Arc<str>,
    progress: Option<String>,
}

impl ClosedGate {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was last said of how far it has come.
    pub fn progress(&self) -> Option<&str> {
        self.progress.as_deref()
    }
}

/// Attempts what a gate stands for until it succeeds.
pub(crate) async fn attempts<F, Fut>(gate: StartupGate, mut attempt: F)
where
    F: FnMut(StartupGate) -> Fut + Send + 'static,
    Fut: Future<Output: IntoOutcome> + Send + 'static,
{
    const LONGEST: Duration = Duration::from_secs(30);
    let mut pause = Duration::from_secs(1);
    for number in 1_u64.. {
        let outcome = match guarded(|| Box::pin(attempt(gate.clone()))) {
            Ok(attempt) => Attempt(Some(attempt)).await,
            Err(panic) => Outcome::new(Status::Unhealthy).with_error(panic),
        };
        let sample = Sample::of(outcome, Asked::now(), Duration::ZERO);
        if sample.raw.is_passing() {
            return gate.open();
        }
        tracing::warn!(
            target: "health",
            gate = gate.name(),
            error = sample.text(),
            "attempt {number} to start up failed; the next one is made in {pause:?}"
        );
        gate.progress(format!(
            "attempt {number} failed, the next one is made in {pause:?}"
        ));
        sleep(pause).await;
        pause = (2 * pause).min(LONGEST);
    }
}

/// An attempt, whose panics are failures.
struct Attempt<Fut>(Option<Pin<Box<Fut>>>);

impl<Fut: Future<Output: IntoOutcome>> Future for Attempt<Fut> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let Some(attempt) = &mut self.0 else {
            return Poll::Pending;
        };
        let polled = guarded(|| attempt.as_mut().poll(cx).map(IntoOutcome::into_outcome));
        if let Ok(Poll::Pending) = polled {
            return Poll::Pending;
        }
        discard(self.0.take());
        match polled {
            Ok(outcome) => outcome,
            Err(panic) => Poll::Ready(Outcome::new(Status::Unhealthy).with_error(panic)),
        }
    }
}

impl<Fut> Drop for Attempt<Fut> {
    fn drop(&mut self) {
        discard(self.0.take());
    }
}

/// The builder has declared no startup gate of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownGate {
    name: String,
    known: Vec<String>,
}

impl UnknownGate {
    /// The name that is not known.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for UnknownGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "there is no startup gate `{}`; declare it with the builder's `.startup_gate(..)`; \
             there are: {}",
            self.name,
            list(self.known.iter().map(String::as_str))
        )
    }
}

impl std::error::Error for UnknownGate {}

/// The startup gates of a process, by name.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<BTreeMap<Arc<str>, StartupGate>>);

impl Gates {
    /// Declares a gate, which is closed.
    pub(crate) fn declare(&self, name: &str) {
        let gate = StartupGate {
            name: name.into(),
            state: Arc::default(),
        };
        lock(&self.0).insert(Arc::clone(&gate.name), gate);
    }

    pub(crate) fn named(&self, name: &str) -> Result<StartupGate, UnknownGate> {
        let gates = lock(&self.0);
        let gate = gates.get(name).cloned();
        gate.ok_or_else(|| UnknownGate {
            name: name.to_owned(),
            known: gates.keys().map(ToString::to_string).collect(),
        })
    }

    pub(crate) fn any_closed(&self) -> bool {
        lock(&self.0).values().any(|gate| !gate.is_open())
    }

    /// Those that are not open, sorted by name.
    pub(crate) fn closed(&self) -> Vec<ClosedGate> {
        let gates = lock(&self.0);
        let closed = gates.values().filter_map(|gate| {
            let state = lock(&gate.state).clone();
            (!state.open).then(|| ClosedGate {
                name: Arc::clone(&gate.name),
                progress: state.text,
            })
        });
        closed.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Explosive;

    impl Drop for Explosive {
        fn drop(&mut self) {
            panic!("dropped, as it was told");
        }
    }

    #[test]
    fn a_panic_in_the_drop_of_an_attempt_stays_its_own() {
        let explosive = Explosive;
        drop(Attempt(Some(Box::pin(async move {
            let _explosive = explosive;
        }))));
    }

    #[test]
    fn gates_tell_their_names() {
        let gates = Gates::default();
        gates.declare("model");
        let model = gates.named("model").expect("it is declared");
        assert_eq!(model.name(), "model");
        let told = format!("{model:?}");
        assert_eq!(told, r#"StartupGate { name: "model", open: false, .. }"#);
        let unknown = gates.named("modle").expect_err("nobody declared that");
        assert_eq!(unknown.name(), "modle");
    }

    #[test]
    fn a_gate_is_one_whoever_asks_for_it_and_stays_open() {
        let gates = Gates::default();
        assert!(!gates.any_closed());
        gates.declare("model");
        let model = gates.named("model").expect("it is declared");
        model.progress("loading from s3://key:hunter2@bucket, 40 %");
        let closed = gates.closed();
        assert_eq!(closed.len(), 1);
        assert_eq!(
            closed[0].progress(),
            Some("loading from s3://key:***@bucket, 40 %")
        );
        gates.named("model").expect("it is declared").open();
        let unknown = gates.named("modle").expect_err("nobody declared that");
        assert_eq!(
            unknown.to_string(),
            "there is no startup gate `modle`; declare it with the builder's \
             `.startup_gate(..)`; there are: `model`"
        );
        assert!(model.is_open());
        assert!(gates.closed().is_empty());
    }
}
