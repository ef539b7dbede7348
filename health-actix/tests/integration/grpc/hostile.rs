//! What strangers may do to the port, frame by frame.

use std::net::SocketAddr;
use std::time::Duration;

use health_actix::{Health, Override, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::port::{PATIENCE, client, start};
use super::{SERVING, Turned, named};
use crate::support::{fine, health};

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const LIST: &str = "/grpc.health.v1.Health/List";

// Types and flags of frames. Source: RFC 9113, section 6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A connection of a client that writes what it likes.
struct Stranger(TcpStream);

impl Stranger {
    /// Begins as HTTP/2 does, with these settings.
    async fn connect(address: SocketAddr, settings: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        stream.write_all(preface).await.unwrap();
        let mut own = Self(stream);
        own.write(&frame(SETTINGS, 0, 0, settings)).await;
        own
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    async fn ask(&mut self, id: u32, path: &str, headers: &[(&str, &str)], message: &[u8]) {
        self.write(&request(id, path, headers, message)).await;
    }

    /// Type, flags, stream and payload of the next frame; none where the connection has ended.
    async fn frame(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await.ok()?;
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some((head[3], head[4], id, payload))
    }

    /// The next frame of this type.
    async fn next(&mut self, kind: u8) -> Option<(u8, u32, Vec<u8>)> {
        let looking = async {
            loop {
                let (found, flags, id, payload) = self.frame().await?;
                if found == kind {
                    return Some((flags, id, payload));
                }
            }
        };
        timeout(PATIENCE, looking).await.expect("it answers")
    }

    /// Until the other side has ended it.
    async fn is_ended(&mut self) -> bool {
        let ending = async { while self.frame().await.is_some() {} };
        timeout(PATIENCE, ending).await.is_ok()
    }
}

fn frame(kind: u8, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &id.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// POST, http, the path, and headers: by HPACK's static table, and texts as they are.
fn block(path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut block = vec![0x83, 0x86, 0x04];
    put(path, &mut block);
    for (name, value) in headers {
        block.push(0);
        put(name, &mut block);
        put(value, &mut block);
    }
    block
}

fn put(text: &str, to: &mut Vec<u8>) {
    match u8::try_from(text.len()).unwrap() {
        length @ ..127 => to.push(length),
        // An integer with a prefix of seven bits. Source: RFC 7541, section 5.1.
        length if length < 255 => to.extend([127, length - 127]),
        _ => unreachable!("texts are short"),
    }
    to.extend(text.as_bytes());
}

fn request(id: u32, path: &str, headers: &[(&str, &str)], message: &[u8]) -> Vec<u8> {
    let head = frame(HEADERS, END_HEADERS, id, &block(path, headers));
    [head, frame(DATA, END_STREAM, id, message)].concat()
}

/// Others are answered as ever.
async fn is_fine(address: SocketAddr) {
    let asked = async { client(address).await.check(named("")).await };
    let answer = timeout(Duration::from_secs(5), asked).await.unwrap();
    assert_eq!(answer.unwrap().into_inner().status(), SERVING);
}

fn ids() -> impl Iterator<Item = u32> {
    (1..).step_by(2)
}

#[tokio::test]
async fn requests_that_are_reset_at_once_are_no_storm() {
    let turned = Turned::default();
    let address = start(&health([turned.check("database").readiness()]));
    let mut stranger = Stranger::connect(address, &[]).await;
    'all: for id in ids().step_by(3).take(5000) {
        for (path, id) in [(CHECK, id), (WATCH, id + 2), (LIST, id + 4)] {
            let asked = request(id, path, &[], &[0; 5]);
            let reset = frame(RST_STREAM, 0, id, &[0, 0, 0, 8]);
            let both = [asked, reset].concat();
            // It may have been turned away by now.
            if stranger.0.write_all(&both).await.is_err() {
                break 'all;
            }
        }
    }
    is_fine(address).await;
    assert!(turned.runs() < 100, "{}", turned.runs());
}

#[tokio::test]
async fn headers_without_end_are_not_collected() {
    let address = start(&health([fine("database")]));
    let mut stranger = Stranger::connect(address, &[]).await;
    let first = frame(HEADERS, 0, 1, &block(CHECK, &[]));
    stranger.write(&first).await;
    let long = "y".repeat(200);
    let piece = block("", &[("x", &*long)])[4..].repeat(70);
    for _ in 0..1000 {
        let more = frame(CONTINUATION, 0, 1, &piece);
        if stranger.0.write_all(&more).await.is_err() {
            break;
        }
    }
    assert!(stranger.is_ended().await);
    is_fine(address).await;
}

#[tokio::test]
async fn whatever_a_client_says_of_time_it_is_answered() {
    let address = start(&health([fine("database")]));
    for said in [
        "0n",
        "1n",
        "0H",
        "99999999H",
        "999999999H",
        "-1S",
        "1",
        "S",
        "",
        " 1S",
        "1x",
        "18446744073709551616n",
    ] {
        for path in [CHECK, WATCH, LIST] {
            let mut stranger = Stranger::connect(address, &[]).await;
            stranger
                .ask(1, path, &[("grpc-timeout", said)], &[0; 5])
                .await;
            let answer = stranger.next(HEADERS).await;
            assert!(answer.is_some(), "{path} {said}");
        }
    }
    is_fine(address).await;
}

#[tokio::test]
async fn what_is_no_message_is_an_error_and_no_more() {
    let address = start(&health([fine("database")]));
    let bad_text = [0, 0, 0, 0, 4, 0x0a, 2, 0xff, 0xfe];
    let endless = [0, 0xff, 0xff, 0xff, 0xff];
    let compressed = [1, 0, 0, 0, 2, 0x0a, 0];
    let wrong = [0, 0, 0, 0, 2, 0x0a, 0x7f];
    for message in [
        &bad_text[..],
        &endless,
        &compressed,
        &wrong,
        &[],
        &[0],
        b"GET / HTTP",
    ] {
        for path in [CHECK, WATCH, LIST] {
            for headers in [
                &[][..],
                &[("content-type", "text/html")],
                &[
                    ("grpc-encoding", "gzip"),
                    ("content-type", "application/grpc"),
                ],
            ] {
                let mut stranger = Stranger::connect(address, &[]).await;
                stranger.ask(1, path, headers, message).await;
                let answer = stranger.next(HEADERS).await;
                assert!(answer.is_some(), "{path} {message:?}");
            }
        }
    }
    is_fine(address).await;
}

#[tokio::test]
async fn headers_that_are_too_long_are_not_kept() {
    let address = start(&health([fine("database")]));
    let mut stranger = Stranger::connect(address, &[]).await;
    let much = "a".repeat(200);
    let headers = vec![("x-much", much.as_str()); 40];
    stranger.ask(1, CHECK, &headers, &[0; 5]).await;
    let (_, _, head) = stranger.next(HEADERS).await.unwrap();
    // Huffman's code of 431.
    let refused = head.windows(3).any(|bytes| bytes == [0x69, 0x90, 0xff]);
    assert!(refused, "{head:x?}");
    is_fine(address).await;
}

/// All streams that there may be, without reading what they tell.
async fn watchers(address: SocketAddr) -> Vec<Stranger> {
    let mut strangers = Vec::new();
    for _ in 0..32 {
        let mut stranger = Stranger::connect(address, &[]).await;
        for id in ids().take(32) {
            stranger.ask(id, WATCH, &[], &[0; 5]).await;
        }
        for _ in 0..32 {
            stranger.next(HEADERS).await.unwrap();
        }
        strangers.push(stranger);
    }
    strangers
}

#[tokio::test]
async fn who_watches_costs_one_run_a_second_and_leaves_its_place() {
    let turned = Turned::default();
    let check = turned.check("database").liveness();
    let address = start(&health([check.with_cache(Duration::ZERO)]));
    let mut strangers = watchers(address).await;
    let mut client = client(address).await;
    assert!(client.watch(named("")).await.is_err(), "all are taken");
    let begun = turned.runs();
    sleep(Duration::from_secs(3)).await;
    let runs = turned.runs() - begun;
    assert!(runs <= 4, "{runs}");
    for stranger in &mut strangers {
        stranger.0.shutdown().await.unwrap();
    }
    let room = async {
        while client.watch(named("")).await.is_err() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(PATIENCE, room).await.is_ok(), "half-closed");
}

/// Changes that a client has no room for are not kept.
#[tokio::test]
async fn who_takes_nothing_is_told_how_it_is_then() {
    let health = health([fine("database")]);
    let address = start(&health);
    let no_room = [0, 4, 0, 0, 0, 0];
    let mut stranger = Stranger::connect(address, &no_room).await;
    stranger.ask(1, WATCH, &[], &[0; 5]).await;
    stranger.next(HEADERS).await.unwrap();
    for turn in 0..21 {
        turn_to(&health, turn % 2 == 0);
        sleep(Duration::from_millis(60)).await;
    }
    let room = frame(WINDOW_UPDATE, 0, 1, &1000_u32.to_be_bytes());
    stranger.write(&room).await;
    let mut told = Vec::new();
    while let Ok(Some((kind, _, _, payload))) =
        timeout(Duration::from_secs(2), stranger.frame()).await
    {
        if kind == DATA {
            told.extend(payload);
        }
    }
    assert!(told.len() <= 3 * 7, "{told:?}");
    assert!(told.ends_with(&[8, 2]), "{told:?}");
}

fn turn_to(health: &Health, fails: bool) {
    if fails {
        let forced = Override::new(Status::Unhealthy, "moving racks");
        health.force("database", forced).unwrap();
    } else {
        health.end_override("database").unwrap();
    }
}
