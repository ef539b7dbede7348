//! A client of a stand-in, with a pool of connections.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct Pool {
    address: SocketAddr,
    idle: Mutex<Vec<TcpStream>>,
}

impl Pool {
    pub(crate) const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Asks over a connection that is there, and over a new one if that is of no use.
    pub(crate) async fn ping(&self) -> io::Result<()> {
        if let Some(stream) = self.take()
            && self.ask(stream).await.is_ok()
        {
            return Ok(());
        }
        let stream = TcpStream::connect(self.address).await?;
        self.ask(stream).await
    }

    fn take(&self) -> Option<TcpStream> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop()
    }

    /// A run that is cancelled meanwhile drops the connection.
    async fn ask(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.write_all(b"ping\n").await?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await?;
        if &answer != b"pong\n" {
            return Err(io::Error::other("the answer is no answer"));
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < 4 {
            idle.push(stream);
        }
        Ok(())
    }
}
