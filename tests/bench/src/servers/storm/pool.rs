//! Pools: of connections with an emulated dependency, and with PostgreSQL.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;

use deadpool::managed::{self, Metrics, Object, RecycleError, RecycleResult};
use deadpool_postgres::{ManagerConfig, RecyclingMethod};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

use crate::Result;

/// How many connections a pool has at most.
const SIZE: usize = 8;

#[derive(Clone, Debug)]
pub(super) struct Pool {
    address: SocketAddr,
    pool: managed::Pool<Manager>,
}

impl Pool {
    pub(super) fn new(address: SocketAddr) -> Result<Self> {
        let pool = managed::Pool::builder(Manager(address))
            .max_size(SIZE)
            .build()?;
        Ok(Self { address, pool })
    }

    pub(super) async fn ping(&self) -> io::Result<()> {
        let connection = self.pool.get().await.map_err(io::Error::other)?;
        let mut call = Call(Some(connection));
        if let Some(connection) = &mut call.0 {
            connection.write_all(b"PING\n").await?;
            connection.read_exact(&mut [0; 5]).await?;
        }
        drop(call.0.take());
        Ok(())
    }

    /// Blocks its thread, as a client does that was made for threads.
    pub(super) fn ping_blocking(&self) -> io::Result<()> {
        let mut connection = std::net::TcpStream::connect(self.address)?;
        connection.write_all(b"PING\n")?;
        BufReader::new(connection)
            .read_line(&mut String::new())
            .map(drop)
    }
}

/// A call that has not ended: its connection is of no use to the next if it is given up.
struct Call(Option<Object<Manager>>);

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}

#[derive(Debug)]
struct Manager(SocketAddr);

impl managed::Manager for Manager {
    type Type = TcpStream;
    type Error = io::Error;

    async fn create(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.0).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn recycle(&self, stream: &mut TcpStream, _: &Metrics) -> RecycleResult<io::Error> {
        match stream.try_read(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            _ => Err(RecycleError::message("the other side has closed it")),
        }
    }
}

pub(super) fn of_postgres(how: &str) -> Result<deadpool_postgres::Pool> {
    let manager = deadpool_postgres::Manager::from_config(
        how.parse()?,
        NoTls,
        ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        },
    );
    Ok(deadpool_postgres::Pool::builder(manager)
        .max_size(SIZE)
        .build()?)
}
