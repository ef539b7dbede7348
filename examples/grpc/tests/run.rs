//! Runs the real program, and asks it by HTTP and by gRPC.
#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::timeout;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus::{self, NotServing, Serving};
use tonic_health::pb::health_client::HealthClient;

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program, ended when dropped.
struct Program {
    child: Child,
    http: String,
    grpc: String,
}

impl Program {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grpc"));
        command.env("PORT", "0").env("GRPC_PORT", "0");
        command.env("DRAIN_SECONDS", "1");
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut after = |prefix: &str| {
            let line = lines.next().unwrap().unwrap();
            line.strip_prefix(prefix).unwrap().to_owned()
        };
        Self {
            http: after("listening on http://"),
            grpc: after("grpc.health.v1 on "),
            child,
        }
    }

    fn http(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.http).unwrap();
        let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    async fn client(&self) -> HealthClient<Channel> {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.grpc)).unwrap();
        HealthClient::new(endpoint.connect().await.unwrap())
    }

    fn terminate(&self) {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status();
        assert!(killed.unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn named(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

async fn check(client: &mut HealthClient<Channel>, service: &str) -> ServingStatus {
    let answer = client.check(named(service)).await.unwrap();
    answer.into_inner().status()
}

#[tokio::test]
async fn both_tell_of_the_same_check_until_the_end() {
    let mut program = Program::start();
    let mut client = program.client().await;
    for service in ["", "orders", "liveness", "startup"] {
        assert_eq!(check(&mut client, service).await, Serving, "{service}");
    }
    assert!(
        program
            .http("GET", "/health/ready")
            .starts_with("HTTP/1.1 200")
    );
    let mut watched = client.watch(named("orders")).await.unwrap().into_inner();
    let mut next = async || {
        let message = timeout(PATIENCE, watched.message()).await.unwrap();
        message.map(|message| message.unwrap().status())
    };
    assert_eq!(next().await.unwrap(), Serving);
    program.http("POST", "/demo/down");
    assert_eq!(next().await.unwrap(), NotServing);
    assert!(
        program
            .http("GET", "/health/ready")
            .starts_with("HTTP/1.1 503")
    );
    program.http("POST", "/demo/up");
    assert_eq!(next().await.unwrap(), Serving);

    program.terminate();
    assert_eq!(next().await.unwrap(), NotServing);
    assert_eq!(check(&mut client, "").await, NotServing);
    assert_eq!(check(&mut client, "liveness").await, Serving);
    assert_eq!(next().await.unwrap_err().code(), Code::Unavailable);
    drop(client);
    assert!(program.child.wait().unwrap().success());
}
