//! What answers an endpoint: at once, where the answer is known.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse};

use crate::mounted::Mounted;
use crate::respond::{Begun, begin, respond};

/// An endpoint of a service, as it is registered. A resource of actix-web would answer the same by
/// way of a route and a handler, each with a future in a box.
#[derive(Clone, Debug)]
pub(super) struct Route {
    mounted: Rc<Mounted>,
    place: usize,
}

impl Route {
    pub(super) fn new(mounted: &Rc<Mounted>, place: usize) -> Self {
        Self {
            mounted: Rc::clone(mounted),
            place,
        }
    }
}

impl ServiceFactory<ServiceRequest> for Route {
    type Response = ServiceResponse;
    type Error = Error;
    type Config = ();
    type Service = Self;
    type InitError = ();
    type Future = Ready<Result<Self, ()>>;

    fn new_service(&self, (): ()) -> Self::Future {
        ready(Ok(self.clone()))
    }
}

impl Service<ServiceRequest> for Route {
    type Response = ServiceResponse;
    type Error = Error;
    type Future = Answering;

    fn poll_ready(&self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let begun = begin(&self.mounted, self.place, request.request());
        if let Begun::Answered(response) = begun {
            return Answering::AtOnce(ready(Ok(request.into_response(response))));
        }
        let Self { mounted, place } = self.clone();
        Answering::Waits(Box::pin(async move {
            let response = respond(&mounted, place, request.request(), begun).await;
            Ok(request.into_response(response))
        }))
    }
}

/// An answer that is there, or is waited for.
pub(super) enum Answering {
    AtOnce(Ready<Result<ServiceResponse, Error>>),
    Waits(Pin<Box<dyn Future<Output = Result<ServiceResponse, Error>>>>),
}

impl Future for Answering {
    type Output = Result<ServiceResponse, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::AtOnce(response) => Pin::new(response).poll(cx),
            Self::Waits(response) => response.as_mut().poll(cx),
        }
    }
}
