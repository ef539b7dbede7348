//! HTTP/2 frames as no client sends them: RFC 9113, sections 4.1 and 10.5.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;
use super::attack::Attack;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const ENHANCE_YOUR_CALM: u8 = 11;

/// CVE-2023-44487.
#[actix_web::test]
async fn who_asks_and_cancels_all_the_time_is_sent_away() {
    let attack = Attack::begin().await;
    let mut frames = greeting(&[]);
    for stream in (1..20_000).step_by(2) {
        let block = block("/health/checks/slow");
        frames.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &block));
        frames.extend(frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
    }
    let answers = exchange(&attack, &frames).await;
    assert_eq!(reason(&answers), Some(ENHANCE_YOUR_CALM));
    assert_eq!(attack.end().await.runs, 1, "that of the start");
}

/// CVE-2024-27316 and its kin.
#[actix_web::test]
async fn a_head_without_an_end_is_given_up() {
    let attack = Attack::begin().await;
    let mut frames = greeting(&[]);
    frames.extend(frame(HEADERS, 0, 1, &block("/health/ready")));
    // A literal header that is not indexed, 16 KiB of it at a time.
    let name = "x".repeat(100);
    let header = literal(&name, &"y".repeat(100));
    let headers = header.repeat(16_000 / header.len());
    for _ in 0..2_000 {
        frames.extend(frame(CONTINUATION, 0, 1, &headers));
    }
    let usual = attack.peak_kib();
    exchange(&attack, &frames).await;
    let more = attack.peak_kib() - usual;
    // Up to 16 MiB of it is kept.
    assert!(more < 20 * 1024, "{more} KiB for 30 MiB");
    attack.end().await;
}

/// Each of 100 streams asks for the document, of some 30 KiB, and lets nothing through.
#[actix_web::test]
async fn answers_that_nobody_takes_are_not_piled_up() {
    let attack = Attack::begin().await;
    let no_window = [0, 4, 0, 0, 0, 0];
    let mut frames = greeting(&no_window);
    let block = block("/health/openapi.json");
    for stream in (1..200).step_by(2) {
        frames.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &block));
    }
    let usual = attack.peak_kib();
    let mut clients = Vec::new();
    for _ in 0..10 {
        let mut client = connect(&attack).await;
        client.write_all(&frames).await.unwrap();
        clients.push(client);
        attack.await_probes(1).await;
    }
    let more = attack.peak_kib() - usual;
    assert!(more < 16 * 1024, "{more} KiB for 30 MiB");
    drop(clients);
    attack.end().await;
}

#[actix_web::test]
async fn frames_that_make_no_sense_end_the_connection() {
    const LAST: u8 = END_HEADERS | END_STREAM;
    let attack = Attack::begin().await;
    let cases = [
        ("an even stream", frame(HEADERS, LAST, 2, &block("/health"))),
        ("data for nobody", frame(DATA, 0, 1, b"x")),
        ("a frame too large", frame(DATA, 0, 1, &[0; 20_000])),
        ("a stream that never was", frame(RST_STREAM, 0, 1, &[0; 4])),
        ("a ping of 7 bytes", frame(PING, 0, 0, &[0; 7])),
        ("no HPACK", frame(HEADERS, LAST, 1, &[0xff; 20])),
        (
            "a path of bytes",
            frame(HEADERS, LAST, 1, &path(b"\xff\xfe")),
        ),
    ];
    for (what, bytes) in cases {
        let answers = exchange(&attack, &[greeting(&[]), bytes].concat()).await;
        assert!(matches!(reason(&answers), Some(1..)), "{what}: {answers:?}");
    }
    attack.end().await;
}

#[actix_web::test]
async fn requests_that_make_no_sense_end_their_stream_alone() {
    const LAST: u8 = END_HEADERS | END_STREAM;
    let attack = Attack::begin().await;
    for bad in [
        vec![],
        path(b""),
        path(b"*\0"),
        [&GET[..1], &block("/health")].concat(),
    ] {
        let mut frames = greeting(&[]);
        frames.extend(frame(HEADERS, LAST, 1, &bad));
        frames.extend(frame(HEADERS, LAST, 3, &block("/health")));
        let mut client = connect(&attack).await;
        client.write_all(&frames).await.unwrap();
        let mut answers = Vec::new();
        while !parse(&answers).iter().any(|frame| frame.is(3, DATA)) {
            let read = timeout(PATIENCE, client.read_buf(&mut answers)).await;
            assert!(read.unwrap().unwrap() > 0, "{bad:?}");
        }
        let answers = parse(&answers);
        let to_bad = answers.iter().filter(|frame| frame.stream == 1);
        let kinds: Vec<_> = to_bad.map(|frame| frame.kind).collect();
        assert_eq!(kinds, [RST_STREAM], "{bad:?}");
        let body = answers.iter().find(|frame| frame.is(3, DATA));
        assert_eq!(body.unwrap().payload, br#"{"status":"alive"}"#, "{bad:?}");
    }
    attack.end().await;
}

/// What a connection begins with.
fn greeting(settings: &[u8]) -> Vec<u8> {
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, settings));
    bytes
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// GET by http: RFC 7541, appendix A.
const GET: [u8; 2] = [0x82, 0x86];

/// GET, http, and this path.
fn block(path: &str) -> Vec<u8> {
    [GET.to_vec(), self::path(path.as_bytes())].concat()
}

/// Not indexed: RFC 7541, section 6.2.2.
fn path(path: &[u8]) -> Vec<u8> {
    [&[4, path.len() as u8], path].concat()
}

fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        bytes.push(text.len() as u8);
        bytes.extend(text.bytes());
    }
    bytes
}

async fn connect(attack: &Attack) -> TcpStream {
    TcpStream::connect(attack.address_of_http2()).await.unwrap()
}

/// Sends this, and nothing more, and returns what comes until the server closes the connection.
async fn exchange(attack: &Attack, frames: &[u8]) -> Vec<u8> {
    let (mut read, mut write) = connect(attack).await.into_split();
    let mut answers = Vec::new();
    let writing = async {
        // It may have had enough before everything is sent.
        let _ = write.write_all(frames).await;
        let _ = write.shutdown().await;
        std::future::pending::<()>().await;
    };
    let reading = timeout(PATIENCE, read.read_to_end(&mut answers));
    tokio::select! {
        () = writing => {}
        read = reading => drop(read.expect("it is not closed")),
    }
    answers
}

struct Frame<'a> {
    kind: u8,
    stream: u32,
    payload: &'a [u8],
}

impl Frame<'_> {
    fn is(&self, stream: u32, kind: u8) -> bool {
        self.stream == stream && self.kind == kind
    }
}

fn parse(mut bytes: &[u8]) -> Vec<Frame<'_>> {
    let mut frames = Vec::new();
    while bytes.len() >= 9 {
        let length = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]) as usize;
        let stream = u32::from_be_bytes(bytes[5..9].try_into().unwrap());
        let Some(payload) = bytes.get(9..9 + length) else {
            break;
        };
        frames.push(Frame {
            kind: bytes[3],
            stream,
            payload,
        });
        bytes = &bytes[9 + length..];
    }
    frames
}

/// Why the server ended the connection.
fn reason(answers: &[u8]) -> Option<u8> {
    let frames = parse(answers);
    let away = frames.iter().rfind(|frame| frame.kind == GOAWAY);
    away.map(|frame| frame.payload[7])
}
