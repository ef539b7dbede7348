//! By way of which checks of other services a request comes.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use health_core::ProbePath;

static HEADER: HeaderName = HeaderName::from_static(ProbePath::HEADER);

/// What the request says of it, be it on several lines.
pub(crate) fn path_of(request: &HttpRequest) -> ProbePath {
    let lines = request.headers().get_all(&HEADER);
    let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
    ProbePath::parse(&lines.join(","))
}

/// Whether the request says anything of it.
pub(crate) fn is_on_a_path(request: &HttpRequest) -> bool {
    request.headers().contains_key(&HEADER)
}
