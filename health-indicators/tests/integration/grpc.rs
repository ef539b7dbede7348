use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use health_core::Status;
use health_indicators::grpc::{self, Grpc};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request};
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};

use crate::support::{Fault, Faults, Probes, Program, Proxy};

const GARBAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

/// The header by which a test says what the server is to answer.
const ANSWER: &str = "answer";

/// A server of tonic-health, in a runtime of its own so that it can be killed.
struct Peer {
    runtime: Option<Runtime>,
    port: u16,
    reporter: HealthReporter,
    clients: Arc<Mutex<BTreeSet<SocketAddr>>>,
}

impl Peer {
    fn start(port: u16) -> Self {
        let runtime = Runtime::new().unwrap();
        let (reporter, health) = health_reporter();
        let clients: Arc<Mutex<BTreeSet<_>>> = Arc::default();
        let seen = Arc::clone(&clients);
        let service = InterceptedService::new(health, move |request: Request<()>| {
            seen.lock().unwrap().extend(request.remote_addr());
            match request.metadata().get(ANSWER) {
                Some(code) => Err(tonic::Status::new(
                    Code::from_bytes(code.as_bytes()),
                    "at 10.0.0.1",
                )),
                None => Ok(request),
            }
        });
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        runtime.spawn(async move {
            let incoming = TcpIncoming::from(TcpListener::from_std(listener).unwrap());
            Server::builder()
                .serve_with_incoming(service, incoming)
                .await
        });
        Self {
            runtime: Some(runtime),
            port,
            reporter,
            clients,
        }
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    async fn says(&self, service: &str, status: ServingStatus) {
        self.reporter.set_service_status(service, status).await;
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn channel(to: SocketAddr) -> Channel {
    Channel::from_shared(format!("http://{to}"))
        .unwrap()
        .connect_lazy()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let server = Peer::start(Program::free_port());
    let mut proxy = Proxy::to(server.address()).await;
    let channel = channel(proxy.address());
    let probes = Probes::of(grpc::check(channel.clone()));
    let mut faults = Faults::of("gRPC (tonic)");
    faults.play(&mut proxy, &probes, GARBAGE).await;

    let accepted = proxy.counter();
    let count = async || accepted.load(Ordering::SeqCst);
    server.says("", ServingStatus::NotServing).await;
    faults.observe("not serving", &probes, count).await;
    server.says("", ServingStatus::Serving).await;
    faults.recovers("not serving", &probes).await;

    for (fault, service, status) in [
        ("service not serving", "a", Some(ServingStatus::NotServing)),
        ("status unknown", "b", Some(ServingStatus::Unknown)),
        ("no such service", "c", None),
    ] {
        if let Some(status) = status {
            server.says(service, status).await;
        }
        let asked = Grpc::new(channel.clone()).with_service(service);
        faults
            .observe(fault, &Probes::of(asked.check()), count)
            .await;
    }
    for (fault, code) in [
        ("no health service", Code::Unimplemented),
        ("no credentials", Code::Unauthenticated),
        ("credentials without permission", Code::PermissionDenied),
        ("unavailable", Code::Unavailable),
        ("overloaded", Code::ResourceExhausted),
        ("deadline exceeded", Code::DeadlineExceeded),
        ("internal error", Code::Internal),
        ("another error", Code::FailedPrecondition),
    ] {
        let asking = move |mut request: Request<()>| {
            request.metadata_mut().insert(ANSWER, (code as i32).into());
            Ok(request)
        };
        let intercepted = InterceptedService::new(channel.clone(), asking);
        let entry = faults
            .observe(fault, &Probes::of(Grpc::new(intercepted).check()), count)
            .await;
        assert!(entry.error().unwrap().contains("10.0.0.1"), "{entry:?}");
    }
    let nowhere = Channel::from_static("http://orders.invalid:50051").connect_lazy();
    faults
        .observe(
            "name not in the DNS",
            &Probes::of(grpc::check(nowhere)),
            count,
        )
        .await;
    faults.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_restarted_is_found_again() {
    let mut server = Peer::start(Program::free_port());
    let probes = Probes::of(grpc::check(channel(server.address())));
    assert_eq!(probes.at_once(200).await.status(), Status::Healthy);
    assert_eq!(server.clients.lock().unwrap().len(), 1);
    server.stop();
    let down = probes.one().await;
    assert_eq!(down.message(), Some("connection refused"), "{down:?}");
    let server = Peer::start(server.port);
    assert_eq!(probes.at_once(200).await.status(), Status::Healthy);
    assert_eq!(server.clients.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_timeout_of_the_channel_and_that_of_the_run_are_told_alike() {
    let server = Peer::start(Program::free_port());
    let proxy = Proxy::to(server.address()).await;
    proxy.set(Fault::Frozen);
    let own = Channel::from_shared(format!("http://{}", proxy.address())).unwrap();
    let own = own.timeout(Duration::from_millis(100)).connect_lazy();
    let outcome = grpc::ping(&own).await;
    let message = outcome.message().unwrap();
    let time = message.strip_prefix("no answer within 1").unwrap();
    assert!(time.ends_with(" ms") && time.len() <= 6, "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_were_given_up_leave_the_channel_as_it_was() {
    let server = Peer::start(Program::free_port());
    let proxy = Proxy::to(server.address()).await;
    let channel = channel(proxy.address());
    assert_eq!(grpc::ping(&channel).await.status(), Status::Healthy);
    proxy.set(Fault::Frozen);
    for _ in 0..10 {
        let given_up = tokio::time::timeout(Duration::from_millis(5), grpc::ping(&channel)).await;
        assert!(given_up.is_err());
    }
    proxy.set(Fault::None);
    let outcome = grpc::ping(&channel).await;
    assert_eq!(outcome.status(), Status::Healthy, "{outcome:?}");
    assert_eq!(proxy.counter().load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_ends_during_a_call_is_told() {
    let mut server = Peer::start(Program::free_port());
    let proxy = Proxy::to(server.address()).await;
    let channel = channel(proxy.address());
    assert_eq!(grpc::ping(&channel).await.status(), Status::Healthy);
    proxy.set(Fault::Slow(Duration::from_millis(200)));
    let asking = tokio::spawn(async move { grpc::ping(&channel).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.stop();
    let outcome = asking.await.unwrap();
    assert_eq!(
        outcome.message(),
        Some("connection closed, or not HTTP/2"),
        "{outcome:?}"
    );
}
