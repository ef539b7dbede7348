//! One run of a check, from its start to the moment its future has been dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};
use tracing::Span;
use tracing::field::Empty;

use super::executor::Permit;
use super::instance::{Instance, RunId};
use crate::bind::Work;
use crate::here::{Here, is_at};
use crate::probe_path::ProbePath;
use crate::sample::{Asked, Sample, milliseconds};
use crate::sync::{EXPLORED, discard, guarded};
use crate::{Check, Outcome, Reason, Status};

/// The duty to end a run: whatever happens, its flight ends exactly once.
#[derive(Debug)]
pub(crate) struct Run {
    instance: Instance,
    id: RunId,
    asked: Asked,
    /// By way of which checks, should it ask others.
    here: Option<Here>,
    /// From when on its result does not count.
    deadline: Instant,
    ended: bool,
    /// What the run is to a tracing subscriber, once it has begun.
    span: Span,
}

impl Run {
    pub(crate) fn new(instance: Instance, id: RunId, asked: Asked, path: ProbePath) -> Self {
        let station = Arc::clone(instance.station());
        let deadline = asked.instant + instance.check().settings().longest_timeout();
        let here = Here {
            path,
            station,
            deadline,
        };
        Self {
            here: Some(here),
            deadline,
            instance,
            id,
            asked,
            ended: false,
            span: Span::none(),
        }
    }

    pub(crate) fn check(&self) -> &Arc<Check> {
        self.instance.check()
    }

    /// Ends it without having run.
    fn fail(&mut self, message: String) {
        let sample = Sample::failed(self.asked, Reason::Abandoned, Some(message.into()));
        self.end(Some(sample));
    }

    /// Ends it with a result that was known before it could start.
    pub(crate) fn refuse(mut self, sample: Sample) {
        self.instance.count_change();
        self.end(Some(sample));
    }

    /// Whether it may begin: not if its time is over already. Before that only its end settles it,
    /// so what is known of it need not be looked at.
    fn begin(&mut self, now: Instant) -> bool {
        let begins = now < self.deadline;
        if begins {
            // A run may serve several requests, so it belongs to none of them.
            self.span = tracing::debug_span!(
                target: "health::run",
                parent: None,
                "health_check",
                check = self.instance.check().name(),
                otel.status_code = Empty,
                outcome = Empty,
                reason = Empty,
                duration_ms = Empty,
            );
        }
        begins
    }

    fn record(&self, outcome: Status, reason: Option<Reason>, duration: Duration) {
        self.span.record("outcome", outcome.as_str());
        if !outcome.is_passing() {
            // That of the span in OpenTelemetry; one that passes has none.
            self.span.record("otel.status_code", "ERROR");
        }
        if let Some(reason) = reason {
            self.span.record("reason", reason.as_str());
        }
        self.span.record("duration_ms", milliseconds(duration));
    }

    /// It was cancelled, because it was overdue.
    fn cancelled(&mut self, began: Instant) {
        let duration = Instant::now().duration_since(began);
        self.record(Status::Unhealthy, Some(Reason::TimedOut), duration);
        self.end(None);
    }

    /// Its work had been dropped by `now`.
    fn finish(&mut self, result: Result<Outcome, String>, began: Instant, now: Instant) {
        let latency = now.duration_since(began);
        let mut sample = match result {
            Ok(outcome) => Sample::of(outcome, self.asked, latency),
            Err(panic) => Sample::panicked(&panic, self.asked).after(latency),
        };
        sample.weigh_latency(self.instance.check().degraded_after());
        if began + latency < self.deadline {
            self.record(sample.raw, sample.reason, latency);
        } else {
            self.record(Status::Unhealthy, Some(Reason::TimedOut), latency);
        }
        // To make texts of errors, or to hear of a span, may take its time: that is the user's code.
        let told_children = !sample.children.is_empty();
        let is_later = sample.error.is_some() || told_children || !self.span.is_none();
        let now = if is_later { Instant::now() } else { now };
        self.end_at(now, Some(sample));
    }

    fn end(&mut self, sample: Option<Sample>) {
        self.end_at(Instant::now(), sample);
    }

    fn end_at(&mut self, now: Instant, sample: Option<Sample>) {
        self.ended = true;
        self.instance.end(self.id, now, sample);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.ended {
            // It may have been given up before it was counted.
            self.instance.count_change();
            let message = Some("given up: the engine was shut down".into());
            self.end(Some(Sample::failed(self.asked, Reason::Abandoned, message)));
        }
    }
}

/// A poll that takes longer blocks.
pub(crate) const HELD: Duration = Duration::from_millis(200);

/// The future of a run: bounded in time, its panics caught.
#[derive(Debug)]
pub(crate) struct RunFuture {
    run: Run,
    work: Option<UserFuture>,
    began: Option<Instant>,
    /// Made when the work first waits, so that work which never does costs no timer.
    timer: Option<Pin<Box<Sleep>>>,
}

struct UserFuture(Pin<Box<dyn Future<Output = Outcome> + Send>>);

impl RunFuture {
    fn new(run: Run, work: Pin<Box<dyn Future<Output = Outcome> + Send>>) -> Self {
        Self {
            run,
            work: Some(UserFuture(work)),
            began: None,
            timer: None,
        }
    }

    pub(crate) fn check(&self) -> &Arc<Check> {
        self.run.check()
    }

    fn begin(&mut self) -> Option<Instant> {
        if self.began.is_none() {
            let now = Instant::now();
            self.began = self.run.begin(now).then_some(now);
        }
        self.began
    }

    /// Polls the work, if it is there; a panic is the run's own.
    fn poll_work(&mut self, cx: &mut Context<'_>) -> Option<Result<Poll<Outcome>, String>> {
        let work = self.work.as_mut()?;
        let Run { span, here, .. } = &mut self.run;
        let poll = || is_at(here, || work.0.as_mut().poll(cx));
        let start = std::time::Instant::now();
        let polled = guarded(|| span.in_scope(poll));
        let held = start.elapsed();
        // What a model does depends on no clock.
        if held >= HELD && !EXPLORED {
            self.run.instance.warn_of_held_thread(held);
        }
        Some(polled)
    }

    /// Whether it is to be cancelled; until then it counts as a failing run each timeout.
    fn is_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        let (asked, instance) = (self.run.asked.instant, &self.run.instance);
        let timeout = instance.check().settings().longest_timeout();
        let cancelled = asked + instance.check().cancelled_after();
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(asked + timeout)));
        // Work that has used up its share of a runtime is cancelled all the same.
        while Pin::new(&mut unconstrained(timer.as_mut()))
            .poll(cx)
            .is_ready()
        {
            let now = Instant::now();
            if now >= cancelled {
                return true;
            }
            instance.expire(now, &|_| None);
            timer.as_mut().reset((now + timeout).min(cancelled));
        }
        false
    }

    /// Drops the work: only then has the run ended. A panic in its Drop is the run's own.
    fn drop_work(&mut self) -> Result<(), String> {
        let work = self.work.take();
        guarded(|| drop(work))
    }
}

impl Future for RunFuture {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let began = this.begin();
        let polled = began.and_then(|began| Some((began, this.poll_work(cx)?)));
        let Some((began, polled)) = polled else {
            discard(this.drop_work());
            this.run.end(None);
            return Poll::Ready(());
        };
        match polled {
            Ok(Poll::Pending) => {
                if !this.is_overdue(cx) {
                    return Poll::Pending;
                }
                // Ended only when the work is dropped. Should that take its time, those who wait
                // do not wait for it.
                discard(this.drop_work());
                this.run.cancelled(began);
            }
            Ok(Poll::Ready(outcome)) => {
                let result = match this.drop_work() {
                    Ok(()) => Ok(outcome),
                    Err(panic) => {
                        discard(outcome);
                        Err(panic)
                    }
                };
                this.run.finish(result, began, Instant::now());
            }
            Err(panic) => {
                discard(this.drop_work());
                this.run.finish(Err(panic), began, Instant::now());
            }
        }
        Poll::Ready(())
    }
}

impl Drop for RunFuture {
    fn drop(&mut self) {
        discard(self.drop_work());
    }
}

impl std::fmt::Debug for UserFuture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserFuture")
    }
}

/// The call of a run that may block.
pub(crate) struct RunCall {
    run: Run,
    function: Option<Box<dyn FnOnce() -> Outcome + Send>>,
}

impl RunCall {
    pub(crate) fn call(mut self) {
        let began = Instant::now();
        match self.function.take() {
            Some(function) if self.run.begin(began) => {
                let Run { span, here, .. } = &mut self.run;
                let call = || is_at(here, function);
                let result = guarded(|| span.in_scope(call));
                self.run.finish(result, began, Instant::now());
            }
            function => {
                discard(function);
                self.run.end(None);
            }
        }
    }

    /// Ends it without having been called.
    pub(crate) fn fail(mut self, message: String) {
        self.run.fail(message);
    }
}

impl Drop for RunCall {
    fn drop(&mut self) {
        discard(self.function.take());
    }
}

/// What an executor is given: work to poll, or work to call.
pub(crate) enum Job {
    Poll(RunFuture),
    Call(RunCall),
}

impl Job {
    pub(crate) fn new(run: Run, work: Work) -> Self {
        match work {
            Work::Future(future) => Self::Poll(RunFuture::new(run, future)),
            Work::Blocking(function) => Self::Call(RunCall {
                run,
                function: Some(function),
            }),
        }
    }

    fn run(&self) -> &Run {
        match self {
            Self::Poll(future) => &future.run,
            Self::Call(call) => &call.run,
        }
    }

    pub(crate) fn check(&self) -> &Arc<Check> {
        self.instance().check()
    }

    pub(crate) fn instance(&self) -> &Instance {
        &self.run().instance
    }

    /// When the run is overdue.
    pub(crate) fn deadline(&self) -> Instant {
        self.run().deadline
    }

    /// Counts a run that cannot be cancelled each timeout, as long as it has not ended.
    pub(crate) fn watch(&self) -> impl Future<Output = ()> + Send + use<> {
        let run = self.run();
        let (instance, id) = (run.instance.clone(), run.id);
        let timeout = instance.check().settings().longest_timeout();
        let mut due = run.asked.instant + timeout;
        async move {
            loop {
                sleep_until(due).await;
                if !instance.is_under_way(id) {
                    return;
                }
                let now = Instant::now();
                instance.expire(now, &|_| None);
                due = now + timeout;
            }
        }
    }

    /// Lets it begin, unless it is not wanted any more.
    pub(crate) fn admit(&self, permit: Permit) -> Result<(), Permit> {
        let run = self.run();
        run.instance.admit(run.id, Instant::now(), permit)
    }

    /// Ends the run without having started it.
    pub(crate) fn fail(self, message: String) {
        match self {
            Self::Poll(mut future) => future.run.fail(message),
            Self::Call(call) => call.fail(message),
        }
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Job").field(&self.check().name()).finish()
    }
}

/// What is polled: a run, or something of the engine's own.
pub(crate) enum Polled {
    Run(RunFuture),
    Plan(Pin<Box<dyn Future<Output = ()> + Send>>),
}

impl Polled {
    pub(crate) fn check(&self) -> Option<&Arc<Check>> {
        match self {
            Self::Run(future) => Some(future.check()),
            Self::Plan(_) => None,
        }
    }
}

impl Future for Polled {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.get_mut() {
            Self::Run(future) => Pin::new(future).poll(cx),
            Self::Plan(plan) => plan.as_mut().poll(cx),
        }
    }
}

impl std::fmt::Debug for Polled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Polled").field(&self.check()).finish()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::engine::batch::Batch;
    use crate::engine::instance::{Answer, Core, Question};
    use crate::observe::Teller;

    /// A run of this work that was asked for just now.
    pub(crate) fn job(name: &'static str, work: Work) -> Job {
        job_of(Check::new(name, async || ()), work)
    }

    pub(crate) fn job_of(check: Check, work: Work) -> Job {
        let core = Core::new(Vec::new(), Arc::new(Teller::nobody()), Arc::default());
        let instance = Instance::new(Arc::new(check), Arc::new(core));
        let asked = Asked::now();
        let question = Question {
            asked,
            probe: None,
            path: None,
            batch: &Arc::new(Batch::new()),
            hint: &|_| None,
        };
        let Answer::Start(run) = instance.ask(question) else {
            panic!("nothing was known");
        };
        Job::new(Run::new(instance, run, asked, ProbePath::default()), work)
    }
}
