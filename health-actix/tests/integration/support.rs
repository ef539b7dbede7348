use std::net::SocketAddr;

use actix_web::dev::{HttpServiceFactory, Server};
use actix_web::{App, HttpServer, rt};
use health_actix::{Check, Health, HealthBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::documented::{Documented, hold, note};

pub(crate) fn health(checks: impl IntoIterator<Item = Check>) -> Health {
    let builder = checks
        .into_iter()
        .fold(HealthBuilder::empty(), HealthBuilder::check);
    builder.build().unwrap()
}

pub(crate) fn fine(name: &'static str) -> Check {
    Check::new(name, async || ()).readiness()
}

/// Serves on a free port for as long as the test runs. What it answers to [`exchange`] has to be as
/// its document says.
pub(crate) fn serve<S>(service: impl Fn() -> S + Clone + Send + 'static) -> SocketAddr
where
    S: Documented + HttpServiceFactory + 'static,
{
    let own = service.clone();
    let server = HttpServer::new(move || App::new().service(service())).workers(1);
    let server = server.bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    run(server.run());
    note(address, move || own().document());
    address
}

pub(crate) fn run(server: Server) {
    rt::spawn(server);
}

/// Sends these bytes and returns what comes back, without the date.
pub(crate) async fn exchange(address: SocketAddr, request: &str) -> String {
    let answer = send(address, request).await;
    let ask = async |request: &str| send(address, request).await;
    hold(address, request, &answer, ask).await;
    answer
}

async fn send(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    in_order(&String::from_utf8(answer).unwrap())
}

/// An answer without the date, its headers in alphabetical order.
pub(crate) fn in_order(answer: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.split("\r\n").collect();
    let status = lines.remove(0);
    lines.retain(|line| !line.starts_with("date: "));
    lines.sort_unstable();
    let mut text = status.to_owned();
    for line in lines {
        text.push('\n');
        text.push_str(line);
    }
    format!("{text}\n\n{body}")
}

pub(crate) async fn request(address: SocketAddr, method: &str, path: &str) -> String {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    exchange(address, &head).await
}

/// The status code and the body.
pub(crate) async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let answer = request(address, "GET", path).await;
    let (head, body) = answer.split_once("\n\n").unwrap();
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    (code, body.to_owned())
}

/// An answer, as its reader has it.
pub(crate) struct Shown {
    pub(crate) code: u16,
    pub(crate) media_type: String,
    pub(crate) body: String,
}

/// What an answer of [`request`] says.
pub(crate) fn shown(answer: &str) -> Shown {
    let (head, body) = answer.split_once("\n\n").unwrap();
    let media_type = head
        .lines()
        .find_map(|line| line.strip_prefix("content-type: "));
    Shown {
        code: head.split(' ').nth(1).unwrap().parse().unwrap(),
        media_type: media_type.unwrap_or_default().to_owned(),
        body: body.to_owned(),
    }
}
