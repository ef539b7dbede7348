//! By way of which checks of other services a request comes.

use actix_web::HttpRequest;
use health_core::ProbePath;

/// What the request says of it.
pub(crate) fn path_of(request: &HttpRequest) -> ProbePath {
    let header = request.headers().get(ProbePath::HEADER);
    let text = header.and_then(|path| path.to_str().ok());
    text.map(ProbePath::parse).unwrap_or_default()
}
