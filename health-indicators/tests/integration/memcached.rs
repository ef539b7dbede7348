use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::{io, thread};

use health_core::Status;
use health_indicators::memcached::{self, Memcached};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::support::{Fault, Faults, Probes, Program, Proxy};

/// What speaks another protocol.
const GARBAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

/// A server of the test's own, if one can be had.
async fn server(arguments: &[&str]) -> Option<Program> {
    let program = Program::find("memcached")?;
    let port = Program::free_port();
    let mut command = Command::new(program);
    command
        .args(["-l", "127.0.0.1", "-p", &port.to_string(), "-U", "0"])
        .args(["-u", "nobody"])
        .args(arguments);
    Some(Program::start(command, port).await)
}

fn writing(to: SocketAddr) -> Memcached {
    Memcached::new(to.to_string()).with_round_trip("health:")
}

/// What a server counts.
async fn counted(server: &mut BufReader<TcpStream>, name: &str) -> usize {
    server.write_all(b"stats\r\n").await.unwrap();
    let mut count = None;
    loop {
        let mut line = String::new();
        server.read_line(&mut line).await.unwrap();
        match line.trim().split(' ').collect::<Vec<_>>()[..] {
            ["STAT", counted, number] if counted == name => count = number.parse().ok(),
            ["END"] => return count.expect("it is counted"),
            _ => {}
        }
    }
}

/// How many connections it has accepted in all, once it has counted those of before.
async fn settled(server: &mut BufReader<TcpStream>) -> usize {
    let mut before = 0;
    loop {
        let now = counted(server, "total_connections").await;
        if now == before {
            return now;
        }
        before = now;
        sleep(Duration::from_millis(200)).await;
    }
}

async fn nothing() -> usize {
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let Some(server) = server(&[]).await else {
        return;
    };
    let mut proxy = Proxy::to(server.address()).await;
    let probes = Probes::of(writing(proxy.address()).check());
    let mut faults = Faults::of("Memcached");
    faults.play(&mut proxy, &probes, GARBAGE).await;
    let nowhere = Probes::of(memcached::check("cache.invalid:11211"));
    faults
        .observe("name not in the DNS", &nowhere, nothing)
        .await;
    faults.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_serves_all_runs() {
    let Some(mut server) = server(&[]).await else {
        return;
    };
    let address = server.address();
    let probes = Probes::of(writing(address).check());
    let mut admin = BufReader::new(TcpStream::connect(address).await.unwrap());
    let before = settled(&mut admin).await;
    for _ in 0..3 {
        assert_eq!(probes.at_once(200).await.status(), Status::Healthy);
    }
    assert_eq!(counted(&mut admin, "total_connections").await, before + 1);
    assert_eq!(counted(&mut admin, "curr_items").await, 0);
    server.stop();
    let found = probes.one().await;
    assert_eq!(found.message(), Some("connection refused"));
    server.restart().await;
    let found = probes.one().await;
    assert_eq!(found.status(), Status::Healthy);
    let data: Vec<_> = found.data().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(data, ["acquire_ms", "query_ms", "version"]);
    // The connection of the last run is closed while it is idle.
    server.restart().await;
    assert_eq!(probes.one().await.status(), Status::Healthy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_too_many_connections_says_so() {
    let Some(server) = server(&["-c", "50"]).await else {
        return;
    };
    let mut others = Vec::new();
    for _ in 0..80 {
        others.push(TcpStream::connect(server.address()).await.unwrap());
    }
    // It counts those that it has accepted a moment later.
    let mut found = None;
    for _ in 0..100 {
        let check = Memcached::new(server.address().to_string());
        found = memcached::ping(&check)
            .await
            .message()
            .map(ToOwned::to_owned);
        if found.is_some() {
            break;
        }
    }
    let told = "too many connections at the server";
    assert_eq!(found.as_deref(), Some(told));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_wants_credentials_says_so() {
    let folder = Program::folder("memcached-wants-credentials").unwrap();
    let file = folder.join("users");
    std::fs::write(&file, "somebody:secret\n").unwrap();
    let Some(server) = server(&["-Y", file.to_str().unwrap()]).await else {
        return;
    };
    for check in [
        Memcached::new(server.address().to_string()),
        writing(server.address()),
    ] {
        let found = check.ping().await;
        assert_eq!(found.message(), Some("credentials required"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_memory_says_so() {
    let Some(server) = server(&["-M", "-m", "2"]).await else {
        return;
    };
    let mut filling = BufReader::new(TcpStream::connect(server.address()).await.unwrap());
    let mut answer = String::new();
    for number in 0..100_000 {
        let value = "0123456789".repeat(2);
        let set = format!("set {number:018} 0 0 20\r\n{value}\r\n");
        filling.write_all(set.as_bytes()).await.unwrap();
        answer.clear();
        filling.read_line(&mut answer).await.unwrap();
        if answer.starts_with("SERVER_ERROR") {
            break;
        }
    }
    assert!(answer.starts_with("SERVER_ERROR"), "{answer}");
    let found = writing(server.address()).ping().await;
    assert_eq!(found.message(), Some("the server has no memory left"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_run_that_was_given_up_is_answered_is_no_answer_to_the_next() {
    let Some(server) = server(&[]).await else {
        return;
    };
    let proxy = Proxy::to(server.address()).await;
    let check = writing(proxy.address());
    proxy.set(Fault::Slow(Duration::from_millis(10)));
    for number in 0..30 {
        let limit = Duration::from_millis(number % 25);
        let _given_up = timeout(limit, check.ping()).await;
        let next = timeout(Duration::from_secs(1), check.ping()).await;
        let next = next.expect("it is not slower than that");
        assert_eq!(next.status(), Status::Healthy, "{next:?}");
    }
    let made = proxy.counter().load(Ordering::SeqCst);
    assert!(made <= 31, "{made}");
}

#[test]
fn a_connection_does_not_outlive_its_runtime() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let check = Memcached::new(listener.local_addr().unwrap().to_string());
    thread::spawn(move || {
        let answer = |client: std::net::TcpStream| {
            let mut asked = io::BufReader::new(client.try_clone().unwrap());
            let mut client = client;
            while io::BufRead::read_line(&mut asked, &mut String::new()).is_ok_and(|n| n > 0) {
                io::Write::write_all(&mut client, b"VERSION 1.6.18\r\n").unwrap();
            }
        };
        for client in listener.incoming() {
            thread::spawn(move || answer(client.unwrap()));
        }
    });
    for _ in 0..3 {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let found = runtime.enable_all().build().unwrap().block_on(check.ping());
        assert_eq!(found.status(), Status::Healthy, "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_line_is_not_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let check = Memcached::new(listener.local_addr().unwrap().to_string());
    let serving = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        client.write_all(b"VERSION ").await.unwrap();
        let mut written = 0;
        while client.write_all(&[b'x'; 4096]).await.is_ok() {
            written += 4096;
        }
        written
    });
    let found = check.ping().await;
    assert_eq!(found.message(), Some("unexpected answer"));
    let written = serving.await.unwrap();
    assert!(written < 64 << 20, "{written} bytes went into buffers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_at_the_same_time_wait_for_each_other() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let check = Memcached::new(listener.local_addr().unwrap().to_string());
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut ignored = [0; 64];
        while client.read(&mut ignored).await.is_ok_and(|read| read > 0) {}
    });
    let (one, other) = tokio::join!(check.ping(), check.ping());
    let one = one.message().unwrap();
    assert!(one.starts_with("connected, but no answer within "), "{one}");
    assert_eq!(other.message(), Some("busy with another run"));
}
