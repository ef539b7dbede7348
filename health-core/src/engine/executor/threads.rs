//! The engine's own threads.
//!
//! The reactor drives I/O and timers for the checks and never polls one, so that a connection
//! which a check opened and handed back to the application's pool keeps working whatever the
//! checks do. Pollers take runs from one queue. The watcher looks at that queue while it is not
//! empty: if nobody takes from it, or far too late, pollers are held, and it starts more of them.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, PoisonError};
use std::task::Wake;
use std::time::{Duration, Instant};

use tokio::runtime::{EnterGuard, Handle};

use super::reactor::{PULSE, reactor};
use super::task::{Left, Task};
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
    queue: Mutex<Queue>,
    /// Tells idle pollers of work.
    work: Condvar,
    /// Tells the watcher of work that no idle poller will take.
    backlog: Condvar,
    /// The threads on which functions are called that may block.
    blocking: Headcount,
}

#[derive(Debug, Default)]
struct Queue {
    /// What is to be polled, and since when.
    tasks: VecDeque<(Instant, Arc<Task>)>,
    /// How many tasks were ever taken: tells the watcher whether the queue moves.
    taken: u64,
    pollers: usize,
    idle: usize,
    /// How many of the idle pollers were told of work.
    called: usize,
    /// What the pollers poll just now.
    polled: Vec<(Instant, Arc<Task>)>,
    live: Vec<Option<Arc<Task>>>,
    free: Vec<usize>,
    /// Tasks that have ended, for those to come. Where one thread allocates and others give back,
    /// they wait for each other, which takes longer than a short run.
    spent: Vec<Arc<Task>>,
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
        shared.start_poller(&mut lock(&shared.queue))?;
        Ok(threads)
    }

    pub(super) fn start(&self, jobs: Vec<Job>) {
        PULSE.want();
        let most = jobs.len();
        let futures = jobs.into_iter().filter_map(|job| match job {
            Job::Poll(future) => Some(Polled::Run(future)),
            Job::Call(call) => {
                self.shared.call(call);
                None
            }
        });
        self.shared.start(futures, most);
    }

    pub(super) fn poll(&self, future: Polled) {
        self.shared.start([future], 1);
    }

    /// Whether a poll of a check has taken too long, and has not returned.
    pub(super) fn is_polling(&self, check: &str) -> bool {
        let queue = lock(&self.shared.queue);
        let too_long = |since: &Instant| since.elapsed() >= HELD;
        let mut polled = queue.polled.iter();
        polled.any(|(since, task)| task.name() == check && too_long(since))
    }

    /// What they do just now.
    pub(super) fn now(&self) -> EngineThreads {
        let queue = lock(&self.shared.queue);
        let too_long = |(since, _): &&(Instant, _)| since.elapsed() >= HELD;
        let held = queue.polled.iter().filter(too_long).count();
        EngineThreads {
            idle: queue.idle,
            busy: queue.pollers - queue.idle - held,
            held,
            blocking: self.shared.blocking.count(),
        }
    }

    /// Names the checks that hold the threads, if all that there may be are held, and not by the
    /// check that asks why it is not run.
    pub(super) fn why_starved(&self, check: &str) -> Option<Why> {
        let queue = lock(&self.shared.queue);
        let held = queue.polled.len();
        if held < self.shared.limits.pollers || queue.polled.iter().any(|(_, t)| t.name() == check)
        {
            return None;
        }
        let holders = queue.polled.iter().map(|(_, task)| task.named());
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
            queue: Mutex::default(),
            work: Condvar::new(),
            backlog: Condvar::new(),
            blocking: Headcount::default(),
        }
    }

    /// Queues all of these, at most so many, at once, so that the pollers are woken once.
    fn start(self: &Arc<Self>, futures: impl IntoIterator<Item = Polled>, most: usize) {
        let mut spent = lock(&self.queue).spent(most).into_iter();
        let tasks = futures.into_iter().map(|future| {
            let again = match spent.next() {
                Some(spent) => Task::queued_again(spent, future),
                None => Err(future),
            };
            again.unwrap_or_else(|future| Arc::new(Task::queued(future, Arc::clone(self))))
        });
        let tasks: Vec<_> = tasks.collect();
        let now = Instant::now();
        let mut queue = lock(&self.queue);
        for task in tasks {
            queue.add(now, task);
        }
        self.tell(queue);
    }

    pub(super) fn enqueue(self: &Arc<Self>, task: Arc<Task>) {
        let now = Instant::now();
        let mut queue = lock(&self.queue);
        queue.tasks.push_back((now, task));
        self.tell(queue);
    }

    /// Sees to it that what was queued is taken.
    fn tell(self: &Arc<Self>, mut queue: MutexGuard<'_, Queue>) {
        let waiting = queue.tasks.len();
        if waiting == 0 {
            return;
        }
        // While shutting down all may be held, and the watcher may be gone.
        let is_late = queue.shutting_down && waiting == 1;
        if queue.idle == 0 && (queue.pollers < self.limits.idle || is_late) {
            // Should it fail, the watcher tries again.
            let _ = self.start_poller(&mut queue);
        }
        let wanted = queue.idle.min(waiting);
        let calls = wanted.saturating_sub(queue.called);
        queue.called += calls;
        let unwatched = waiting > queue.idle && std::mem::take(&mut queue.unwatched);
        drop(queue);
        for _ in 0..calls {
            self.work.notify_one();
        }
        if unwatched {
            self.backlog.notify_one();
        }
    }

    fn start_poller(self: &Arc<Self>, queue: &mut Queue) -> io::Result<()> {
        let shared = Arc::clone(self);
        spawn("health-poller", move || shared.poll())?;
        queue.pollers += 1;
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
        let mut ended = None;
        let mut has_queued = false;
        let mut queue = lock(&self.queue);
        loop {
            if let Some(task) = queue.take() {
                let shutting_down = queue.shutting_down;
                if has_queued {
                    // This poll may hold what was put back before it.
                    self.tell(queue);
                } else {
                    drop(queue);
                }
                let spent = ended.take().and_then(Task::spent);
                let (left, is_sound) = self.poll_one(&task, shutting_down);
                queue = lock(&self.queue);
                queue.keep(spent);
                has_queued = left == Left::Woken;
                ended = queue.put_back(task, left);
                if is_sound {
                    continue;
                }
                queue.pollers -= 1;
                self.tell(queue);
                return drop(ended.and_then(Task::spent));
            }
            if ended.is_some() {
                drop(queue);
                let spent = ended.take().and_then(Task::spent);
                queue = lock(&self.queue);
                queue.keep(spent);
                continue;
            }
            if queue.shutting_down || queue.idle >= self.limits.idle {
                queue.pollers -= 1;
                return;
            }
            queue.idle += 1;
            queue = self
                .work
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
            queue.called = queue.called.saturating_sub(1);
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
        let mut queue = lock(&self.queue);
        while !queue.shutting_down {
            if queue.tasks.is_empty() {
                queue.unwatched = true;
                queue = self
                    .backlog
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let taken = queue.taken;
            drop(queue);
            thread::sleep(self.limits.patience);
            let failure = self.relieve(&mut lock(&self.queue), taken).err();
            // Told once, and under no lock: a log is the user's code too.
            if let Some(error) = failure.as_ref().filter(|_| !is_short_of_threads) {
                discard(guarded(
                    || tracing::warn!(target: "health", "{}", no_thread(error)),
                ));
            }
            is_short_of_threads = failure.is_some();
            queue = lock(&self.queue);
        }
    }

    /// Doubles the pollers, as far as there is work and room, if nobody took from the queue
    /// lately, or what was taken was far too late.
    fn relieve(self: &Arc<Self>, queue: &mut Queue, taken: u64) -> io::Result<()> {
        let Some((since, _)) = queue.tasks.front() else {
            return Ok(());
        };
        let patience = if queue.taken == taken { 1 } else { 10 } * self.limits.patience;
        if since.elapsed() < patience {
            return Ok(());
        }
        let room = self.limits.pollers.saturating_sub(queue.pollers);
        let more = queue.tasks.len().min(queue.pollers.max(1)).min(room);
        (0..more).try_for_each(|_| self.start_poller(queue))
    }

    /// Has everything that is not being polled dropped by the pollers, who then end.
    fn shut_down(self: &Arc<Self>) {
        let (tasks, spent): (Vec<_>, _) = {
            let mut queue = lock(&self.queue);
            queue.shutting_down = true;
            let live = queue.live.iter().flatten().cloned().collect();
            (live, std::mem::take(&mut queue.spent))
        };
        // They would keep what is shared, which would keep them.
        drop(spent);
        self.work.notify_all();
        self.backlog.notify_all();
        tasks.iter().for_each(Wake::wake_by_ref);
        discard(tasks);
        let mut queue = lock(&self.queue);
        if queue.idle == 0 && !queue.tasks.is_empty() {
            // All may be held; what is queued is dropped all the same.
            let _ = self.start_poller(&mut queue);
        }
    }
}

impl Queue {
    /// Tasks that have ended, to be used again; at most so many.
    fn spent(&mut self, most: usize) -> Vec<Arc<Task>> {
        let rest = self.spent.len().saturating_sub(most);
        self.spent.split_off(rest)
    }

    /// Keeps a task that has ended, unless none will come any more: it would keep what is shared,
    /// which would keep it.
    fn keep(&mut self, spent: Option<Arc<Task>>) {
        let keeps = !self.shutting_down;
        self.spent.extend(spent.filter(|_| keeps));
    }

    fn add(&mut self, now: Instant, mut task: Arc<Task>) {
        let key = self.free.pop().unwrap_or(self.live.len());
        if let Some(new) = Arc::get_mut(&mut task) {
            new.key = key;
        }
        let live = Some(Arc::clone(&task));
        match self.live.get_mut(key) {
            Some(free) => *free = live,
            None => self.live.push(live),
        }
        self.tasks.push_back((now, task));
    }

    /// The next task, which is now being polled.
    fn take(&mut self) -> Option<Arc<Task>> {
        let (_, task) = self.tasks.pop_front()?;
        self.taken += 1;
        task.taken();
        self.polled.push((Instant::now(), Arc::clone(&task)));
        Some(task)
    }

    /// A task is polled no more. One that has ended is returned: to be dropped under no lock.
    fn put_back(&mut self, task: Arc<Task>, left: Left) -> Option<Arc<Task>> {
        let mut polled = self.polled.iter();
        let index = polled.position(|(_, polled)| Arc::ptr_eq(polled, &task));
        if let Some(index) = index {
            self.polled.swap_remove(index);
        }
        match left {
            Left::Waiting => return None,
            Left::Woken => {
                self.tasks.push_back((Instant::now(), task));
                return None;
            }
            Left::Ended => {}
        }
        self.live[task.key] = None;
        self.free.push(task.key);
        Some(task)
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
        until("held", || lock(&threads.shared.queue).polled.len() == 1);
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
        until("alone", || lock(&threads.shared.queue).pollers == 1);
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
            lock(&threads.shared.queue).live.iter().all(Option::is_none)
        });
    }

    #[test]
    fn what_has_ended_leaves_its_memory_and_nothing_of_the_users() {
        let threads = Threads::start_all(FEW).unwrap();
        let captured = Arc::new(());
        let gone = Arc::downgrade(&captured);
        let check = Check::new("captures", move || {
            let _captured = &captured;
            async {}
        });
        threads.start(vec![job_of(check, Work::future(async {}))]);
        let queue = || lock(&threads.shared.queue);
        until("spent", || queue().spent.len() == 1);
        assert!(gone.upgrade().is_none());
        let spent = Arc::as_ptr(&queue().spent[0]);
        let (release, held) = mpsc::channel();
        threads.start(vec![holder("next", held)]);
        until("polled", || queue().polled.len() == 1);
        let (_, next) = queue().polled[0].clone();
        assert_eq!((Arc::as_ptr(&next), next.name()), (spent, "next"));
        drop(release);
        until("ended", || queue().live.iter().all(Option::is_none));
    }

    #[test]
    fn what_somebody_may_still_wake_is_not_used_again() {
        let threads = Threads::start_all(FEW).unwrap();
        let (send, wakers) = mpsc::channel();
        let work = std::future::poll_fn(move |cx| {
            let _ = send.send(cx.waker().clone());
            std::task::Poll::Ready(Outcome::healthy())
        });
        threads.start(vec![job("known", Work::future(work))]);
        let waker = wakers.recv_timeout(Duration::from_secs(10)).unwrap();
        let queue = || lock(&threads.shared.queue);
        let is_idle = || queue().idle == 1 && queue().polled.is_empty();
        until("idle", || {
            is_idle() && queue().live.iter().all(Option::is_none)
        });
        assert!(queue().spent.is_empty());
        waker.wake();
        assert!(queue().tasks.is_empty(), "it has ended");
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
                shared.start_poller(&mut lock(&shared.queue)).unwrap();
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
            shared.start([rings(&done)], 1);
            shared.start([rings(&done)], 1);
            done.wait(2);
            shared.shut_down();
        });
    }

    #[test]
    fn what_comes_after_a_task_has_ended_is_polled_in_its_memory_or_another() {
        explore_pollers(3, 1, |shared| {
            let done = Arc::<Bell>::default();
            for times in 1..=2 {
                shared.start([rings(&done)], 1);
                done.wait(times);
            }
            shared.shut_down();
        });
    }

    #[test]
    fn two_pollers_take_what_is_queued_at_once() {
        explore_pollers(2, 2, |shared| {
            let done = Arc::<Bell>::default();
            shared.start([holds(&done), rings(&done)], 2);
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
            shared.start([plan(waits)], 1);
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
            shared.start([hangs(&gone, &batch)], 1);
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
            shared.start([hangs(&gone, &batch)], 1);
            shared.start([holds(&gone)], 1);
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
