//! Connections that are kept alive, while the process drains. What signals do is observed where
//! there is a process to send them to: see the tests of the example `quickstart`.

use std::fmt;
use std::net::SocketAddr;

use actix_web::dev::Service;
use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, HttpServer, ResponseError, web};
use health_actix::{DrainExt, Health, HealthService};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{exchange, fine, health, run, serve};

#[actix_web::test]
async fn answers_close_their_connections_once_the_process_drains() {
    let health = health([fine("database")]);
    let address = serve_application(&health);
    for (path, code) in [
        ("/orders", 200),
        ("/nothing", 404),
        ("/refused", 418),
        ("/health/live", 200),
    ] {
        let mut client = Client::connect(address).await;
        for _ in 0..2 {
            assert_eq!(client.get(path).await, (code, Kept::Alive), "{path}");
        }
        health.start_draining();
        assert_eq!(client.get(path).await, (code, Kept::Closed), "{path}");
        health.stop_draining();
    }
}

#[actix_web::test]
async fn what_began_before_draining_closes_its_connection_too() {
    let health = health([]);
    let address = serve_application(&health);
    let mut client = Client::connect(address).await;
    // The handler waits for the body.
    client
        .send("POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n1")
        .await;
    assert_eq!(Client::connect(address).await.get("/orders").await.0, 200);
    health.start_draining();
    client.send("2").await;
    assert_eq!(client.answer().await, (200, Kept::Closed));
}

#[actix_web::test]
async fn an_upgrade_stays_one() {
    let health = health([]);
    health.start_draining();
    let address = serve_application(&health);
    let upgrade = "GET /upgrade HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    let answer = exchange(address, upgrade).await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.contains("\nconnection: upgrade\n"), "{answer}");
}

#[actix_web::test]
async fn health_endpoints_need_no_layer() {
    let health = health([fine("database")]);
    let shared = health.clone();
    let address = serve(move || HealthService::new(&shared));
    let paths = [
        ("/health", 200, 200),
        ("/health/live", 200, 200),
        ("/health/ready", 200, 503),
        ("/health/started", 200, 200),
        ("/health/checks/database", 200, 200),
        ("/health/openapi.json", 200, 200),
    ];
    for (path, before, draining) in paths {
        let mut client = Client::connect(address).await;
        assert_eq!(client.get(path).await, (before, Kept::Alive), "{path}");
        health.start_draining();
        assert_eq!(client.get(path).await, (draining, Kept::Closed), "{path}");
        health.stop_draining();
    }
}

#[test]
fn a_drain_can_be_made_before_there_is_a_runtime() {
    fn assert_send<T: Send + 'static>(_: &T) {}
    let drain = health([]).drain(std::time::Duration::MAX);
    assert_send(&drain);
    assert_eq!(format!("{drain:?}"), "Drain { .. }");
}

/// The layer around health and a service that answers, fails in a middleware, and upgrades.
fn serve_application(health: &Health) -> SocketAddr {
    let health = health.clone();
    let server = HttpServer::new(move || {
        App::new()
            .wrap_fn(|request, next| {
                let refused = request.path() == "/refused";
                let answer = next.call(request);
                async move {
                    if refused {
                        return Err(Refused.into());
                    }
                    answer.await
                }
            })
            .wrap(health.drain_layer())
            .service(HealthService::new(&health))
            .route("/upgrade", web::get().to(upgrade))
            .route("/orders", web::get().to(HttpResponse::Ok))
            .route(
                "/orders",
                web::post().to(async |_: web::Bytes| HttpResponse::Ok()),
            )
    });
    let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    run(server.run());
    address
}

async fn upgrade() -> HttpResponse {
    HttpResponse::SwitchingProtocols().upgrade("x").finish()
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        StatusCode::IM_A_TEAPOT
    }
}

/// What became of a connection after an answer.
#[derive(Debug, PartialEq, Eq)]
enum Kept {
    Alive,
    /// Announced, and done.
    Closed,
}

/// A client that keeps its connection alive.
struct Client(TcpStream);

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    async fn get(&mut self, path: &str) -> (u16, Kept) {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
            .await;
        self.answer().await
    }

    async fn answer(&mut self) -> (u16, Kept) {
        let head = self.head().await;
        let mut body = vec![0; length(&head)];
        self.0.read_exact(&mut body).await.unwrap();
        let code = head.split(' ').nth(1).unwrap().parse().unwrap();
        if !head.contains("connection: close\r\n") {
            return (code, Kept::Alive);
        }
        assert_eq!(self.0.read(&mut [0]).await.unwrap(), 0, "announced: {head}");
        (code, Kept::Closed)
    }

    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }
}

fn length(head: &str) -> usize {
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    length.unwrap().parse().unwrap()
}
