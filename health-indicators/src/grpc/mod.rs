//! gRPC services with [`grpc.health.v1`], over a channel of tonic.
//!
//! ```no_run
//! use health_core::HealthBuilder;
//! use health_indicators::grpc;
//! use tonic::transport::Channel;
//!
//! # fn shown() -> Result<(), health_core::BuildError> {
//! let channel = Channel::from_static("http://orders.internal:50051").connect_lazy();
//! let health = HealthBuilder::empty()
//!     .check(grpc::check(channel).with_name("orders").readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! [`grpc.health.v1`]: https://github.com/grpc/grpc/blob/master/doc/health-checking.md

mod message;

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use health_core::{Check, Outcome, ProbePath, probe_path};
use http::uri::PathAndQuery;
use tonic::body::Body;
use tonic::client::{Grpc as Client, GrpcService};
use tonic::transport::Channel;
use tonic::{Code, Request, Status, TimeoutExpired};

use self::message::{Health, HealthCodec, LONGEST_ANSWER, Malformed};
use crate::budget::{Budget, Step};
use crate::failure::{BoxError, CLOSED, Failure, in_words};
use crate::measured::Measured;
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(2);

const METHOD: &str = "/grpc.health.v1.Health/Check";

/// Asks the server behind `channel` whether it serves.
///
/// ```no_run
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::grpc;
/// use tonic::transport::Channel;
///
/// /// The service of the orders answers.
/// #[health_check(kind = "readiness", timeout_ms = 2000)]
/// async fn orders(channel: State<Channel>) -> Outcome {
///     grpc::ping(&channel).await
/// }
/// # fn main() {}
/// ```
///
/// See [`Grpc`] for what it says.
pub async fn ping(channel: &Channel) -> Outcome {
    look(channel.clone(), "").await
}

/// A check of the name `grpc`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check(channel: Channel) -> Check {
    Grpc::new(channel).check()
}

/// A gRPC server, or one of its services.
///
/// It calls `Check` of `grpc.health.v1.Health`, which the server has to have. The call goes through
/// the channel that the application uses, also one made by `connect_lazy`, and so over the
/// connection that it has; a channel over several servers asks one of them. Metadata, as for
/// credentials, is added by what the channel is wrapped in:
///
/// ```no_run
/// use health_indicators::grpc::Grpc;
/// use tonic::metadata::MetadataValue;
/// use tonic::service::interceptor::InterceptedService;
/// use tonic::transport::Channel;
/// use tonic::{Request, Status};
///
/// fn authorised(mut request: Request<()>) -> Result<Request<()>, Status> {
///     let token = MetadataValue::from_static("Bearer of-this-service");
///     request.metadata_mut().insert("authorization", token);
///     Ok(request)
/// }
///
/// # fn shown() -> health_core::Check {
/// let channel = Channel::from_static("http://orders.internal:50051").connect_lazy();
/// Grpc::new(InterceptedService::new(channel, authorised as fn(_) -> _))
///     .with_service("orders.v1.Orders")
///     .check()
///     .with_name("orders")
/// # }
/// ```
///
/// | public message | when |
/// |---|---|
/// | `not serving` | it says so |
/// | `service not known to the server` | it serves no service of this name |
/// | `serving status unknown` | it does not know yet |
/// | `no health service there` | it is a gRPC server without `grpc.health.v1.Health` |
/// | `credentials rejected`, `permission denied`, `too many requests at the server`, `the server is unavailable`, `deadline exceeded at the server` | it, or a proxy in front of it, says so |
/// | `the call failed` | the server fails, or its answer is not whole |
/// | `the server reports an error` | it says anything else |
/// | `connection refused`, `name not found` and the like | nothing listens there, or the network fails |
/// | `no connection` | there is none for another reason, such as a certificate that is not trusted |
/// | `no answer within 1900 ms` | it, or the network to it, lets one wait; or the channel's own timeout has passed, if that is shorter |
/// | `connection closed, or not HTTP/2` | the other side ends the connection, or speaks something else |
/// | `unexpected answer` | the answer is none of `grpc.health.v1.Health` |
///
/// Measured values: `query_ms`.
///
/// The call says by way of which checks it comes, in the metadata `health-probe-path`, as random
/// ids. Of two services that ask each other, the one that is asked by way of its own check does not
/// run that again, if it serves its health with health-actix.
///
/// A connection that has died without a word is noticed by HTTP/2's pings alone; see
/// [`Endpoint::http2_keep_alive_interval`](tonic::transport::Endpoint::http2_keep_alive_interval)
/// and `keep_alive_while_idle`. Without them a channel may take minutes to find its server again.
#[derive(Clone)]
pub struct Grpc<S = Channel> {
    channel: S,
    service: String,
}

impl<S: Called> Grpc<S> {
    /// The server behind `channel`: a [`Channel`], or what wraps one.
    pub fn new(channel: S) -> Self {
        Self {
            channel,
            service: String::new(),
        }
    }

    /// The service to ask for, with its package, as in `orders.v1.Orders`. Default: the server as a
    /// whole.
    #[must_use]
    pub fn with_service(mut self, name: impl Into<String>) -> Self {
        self.service = name.into();
        self
    }

    /// Asks it.
    pub async fn ping(&self) -> Outcome {
        look(self.channel.clone(), &self.service).await
    }

    /// A check of the name `grpc`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("grpc", TIMEOUT, self, async |server| server.ping().await)
            .with_asks_health(true)
    }
}

impl<S> fmt::Debug for Grpc<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grpc")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

/// What carries calls: a [`Channel`], or one behind interceptors or layers.
pub trait Called: Clone + Send + Sync + 'static {
    /// Calls `Check`; for this crate alone.
    #[doc(hidden)]
    fn call(self, asked: Asked) -> impl Future<Output = Answered> + Send;
}

/// What is asked, and within which time.
#[doc(hidden)]
#[derive(Debug)]
pub struct Asked(Request<String>);

/// What was answered.
#[doc(hidden)]
#[derive(Debug)]
pub struct Answered(Result<Health, Status>);

impl<T, B> Called for T
where
    T: GrpcService<Body, ResponseBody = B, Future: Send> + Clone + Send + Sync + 'static,
    B: http_body::Body<Error: Into<BoxError>> + Send + 'static,
{
    async fn call(self, asked: Asked) -> Answered {
        let mut client = Client::new(self).max_decoding_message_size(LONGEST_ANSWER);
        if let Err(error) = client.ready().await {
            return Answered(Err(Status::from_error(error.into())));
        }
        let path = PathAndQuery::from_static(METHOD);
        let answer = client.unary(asked.0, path, HealthCodec).await;
        Answered(answer.map(tonic::Response::into_inner))
    }
}

async fn look<S: Called>(channel: S, service: &str) -> Outcome {
    let mut measured = Measured::default();
    let found = ask(channel, service, &mut measured).await;
    measured.told(found)
}

async fn ask<S: Called>(
    channel: S,
    service: &str,
    measured: &mut Measured,
) -> Result<Outcome, Failure> {
    let step = Budget::begin(TIMEOUT).rest();
    let asked = step.of(channel.call(request(service, step))).await;
    let (answer, took) = asked.map_err(Failure::silent)?;
    measured.time("query_ms", took);
    match answer.0 {
        Ok(health) => health.judged(),
        Err(status) => Err(failure(status, took)),
    }
}

/// The server is told, too, until when the answer is of use, and by way of which checks it is asked.
fn request(service: &str, step: Step) -> Asked {
    let mut request = Request::new(service.to_owned());
    request.set_timeout(step.0);
    if let Some(path) = probe_path().and_then(|path| path.to_string().parse().ok()) {
        request.metadata_mut().insert(ProbePath::HEADER, path);
    }
    Asked(request)
}

impl Health {
    fn judged(self) -> Result<Outcome, Failure> {
        match self {
            Self::Serving => Ok(Outcome::healthy()),
            Self::NotServing => Err(Failure::new("not serving")),
            Self::ServiceUnknown => Err(Failure::new(NO_SERVICE)),
            Self::Unknown => Err(Failure::new("serving status unknown")),
        }
    }
}

const NO_SERVICE: &str = "service not known to the server";

/// A status that has a source was made by the client, the others came from the server.
fn failure(status: Status, took: Duration) -> Failure {
    if is_due_to::<TimeoutExpired>(&status) {
        return Failure::silent(took);
    }
    let words = match status.source() {
        None => said(status.code()),
        Some(_) if is_due_to::<Malformed>(&status) => "unexpected answer",
        Some(source) => lost(source, status.code()),
    };
    Failure::because(words, status)
}

/// What a server says by this code.
fn said(code: Code) -> &'static str {
    match code {
        Code::NotFound => NO_SERVICE,
        Code::Unimplemented => "no health service there",
        Code::Unauthenticated => "credentials rejected",
        Code::PermissionDenied => "permission denied",
        Code::ResourceExhausted => "too many requests at the server",
        Code::Unavailable => "the server is unavailable",
        Code::DeadlineExceeded => "deadline exceeded at the server",
        // By these the client also tells of answers that are not whole.
        Code::Unknown | Code::Internal => "the call failed",
        _ => "the server reports an error",
    }
}

/// Why there is no connection any more, or none yet. Whether one has ended because of what the other
/// side said, or before it said anything, the client tells as it happens to notice.
fn lost(source: &(dyn Error + 'static), code: Code) -> &'static str {
    match in_words(source) {
        Some(words) if words != CLOSED => words,
        None if code == Code::Unavailable => "no connection",
        _ => "connection closed, or not HTTP/2",
    }
}

/// Whether an error of this type has led to the status.
fn is_due_to<E: Error + 'static>(status: &Status) -> bool {
    let mut next = status.source();
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{Ready, ready};
    use std::task::{Context, Poll};

    use super::*;

    /// Answers over HTTP.
    #[derive(Clone)]
    struct Answers(u16, &'static str);

    impl GrpcService<Body> for Answers {
        type ResponseBody = Body;
        type Error = Infallible;
        type Future = Ready<Result<http::Response<Body>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: http::Request<Body>) -> Self::Future {
            let body = Body::new(self.1.to_owned());
            let response = http::Response::builder().status(self.0).body(body);
            ready(Ok(response.unwrap()))
        }
    }

    #[tokio::test]
    async fn answers_of_what_is_no_grpc_server_are_told_apart() {
        for (status, body, expected) in [
            (200, "\0\0\0\0\x02\x0a\x7f", "unexpected answer"),
            (200, "\0\0\0\0\x02\x08\x02", "the call failed"),
            (200, "<html>", "the call failed"),
            (200, "", "the call failed"),
            (404, "<html>", "the call failed"),
            (404, "", "no health service there"),
            (401, "", "credentials rejected"),
            (403, "", "permission denied"),
            (503, "", "the server is unavailable"),
        ] {
            let outcome = Grpc::new(Answers(status, body)).ping().await;
            assert_eq!(outcome.message(), Some(expected), "{status} {outcome:?}");
        }
    }
}
