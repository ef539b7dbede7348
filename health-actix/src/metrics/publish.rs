//! When exporters that have no caller are told, and what they are told of durations.

use std::collections::{HashMap, HashSet};
use std::io;
use std::time::Duration;

use health_core::{Caller, Distribution, Health, Watch, WeakHealth, guarded};
use tokio::time::{sleep, timeout};

use super::families::{About, Kind};
use super::{Family, Sample, Value, collect};
use crate::Workers;
use crate::access::Level;

/// How often something is published, though nothing has happened.
const PERIOD: Duration = Duration::from_secs(10);

/// What happens in less than this is published together.
const BREATH: Duration = Duration::from_secs(1);

/// What those are told who collect the metrics of the whole program.
pub(super) fn families(health: &Health, workers: Option<&Workers>) -> Vec<Family> {
    collect(health, Caller::nobody(), workers, Level::Summary)
}

/// Publishes whenever something has happened, and every 10 s, until the health is gone.
pub(super) fn publish(
    health: &Health,
    each: impl FnMut(&Health) + Send + 'static,
) -> io::Result<()> {
    health.plan(publishing(health.downgrade(), health.watch(), each))
}

/// What collects metrics is code of others: if it panics, so be it, and it is told the next time.
async fn publishing(health: WeakHealth, mut watch: Watch, mut each: impl FnMut(&Health)) {
    while let Some(there) = health.upgrade() {
        let _ = guarded(|| each(&there));
        drop(there);
        sleep(BREATH).await;
        if timeout(PERIOD - BREATH, watch.changed()).await == Ok(false) {
            return;
        }
    }
}

/// Turns what was counted in buckets into single observations, for histograms that take nothing
/// else.
#[derive(Debug, Default)]
pub(super) struct Observations(HashMap<Series, Distribution>);

type Series = (&'static str, Vec<String>);

impl Observations {
    /// Seconds, and how many took so long, since this was last asked of the series. Each value is in
    /// the bucket in which it was counted, and their sum is the sum of what was counted. A single
    /// one is exact.
    pub(super) fn of(&mut self, about: &About, sample: &Sample) -> Vec<(f64, u64)> {
        let Value::Distribution(now) = &sample.value else {
            return Vec::new();
        };
        let last = self.0.entry(series(about, sample)).or_default();
        let new = difference(last, now);
        last.clone_from(now);
        new
    }

    /// Forgets what is not there any more: should it come again, it begins anew.
    pub(super) fn keep(&mut self, families: &[Family]) {
        let there = families.iter();
        let there = there.filter(|family| family.about.kind == Kind::Histogram);
        let there = there.flat_map(|family| {
            let samples = family.samples.iter();
            samples.map(|sample| series(family.about, sample))
        });
        let there: HashSet<_> = there.collect();
        self.0.retain(|series, _| there.contains(series));
    }
}

fn series(about: &About, sample: &Sample) -> Series {
    let labels = sample.labels.iter().map(ToString::to_string);
    (about.name, labels.collect())
}

/// A bucket, and how many came into it.
struct Bucket {
    above: f64,
    to: f64,
    count: u64,
}

fn difference(before: &Distribution, now: &Distribution) -> Vec<(f64, u64)> {
    // Who has counted less has begun anew.
    let nothing = Distribution::default();
    let before = if before.count() > now.count() {
        &nothing
    } else {
        before
    };
    let sum = now.sum().saturating_sub(before.sum()).as_secs_f64();
    let mut buckets = buckets(before, now);
    buckets.retain(|bucket| bucket.count > 0);
    spread(&buckets, sum)
}

/// The last has no end: what is above is as far above as the sum says.
fn buckets(before: &Distribution, now: &Distribution) -> Vec<Bucket> {
    let (mut above, mut counted) = (0.0, 0);
    let mut buckets = Vec::new();
    for ((bound, now), (_, before)) in now.buckets().zip(before.buckets()) {
        let upto = now.saturating_sub(before);
        let to = bound.as_secs_f64();
        let count = upto.saturating_sub(counted);
        buckets.push(Bucket { above, to, count });
        (above, counted) = (to, upto);
    }
    let count = (now.count() - before.count()).saturating_sub(counted);
    let to = f64::INFINITY;
    buckets.push(Bucket { above, to, count });
    buckets
}

#[allow(clippy::cast_precision_loss, reason = "nobody runs a check 2^53 times")]
fn spread(buckets: &[Bucket], sum: f64) -> Vec<(f64, u64)> {
    let least: f64 = buckets.iter().map(|it| it.above * it.count as f64).sum();
    let left = (sum - least).max(0.0);
    let finite = buckets.iter().filter(|it| it.to.is_finite());
    let room: f64 = finite.map(|it| (it.to - it.above) * it.count as f64).sum();
    let share = if room > 0.0 {
        (left / room).min(1.0)
    } else {
        0.0
    };
    let endless = buckets.iter().find(|it| it.to.is_infinite());
    let beyond = endless.map_or(0.0, |it| (left - room * share) / it.count as f64);
    let value = |it: &Bucket| {
        let value = if it.to.is_finite() {
            it.above + (it.to - it.above) * share
        } else {
            it.above + beyond
        };
        value.max(it.above.next_up()).min(it.to)
    };
    buckets.iter().map(|it| (value(it), it.count)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use health_core::{Caller, Check, HealthBuilder, Runtime};

    use super::super::collect;
    use super::super::families::CHECK_DURATION;
    use super::*;
    use crate::access::Level;

    #[tokio::test(start_paused = true)]
    async fn who_panics_is_told_the_next_time() {
        let builder = HealthBuilder::empty().runtime(Runtime::current());
        let health = builder.build().unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let each = move |_: &Health| {
            let before = counted.fetch_add(1, Ordering::SeqCst);
            assert!(before > 0, "on purpose");
        };
        publish(&health, each).unwrap();
        sleep(Duration::from_secs(35)).await;
        assert_eq!(count.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_published_after_changes_and_now_and_then_until_the_health_is_gone() {
        let builder = HealthBuilder::empty().runtime(Runtime::current());
        let health = builder.build().unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let each = move |_: &Health| {
            counted.fetch_add(1, Ordering::SeqCst);
        };
        publish(&health, each).unwrap();
        let published_in = async |seconds| {
            sleep(Duration::from_secs(seconds)).await;
            count.swap(0, Ordering::SeqCst)
        };
        assert_eq!(published_in(5).await, 1);
        health.start_draining();
        health.stop_draining();
        assert_eq!(published_in(1).await, 1);
        assert_eq!(published_in(30).await, 3);
        drop(health);
        assert_eq!(published_in(30).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_again_begins_anew() {
        let builder = HealthBuilder::empty().runtime(Runtime::current());
        let health = builder.build().unwrap();
        let mut observations = Observations::default();
        let mut observed = async |runs: u64| {
            for _ in 0..runs {
                health.check("db", Caller::nobody()).unwrap().await;
            }
            let families = collect(&health, Caller::nobody(), None, Level::Summary);
            let family = families
                .iter()
                .find(|it| it.about.name == CHECK_DURATION.name);
            let samples = family.into_iter().flat_map(|family| &family.samples);
            let new = samples.flat_map(|sample| observations.of(&CHECK_DURATION, sample));
            let count: u64 = new.map(|(_, count)| count).sum();
            observations.keep(&families);
            count
        };
        let check = || {
            let check = Check::new("db", async || ()).readiness();
            check.with_cache(Duration::ZERO)
        };
        health.register(check()).unwrap();
        assert_eq!(observed(3).await, 3);
        assert_eq!(observed(1).await, 1);
        health.remove("db").unwrap();
        assert_eq!(observed(0).await, 0);
        health.register(check()).unwrap();
        assert_eq!(observed(5).await, 5);
    }

    fn spread_over(buckets: &[(f64, f64, u64)], sum: f64) -> Vec<(f64, u64)> {
        let bucket = |&(above, to, count): &_| Bucket { above, to, count };
        spread(&buckets.iter().map(bucket).collect::<Vec<_>>(), sum)
    }

    fn is_near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn a_single_one_is_exact() {
        for (above, to, took) in [
            (0.0, 0.5, 0.3),
            (0.5, 1.0, 1.0),
            (10.0, f64::INFINITY, 17.0),
        ] {
            let spread = spread_over(&[(above, to, 1)], took);
            assert!(is_near(spread[0].0, took), "{took}: {spread:?}");
        }
    }

    #[test]
    fn several_stay_in_their_buckets_and_sum_up() {
        let buckets = [(0.0, 0.5, 3), (0.5, 1.0, 2), (10.0, f64::INFINITY, 2)];
        for sum in [21.5, 22.0, 24.0, 23.5, 40.0] {
            let spread = spread_over(&buckets, sum);
            let total: f64 = spread
                .iter()
                .map(|(value, count)| value * *count as f64)
                .sum();
            assert!(is_near(total, sum), "{sum}: {spread:?}");
            for ((value, count), (above, to, there)) in spread.iter().zip(buckets) {
                assert!(
                    *value > above && *value <= to && *count == there,
                    "{sum}: {spread:?}"
                );
            }
        }
    }

    #[test]
    fn what_took_no_time_is_in_the_first_bucket() {
        let spread = spread_over(&[(0.0, 0.5, 1)], 0.0);
        assert!(spread[0].0 > 0.0 && spread[0].0 < 1e-300);
    }
}
