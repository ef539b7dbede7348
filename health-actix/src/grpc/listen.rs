//! A port of its own.

use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;
use tonic::transport::Server;

use super::GrpcHealth;
use super::guests::Guests;

/// How many requests of one connection are answered at a time.
const MOST_AT_ONCE: u32 = 32;

/// How long the headers of a request may be, in bytes. What has begun and does not go on is kept with
/// them.
const HEADERS: u32 = 8 << 10;

/// How long a request may take to arrive and be answered.
const LONGEST: Duration = Duration::from_secs(60);

/// How much of what nobody has read yet is taken from one connection, in bytes.
const WINDOW: u32 = 65_535;

/// How often a connection that is silent is asked whether it is still there, and how long it may
/// take to say so.
const ALIVE: Duration = Duration::from_secs(20);

/// How long streams and requests that are under way are waited for.
const GRACE: Duration = Duration::from_secs(5);

type Signal = Pin<Box<dyn Future<Output = ()> + Send>>;

impl GrpcHealth {
    /// Serves this on a port of its own, for those who have no gRPC server.
    ///
    /// It speaks HTTP/2 without TLS, which is what kubelet speaks, and runs while the returned value
    /// is awaited, or spawned on a runtime of tokio. It stops with the runtime, or as
    /// [`GrpcServer::shutdown_signal`] says.
    ///
    /// At most 1024 connections are served, with 32 requests each at a time, a Watch being one as
    /// long as it lasts; one has 5 s to begin with HTTP/2, and has to answer pings, and to take what is
    /// written to it within 20 s. A request has a minute, and headers of at most 8 KiB. Strangers who
    /// take all of that cost hundreds of megabytes: it is no port for the internet.
    ///
    /// ```no_run
    /// # use actix_web::{App, HttpServer};
    /// # use health_actix::{GrpcHealth, Health, HealthService};
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let health = Health::builder().build()?;
    /// actix_web::rt::spawn(GrpcHealth::new(&health)?.listen_on(("0.0.0.0", 9090))?);
    /// HttpServer::new(move || App::new().service(HealthService::new(&health)))
    ///     .bind(("0.0.0.0", 8000))?
    ///     .run()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub fn listen_on<A: ToSocketAddrs>(self, address: A) -> io::Result<GrpcServer> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        tracing::info!(
            target: "health",
            "gRPC health service on {address}: \"\" and readiness for balancers and the \
             readinessProbe, liveness for the livenessProbe, startup for the startupProbe, and each \
             check by its name"
        );
        Ok(GrpcServer {
            address,
            idle: Some(Idle {
                health: self,
                listener,
                signal: Box::pin(pending()),
            }),
            running: Box::pin(pending()),
        })
    }
}

/// The gRPC health service on a port of its own; see [`GrpcHealth::listen_on`].
#[must_use = "await it, or spawn it"]
pub struct GrpcServer {
    address: SocketAddr,
    /// Until it is first polled.
    idle: Option<Idle>,
    running: Pin<Box<dyn Future<Output = io::Result<()>> + Send>>,
}

struct Idle {
    health: GrpcHealth,
    listener: TcpListener,
    signal: Signal,
}

impl GrpcServer {
    /// The address that it listens on, with the port that was given out for 0.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops once this signal has come; [`DrainExt::drain`](crate::DrainExt::drain) makes one.
    ///
    /// The port is closed, those who watch are told what [`GrpcHealth::end_watches`] says, and
    /// requests that are under way are answered; after 5 s it stops all the same.
    ///
    /// Without a signal it answers until the process ends, also while the other servers of the
    /// process stop.
    pub fn shutdown_signal(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        if let Some(idle) = &mut self.idle {
            idle.signal = Box::pin(signal);
        }
        self
    }
}

impl Future for GrpcServer {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(idle) = self.idle.take() {
            self.running = Box::pin(serve(idle));
        }
        self.running.as_mut().poll(cx)
    }
}

impl fmt::Debug for GrpcServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcServer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

async fn serve(idle: Idle) -> io::Result<()> {
    let guests = Guests::new(tokio::net::TcpListener::from_std(idle.listener)?);
    let (stop, stopped) = oneshot::channel();
    let ending = idle.health.clone();
    let signal = async move {
        idle.signal.await;
        ending.end_watches();
        // Nobody waits for it where the server has stopped.
        let _ = stop.send(());
    };
    let server = Server::builder()
        .max_concurrent_streams(MOST_AT_ONCE)
        .http2_max_header_list_size(HEADERS)
        .timeout(LONGEST)
        .initial_connection_window_size(WINDOW)
        .initial_stream_window_size(WINDOW)
        .http2_keepalive_interval(Some(ALIVE))
        .http2_keepalive_timeout(Some(ALIVE));
    let overdue = async {
        match stopped.await {
            Ok(()) => sleep(GRACE).await,
            Err(_) => pending().await,
        }
    };
    tokio::select! {
        ended = server.serve_with_incoming_shutdown(idle.health, guests, signal) => {
            ended.map_err(io::Error::other)
        }
        () = overdue => Ok(()),
    }
}
