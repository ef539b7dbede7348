use std::future::Future;
use std::time::Duration;

use health_core::time_left;
use tokio::time::{Instant, timeout};

/// The time that a run has, shared among its steps so that the one that takes too long is named
/// before the engine gives up the whole run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    began: Instant,
    all: Duration,
}

impl Budget {
    /// All that the engine gives, less a little to say what happened; `alone` where no engine runs
    /// it.
    pub(crate) fn begin(alone: Duration) -> Self {
        let all = time_left().unwrap_or(alone);
        Self {
            began: Instant::now(),
            all: all - (all / 10).min(Duration::from_millis(100)),
        }
    }

    /// For a first step that others follow: three quarters of it, or `own`, if that is less.
    pub(crate) fn first(&self, own: Option<Duration>) -> Step {
        let most = self.all * 3 / 4;
        Step(own.map_or(most, |own| own.min(most)).min(self.rest().0))
    }

    /// For the last step: what is left.
    pub(crate) fn rest(&self) -> Step {
        Step(self.all.saturating_sub(self.began.elapsed()))
    }
}

/// The time that one step has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step(pub(crate) Duration);

impl Step {
    /// To look why a step before it took too long: `most`, or the greater part of what the engine
    /// still gives.
    pub(crate) fn to_look(most: Duration) -> Self {
        Self(time_left().map_or(most, |left| most.min(left * 3 / 4)))
    }

    /// What `work` gives, and how long it took; or the time that it had, if that was too little.
    pub(crate) async fn of<F: Future>(self, work: F) -> Result<(F::Output, Duration), Duration> {
        let began = Instant::now();
        match timeout(self.0, work).await {
            Ok(output) => Ok((output, began.elapsed())),
            Err(_) => Err(self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_first_step_leaves_time_for_the_last() {
        let budget = Budget::begin(Duration::from_secs(2));
        assert_eq!(budget.first(None).0, Duration::from_micros(1_425_000));
        let own = Duration::from_millis(100);
        assert_eq!(budget.first(Some(own)).0, own);
        assert_eq!(
            budget.first(Some(own * 100)).0,
            Duration::from_micros(1_425_000)
        );
        let first = budget.first(None).of(std::future::pending::<()>()).await;
        assert_eq!(first.unwrap_err(), Duration::from_micros(1_425_000));
        let left = budget.rest().0;
        assert!(
            left > Duration::from_millis(470) && left <= Duration::from_millis(475),
            "{left:?}"
        );
        assert!(budget.rest().of(async {}).await.is_ok());
    }
}
