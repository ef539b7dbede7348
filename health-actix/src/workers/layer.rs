//! The middleware: who is there, and what is in flight.

use std::future::{Ready, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::{Instant, sleep_until};

use super::crew::{Crew, InFlight, Worker};
use crate::local;

/// Makes the workers of a server known; see [`Workers::layer`](crate::Workers::layer).
#[derive(Clone, Debug)]
pub struct WorkersLayer {
    crew: Arc<Crew>,
}

impl WorkersLayer {
    pub(super) fn new(crew: &Arc<Crew>) -> Self {
        Self {
            crew: Arc::clone(crew),
        }
    }
}

impl<S, B> Transform<S, ServiceRequest> for WorkersLayer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
{
    type Response = S::Response;
    type Error = Error;
    type Transform = WorkersService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let (worker, is_new) = self.crew.join();
        if is_new {
            start_beating(&worker);
        }
        ready(Ok(WorkersService { worker, service }))
    }
}

/// A service inside of a [`WorkersLayer`].
#[derive(Debug)]
pub struct WorkersService<S> {
    worker: Arc<Worker>,
    service: S,
}

impl<S, B> Service<ServiceRequest> for WorkersService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
{
    type Response = S::Response;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Error>>>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        // Made first: a panic in the call ends the request, too.
        let in_flight = InFlight::of(&self.worker);
        let answer = self.service.call(request);
        Box::pin(async move {
            let mut answer = pin!(answer);
            poll_fn(|cx| in_flight.step(|| answer.as_mut().poll(cx))).await
        })
    }
}

/// Beats where connections are served: as one more task among theirs, so that what delays them
/// delays the beat. A runtime of several threads is no worker's, and nothing beats there.
pub(super) fn start_beating(worker: &Arc<Worker>) {
    let beats = Beats(Arc::downgrade(worker));
    let flavor = Handle::try_current().map(|handle| handle.runtime_flavor());
    if matches!(flavor, Ok(RuntimeFlavor::CurrentThread)) {
        local::spawn(beats.go_on());
    }
}

/// The beats of one worker; dropped with its runtime.
struct Beats(Weak<Worker>);

impl Beats {
    async fn go_on(self) {
        while let Some(due) = self.beat() {
            sleep_until(due).await;
        }
    }

    /// Holds the worker for a moment only: it is known by its applications.
    fn beat(&self) -> Option<Instant> {
        let worker = self.0.upgrade()?;
        Some(worker.beat(Instant::now()))
    }
}

impl Drop for Beats {
    fn drop(&mut self) {
        if let Some(worker) = self.0.upgrade() {
            worker.retire();
        }
    }
}
