//! The connections of a server: so many, and none that says nothing.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};
use tonic::codegen::tokio_stream::Stream;
use tonic::transport::server::Connected;

/// How many connections are served; others wait until one of them ends.
const MOST: usize = 1024;

/// How long a connection may take to say that it speaks HTTP/2.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many bytes it needs for that. Source: RFC 9113, section 3.4.
const PREFACE: usize = 24;

/// How long a connection may take nothing of what is written to it. By a ping it could not be found
/// out, which waits in the same line, as does a goodbye.
const STUCK: Duration = Duration::from_secs(20);

/// How long to wait where none can be accepted, as without a free file descriptor.
const PAUSE: Duration = Duration::from_millis(100);

type Written = Poll<io::Result<usize>>;

type Next = Pin<Box<dyn Future<Output = Guest> + Send>>;

/// The connections that come.
pub(super) struct Guests {
    listener: Arc<TcpListener>,
    places: Arc<Semaphore>,
    next: Next,
}

impl Guests {
    pub(super) fn new(listener: TcpListener) -> Self {
        let (listener, places) = (Arc::new(listener), Arc::new(Semaphore::new(MOST)));
        let next = next(&listener, &places);
        Self {
            listener,
            places,
            next,
        }
    }
}

impl Stream for Guests {
    type Item = io::Result<Guest>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let guest = ready!(self.next.as_mut().poll(cx));
        self.next = next(&self.listener, &self.places);
        Poll::Ready(Some(Ok(guest)))
    }
}

fn next(listener: &Arc<TcpListener>, places: &Arc<Semaphore>) -> Next {
    let (listener, places) = (Arc::clone(listener), Arc::clone(places));
    Box::pin(async move {
        // It is never closed, or else there would be places without end.
        let place = places.acquire_owned().await.ok();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return Guest::new(stream, place),
                Err(error) => {
                    tracing::debug!(target: "health", "a connection was not accepted: {error}");
                    sleep(PAUSE).await;
                }
            }
        }
    })
}

/// A connection that has a place.
pub(super) struct Guest {
    stream: TcpStream,
    _place: Option<OwnedSemaphorePermit>,
    /// How many bytes have come, and until when it has to be enough of them.
    begun: Option<(usize, Pin<Box<Sleep>>)>,
    /// Until when something of what is to be written has to go, where nothing goes.
    stuck: Option<Pin<Box<Sleep>>>,
}

impl Guest {
    fn new(stream: TcpStream, place: Option<OwnedSemaphorePermit>) -> Self {
        // Slower without, but no worse.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            _place: place,
            begun: Some((0, Box::pin(sleep(PATIENCE)))),
            stuck: None,
        }
    }

    /// What was written, or an error where nothing has gone for too long.
    fn within_patience(&mut self, cx: &mut Context<'_>, wrote: Written) -> Written {
        if wrote.is_ready() {
            self.stuck = None;
            return wrote;
        }
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(STUCK)));
        ready!(stuck.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Connected for Guest {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Guest {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let Some((bytes, patience)) = &mut self.begun else {
            return read;
        };
        *bytes += buffer.filled().len() - before;
        if *bytes >= PREFACE {
            self.begun = None;
        } else if read.is_pending() && patience.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Guest {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Written {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within_patience(cx, wrote)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Written {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.within_patience(cx, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_is_not_written_to_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_silent, stream) = tokio::join!(TcpStream::connect(address), listener.accept());
        let mut guest = Guest::new(stream.unwrap().0, None);
        let writing = async {
            loop {
                if let Err(error) = guest.write_all(&[0; 65_536]).await {
                    return error.kind();
                }
            }
        };
        let ended = timeout(Duration::from_secs(60), writing).await;
        assert_eq!(ended, Ok(io::ErrorKind::TimedOut));
    }
}
