//! One run of a check, from its start to the moment its future has been dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use super::flight::{Instance, RunId};
use crate::bind::Work;
use crate::sample::{Asked, Sample};
use crate::sync::{discard, guarded};
use crate::{Check, Outcome, Reason};

/// The duty to end a run: whatever happens, its flight ends exactly once.
#[derive(Debug)]
pub(crate) struct Run {
    instance: Arc<Instance>,
    id: RunId,
    asked: Asked,
    ended: bool,
}

impl Run {
    pub(crate) const fn new(instance: Arc<Instance>, id: RunId, asked: Asked) -> Self {
        Self {
            instance,
            id,
            asked,
            ended: false,
        }
    }

    /// Ends it without having run.
    fn fail(&mut self, message: String) {
        let sample = Sample::failed(self.asked, Reason::Abandoned, Some(message.into()));
        self.end(Some(sample));
    }

    /// Ends it with a result that was known before it could start.
    pub(crate) fn refuse(mut self, sample: Arc<Sample>) {
        self.end_with(Some(sample));
    }

    fn finish(&mut self, result: Result<Outcome, String>, began: Instant) {
        let latency = Instant::now().duration_since(began);
        self.end(Some(match result {
            Ok(outcome) => Sample::of(outcome, self.asked, latency),
            Err(panic) => Sample::panicked(&panic, self.asked).after(latency),
        }));
    }

    fn end(&mut self, sample: Option<Sample>) {
        self.end_with(sample.map(Arc::new));
    }

    fn end_with(&mut self, sample: Option<Arc<Sample>>) {
        self.ended = true;
        self.instance.end(self.id, Instant::now(), sample);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.ended {
            let message = Some("given up: the engine was shut down".into());
            self.end(Some(Sample::failed(self.asked, Reason::Abandoned, message)));
        }
    }
}

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
        self.run.instance.check()
    }

    fn begin(&mut self) -> Option<Instant> {
        if self.began.is_none() {
            let now = Instant::now();
            self.began = self.run.instance.may_begin(self.run.id, now).then_some(now);
        }
        self.began
    }

    fn is_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        let deadline = self.run.asked.instant + self.run.instance.check().timeout();
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // Work that has used up its share of a runtime is cancelled all the same.
        Pin::new(&mut unconstrained(timer.as_mut()))
            .poll(cx)
            .is_ready()
    }

    /// Drops the work: only then has the run ended. A panic in its Drop is the run's own.
    fn drop_work(&mut self) -> Result<(), String> {
        let work = self.work.take();
        guarded(|| drop(work))
    }
}

impl Future for RunFuture {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (began, polled) = match (self.begin(), &mut self.work) {
            (Some(began), Some(work)) => (began, guarded(|| work.0.as_mut().poll(cx))),
            _ => {
                discard(self.drop_work());
                self.run.end(None);
                return Poll::Ready(());
            }
        };
        match polled {
            Ok(Poll::Pending) => {
                if !self.is_overdue(cx) {
                    return Poll::Pending;
                }
                // Ended only when the work is dropped. Should that take its time, those who wait
                // do not wait for it.
                discard(self.drop_work());
                self.run.end(None);
            }
            Ok(Poll::Ready(outcome)) => {
                let result = match self.drop_work() {
                    Ok(()) => Ok(outcome),
                    Err(panic) => {
                        discard(outcome);
                        Err(panic)
                    }
                };
                self.run.finish(result, began);
            }
            Err(panic) => {
                discard(self.drop_work());
                self.run.finish(Err(panic), began);
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
            Some(function) if self.run.instance.may_begin(self.run.id, began) => {
                self.run.finish(guarded(function), began);
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

    /// Ends the run without having started it.
    pub(crate) fn fail(self, message: String) {
        match self {
            Self::Poll(mut future) => future.run.fail(message),
            Self::Call(call) => call.fail(message),
        }
    }
}
