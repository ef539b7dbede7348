//! Closing kept-alive connections.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::dev::{ResponseHead, Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::error::InternalError;
use actix_web::http::ConnectionType;
use health_core::Health;

/// Makes answers close their connections while the process drains; see
/// [`DrainExt::drain_layer`](crate::DrainExt::drain_layer).
#[derive(Clone, Debug)]
pub struct DrainLayer {
    health: Health,
}

impl DrainLayer {
    pub(super) fn new(health: &Health) -> Self {
        Self {
            health: health.clone(),
        }
    }
}

impl<S, B> Transform<S, ServiceRequest> for DrainLayer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
{
    type Response = S::Response;
    type Error = Error;
    type Transform = DrainService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let health = self.health.clone();
        ready(Ok(DrainService { health, service }))
    }
}

/// A service inside of a [`DrainLayer`].
#[derive(Debug)]
pub struct DrainService<S> {
    health: Health,
    service: S,
}

impl<S, B> Service<ServiceRequest> for DrainService<S>
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
        let (health, answer) = (self.health.clone(), self.service.call(request));
        Box::pin(async move {
            let answer = answer.await;
            // Asked now: draining may have begun while the request was handled.
            if !health.is_draining() {
                return answer;
            }
            let mut response = answer.map_err(closing)?;
            close(response.response_mut().head_mut());
            Ok(response)
        })
    }
}

/// Closes the connection after this response. A header `Connection` would be overwritten.
pub(crate) fn close(head: &mut ResponseHead) {
    if !head.upgrade() {
        head.set_connection_type(ConnectionType::Close);
    }
}

/// The same error, answered with a response that closes the connection.
fn closing(error: Error) -> Error {
    let mut response = error.error_response();
    close(response.head_mut());
    InternalError::from_response(error, response).into()
}
