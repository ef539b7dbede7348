//! A DNS server of one zone, over UDP and TCP, that answers as a test says.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// What is answered to questions for IPv4 addresses; there are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// So many addresses, that are valid for so many seconds.
    Addresses(u8, u8),
    /// None, with this code.
    Code(u8),
    /// A part over UDP, all over TCP.
    Truncated,
    /// A part, whichever way.
    AlwaysTruncated,
    /// To another question.
    WrongId,
    /// Something else.
    Garbage,
    /// Nothing.
    Silent,
}

/// See the module. Ends with its value.
#[derive(Debug)]
pub(crate) struct NameServer {
    address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl NameServer {
    pub(crate) async fn start() -> Self {
        let (udp, tcp) = both().await;
        let address = udp.local_addr().unwrap();
        let answer = Arc::new(Mutex::new(Answer::Addresses(1, 0)));
        let asked = Arc::<AtomicUsize>::default();
        let mut tasks = JoinSet::new();
        let answers = Answers(Arc::clone(&answer), Arc::clone(&asked));
        tasks.spawn(over_udp(udp, answers.clone()));
        tasks.spawn(over_tcp(tcp, answers));
        Self {
            address,
            answer,
            asked,
            _tasks: tasks,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// How often it was asked for IPv4 addresses.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Both at the same port.
async fn both() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
}

async fn over_udp(socket: UdpSocket, answers: Answers) {
    let mut question = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut question).await {
        if let Some(answer) = answers.to(&question[..length], false) {
            let _gone = socket.send_to(&answer, from).await;
        }
    }
}

async fn over_tcp(listener: TcpListener, answers: Answers) {
    let mut clients = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        clients.spawn(serve(client, answers.clone()));
    }
}

/// Each message stands behind its length.
async fn serve(mut client: TcpStream, answers: Answers) {
    while let Ok(length) = client.read_u16().await {
        let mut question = vec![0; length.into()];
        if client.read_exact(&mut question).await.is_err() {
            return;
        }
        let Some(answer) = answers.to(&question, true) else {
            continue;
        };
        let mut message = (answer.len() as u16).to_be_bytes().to_vec();
        message.extend(answer);
        if client.write_all(&message).await.is_err() {
            return;
        }
    }
}

#[derive(Clone)]
struct Answers(Arc<Mutex<Answer>>, Arc<AtomicUsize>);

impl Answers {
    fn to(&self, message: &[u8], is_tcp: bool) -> Option<Vec<u8>> {
        let (id, question) = (&message[..2], question(message));
        let is_ipv4 = question.ends_with(&[0, 1, 0, 1]);
        self.1.fetch_add(is_ipv4.into(), Ordering::SeqCst);
        let answer = *self.0.lock().unwrap();
        let wrong = [id[0], id[1] ^ 1];
        Some(match answer {
            Answer::Addresses(..) | Answer::Truncated | Answer::WrongId if !is_ipv4 => {
                reply(id, question, 0, 0, 0)
            }
            Answer::Addresses(count, ttl) => reply(id, question, 0, count, ttl),
            Answer::Code(code) => reply(id, question, code.into(), 0, 0),
            Answer::Truncated if is_tcp => reply(id, question, 0, 3, 0),
            Answer::Truncated | Answer::AlwaysTruncated => reply(id, question, TRUNCATED, 0, 0),
            Answer::WrongId => reply(&wrong, question, 0, 1, 0),
            Answer::Garbage => b"220 mail.example ESMTP\r\n".to_vec(),
            Answer::Silent => return None,
        })
    }
}

const TRUNCATED: u16 = 1 << 9;

/// The name, type and class that are asked for.
fn question(message: &[u8]) -> &[u8] {
    let mut end = 12;
    while message[end] != 0 {
        end += usize::from(message[end]) + 1;
    }
    &message[12..end + 5]
}

fn reply(id: &[u8], question: &[u8], flags: u16, addresses: u8, ttl: u8) -> Vec<u8> {
    let mut reply = id.to_vec();
    reply.extend((0x8180 | flags).to_be_bytes());
    reply.extend([0, 1, 0, addresses, 0, 0, 0, 0]);
    reply.extend(question);
    for last in 1..=addresses {
        // The name of the question, an IPv4 address, of the internet.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, ttl, 0, 4]);
        reply.extend(Ipv4Addr::new(10, 0, 0, last).octets());
    }
    reply
}
