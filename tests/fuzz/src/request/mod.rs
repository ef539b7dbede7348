//! Whole requests against a service with everything configured.

mod promises;
mod served;

use std::net::IpAddr;
use std::pin::Pin;

use actix_http::h1::{Codec, Message};
use actix_http::{Request, ServiceConfig};
use actix_web::HttpMessage;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::{Method, StatusCode, header::HeaderMap};
use actix_web::rt::{System, SystemRunner};
use actix_web::test::init_service;
use bytes::{Bytes, BytesMut};
use health_actix::HealthRequest;
use tokio_util::codec::Decoder;

/// In this header a request says who sends it: the address of the peer.
const PEER: &str = "x-peer";

thread_local! {
    /// Never dropped: what it needs for that is gone before it.
    static SERVER: &'static Server = Box::leak(Box::new(Server::start()));
}

/// Answers a request, which is the head of one in HTTP/1 but for the empty line, and makes sure of
/// the promises. Returns the status, if a health service has answered.
///
/// # Panics
/// If a promise is broken.
pub fn keep(bytes: &[u8]) -> Option<StatusCode> {
    SERVER.with(|server| promises::keep(server, bytes))
}

struct Server {
    system: SystemRunner,
    config: ServiceConfig,
    answer: Box<dyn Fn(Request) -> Answering>,
}

type Answering = Pin<Box<dyn Future<Output = Answer>>>;

/// What a request asks for, as far as the promises depend on it.
struct Asked {
    method: Method,
    /// Decoded, as it is routed.
    path: String,
    query: String,
    headers: HeaderMap,
    peer: Option<IpAddr>,
}

struct Answer {
    /// Whether it is one of a health service.
    is_of_health: bool,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Server {
    fn start() -> Self {
        let system = System::new();
        let (service, config) = system
            .block_on(async { (init_service(served::app()).await, ServiceConfig::default()) });
        let answer = move |request| -> Answering {
            let answer = service.call(request);
            Box::pin(async { Answer::of(answer.await.expect("errors are answered")).await })
        };
        Self {
            system,
            config,
            answer: Box::new(answer),
        }
    }

    /// As a server reads it; none if it refuses to.
    fn read(&self, bytes: &[u8]) -> Option<Request> {
        let mut buffer = BytesMut::from(bytes);
        buffer.extend_from_slice(b"\r\n\r\n");
        let mut codec = Codec::new(self.config.clone());
        let read = self.system.block_on(async { codec.decode(&mut buffer) });
        let Ok(Some(Message::Item(mut request))) = read else {
            return None;
        };
        let head = request.head_mut();
        let peer = head.headers.get(PEER).and_then(|peer| peer.to_str().ok());
        let peer: Option<IpAddr> = peer.and_then(|peer| peer.parse().ok());
        head.peer_addr = peer.map(|peer| (peer, 4711).into());
        Some(request)
    }

    fn answer(&self, request: Request) -> Answer {
        self.system.block_on((self.answer)(request))
    }
}

impl Asked {
    fn by(request: &Request) -> Self {
        let head = request.head();
        Self {
            method: head.method.clone(),
            path: decoded(head.uri.path()),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers.clone(),
            peer: head.peer_addr.map(|peer| peer.ip().to_canonical()),
        }
    }
}

/// All but `/` and `%`, which stay encoded.
fn decoded(path: &str) -> String {
    let mut parts = path.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part
            .get(..2)
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(byte) if !b"/%".contains(&byte) && !part.starts_with('+') => {
                bytes.push(byte);
                bytes.extend(part[2..].bytes());
            }
            _ => {
                bytes.push(b'%');
                bytes.extend(part.bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Answer {
    async fn of<B: MessageBody>(response: ServiceResponse<B>) -> Self {
        let is_of_health = response.request().extensions().contains::<HealthRequest>();
        let (head, body) = response.into_parts().1.into_parts();
        let Ok(body) = to_bytes(body).await else {
            panic!("bodies are there at once");
        };
        Self {
            is_of_health,
            status: head.status(),
            headers: head.headers().clone(),
            body,
        }
    }
}
