//! Connections that are used in no good way.

use std::iter;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::rt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::HEAD_TIMEOUT;
use super::attack::{Attack, answer, codes, send};

const SLOW: &str = "GET /health/checks/slow HTTP/1.1\r\nHost: x\r\n\r\n";

#[actix_web::test]
async fn heads_that_come_slowly_are_given_up() {
    let attack = Attack::begin_with_head_timeout().await;
    let clients = (0..200).map(|_| rt::spawn(trickle(attack.address())));
    for client in clients.collect::<Vec<_>>() {
        let answer = client.await.unwrap();
        // A byte behind the answer makes it a reset.
        assert!(matches!(codes(&answer)[..], [408] | []), "{answer}");
    }
    attack.end().await;
}

/// Sends a head byte by byte, for longer than a head may take.
async fn trickle(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let start = Instant::now();
    let head = "GET /health/ready HTTP/1.1\r\nHost: x\r\nX: ".bytes();
    for byte in head.chain(iter::repeat(b'x')) {
        let is_closed = stream.write_all(&[byte]).await.is_err();
        if is_closed || start.elapsed() > 10 * HEAD_TIMEOUT {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    answer(stream).await
}

#[actix_web::test]
async fn connections_that_say_nothing_are_closed() {
    let attack = Attack::begin_with_head_timeout().await;
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(attack.connect().await);
    }
    for stream in idle {
        assert_eq!(codes(&answer(stream).await), [408]);
    }
    attack.end().await;
}

/// Each client asks 500 times for the document, of some 30 KiB: together that is 300 MiB. What is
/// kept is what the kernel takes, and the requests.
#[actix_web::test]
async fn answers_that_nobody_reads_are_not_piled_up() {
    const CLIENTS: usize = 20;
    const MOST_KIB: usize = 4096;
    let attack = Attack::begin().await;
    let requests = "GET /health/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500);
    let usual = attack.peak_kib();
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = attack.connect().await;
        client.write_all(requests.as_bytes()).await.unwrap();
        clients.push(client);
        attack.await_probes(1).await;
    }
    let more = attack.peak_kib() - usual;
    assert!(
        more < CLIENTS * MOST_KIB,
        "{more} KiB for {CLIENTS} clients"
    );
    drop(clients);
    attack.end().await;
}

/// Names of checks, queries, headers and clients that were never seen before: nothing of them is
/// kept but what the limit of the rate needs.
#[actix_web::test]
async fn what_strangers_ask_for_leaves_nothing_behind() {
    const MOST_KIB: usize = 256;
    let attack = Attack::begin().await;
    let mut peaks = Vec::new();
    for number in 0..800 {
        let answer = send(attack.address(), strange(number)).await;
        assert_eq!(codes(&answer), [404]);
        if number % 100 == 99 {
            peaks.push(attack.peak_kib());
        }
    }
    // First the allocator takes what it needs.
    assert!(peaks[7] < peaks[1] + MOST_KIB, "{peaks:?}");
    attack.end().await;
}

/// Some 9 KiB that no other number gives.
fn strange(number: usize) -> String {
    let [a, b, c, d] = (number as u32 + 1).to_be_bytes();
    let number = format!("{number:08x}");
    let (name, text) = (number.repeat(64), number.repeat(512));
    let headers = format!(
        "Host: {number}\r\nConnection: close\r\nX-{name}: {text}\r\n\
         X-Forwarded-For: {d}.{c}.{b}.{a}"
    );
    format!("GET /health/checks/{name}?{text} HTTP/1.1\r\n{headers}\r\n\r\n")
}

#[actix_web::test]
async fn what_is_pipelined_is_answered_in_order() {
    let attack = Attack::begin().await;
    let cases = [
        ("/health/checks/slow", 200, "\"name\":\"slow\""),
        ("/health/live", 200, "\"alive\""),
        ("/health/checks/nobody", 404, "\"not_found\""),
        ("/health/ready", 200, "\"ready\""),
        ("/elsewhere", 503, "\"unavailable\""),
        ("/health/checks/cache", 200, "\"name\":\"cache\""),
        ("/health/started", 200, "\"started\""),
        ("/health/checks/broken", 503, "\"name\":\"broken\""),
        ("/health", 200, "\"alive\""),
        ("/health/checks/database", 200, "\"name\":\"database\""),
    ];
    let cases: Vec<_> = cases.iter().cycle().take(100).collect();
    let mut requests = String::new();
    for (path, ..) in &cases {
        requests.push_str(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    let last = requests.len() - "\r\n".len();
    requests.insert_str(last, "Connection: close\r\n");
    let answers = send(attack.address(), requests).await;
    let mut answers = answers.split("HTTP/1.1 ").skip(1);
    for (path, code, body) in cases {
        let answer = answers.next().unwrap();
        assert!(answer.starts_with(&code.to_string()), "{path}: {answer}");
        assert!(answer.contains(body), "{path}: {answer}");
    }
    assert_eq!(answers.next(), None);
    attack.end().await;
}

#[actix_web::test]
async fn who_has_said_everything_is_answered_still() {
    let attack = Attack::begin().await;
    let mut half = attack.connect().await;
    half.write_all(SLOW.repeat(2).as_bytes()).await.unwrap();
    half.shutdown().await.unwrap();
    assert_eq!(codes(&answer(half).await), [200, 200]);
    // In the middle of a request there is nothing to answer.
    for length in 1..SLOW.len() {
        let mut half = attack.connect().await;
        half.write_all(&SLOW.as_bytes()[..length]).await.unwrap();
        half.shutdown().await.unwrap();
        assert_eq!(answer(half).await, "", "{length}");
    }
    attack.end().await;
}

#[actix_web::test]
async fn who_goes_away_leaves_nothing_behind() {
    let attack = Attack::begin().await;
    let body = "POST /health/ready HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx";
    let begun = [&SLOW[..30], SLOW, body, &SLOW.repeat(10)];
    let clients = 25 * begun.len();
    for request in begun.iter().cycle().take(clients) {
        let mut client = attack.connect().await;
        client.write_all(request.as_bytes()).await.unwrap();
    }
    // Those who stay are answered.
    let request = SLOW.replace("Host", "Connection: close\r\nHost");
    assert_eq!(codes(&send(attack.address(), request).await), [200]);
    let observed = attack.end().await;
    // The first to ask starts a run, and others join it.
    assert!(observed.runs < clients, "{observed:?}");
}
