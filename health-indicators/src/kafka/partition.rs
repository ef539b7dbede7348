use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use health_core::Outcome;
use rskafka::client::partition::{OffsetAt, PartitionClient};

use super::words;
use crate::budget::Step;
use crate::failure::{Failure, spelled};
use crate::measured::Measured;

/// A partition, and how far what consumes it may be behind.
///
/// Its leader has to answer in any case.
#[derive(Clone)]
pub struct Partition {
    client: Arc<PartitionClient>,
    position: Option<Arc<dyn Fn() -> i64 + Send + Sync>>,
    limits: Limits,
}

#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    degraded_above: Option<u64>,
    unhealthy_above: Option<u64>,
}

impl Partition {
    /// The one of this client.
    pub fn new(client: Arc<PartitionClient>) -> Self {
        Self {
            client,
            position: None,
            limits: Limits::default(),
        }
    }

    /// Tells the offset of the record that is consumed next. Default: none, and no lag.
    #[must_use]
    pub fn with_position(mut self, next: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.position = Some(Arc::new(next));
        self
    }

    /// With more records than this to consume, it is degraded. Default: with none too many.
    #[must_use]
    pub fn with_degraded_above(mut self, records: u64) -> Self {
        self.limits.degraded_above = Some(records);
        self
    }

    /// With more records than this to consume, it is unhealthy. Default: with none too many.
    #[must_use]
    pub fn with_unhealthy_above(mut self, records: u64) -> Self {
        self.limits.unhealthy_above = Some(records);
        self
    }

    async fn look(&self, step: Step) -> Outcome {
        let mut measured = Measured::default();
        let asked = step.of(self.client.get_offset(OffsetAt::Latest)).await;
        let found = match asked {
            Ok((Ok(end), _)) => Ok(self.judge(end, &mut measured)),
            Ok((Err(error), _)) => Err(words::failure(error)),
            Err(limit) => Err(no_leader(limit)),
        };
        measured.told(found)
    }

    fn judge(&self, end: i64, measured: &mut Measured) -> Outcome {
        measured.add("high_watermark", end);
        let Some(position) = self.position.as_ref().map(|position| position()) else {
            return Outcome::healthy();
        };
        let lag = u64::try_from(end.saturating_sub(position)).unwrap_or(0);
        measured.add("position", position);
        measured.add("lag", lag);
        self.limits.judge(lag)
    }
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partition")
            .field("partition", &self.client.partition())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Limits {
    fn judge(self, lag: u64) -> Outcome {
        let above = |limit: Option<u64>| limit.filter(|limit| lag > *limit);
        let behind = |limit| format!("{lag} records behind, more than {limit}");
        if let Some(limit) = above(self.unhealthy_above) {
            return Outcome::unhealthy(behind(limit));
        }
        match above(self.degraded_above) {
            Some(limit) => Outcome::degraded(behind(limit)),
            None => Outcome::healthy(),
        }
    }
}

/// All partitions at the same time, each as a child of what is found.
pub(super) async fn all(partitions: &[Partition], step: Step) -> Result<Outcome, Failure> {
    let mut looks: Vec<_> = partitions
        .iter()
        .map(|partition| Box::pin(partition.look(step)))
        .collect();
    let mut found: Vec<Option<Outcome>> = looks.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (look, found) in looks.iter_mut().zip(&mut found) {
            if found.is_none()
                && let Poll::Ready(outcome) = look.as_mut().poll(context)
            {
                *found = Some(outcome);
            }
        }
        match found.iter().all(Option::is_some) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    let children = partitions.iter().zip(found.into_iter().flatten());
    Ok(
        children.fold(Outcome::healthy(), |outcome, (partition, found)| {
            let name = format!("partition_{}", partition.client.partition());
            outcome.with_child(name, found)
        }),
    )
}

pub(super) fn no_leader(within: Duration) -> Failure {
    let within = spelled(within);
    Failure::new(format!(
        "no answer of the partition's leader within {within}"
    ))
}

#[cfg(test)]
mod tests {
    use health_core::Status;

    use super::*;

    #[test]
    fn the_worst_limit_is_told() {
        let limits = Limits {
            degraded_above: Some(10),
            unhealthy_above: Some(100),
        };
        let judged = |lag| {
            let outcome = limits.judge(lag);
            (outcome.status(), outcome.message().map(ToOwned::to_owned))
        };
        assert_eq!(judged(10), (Status::Healthy, None));
        let behind = |lag, limit| Some(format!("{lag} records behind, more than {limit}"));
        assert_eq!(judged(100), (Status::Degraded, behind(100, 10)));
        assert_eq!(judged(101), (Status::Unhealthy, behind(101, 100)));
        assert_eq!(Limits::default().judge(u64::MAX).status(), Status::Healthy);
    }
}
