//! A TCP proxy that stands between a client and its server, and fails as networks and servers do.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// What is wrong at present. Each change of it that says so cuts the connections there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// All is well: bytes go both ways.
    None,
    /// Accepts, keeps the connections there are, and passes nothing on.
    Frozen,
    /// Passes each piece on only after this time.
    Slow(Duration),
    /// Cuts the connections there are, and answers what comes next with these bytes alone.
    Garbage(&'static [u8]),
    /// Cuts the connections there are, and closes what comes next at once.
    Hangup,
}

/// See the module. Ends with its value.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    target: SocketAddr,
    fault: watch::Sender<(Fault, u64)>,
    accepted: Arc<AtomicUsize>,
    replaced: Arc<OnceLock<[Vec<u8>; 2]>>,
    listening: Option<JoinHandle<()>>,
}

impl Proxy {
    /// In front of `target`, without a fault.
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0)));
        let mut proxy = Self {
            address: listener.local_addr().unwrap(),
            target,
            fault: watch::Sender::new((Fault::None, 0)),
            accepted: Arc::default(),
            replaced: Arc::default(),
            listening: None,
        };
        proxy.serve(listener);
        proxy
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections were accepted so far.
    pub(crate) fn counter(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.accepted)
    }

    /// Hears of each change of what is wrong, for a client to connect again then.
    pub(crate) fn changes(&self) -> watch::Receiver<(Fault, u64)> {
        self.fault.subscribe()
    }

    /// Passes `to` on where the server says `from`, which is as long: such as its address.
    pub(crate) fn replace(&self, from: Vec<u8>, to: Vec<u8>) {
        assert_eq!(from.len(), to.len());
        self.replaced.set([from, to]).unwrap();
    }

    /// From now on, this is wrong.
    pub(crate) fn set(&self, fault: Fault) {
        let cuts = matches!(fault, Fault::Garbage(_) | Fault::Hangup);
        self.fault.send_modify(|(now, cut)| {
            *now = fault;
            *cut += u64::from(cuts);
        });
    }

    /// Cuts the connections there are; new ones are accepted: the server has restarted.
    pub(crate) fn cut(&self) {
        self.fault.send_modify(|(_, cut)| *cut += 1);
    }

    /// Cuts the connections there are, and refuses new ones.
    pub(crate) async fn stop(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            let _aborted = listening.await;
        }
        self.cut();
    }

    /// Accepts connections again, without a fault.
    pub(crate) fn start(&mut self) {
        self.set(Fault::None);
        if self.listening.is_none() {
            self.serve(listen(self.address));
        }
    }

    fn serve(&mut self, listener: TcpListener) {
        let (target, fault) = (self.target, self.fault.subscribe());
        let accepted = Arc::clone(&self.accepted);
        let replaced = Arc::clone(&self.replaced);
        self.listening = Some(tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                let replaced = replaced.get().cloned();
                tokio::spawn(carry(client, target, fault.clone(), replaced));
            }
        }));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
        }
    }
}

fn listen(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket.listen(1024).unwrap()
}

async fn carry(
    mut client: TcpStream,
    target: SocketAddr,
    mut fault: watch::Receiver<(Fault, u64)>,
    replaced: Option<[Vec<u8>; 2]>,
) {
    let (now, cut) = fault.borrow_and_update().clone();
    match now {
        Fault::Hangup => return,
        Fault::Garbage(bytes) => {
            let mut ignored = [0; 1024];
            // A client that speaks first has spoken.
            let _asked = timeout(Duration::from_millis(100), client.read(&mut ignored)).await;
            let _gone = client.write_all(bytes).await;
            let closed =
                async { while client.read(&mut ignored).await.is_ok_and(|read| read > 0) {} };
            tokio::select! {
                () = closed => {}
                _ = fault.wait_for(|(_, at)| *at != cut) => {}
            }
            return;
        }
        // Where nothing is passed on, nothing is asked of the server either.
        Fault::Frozen => {
            let changed = |(now, at): &(Fault, u64)| *now != Fault::Frozen || *at != cut;
            match fault.wait_for(changed).await {
                Ok(thawed) if thawed.1 == cut => {}
                _ => return,
            }
        }
        Fault::None | Fault::Slow(_) => {}
    }
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = pass(&mut from_client, &mut to_server, fault.clone(), None);
    let down = pass(&mut from_server, &mut to_client, fault.clone(), replaced);
    let was_cut = fault.wait_for(|(_, at)| *at != cut);
    tokio::select! {
        () = up => {}
        () = down => {}
        _ = was_cut => {}
    }
}

/// Passes bytes on until an end is closed, as the fault of the moment has it.
async fn pass<R, W>(
    from: &mut R,
    to: &mut W,
    mut fault: watch::Receiver<(Fault, u64)>,
    replaced: Option<[Vec<u8>; 2]>,
) where
    R: AsyncReadExt + Unpin,
    W: AsyncWriteExt + Unpin,
{
    let mut piece = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        if fault
            .wait_for(|(now, _)| *now != Fault::Frozen)
            .await
            .is_err()
        {
            return;
        }
        let slow = match &fault.borrow().0 {
            Fault::Slow(time) => *time,
            _ => Duration::ZERO,
        };
        sleep(slow).await;
        if let Some([said, told]) = &replaced {
            replace(&mut piece[..read], said, told);
        }
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}

fn replace(piece: &mut [u8], said: &[u8], told: &[u8]) {
    for at in 0..(piece.len() + 1).saturating_sub(said.len()) {
        if piece[at..].starts_with(said) {
            piece[at..at + told.len()].copy_from_slice(told);
        }
    }
}
