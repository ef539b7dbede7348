//! What the Alertmanager tells, and whom.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// Takes messages for as long as the process lives.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) address: SocketAddr,
    messages: Arc<Mutex<Vec<Message>>>,
}

/// A message, and the receiver that it was for.
#[derive(Clone, Debug)]
struct Message {
    receiver: String,
    body: Value,
}

impl Webhook {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let webhook = Self {
            address: listener.local_addr()?,
            messages: Arc::default(),
        };
        let messages = Arc::clone(&webhook.messages);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Ok(message) = take(stream) {
                    messages.lock().unwrap().push(message);
                }
            }
        });
        Ok(webhook)
    }

    /// The labels of an alert that a receiver was told, in the order of their names.
    pub(crate) fn told(&self, receiver: &str, status: &str, name: &str) -> Option<String> {
        let messages = self.messages.lock().unwrap();
        let messages = messages
            .iter()
            .filter(|message| message.receiver == receiver);
        let mut alerts = messages.flat_map(|message| message.body["alerts"].as_array().unwrap());
        let alert = alerts
            .find(|alert| alert["status"] == status && alert["labels"]["alertname"] == name)?;
        let labels = alert["labels"].as_object()?.iter();
        let labels = labels.filter(|(name, _)| *name != "alertname" && *name != "instance");
        let labels = labels.map(|(name, value)| format!("{name}={}", value.as_str().unwrap()));
        Some(labels.collect::<Vec<_>>().join(" "))
    }

    pub(crate) fn forget(&self) {
        self.messages.lock().unwrap().clear();
    }
}

fn take(stream: TcpStream) -> io::Result<Message> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default();
    let receiver = path.trim_start_matches('/').to_owned();
    let mut length = 0;
    while line.trim() != "" {
        line.clear();
        reader.read_line(&mut line)?;
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    reader.get_mut().write_all(answer)?;
    let body = serde_json::from_slice(&body)?;
    Ok(Message { receiver, body })
}
