//! A server that answers whatever a test wants.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Answers each connection with the same function, which is given the request; then hangs up.
#[derive(Debug)]
pub(crate) struct Toy {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Toy {
    pub(crate) fn new(answer: impl Fn(&str, TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (log, answer) = (Arc::clone(&requests), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || {
                    let request = head(&stream);
                    log.lock().unwrap().push(request.clone());
                    answer(&request, stream);
                });
            }
        });
        Self { address, requests }
    }

    /// Answers all the same.
    pub(crate) fn saying(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::new(move |_, stream| say(stream, &text))
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Who hangs up early is no concern.
pub(crate) fn say(mut stream: TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes());
}

fn head(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
    head
}
