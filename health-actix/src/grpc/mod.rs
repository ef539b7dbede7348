//! The gRPC health service, `grpc.health.v1`.

mod answers;
mod board;
mod guests;
mod list;
mod listen;
mod snapshot;
mod subject;
mod watcher;

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use health_core::{BuildError, Health};
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, StdError, http};
use tonic::server::{Grpc, NamedService};
use tonic_health::pb::health_server::{HealthServer, SERVICE_NAME};
use tonic_prost::ProstCodec;

use self::answers::Answers;
use self::board::Board;
use self::list::LIST;
pub use self::listen::GrpcServer;
use crate::access::Level;

/// The longest message that is read, in bytes: the names of services are shorter.
const LONGEST_MESSAGE: usize = 4096;

#[doc = include_str!("../docs/grpc.md")]
#[derive(Clone)]
#[must_use = "give it to a server, or call `listen_on`"]
pub struct GrpcHealth {
    board: Arc<Board>,
    server: HealthServer<Answers>,
}

impl GrpcHealth {
    /// The health service of this `Health`.
    ///
    /// # Errors
    /// If a check takes `web::Data<T>` that the builder's `data` does not provide: no request of the
    /// application comes this way. Every mistake at once, naming the type.
    pub fn new(health: &Health) -> Result<Self, BuildError> {
        health.ensure_standalone()?;
        Ok(Self::of(Board::new(health, Level::default())))
    }

    /// Shows the checks that callers at this level may know of. By default,
    /// [`Level::Summary`], all but those whose visibility is full; at [`Level::StatusOnly`] none, but
    /// the probes alone.
    ///
    /// It is the same for all callers; nothing but names and statuses is told at any level.
    pub fn level(self, level: Level) -> Self {
        Self::of(Board::new(&self.board.health, level))
    }

    /// Ends all streams of `Watch`, and opens no more: call it when your server is to stop, for its
    /// graceful stop waits for them. [`GrpcServer`] does so itself.
    ///
    /// First whoever watches what says where requests are sent, as `""`, is told `NOT_SERVING`; the
    /// stream then ends with `UNAVAILABLE`. `Check` and `List` answer as before.
    pub fn end_watches(&self) {
        self.board.end_streams();
    }

    fn of(board: Arc<Board>) -> Self {
        let server = HealthServer::new(Answers(Arc::clone(&board)));
        Self {
            board,
            server: server.max_decoding_message_size(LONGEST_MESSAGE),
        }
    }
}

impl NamedService for GrpcHealth {
    const NAME: &'static str = SERVICE_NAME;
}

impl<B> Service<http::Request<B>> for GrpcHealth
where
    B: tonic::codegen::Body + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        if request.uri().path() != LIST {
            return self.server.call(request);
        }
        let answers = Answers(Arc::clone(&self.board));
        let grpc = Grpc::new(ProstCodec::default());
        let mut grpc = grpc.max_decoding_message_size(LONGEST_MESSAGE);
        Box::pin(async move { Ok(grpc.unary(answers, request).await) })
    }
}

impl fmt::Debug for GrpcHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcHealth")
            .field("health", &self.board.health)
            .finish_non_exhaustive()
    }
}
