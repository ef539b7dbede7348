use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Data;
use health_core::{Context, FromContext, Identity, Requirement};

/// The marker of this crate's implementations of [`FromContext`].
#[derive(Debug)]
pub enum ViaActix {}

/// Taken from the `app_data` of the application that is probed, else from the builder's
/// [`data`](health_core::HealthBuilder::data).
///
/// Two applications in one process that hold different data never see each other's results.
impl<T: ?Sized + Send + Sync + 'static> FromContext<ViaActix> for Data<T> {
    fn requirement() -> Requirement {
        Requirement::caller_or_state::<Self>()
    }

    fn from_context(cx: &Context<'_>) -> Option<Self> {
        let of_application = cx
            .caller::<HttpRequest>()
            .and_then(|r| r.app_data::<Self>());
        match of_application {
            Some(data) => Some(data.clone()),
            None => cx.state::<Self>().map(|data| Self::clone(&data)),
        }
    }

    fn identity(&self) -> Option<Identity> {
        let shared: &Arc<T> = self;
        Some(Identity::of(shared))
    }
}
