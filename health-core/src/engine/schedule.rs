//! Runs checks at their intervals.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::Engine;
use super::batch::Batch;
use super::instance::{Begins, Instance};
use super::pending::GRACE;
use super::slot::Slot;

/// Runs one check by itself until its slot retires or the engine is dropped; keeps neither alive.
pub(super) async fn keep(
    engine: Weak<Engine>,
    slot: Weak<Slot>,
    mut lifetime: watch::Receiver<()>,
    (instance, mut begins): (Instance, Begins),
) {
    loop {
        let (started, batch) = match begins {
            Begins::With(started, batch) => (started, batch),
            Begins::At(due) if timeout_at(due, lifetime.changed()).await.is_ok() => return,
            Begins::At(_) => match tick(&engine, &slot, &instance) {
                Some(ticked) => ticked,
                None => return,
            },
        };
        let deadline = started + instance.check().settings().longest_timeout();
        let settled = timeout_at(deadline + GRACE, batch.settled()).await;
        if settled.is_err() {
            let Some(engine) = engine.upgrade() else {
                return;
            };
            engine.expire(&instance, deadline);
        }
        let Some(pause) = pause(&instance) else {
            return;
        };
        if lifetime.has_changed().unwrap_or(true) {
            return;
        }
        let due = started + pause;
        instance.plan(due);
        begins = Begins::At(due);
    }
}

fn tick(
    engine: &Weak<Engine>,
    slot: &Weak<Slot>,
    instance: &Instance,
) -> Option<(Instant, Arc<Batch>)> {
    let batch = Arc::new(Batch::new());
    let (engine, slot) = (engine.upgrade()?, slot.upgrade()?);
    Some((engine.tick(&slot, instance, &batch)?, batch))
}

fn pause(instance: &Instance) -> Option<Duration> {
    let check = instance.check();
    let raw = instance.last_raw().unwrap_or_default();
    let pause = check.settings().pause_after(raw)?;
    Some(if check.jitters() {
        varied(pause, RandomState::new().build_hasher().finish())
    } else {
        pause
    })
}

/// Up to 10 % less or more.
fn varied(pause: Duration, random: u64) -> Duration {
    let fraction = random as f64 / u64::MAX as f64;
    pause.mul_f64(0.9 + 0.2 * fraction)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn intervals_vary_by_a_tenth(ms in 1_u64..86_400_000, random in any::<u64>()) {
            let pause = Duration::from_millis(ms);
            let varied = varied(pause, random);
            prop_assert!(varied >= pause.mul_f64(0.899_999));
            prop_assert!(varied <= pause.mul_f64(1.100_001));
        }
    }
}
