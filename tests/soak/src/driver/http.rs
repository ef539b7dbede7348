//! As little of an HTTP client as is needed.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            buffer: Vec::new(),
        }
    }

    pub(crate) fn close(&mut self) {
        self.stream = None;
    }

    /// Asks, over a new connection where the last one was closed meanwhile.
    pub(crate) async fn ask(&mut self, method: &str, path: &str) -> io::Result<(u16, Vec<u8>)> {
        let kept = self.stream.is_some();
        match self.try_ask(method, path).await {
            Err(_) if kept && self.buffer.is_empty() => self.try_ask(method, path).await,
            other => other,
        }
    }

    async fn try_ask(&mut self, method: &str, path: &str) -> io::Result<(u16, Vec<u8>)> {
        self.buffer.clear();
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address).await?,
        };
        let request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).await?;
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            more(&mut stream, &mut self.buffer).await?;
        };
        let text = String::from_utf8_lossy(&self.buffer[..head]).to_ascii_lowercase();
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("no status"))?;
        let header = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let length = header("content-length").filter(|_| method != "HEAD");
        let length = length.map_or(Ok(0), str::parse::<usize>);
        let length = length.map_err(io::Error::other)?;
        if header("transfer-encoding").is_some() {
            return Err(io::Error::other("an answer without a length"));
        }
        let closes = header("connection") == Some("close");
        while self.buffer.len() < head + length {
            more(&mut stream, &mut self.buffer).await?;
        }
        if self.buffer.len() > head + length {
            return Err(io::Error::other("more than one answer"));
        }
        let body = self.buffer.split_off(head);
        if !closes {
            self.stream = Some(stream);
        }
        Ok((status, body))
    }
}

pub(crate) async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    if stream.read_buf(buffer).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
