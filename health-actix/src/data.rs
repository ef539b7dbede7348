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
        find(cx, Self::clone)
    }

    fn identity(&self) -> Option<Identity> {
        let shared: &Arc<T> = self;
        Some(Identity::of(shared))
    }

    fn has_identity(cx: &Context<'_>, identity: Option<&Identity>) -> bool {
        let is_it = |data: &Self| identity.is_some_and(|identity| identity.is_of(data));
        find(cx, is_it).unwrap_or(false)
    }
}

fn find<T: ?Sized + Send + Sync + 'static, F>(
    cx: &Context<'_>,
    see: impl FnOnce(&Data<T>) -> F,
) -> Option<F> {
    let of_request = cx.caller::<HttpRequest>();
    match of_request.and_then(|request| request.app_data()) {
        Some(data) => Some(see(data)),
        None => cx.state::<Data<T>>().map(|data| see(&data)),
    }
}
