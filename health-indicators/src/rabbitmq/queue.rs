use std::borrow::Cow;
use std::fmt;

use health_core::Outcome;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Channel, ConnectionStatus};

use super::channel::Turn;
use super::{channel, words};
use crate::budget::Step;
use crate::failure::Failure;
use crate::measured::Measured;

/// A queue, and what is expected of it.
#[derive(Clone)]
pub struct Queue {
    name: Cow<'static, str>,
    limits: Limits,
}

#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    degraded_above: Option<u32>,
    unhealthy_above: Option<u32>,
    consumers: u32,
}

impl Queue {
    /// The queue of this name, which has to exist.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            limits: Limits::default(),
        }
    }

    /// With more messages than this waiting in it, it is degraded. Default: with none too many.
    ///
    /// Messages that consumers have got and not acknowledged yet do not count.
    #[must_use]
    pub fn with_degraded_above(mut self, messages: u32) -> Self {
        self.limits.degraded_above = Some(messages);
        self
    }

    /// With more messages than this waiting in it, it is unhealthy. Default: with none too many.
    #[must_use]
    pub fn with_unhealthy_above(mut self, messages: u32) -> Self {
        self.limits.unhealthy_above = Some(messages);
        self
    }

    /// With fewer consumers than this, of all applications together, it is unhealthy. Default: 0.
    #[must_use]
    pub fn with_consumers(mut self, at_least: u32) -> Self {
        self.limits.consumers = at_least;
        self
    }

    pub(super) async fn look(
        &self,
        channel: &Channel,
        turn: &Turn,
        step: Step,
        status: &ConnectionStatus,
        measured: &mut Measured,
    ) -> Result<Outcome, Failure> {
        let name = self.name.as_ref().into();
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let declared = channel::apart(channel, turn, async move |channel| {
            let queue = channel.queue_declare(name, options, FieldTable::default());
            queue.await
        });
        let asked = step.of(declared).await;
        let (queue, took) = words::answered(asked, status)?;
        measured.time("queue_ms", took);
        measured.add("messages", queue.message_count());
        measured.add("consumers", queue.consumer_count());
        Ok(self
            .limits
            .judge(queue.message_count(), queue.consumer_count()))
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Limits {
    fn judge(self, messages: u32, consumers: u32) -> Outcome {
        let above = |limit: Option<u32>| limit.filter(|limit| messages > *limit);
        let holds = |limit| format!("queue holds {messages} messages, more than {limit}");
        if let Some(limit) = above(self.unhealthy_above) {
            return Outcome::unhealthy(holds(limit));
        }
        if consumers < self.consumers {
            let fewest = self.consumers;
            return Outcome::unhealthy(format!(
                "queue has {consumers} consumers, fewer than {fewest}"
            ));
        }
        match above(self.degraded_above) {
            Some(limit) => Outcome::degraded(holds(limit)),
            None => Outcome::healthy(),
        }
    }
}

#[cfg(test)]
mod tests {
    use health_core::Status;

    use super::*;

    fn judged(limits: Limits, messages: u32, consumers: u32) -> (Status, Option<String>) {
        let outcome = limits.judge(messages, consumers);
        (outcome.status(), outcome.message().map(ToOwned::to_owned))
    }

    #[test]
    fn without_limits_any_queue_will_do() {
        for messages in [0, 1, u32::MAX] {
            assert_eq!(judged(Limits::default(), messages, 0).0, Status::Healthy);
        }
    }

    #[test]
    fn the_worst_is_told() {
        let limits = Limits {
            degraded_above: Some(10),
            unhealthy_above: Some(100),
            consumers: 1,
        };
        assert_eq!(judged(limits, 10, 1), (Status::Healthy, None));
        let holds = |messages, limit| {
            Some(format!(
                "queue holds {messages} messages, more than {limit}"
            ))
        };
        assert_eq!(judged(limits, 11, 1), (Status::Degraded, holds(11, 10)));
        assert_eq!(judged(limits, 100, 1), (Status::Degraded, holds(100, 10)));
        assert_eq!(judged(limits, 101, 0), (Status::Unhealthy, holds(101, 100)));
        let few = Some("queue has 0 consumers, fewer than 1".to_owned());
        assert_eq!(judged(limits, 11, 0), (Status::Unhealthy, few));
    }
}
