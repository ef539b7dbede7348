//! The middleware: who may pass.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use health_core::Health;

use super::keeper::{Decision, Keeper};
use crate::respond::unavailable;

/// Lets requests pass for as long as a group of checks does; see
/// [`GuardExt::guard`](crate::GuardExt::guard).
#[derive(Clone, Debug)]
pub struct GuardLayer {
    health: Health,
    group: Arc<str>,
}

impl GuardLayer {
    pub(super) fn new(health: &Health, group: &str) -> Self {
        Self {
            health: health.clone(),
            group: group.into(),
        }
    }
}

impl<S, B> Transform<S, ServiceRequest> for GuardLayer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = GuardService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let keeper = Keeper::new(&self.health, &self.group);
        let service = Rc::new(service);
        ready(Ok(GuardService { keeper, service }))
    }
}

/// A service inside of a [`GuardLayer`].
#[derive(Debug)]
pub struct GuardService<S> {
    keeper: Keeper,
    service: Rc<S>,
}

impl<S, B> Service<ServiceRequest> for GuardService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        match self.keeper.decide(&request) {
            Decision::Pass => {
                let answer = self.service.call(request);
                Box::pin(async move { Ok(answer.await?.map_into_left_body()) })
            }
            Decision::Refuse => Box::pin(ready(Ok(refused(request)))),
            Decision::Wait(passes) => {
                let service = Rc::clone(&self.service);
                Box::pin(async move {
                    if passes.await {
                        Ok(service.call(request).await?.map_into_left_body())
                    } else {
                        Ok(refused(request))
                    }
                })
            }
        }
    }
}

fn refused<B>(request: ServiceRequest) -> ServiceResponse<EitherBody<B>> {
    request.into_response(unavailable()).map_into_right_body()
}
