//! The workers that are known.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};
use std::time::Duration;

use tokio::time::Instant;

use super::pulse::Pulse;

/// One worker: a thread that serves. It is known for as long as an application on it lives.
#[derive(Debug)]
pub(crate) struct Worker {
    number: usize,
    thread: ThreadId,
    name: String,
    in_flight: AtomicUsize,
    joined: Instant,
    /// When a request last began or got a step further, in milliseconds since it joined.
    turned_ms: AtomicU64,
    life: Mutex<Life>,
}

#[derive(Debug)]
enum Life {
    /// It has not beaten yet: it builds its applications.
    Arrived,
    Beating(Pulse),
    /// Its runtime is gone.
    Over,
}

impl Worker {
    /// Says that it is alive; returns when it has to say so again.
    pub(super) fn beat(&self, now: Instant) -> Instant {
        let mut life = lock(&self.life);
        if let Life::Beating(pulse) = &mut *life {
            pulse.beat(now);
            return pulse.due();
        }
        let pulse = Pulse::begun(now);
        let due = pulse.due();
        *life = Life::Beating(pulse);
        due
    }

    /// Says that a request got further: where many wait for their turn, so does the beat.
    fn turn(&self, now: Instant) {
        let ms = now.saturating_duration_since(self.joined).as_millis();
        let ms = u64::try_from(ms).unwrap_or(u64::MAX);
        self.turned_ms.store(ms, Ordering::Relaxed);
    }

    /// For how long nothing has been heard from it, if anything ever was.
    fn silence(&self, now: Instant) -> Option<Duration> {
        let silence = self.read(|pulse| pulse.silence(now))?;
        let turned = Duration::from_millis(self.turned_ms.load(Ordering::Relaxed));
        let age = now.saturating_duration_since(self.joined);
        Some(silence.min(age.saturating_sub(turned)))
    }

    /// It will not beat any more, and that is as it should be.
    pub(super) fn retire(&self) {
        *lock(&self.life) = Life::Over;
    }

    fn is_over(&self) -> bool {
        matches!(*lock(&self.life), Life::Over)
    }

    fn read<T>(&self, read: impl FnOnce(&Pulse) -> T) -> Option<T> {
        match &*lock(&self.life) {
            Life::Beating(pulse) => Some(read(pulse)),
            Life::Arrived | Life::Over => None,
        }
    }
}

/// A request that is counted until this is dropped.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Worker>);

impl InFlight {
    pub(super) fn of(worker: &Arc<Worker>) -> Self {
        worker.in_flight.fetch_add(1, Ordering::Relaxed);
        worker.turn(Instant::now());
        Self(Arc::clone(worker))
    }

    /// Gets the request a step further.
    pub(super) fn step<T>(&self, step: impl FnOnce() -> T) -> T {
        let result = step();
        self.0.turn(Instant::now());
        result
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A worker from which nothing was heard for too long.
#[derive(Debug)]
pub(super) struct Silent {
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) silence: Duration,
}

/// How much the workers have to do.
#[derive(Debug)]
pub(super) struct Load {
    /// The worst lag, and the number of the worker that has it.
    pub(super) lag: Option<(Duration, usize)>,
    pub(super) in_flight: usize,
}

/// How one worker is doing.
#[cfg(any(feature = "metrics", feature = "opentelemetry", feature = "prometheus"))]
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) number: usize,
    /// For how long nothing has been heard from it; none before its first beat.
    pub(crate) silence: Option<Duration>,
    pub(crate) lag: Option<Duration>,
    pub(crate) in_flight: usize,
}

/// All workers that are known.
#[derive(Debug, Default)]
pub(super) struct Crew(Mutex<Vec<Weak<Worker>>>);

impl Crew {
    /// The worker of this thread, and whether it was unknown before.
    pub(super) fn join(&self) -> (Arc<Worker>, bool) {
        let mut crew = lock(&self.0);
        let members = present(&mut crew);
        let thread = thread::current();
        if let Some(known) = members.iter().find(|w| w.thread == thread.id()) {
            return (Arc::clone(known), false);
        }
        let worker = Arc::new(Worker {
            number: free_number(&members),
            thread: thread.id(),
            name: thread
                .name()
                .unwrap_or("a thread without a name")
                .to_owned(),
            in_flight: AtomicUsize::new(0),
            joined: Instant::now(),
            turned_ms: AtomicU64::new(0),
            life: Mutex::new(Life::Arrived),
        });
        crew.push(Arc::downgrade(&worker));
        (worker, true)
    }

    /// How many there are, and those from which nothing was heard for longer than this.
    pub(super) fn silent(&self, limit: Duration, now: Instant) -> (usize, Vec<Silent>) {
        let members = self.members();
        let silent = members.iter().filter_map(|worker| {
            let silence = worker.silence(now)?;
            (silence > limit).then(|| Silent {
                number: worker.number,
                name: worker.name.clone(),
                silence,
            })
        });
        (members.len(), silent.collect())
    }

    pub(super) fn load(&self, now: Instant) -> Load {
        let members = self.members();
        let lags = members.iter().filter_map(|worker| {
            let lag = worker.read(|pulse| pulse.lag(now))?;
            Some((lag, worker.number))
        });
        let in_flight = |worker: &Arc<Worker>| worker.in_flight.load(Ordering::Relaxed);
        Load {
            lag: lags.max_by_key(|(lag, _)| *lag),
            in_flight: members.iter().map(in_flight).sum(),
        }
    }

    /// Each of them, in the order of their numbers.
    #[cfg(any(feature = "metrics", feature = "opentelemetry", feature = "prometheus"))]
    pub(super) fn measured(&self, now: Instant) -> Vec<Measured> {
        let members = self.members();
        let measured = members.iter().map(|worker| Measured {
            number: worker.number,
            silence: worker.silence(now),
            lag: worker.read(|pulse| pulse.lag(now)),
            in_flight: worker.in_flight.load(Ordering::Relaxed),
        });
        measured.collect()
    }

    /// In the order of their numbers.
    fn members(&self) -> Vec<Arc<Worker>> {
        let mut members = present(&mut lock(&self.0));
        members.sort_by_key(|worker| worker.number);
        members
    }
}

/// Those that are still there; the others are forgotten.
fn present(crew: &mut Vec<Weak<Worker>>) -> Vec<Arc<Worker>> {
    let upgraded = crew.iter().filter_map(Weak::upgrade);
    let present: Vec<_> = upgraded.filter(|worker| !worker.is_over()).collect();
    *crew = present.iter().map(Arc::downgrade).collect();
    present
}

/// The lowest that is free, so that numbers do not grow with every server that is started.
fn free_number(members: &[Arc<Worker>]) -> usize {
    let is_taken = |number: &usize| members.iter().any(|worker| worker.number == *number);
    (1..).find(|number| !is_taken(number)).unwrap_or(usize::MAX)
}

/// Without poisoning: no user code runs under a lock of this module.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::pulse::PERIOD;
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    /// Joins from a thread of its own.
    fn arrive(crew: &Arc<Crew>, name: &str) -> Arc<Worker> {
        let crew = Arc::clone(crew);
        let thread = thread::Builder::new().name(name.to_owned());
        let joined = thread.spawn(move || crew.join()).expect("a thread");
        joined.join().expect("no panic").0
    }

    fn numbers(crew: &Crew) -> Vec<usize> {
        crew.members().iter().map(|worker| worker.number).collect()
    }

    #[test]
    fn a_thread_is_one_worker_for_all_its_applications() {
        let crew = Crew::default();
        let (first, is_new) = crew.join();
        assert!(is_new);
        let (second, is_new) = crew.join();
        assert!(!is_new && Arc::ptr_eq(&first, &second));
        drop(first);
        assert_eq!(numbers(&crew), [1], "one application is left");
        drop(second);
        assert!(numbers(&crew).is_empty());
    }

    #[test]
    fn numbers_are_given_in_order_of_arrival_and_given_again() {
        let crew = Arc::default();
        let [a, b, c] = ["a", "b", "c"].map(|name| arrive(&crew, name));
        assert_eq!([a.number, b.number, c.number], [1, 2, 3]);
        drop(b);
        let d = arrive(&crew, "d");
        assert_eq!(d.number, 2);
        assert_eq!(numbers(&crew), [1, 2, 3]);
    }

    #[test]
    fn a_worker_without_a_runtime_is_gone_though_its_application_is_not() {
        let crew = Crew::default();
        let (worker, _) = crew.join();
        worker.beat(Instant::now());
        worker.retire();
        assert!(numbers(&crew).is_empty());
        assert!(crew.join().1, "the thread got another runtime");
    }

    #[test]
    fn who_has_not_begun_is_not_silent() {
        let crew = Crew::default();
        let (worker, _) = crew.join();
        let now = Instant::now();
        assert!(crew.silent(LIMIT, now + 2 * LIMIT).1.is_empty());
        worker.beat(now);
        assert!(crew.silent(LIMIT, now + LIMIT).1.is_empty());
        let (workers, silent) = crew.silent(LIMIT, now + 2 * LIMIT);
        assert_eq!((workers, silent.len()), (1, 1));
        assert_eq!(silent[0].silence, 2 * LIMIT);
    }

    #[test]
    fn the_load_is_the_worst_lag_and_the_sum_of_requests() {
        let crew = Arc::default();
        let [a, b] = ["a", "b"].map(|name| arrive(&crew, name));
        let now = Instant::now();
        assert_eq!(crew.load(now).lag, None);
        a.beat(now + 2 * PERIOD);
        b.beat(now);
        let requests = [InFlight::of(&a), InFlight::of(&a), InFlight::of(&b)];
        let load = crew.load(now + 3 * PERIOD);
        assert_eq!(load.lag, Some((2 * PERIOD, b.number)));
        assert_eq!(load.in_flight, 3);
        drop(requests);
        assert_eq!(crew.load(now).in_flight, 0);
    }
}
