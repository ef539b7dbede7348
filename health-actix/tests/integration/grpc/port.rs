//! A port of its own, and a server that has other services too.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use health_actix::{Check, GrpcServer, Health};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tonic::Code;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic_health::pb::health_client::HealthClient;

use super::{NOT_SERVING, SERVING, grpc, named};
use crate::support::{fine, health};

/// Nothing that is waited for takes longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

fn listen(health: &Health) -> GrpcServer {
    grpc(health).listen_on(("127.0.0.1", 0)).unwrap()
}

pub(super) fn start(health: &Health) -> SocketAddr {
    let server = listen(health);
    let address = server.address();
    tokio::spawn(server);
    address
}

pub(super) async fn client(address: SocketAddr) -> HealthClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    HealthClient::new(endpoint.connect().await.unwrap())
}

#[tokio::test]
async fn one_call_serves_it_on_a_port_of_its_own() {
    let health = health([fine("database")]);
    let mut client = client(start(&health)).await;
    for service in ["", "database", "liveness"] {
        let answer = client.check(named(service)).await.unwrap();
        assert_eq!(answer.into_inner().status(), SERVING, "{service}");
    }
    let error = client.check(named("nowhere")).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    let mut stream = client.watch(named("")).await.unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().unwrap().status(), SERVING);
    health.start_draining();
    let told = timeout(PATIENCE, stream.message()).await.unwrap();
    assert_eq!(told.unwrap().unwrap().status(), NOT_SERVING);
}

#[tokio::test]
async fn it_is_a_service_beside_others_of_a_server() {
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = incoming.local_addr().unwrap();
    let service = grpc(&health([fine("database")]));
    let server = Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(incoming));
    let answer = client(address).await.check(named("database")).await;
    assert_eq!(answer.unwrap().into_inner().status(), SERVING);
}

#[tokio::test]
async fn it_stops_when_told_though_somebody_watches() {
    let (stop, stopped) = oneshot::channel::<()>();
    let server = listen(&health([fine("database")])).shutdown_signal(async move {
        let _ = stopped.await;
    });
    let address = server.address();
    let server = tokio::spawn(server);
    let mut client = client(address).await;
    let mut stream = client.watch(named("")).await.unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().unwrap().status(), SERVING);
    stop.send(()).unwrap();
    let last = timeout(PATIENCE, stream.message()).await.unwrap();
    assert_eq!(last.unwrap().unwrap().status(), NOT_SERVING);
    let end = timeout(PATIENCE, stream.message()).await.unwrap();
    assert_eq!(end.unwrap_err().code(), Code::Unavailable);
    drop((stream, client));
    timeout(PATIENCE, server).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// A client that says nothing any more keeps no server from stopping.
#[tokio::test]
async fn it_stops_though_a_request_never_arrives() {
    let (stop, stopped) = oneshot::channel::<()>();
    let server = listen(&health([])).shutdown_signal(async move {
        let _ = stopped.await;
    });
    let address = server.address();
    let server = tokio::spawn(server);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&request_without_end()).await.unwrap();
    let mut some = [0; 9];
    stream.read_exact(&mut some).await.unwrap();
    stop.send(()).unwrap();
    timeout(PATIENCE, server).await.unwrap().unwrap().unwrap();
}

/// The preface, empty settings, and the head of a request whose body does not come.
fn request_without_end() -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    // POST, http, a path: by HPACK's static table, the path and its length in plain text.
    let mut block = vec![0x83, 0x86, 0x04, 28];
    block.extend(b"/grpc.health.v1.Health/Check");
    let length = u8::try_from(block.len()).unwrap();
    bytes.extend([0, 0, length, 1, 4, 0, 0, 0, 1]);
    bytes.extend(block);
    bytes
}

#[tokio::test]
async fn a_client_that_waits_no_longer_is_not_made_to() {
    let hangs = Check::new("hangs", pending::<()>).readiness();
    let health = health([hangs.with_timeout(Duration::from_secs(60))]);
    let mut client = client(start(&health)).await;
    let mut request = named("hangs");
    request
        .metadata_mut()
        .insert("grpc-timeout", "50m".parse().unwrap());
    let answer = timeout(Duration::from_secs(4), client.check(request)).await;
    let error = answer.expect("before the probe's deadline").unwrap_err();
    let codes = [Code::Cancelled, Code::DeadlineExceeded];
    assert!(codes.contains(&error.code()), "{error}");
}

#[tokio::test]
async fn what_does_not_speak_http_2_is_turned_away() {
    let address = start(&health([]));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    // Reset, or ended.
    assert!(ended.is_ok());
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn who_connects_and_says_nothing_keeps_no_place() {
    let address = start(&health([fine("database")]));
    let ends = async |said: &[u8]| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(said).await.unwrap();
        let mut answer = Vec::new();
        let ended = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "{said:?}");
    };
    tokio::join!(ends(b""), ends(b"PRI * HTTP"));
}

#[tokio::test]
async fn what_is_no_method_is_unimplemented() {
    let health = health([]);
    let mut client = tonic::client::Grpc::new(grpc(&health));
    client.ready().await.unwrap();
    let path = tonic::codegen::http::uri::PathAndQuery::from_static("/grpc.health.v1.Health/Set");
    let codec = tonic_prost::ProstCodec::<super::ListRequest, super::ListResponse>::default();
    let request = tonic::Request::new(super::ListRequest {});
    let error = client.unary(request, path, codec).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error_at_start() {
    let health = health([]);
    let first = listen(&health);
    let error = grpc(&health).listen_on(first.address()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}
