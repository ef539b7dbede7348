//! The engine's own threads.
//!
//! The reactor drives I/O and timers for the checks and never polls one, so that a connection
//! which a check opened and handed back to the application's pool keeps working whatever the
//! checks do. Pollers take runs from one queue. The watcher looks at that queue while it is not
//! empty: if nobody takes from it, or far too late, pollers are held, and it starts more of them.

use std::io;
use std::sync::{Arc, PoisonError};
use std::task::Wake;
use std::time::{Duration, Instant};

use tokio::runtime::{EnterGuard, Handle};

use super::queue::Queue;
use super::reactor::{PULSE, reactor};
use super::task::{Left, Memory, Task};
use super::{Job, Polled};
use crate::engine::run::{HELD, RunCall};
use crate::engine::why::Why;
use crate::measurements::EngineThreads;
use crate::sync::{Condvar, EXPLORED, Mutex, MutexGuard, discard, guarded, lock, thread};
use crate::tally::Headcount;

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How many pollers may be idle; further ones end.
    idle: usize,
    /// How many pollers there may be, held ones included.
    pollers: usize,
    /// How long nobody may take from the queue before more pollers are started.
    patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: 2,
            pollers: 64,
            patience: Duration::from_millis(5),
        }
    }
}

/// The owner's side: dropped, it ends all threads and drops all work.
#[derive(Debug)]
pub(super) struct Threads {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    reactor: Handle,
    limits: Limits,
    state: Mutex<State>,
    /// Tells idle pollers of work.
    work: Condvar,
    /// Tells the watcher of work that no idle poller will take.
    backlog: Condvar,
    /// The threads on which functions are called that may block.
    blocking: Headcount,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    pollers: usize,
    idle: usize,
    /// How many of the idle pollers were told of work.
    called: usize,
    /// Whether the watcher waits for a backlog.
    unwatched: bool,
    shutting_down: bool,
}

impl Threads {
    pub(super) fn start_all(limits: Limits) -> io::Result<Self> {
        Self::start_with(reactor()?, limits)
    }

    fn start_with(reactor: Handle, limits: Limits) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(reactor, limits));
        // From here on dropping it ends what was started, should the rest fail.
        let threads = Self {
            shared: Arc::clone(&shared),
        };
        let watched = Arc::clone(&shared);
        spawn("health-watcher", move || watched.watch())?;
        shared.start_poller(&mut lock(&shared.state))?;
        Ok(threads)
    }

    pub(super) fn start(&self, jobs: Vec<Job>) {
        PULSE.want();
        let mut calls = Vec::new();
        self.shared
            .start(jobs.into_iter().filter_map(|job| match job {
                Job::Poll(future) => Some(Polled::Run(future)),
                Job::Call(call) => {
                    calls.push(call);
                    None
                }
            }));
        calls.into_iter().for_each(|call| self.shared.call(call));
    }

    pub(super) fn poll(&self, future: Polled) {
        self.shared.start([future]);
    }

    /// Whether a poll of a check has taken too long, and has not returned.
    pub(super) fn is_polling(&self, check: &str) -> bool {
        let state = lock(&self.shared.state);
        let too_long = |since: &Instant| since.elapsed() >= HELD;
        let mut polled = state.queue.polled().iter();
        polled.any(|(since, task)| task.name() == check && too_long(since))
    }

    /// What they do just now.
    pub(super) fn now(&self) -> EngineThreads {
        let state = lock(&self.shared.state);
        let too_long = |(since, _): &&(Instant, _)| since.elapsed() >= HELD;
        let held = state.queue.polled().iter().filter(too_long).count();
        EngineThreads {
            idle: state.idle,
            busy: state.pollers - state.idle - held,
            held,
            blocking: self.shared.blocking.count(),
        }
    }

    /// Names the checks that hold the threads, if all that there may be are held, and not by the
    /// check that asks why it is not run.
    pub(super) fn why_starved(&self, check: &str) -> Option<Why> {
        let state = lock(&self.shared.state);
        let polled = state.queue.polled();
        let held = polled.len();
        let mut holders = polled.iter().map(|(_, task)| task.named());
        if held < self.shared.limits.pollers || holders.any(|(name, _)| name == check) {
            return None;
        }
        let holders = polled.iter().map(|(_, task)| task.named());
        let lead = format!("all {held} check threads are held by");
        Some(Why::because_of(&lead, holders))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.shut_down();
    }
}

impl Shared {
    fn new(reactor: Handle, limits: Limits) -> Self {
        Self {
            reactor,
            limits,
            state: Mutex::default(),
            work: Condvar::new(),
            backlog: Condvar::new(),
            blocking: Headcount::default(),
        }
    }

    /// Queues all of these at once, so that the pollers are woken once.
    fn start(self: &Arc<Self>, futures: impl IntoIterator<Item = Polled>) {
        let now = Instant::now();
        let mut state = lock(&self.state);
        for future in futures {
            state.queue.add(now, future);
        }
        self.tell(state);
    }

    pub(super) fn enqueue(self: &Arc<Self>, task: Arc<Task>) {
        let now = Instant::now();
        let mut state = lock(&self.state);
        state.queue.add_woken(now, task);
        self.tell(state);
    }

    /// Sees to it that what was queued is taken.
    fn tell(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let waiting = state.queue.len();
        if waiting == 0 {
            return;
        }
        // While shutting down all may be held, and the watcher may be gone.
        let is_late = state.shutting_down && waiting == 1;
        if state.idle == 0 && (state.pollers < self.limits.idle || is_late) {
            // Should it fail, the watcher tries again.
            let _ = self.start_poller(&mut state);
        }
        let wanted = state.idle.min(waiting);
        let calls = wanted.saturating_sub(state.called);
        state.called += calls;
        let unwatched = waiting > state.idle && std::mem::take(&mut state.unwatched);
        drop(state);
        for _ in 0..calls {
            self.work.notify_one();
        }
        if unwatched {
            self.backlog.notify_one();
        }
    }

    fn start_poller(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        let shared = Arc::clone(self);
        spawn("health-poller", move || shared.poll())?;
        state.pollers += 1;
        Ok(())
    }

    /// Calls a function that may block, on a thread of its own.
    fn call(&self, call: RunCall) {
        let reactor = self.reactor.clone();
        let slot = Arc::new(Mutex::new(Some(call)));
        let taken = Arc::clone(&slot);
        let token = self.blocking.token();
        let started = spawn("health-blocking", move || {
            let _counted = token;
            let call = lock(&taken).take();
            discard(guarded(|| {
                let _context = enter(&reactor);
                call.map(RunCall::call)
            }));
        });
        if let Err(error) = started {
            let call = lock(&slot).take();
            call.into_iter()
                .for_each(|call| call.fail(no_thread(&error)));
        }
    }

    /// The life of a poller. It ends where more are idle than need be. From one poll to the next it
    /// locks the queue once.
    fn poll(self: Arc<Self>) {
        let mut memory = Memory::new(&self);
        let mut ended = None;
        let mut has_queued = false;
        memory.make_ready();
        let mut state = lock(&self.state);
        loop {
            if let Some(task) = state.queue.take(&mut memory) {
                let shutting_down = state.shutting_down;
                if has_queued {
                    // This poll may hold what was put back before it.
                    self.tell(state);
                } else {
                    drop(state);
                }
                ended.take().into_iter().for_each(|task| memory.keep(task));
                let (left, is_sound) = self.poll_one(&task, shutting_down);
                memory.make_ready();
                state = lock(&self.state);
                has_queued = left == Left::Woken;
                ended = state.queue.put_back(task, left);
                if is_sound {
                    continue;
                }
                state.pollers -= 1;
                self.tell(state);
                return ended.into_iter().for_each(|task| memory.keep(task));
            }
            if let Some(task) = ended.take() {
                drop(state);
                memory.keep(task);
                state = lock(&self.state);
                continue;
            }
            if state.shutting_down || state.idle >= self.limits.idle {
                state.pollers -= 1;
                return;
            }
            state.idle += 1;
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
            state.called = state.called.saturating_sub(1);
        }
    }

    /// Polls a task: how that has left it, and whether the thread is fit for another: user code can
    /// leave tokio's context of it in disorder.
    fn poll_one(&self, task: &Arc<Task>, shutting_down: bool) -> (Left, bool) {
        let mut left = Left::Waiting;
        let polled = guarded(|| {
            let _context = enter(&self.reactor);
            left = task.poll(shutting_down);
        });
        (left, polled.is_ok())
    }

    /// The life of the watcher.
    fn watch(self: Arc<Self>) {
        let mut is_short_of_threads = false;
        let mut state = lock(&self.state);
        while !state.shutting_down {
            if state.queue.is_empty() {
                state.unwatched = true;
                state = self
                    .backlog
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let taken = state.queue.taken();
            drop(state);
            thread::sleep(self.limits.patience);
            let failure = self.relieve(&mut lock(&self.state), taken).err();
            // Told once, and under no lock: a log is the user's code too.
            if let Some(error) = failure.as_ref().filter(|_| !is_short_of_threads) {
                discard(guarded(
                    || tracing::warn!(target: "health", "{}", no_thread(error)),
                ));
            }
            is_short_of_threads = failure.is_some();
            state = lock(&self.state);
        }
    }

    /// Doubles the pollers, as far as there is work and room, if nobody took from the queue
    /// lately, or what was taken was far too late.
    fn relieve(self: &Arc<Self>, state: &mut State, taken: u64) -> io::Result<()> {
        let Some(since) = state.queue.next_since() else {
            return Ok(());
        };
        let patience = if state.queue.taken() == taken { 1 } else { 10 } * self.limits.patience;
        if since.elapsed() < patience {
            return Ok(());
        }
        let room = self.limits.pollers.saturating_sub(state.pollers);
        let more = state.queue.len().min(state.pollers.max(1)).min(room);
        (0..more).try_for_each(|_| self.start_poller(state))
    }

    /// Has everything that is not being polled dropped by the pollers, who then end.
    fn shut_down(self: &Arc<Self>) {
        let tasks: Vec<_> = {
            let mut state = lock(&self.state);
            state.shutting_down = true;
            state.queue.live().cloned().collect()
        };
        self.work.notify_all();
        self.backlog.notify_all();
        tasks.iter().for_each(Wake::wake_by_ref);
        discard(tasks);
        let mut state = lock(&self.state);
        if state.idle == 0 && !state.queue.is_empty() {
            // All may be held; what is queued is dropped all the same.
            let _ = self.start_poller(&mut state);
        }
    }
}

/// Enters the reactor's context, unless interleavings are explored: what is one thread of the
/// system's would not leave it in order.
fn enter(reactor: &Handle) -> Option<EnterGuard<'_>> {
    (!EXPLORED).then(|| reactor.enter())
}

fn no_thread(error: &io::Error) -> String {
    format!("no thread can be started for a check: {error}")
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::bind::Work;
    use crate::engine::run::tests::{job, job_of};
    use crate::{Check, Outcome};

    const FEW: Limits = Limits {
        idle: 1,
        pollers: 2,
        patience: Duration::from_millis(1),
    };

    /// Whose memory is that of all tasks.
    const ONE: Limits = Limits { pollers: 1, ..FEW };

    fn holder(name: &'static str, release: mpsc::Receiver<()>) -> Job {
        let work = async move {
            let _ = release.recv();
            Outcome::healthy()
        };
        job(name, Work::future(work))
    }

    fn until(what: &str, done: impl Fn() -> bool) {
        let start = Instant::now();
        while !done() {
            assert!(start.elapsed() < Duration::from_secs(10), "never {what}");
            thread::yield_now();
        }
    }

    #[test]
    fn held_pollers_are_replaced_up_to_the_cap_and_then_named() {
        let threads = Threads::start_all(FEW).unwrap();
        let (release_a, a) = mpsc::channel();
        let (release_b, b) = mpsc::channel();
        threads.start(vec![holder("b", b)]);
        until("held", || {
            lock(&threads.shared.state).queue.polled().len() == 1
        });
        assert_eq!(
            threads.why_starved("c"),
            None,
            "there is room for another poller"
        );
        threads.start(vec![holder("a", a)]);
        until("replaced", || threads.why_starved("c").is_some());
        let named = [("a", false), ("b", false)].into_iter();
        assert_eq!(
            threads.why_starved("c"),
            Some(Why::because_of("all 2 check threads are held by", named))
        );
        drop((release_a, release_b));
        until("released", || threads.why_starved("c").is_none());
        until("alone", || lock(&threads.shared.state).pollers == 1);
    }

    #[test]
    fn what_is_queued_while_all_are_held_is_dropped_at_the_end() {
        let threads = Threads::start_all(FEW).unwrap();
        let (release_a, a) = mpsc::channel();
        let (release_b, b) = mpsc::channel();
        threads.start(vec![holder("a", a), holder("b", b)]);
        until("held", || threads.why_starved("c").is_some());
        let (alive, dropped) = mpsc::channel::<()>();
        let waiting = async move {
            let _alive = alive;
            Outcome::healthy()
        };
        threads.start(vec![job("waiting", Work::future(waiting))]);
        drop(threads);
        let disconnected = Err(mpsc::RecvTimeoutError::Disconnected);
        assert_eq!(dropped.recv_timeout(Duration::from_secs(10)), disconnected);
        drop((release_a, release_b));
    }

    #[test]
    fn a_task_that_wakes_itself_while_polled_is_polled_again() {
        let threads = Threads::start_all(FEW).unwrap();
        let (done, ended) = mpsc::channel();
        let work = async move {
            for _ in 0..1000 {
                tokio::task::yield_now().await;
            }
            let _ = done.send(());
            Outcome::healthy()
        };
        threads.start(vec![job("yielding", Work::future(work))]);
        assert_eq!(ended.recv_timeout(Duration::from_secs(10)), Ok(()));
        until("forgotten", || {
            lock(&threads.shared.state).queue.live().next().is_none()
        });
    }

    /// What is polled just now, once something is.
    fn polled(threads: &Threads) -> Arc<Task> {
        let polled = || lock(&threads.shared.state).queue.polled().first().cloned();
        until("polled", || polled().is_some());
        polled().expect("it is held").1
    }

    #[test]
    fn what_has_ended_leaves_its_memory_and_nothing_of_the_users() {
        let threads = Threads::start_all(ONE).unwrap();
        let captured = Arc::new(());
        let gone = Arc::downgrade(&captured);
        let check = Check::new("captures", move || {
            let _captured = &captured;
            async {}
        });
        let (release, held) = mpsc::channel::<()>();
        let work = async move {
            let _ = held.recv();
        };
        threads.start(vec![job_of(check, Work::future(work))]);
        let first = Arc::as_ptr(&polled(&threads));
        drop(release);
        until("gone", || gone.upgrade().is_none());
        let (release, held) = mpsc::channel();
        threads.start(vec![holder("next", held)]);
        let next = polled(&threads);
        assert_eq!((Arc::as_ptr(&next), next.name()), (first, "next"));
        drop(release);
    }

    #[test]
    fn what_somebody_may_still_wake_is_not_used_again() {
        let threads = Threads::start_all(ONE).unwrap();
        let (send, wakers) = mpsc::channel();
        let work = std::future::poll_fn(move |cx| {
            let _ = send.send(cx.waker().clone());
            std::task::Poll::Ready(Outcome::healthy())
        });
        threads.start(vec![job("known", Work::future(work))]);
        let waker = wakers.recv_timeout(Duration::from_secs(10)).unwrap();
        until("ended", || {
            lock(&threads.shared.state).queue.live().next().is_none()
        });
        waker.wake_by_ref();
        assert!(lock(&threads.shared.state).queue.is_empty(), "it has ended");
        let (release, held) = mpsc::channel();
        threads.start(vec![holder("next", held)]);
        let next = polled(&threads);
        assert_ne!(Arc::as_ptr(&next).cast(), waker.data());
        drop(release);
    }
}

#[cfg(test)]
#[cfg(health_loom)]
mod loom_tests {
    use super::*;
    use crate::engine::batch::Batch;
    use crate::interleavings::{Bell, explore};

    impl Threads {
        /// Pollers alone.
        pub(in super::super) fn unwatched(reactor: &Handle, pollers: usize) -> Self {
            Self {
                shared: Arc::new(Shared::new(reactor.clone(), limits(pollers, pollers))),
            }
        }
    }

    fn limits(idle: usize, pollers: usize) -> Limits {
        Limits {
            idle,
            pollers,
            // Without it what the watcher does depends on no clock.
            patience: Duration::ZERO,
        }
    }

    /// Explores what shares a queue with pollers only, and then what else is started.
    fn explore_pollers(preemptions: usize, idle: usize, model: fn(Arc<Shared>)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let handle = runtime.handle().clone();
        explore(preemptions, move || {
            let shared = Arc::new(Shared::new(handle.clone(), limits(idle, idle)));
            for _ in 0..idle {
                shared.start_poller(&mut lock(&shared.state)).unwrap();
            }
            model(shared);
        });
    }

    /// Rings when it goes.
    struct Alive(Arc<Bell>);

    impl Drop for Alive {
        fn drop(&mut self) {
            self.0.ring();
        }
    }

    fn plan(work: impl Future<Output = ()> + Send + 'static) -> Polled {
        Polled::Plan(Box::pin(work))
    }

    /// Holds its poller until the bell rings.
    fn holds(bell: &Arc<Bell>) -> Polled {
        let bell = Arc::clone(bell);
        plan(async move { bell.wait(1) })
    }

    /// Rings when it has run to its end.
    fn rings(bell: &Arc<Bell>) -> Polled {
        let bell = Arc::clone(bell);
        plan(async move { bell.ring() })
    }

    /// Never ends, whether the batch settles or not.
    fn hangs(gone: &Arc<Bell>, batch: &Arc<Batch>) -> Polled {
        let (alive, batch) = (Alive(Arc::clone(gone)), Arc::clone(batch));
        plan(async move {
            let _alive = alive;
            batch.settled().await;
            std::future::pending::<()>().await;
        })
    }

    #[test]
    fn what_is_queued_while_a_poller_goes_idle_is_taken() {
        explore_pollers(3, 1, |shared| {
            let done = Arc::<Bell>::default();
            shared.start([rings(&done)]);
            shared.start([rings(&done)]);
            done.wait(2);
            shared.shut_down();
        });
    }

    #[test]
    fn what_comes_after_a_task_has_ended_is_polled_in_its_memory_or_another() {
        explore_pollers(3, 1, |shared| {
            let done = Arc::<Bell>::default();
            for times in 1..=2 {
                shared.start([rings(&done)]);
                done.wait(times);
            }
            shared.shut_down();
        });
    }

    #[test]
    fn two_pollers_take_what_is_queued_at_once() {
        explore_pollers(2, 2, |shared| {
            let done = Arc::<Bell>::default();
            shared.start([holds(&done), rings(&done)]);
            done.wait(1);
            shared.shut_down();
        });
    }

    #[test]
    fn a_task_that_another_thread_wakes_is_polled_again() {
        explore_pollers(3, 1, |shared| {
            let done = Arc::<Bell>::default();
            let batch = Arc::new(Batch::new());
            let (bell, waited) = (Arc::clone(&done), Arc::clone(&batch));
            let waits = async move {
                waited.settled().await;
                bell.ring();
            };
            shared.start([plan(waits)]);
            batch.settle();
            done.wait(1);
            shared.shut_down();
        });
    }

    #[test]
    fn shutting_down_drops_what_is_queued_polled_and_woken() {
        explore_pollers(3, 1, |shared| {
            let gone = Arc::<Bell>::default();
            let batch = Arc::new(Batch::new());
            shared.start([hangs(&gone, &batch)]);
            let waker = thread::spawn(move || batch.settle());
            shared.shut_down();
            gone.wait(1);
            waker.join().unwrap();
        });
    }

    #[test]
    fn shutting_down_drops_what_is_woken_while_all_pollers_are_held() {
        explore_pollers(2, 1, |shared| {
            let gone = Arc::<Bell>::default();
            let batch = Arc::new(Batch::new());
            shared.start([hangs(&gone, &batch)]);
            shared.start([holds(&gone)]);
            let waker = thread::spawn(move || batch.settle());
            shared.shut_down();
            waker.join().unwrap();
        });
    }

    #[test]
    fn a_held_poller_is_replaced() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let handle = runtime.handle().clone();
        explore(2, move || {
            let threads = Threads::start_with(handle.clone(), limits(1, 2)).unwrap();
            let done = Arc::<Bell>::default();
            threads.poll(holds(&done));
            threads.poll(rings(&done));
            done.wait(1);
        });
    }
}
