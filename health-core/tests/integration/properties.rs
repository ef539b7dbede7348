//! What holds for any settings, as against naive models.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use health_core::{Check, Health, Probe};
use proptest::prelude::*;
use tokio::time::{Instant, sleep, sleep_until};

use crate::support::{health, in_paused_time, ms, probe};

fn any_probe() -> impl Strategy<Value = Probe> {
    prop::sample::select(Probe::ALL.to_vec())
}

/// When its runs started, in milliseconds.
#[derive(Clone, Default)]
struct Starts(Arc<Mutex<Vec<u64>>>);

impl Starts {
    fn now(&self) -> Vec<u64> {
        self.0.lock().unwrap().clone()
    }

    /// A check that serves all probes, takes its time, and whose runs pass or fail in turn.
    fn check(&self, time: Duration, outcomes: Vec<bool>) -> Check {
        let (starts, origin) = (self.clone(), Instant::now());
        let check = Check::new("c", move || {
            let at = elapsed_ms(origin);
            let mut starts = starts.0.lock().unwrap();
            let passes = outcomes[starts.len() % outcomes.len()];
            starts.push(at);
            async move {
                sleep(time).await;
                passes
            }
        });
        Probe::ALL.into_iter().fold(check, Check::serving)
    }
}

fn elapsed_ms(origin: Instant) -> u64 {
    u64::try_from(origin.elapsed().as_millis()).unwrap()
}

#[derive(Clone, Debug)]
struct Caching {
    cache: Option<u64>,
    cache_failure: Option<u64>,
    time: u64,
    outcomes: Vec<bool>,
    /// How long after the last answer, and who.
    probes: Vec<(u64, Probe)>,
}

impl Caching {
    fn check(&self, starts: &Starts) -> Check {
        let mut check = starts.check(ms(self.time), self.outcomes.clone());
        if let Some(cache) = self.cache {
            check = check.with_cache(ms(cache));
        }
        if let Some(cache) = self.cache_failure {
            check = check.with_cache_failure(ms(cache));
        }
        check
    }

    fn kept_for(&self, probe: Probe, passed: bool) -> u64 {
        let failure = self.cache_failure.filter(|_| !passed);
        let default = if probe == Probe::Liveness { 0 } else { 1000 };
        failure.or(self.cache).unwrap_or(default)
    }

    /// The starts of the runs, and which probes pass.
    fn expected(&self) -> (Vec<u64>, Vec<bool>) {
        let (mut starts, mut verdicts) = (Vec::<u64>::new(), Vec::new());
        let (mut now, mut passed, mut ever_passed) = (0, false, false);
        for (pause, probe) in &self.probes {
            now += pause;
            let latched = *probe == Probe::Startup && ever_passed;
            let age = starts.last().map(|start| now - start);
            let kept = age.is_some_and(|age| age < self.kept_for(*probe, passed));
            if !latched && !kept {
                passed = self.outcomes[starts.len() % self.outcomes.len()];
                ever_passed |= passed;
                starts.push(now);
                now += self.time;
            }
            verdicts.push(latched || passed);
        }
        (starts, verdicts)
    }

    async fn observed(&self) -> (Vec<u64>, Vec<bool>) {
        let starts = Starts::default();
        let health = health([self.check(&starts)]);
        let mut verdicts = Vec::new();
        for (pause, asked) in &self.probes {
            sleep(ms(*pause)).await;
            verdicts.push(probe(&health, *asked).await.is_passing());
        }
        (starts.now(), verdicts)
    }
}

/// Multiples of 0.1 s, so that probes often come just when a result is no longer kept.
fn tenths(most: u64) -> impl Strategy<Value = u64> {
    (0..=most).prop_map(|tenths| 100 * tenths)
}

fn caching() -> impl Strategy<Value = Caching> {
    let cache = || prop::option::of(tenths(30));
    let outcomes = prop::collection::vec(any::<bool>(), 1..8);
    let probes = prop::collection::vec((tenths(20), any_probe()), 1..30);
    (cache(), cache(), tenths(7), outcomes, probes).prop_map(
        |(cache, cache_failure, time, outcomes, probes)| Caching {
            cache,
            cache_failure,
            time,
            outcomes,
            probes,
        },
    )
}

const ROUNDS: u64 = 12;

#[derive(Clone, Debug)]
struct Schedule {
    delay: u64,
    interval: u64,
    down_interval: u64,
    time: u64,
    outcomes: Vec<bool>,
    /// How long each of several clones waits between its probes, and what it asks.
    probes: Vec<(u64, Probe)>,
}

impl Schedule {
    /// Of this schedule, for some time longer than its rounds take.
    async fn starts(&self, jitter: bool) -> Vec<u64> {
        let starts = Starts::default();
        let check = starts
            .check(ms(self.time), self.outcomes.clone())
            .with_interval(ms(self.interval))
            .with_down_interval(ms(self.down_interval))
            .with_initial_delay(ms(self.delay))
            .with_jitter(jitter);
        let end = Instant::now() + ms(self.end());
        let health = health([check]);
        for (pause, asked) in self.probes.clone() {
            tokio::spawn(ask_for_ever(health.clone(), pause, asked));
        }
        sleep_until(end).await;
        starts.now()
    }

    fn end(&self) -> u64 {
        self.delay + ROUNDS * self.interval.max(self.down_interval)
    }

    /// The interval after the run of this number.
    fn pause(&self, run: usize) -> u64 {
        if self.outcomes[run % self.outcomes.len()] {
            self.interval
        } else {
            self.down_interval
        }
    }

    fn expected(&self) -> Vec<u64> {
        let mut due = self.delay;
        let mut starts = Vec::new();
        while due < self.end() {
            let run = starts.len();
            starts.push(due);
            due += self.pause(run);
        }
        starts
    }
}

async fn ask_for_ever(health: Health, pause: u64, asked: Probe) {
    loop {
        sleep(ms(pause)).await;
        probe(&health, asked).await;
    }
}

fn schedule() -> impl Strategy<Value = Schedule> {
    let outcomes = prop::collection::vec(any::<bool>(), 1..5);
    let probes = prop::collection::vec((50_u64..3000, any_probe()), 0..5);
    let intervals = (0_u64..20_000, 800_u64..20_000, 800_u64..20_000);
    (intervals, 0_u64..799, outcomes, probes).prop_map(
        |((delay, interval, down_interval), time, outcomes, probes)| Schedule {
            delay,
            interval,
            down_interval,
            time,
            outcomes,
            probes,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_result_is_kept_as_long_as_it_should_be(caching in caching()) {
        in_paused_time(async {
            prop_assert_eq!(caching.observed().await, caching.expected());
            Ok(())
        })?;
    }

    #[test]
    fn a_schedule_counts_from_start_to_start_whoever_asks(schedule in schedule()) {
        in_paused_time(async {
            let mut starts = schedule.starts(false).await;
            // Whether a run that is due at the very end has begun depends on who is first.
            starts.retain(|start| *start < schedule.end());
            prop_assert_eq!(starts, schedule.expected());
            Ok(())
        })?;
    }

    #[test]
    fn an_interval_varies_by_a_tenth(schedule in schedule()) {
        in_paused_time(async {
            let starts = schedule.starts(true).await;
            prop_assert_eq!(starts[0], schedule.delay);
            for (run, pair) in starts.windows(2).enumerate() {
                let (gap, pause) = (pair[1] - pair[0], schedule.pause(run));
                // The clock goes by milliseconds, and a timer is never early.
                prop_assert!(10 * gap + 10 >= 9 * pause && 10 * gap <= 11 * pause + 10);
            }
            let shortest = schedule.interval.min(schedule.down_interval);
            let most = (schedule.end() - schedule.delay) * 10 / (9 * shortest) + 1;
            let least = usize::try_from(ROUNDS * 10 / 11).unwrap();
            prop_assert!((least..=usize::try_from(most).unwrap()).contains(&starts.len()));
            Ok(())
        })?;
    }
}
