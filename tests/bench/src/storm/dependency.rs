//! A dependency that counts who comes, and can freeze: it then accepts, and never answers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::watch;

use crate::Result;

/// Answers each line with one, on a thread of its own.
#[derive(Debug)]
pub(crate) struct Dependency {
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
    frozen: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    calls: AtomicUsize,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

/// Who came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visits {
    pub(crate) connections: usize,
    pub(crate) calls: usize,
    /// How many calls were under way at once, at most.
    pub(crate) most_under_way: usize,
}

impl Dependency {
    pub(crate) fn start() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let counts = Arc::<Counts>::default();
        let (frozen, is_frozen) = watch::channel(false);
        let counted = Arc::clone(&counts);
        thread::spawn(move || {
            runtime.block_on(async {
                while let Ok((stream, _)) = listener.accept().await {
                    counted.connections.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(serve(stream, Arc::clone(&counted), is_frozen.clone()));
                }
            });
        });
        Ok(Self {
            address,
            counts,
            frozen,
        })
    }

    pub(crate) fn freeze(&self, frozen: bool) {
        self.frozen.send_replace(frozen);
    }

    /// What came so far is not counted.
    pub(crate) fn forget(&self) {
        let _ = self.visits();
    }

    /// What came since it was asked last.
    pub(crate) fn visits(&self) -> Visits {
        let Counts {
            connections,
            calls,
            under_way,
            most_under_way,
        } = &*self.counts;
        Visits {
            connections: connections.swap(0, Ordering::Relaxed),
            calls: calls.swap(0, Ordering::Relaxed),
            most_under_way: most_under_way
                .swap(under_way.load(Ordering::Relaxed), Ordering::Relaxed),
        }
    }
}

async fn serve(mut stream: TcpStream, counts: Arc<Counts>, mut frozen: watch::Receiver<bool>) {
    let mut buffer = [0; 64];
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        let calls = buffer[..length].iter().filter(|b| **b == b'\n').count();
        counts.calls.fetch_add(calls, Ordering::Relaxed);
        let under_way = counts.under_way.fetch_add(calls, Ordering::Relaxed) + calls;
        counts
            .most_under_way
            .fetch_max(under_way, Ordering::Relaxed);
        let answered = answer(&mut stream, calls, &mut frozen).await;
        counts.under_way.fetch_sub(calls, Ordering::Relaxed);
        if answered.is_err() {
            return;
        }
    }
}

/// Answers once it may, unless the caller goes first.
async fn answer(
    stream: &mut TcpStream,
    calls: usize,
    frozen: &mut watch::Receiver<bool>,
) -> io::Result<()> {
    let mut byte = [0];
    tokio::select! {
        thawed = frozen.wait_for(|frozen| !frozen) => thawed.map(drop).map_err(io::Error::other)?,
        // One call at a time: what comes now can only be the end.
        _ = stream.read(&mut byte) => return Err(io::ErrorKind::ConnectionAborted.into()),
    }
    stream.write_all("PONG\n".repeat(calls).as_bytes()).await
}
