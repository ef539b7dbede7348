//! A span for each request.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use health_actix::HealthRequest;
use tracing::Instrument;
use tracing::field::Empty;

use crate::probes::MARK;

pub(crate) async fn traced(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let span = tracing::info_span!(
        "request",
        otel.kind = "server",
        otel.name = format_args!("{} {}", request.method(), request.path()),
        http.request.method = %request.method(),
        url.path = request.path(),
        http.response.status_code = Empty,
        health.probe = Empty,
    );
    let response = next.call(request).instrument(span.clone()).await?;
    // A number for OpenTelemetry, which has none without a sign.
    let code = i64::from(response.status().as_u16());
    span.record("http.response.status_code", code);
    // Known now: routing has found out whose request it is.
    if response.request().extensions().contains::<HealthRequest>() {
        span.record(MARK, true);
    }
    Ok(response)
}
