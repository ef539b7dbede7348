//! The outermost layer: health endpoints that no middleware of the application reaches.

use std::fmt;
use std::future::{Ready, poll_fn, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ResourceDef, Service, ServiceRequest, ServiceResponse, Transform};

use super::HealthService;
use crate::mounted::Mounted;
use crate::respond::{Begun, begin, respond};

impl HealthService {
    /// The same endpoints as a middleware, to be given to [`App::wrap`] last, which makes it the
    /// outermost: it answers what is theirs, so that no other middleware of the application
    /// reaches them. Do not mount the service too.
    ///
    /// ```standalone_crate
    /// use actix_web::App;
    /// use actix_web::middleware::Logger;
    /// use health_actix::{Health, HealthService};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let health = Health::builder().build()?;
    /// let app = App::new()
    ///     .wrap(Logger::default())                    // never sees a probe
    ///     .wrap(HealthService::new(&health).layer()); // the last one is the outermost
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Its limits: a middleware that is given to `wrap` after it is outside of it, and does reach
    /// the probes; its paths begin at the root, and it does nothing within a scope; checks that
    /// take `web::Data` find what was given to [`App::app_data`], not what a scope has; and it
    /// shares the worker with the application: what blocks the worker, or takes all connections
    /// that the server allows, keeps probes waiting too. [`HealthService::listen_on`] is beyond
    /// the reach of all that but the processor.
    ///
    /// [`App::wrap`]: actix_web::App::wrap
    /// [`App::app_data`]: actix_web::App::app_data
    pub fn layer(self) -> HealthLayer {
        HealthLayer(self)
    }
}

/// Answers health endpoints before all other middleware; see [`HealthService::layer`].
#[derive(Clone, Debug)]
#[must_use = "give it to `App::wrap`"]
pub struct HealthLayer(HealthService);

impl<S, B> Transform<S, ServiceRequest> for HealthLayer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = HealthLayerService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let mounted = Rc::new(self.0.clone().mount());
        let endpoints = mounted.endpoints.iter().enumerate();
        let patterns = endpoints.flat_map(|(place, endpoint)| {
            let resources = endpoint.resources().into_iter();
            resources.map(move |patterns| (place, ResourceDef::new(patterns)))
        });
        ready(Ok(HealthLayerService {
            patterns: Rc::new(patterns.collect()),
            mounted,
            service: Rc::new(service),
        }))
    }
}

impl<S> HealthLayerService<S> {
    /// The endpoint that is asked, which it never is within a scope.
    fn place_of(&self, request: &mut ServiceRequest) -> Option<usize> {
        let path = request.match_info_mut();
        if path.unprocessed().len() < path.as_str().len() {
            return None;
        }
        let mut patterns = self.patterns.iter();
        let found = patterns.find(|(_, pattern)| pattern.capture_match_info(path));
        found.map(|(place, _)| *place)
    }
}

/// A service inside of a [`HealthLayer`].
pub struct HealthLayerService<S> {
    /// Each with the place of its endpoint.
    patterns: Rc<Vec<(usize, ResourceDef)>>,
    mounted: Rc<Mounted>,
    service: Rc<S>,
}

impl<S, B> Service<ServiceRequest> for HealthLayerService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    /// Always, for probes; what is inside is waited for when something is for it.
    fn poll_ready(&self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let Some(place) = self.place_of(&mut request) else {
            let service = Rc::clone(&self.service);
            return Box::pin(async move {
                poll_fn(|cx| service.poll_ready(cx)).await?;
                Ok(service.call(request).await?.map_into_left_body())
            });
        };
        let begun = begin(&self.mounted, place, request.request());
        if let Begun::Answered(response) = begun {
            let response = request.into_response(response).map_into_right_body();
            return Box::pin(ready(Ok(response)));
        }
        let mounted = Rc::clone(&self.mounted);
        Box::pin(async move {
            let response = respond(&mounted, place, request.request(), begun).await;
            Ok(request.into_response(response).map_into_right_body())
        })
    }
}

impl<S> fmt::Debug for HealthLayerService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthLayerService").finish_non_exhaustive()
    }
}
