//! What the service depends on, as it may fail.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Up,
    /// Answers after so many milliseconds.
    Slow(u64),
    /// Nobody listens, and what was connected is not any more.
    Dead,
    /// Accepts, and answers nothing.
    Frozen,
    /// Answers something else.
    Garbage,
}

#[derive(Debug)]
pub(crate) struct StandIn {
    address: SocketAddr,
    accepts: Option<JoinHandle<()>>,
    /// As many clones as there are connections.
    alive: Arc<()>,
}

impl StandIn {
    /// On an address of its own, so that no client takes its port while it is dead.
    pub(crate) async fn start(number: usize) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.83.1", 0)).await?;
        let mut stand_in = Self {
            address: listener.local_addr()?,
            accepts: None,
            alive: Arc::new(()),
        };
        debug_assert!(number < crate::catalogue::DEPENDENCIES);
        stand_in.accept(listener, Mode::Up);
        Ok(stand_in)
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks all that is connected; from when this returns it is otherwise.
    pub(crate) async fn set(&mut self, mode: Mode) -> io::Result<()> {
        if let Some(accepts) = self.accepts.take() {
            accepts.abort();
            // It was told to end.
            let _ = accepts.await;
        }
        while Arc::strong_count(&self.alive) > 1 {
            sleep(Duration::from_millis(1)).await;
        }
        if mode != Mode::Dead {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(self.address)?;
            self.accept(socket.listen(64)?, mode);
        }
        Ok(())
    }

    fn accept(&mut self, listener: TcpListener, mode: Mode) {
        let alive = Arc::clone(&self.alive);
        self.accepts = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    sleep(Duration::from_millis(1)).await;
                    continue;
                };
                let alive = Arc::clone(&alive);
                connections.spawn(async move {
                    // A client that is gone is no matter.
                    let _ = answer(stream, mode).await;
                    drop(alive);
                });
                while connections.try_join_next().is_some() {}
            }
        }));
    }
}

async fn answer(mut stream: TcpStream, mode: Mode) -> io::Result<()> {
    let mut request = [0; 5];
    loop {
        stream.read_exact(&mut request).await?;
        match mode {
            Mode::Up => stream.write_all(b"pong\n").await?,
            Mode::Slow(ms) => {
                sleep(Duration::from_millis(ms)).await;
                stream.write_all(b"pong\n").await?;
            }
            Mode::Garbage => stream.write_all(b"\xff\0\r\n!").await?,
            Mode::Frozen | Mode::Dead => std::future::pending().await,
        }
    }
}
