use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use clap::Parser;
use health_core::HealthBuilder;

use super::*;
use crate::Dialect;

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    probe: Probe,
}

/// What no test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

fn service() -> HealthService {
    HealthService::new(&HealthBuilder::empty().build().unwrap())
}

fn probe(arguments: &[&str]) -> Probe {
    Cli::try_parse_from(["probe"].iter().chain(arguments))
        .unwrap()
        .probe
}

/// The line, without what every line begins with.
fn ask(arguments: &[&str]) -> Result<String, String> {
    let asked = probe(arguments).ask(&service(), &Environment::default());
    for line in [
        &asked.clone().unwrap_or_default(),
        &asked.clone().err().unwrap_or_default(),
    ] {
        assert!(line.len() <= LONGEST_LINE, "{line}");
        assert!(!line.contains(char::is_control), "{line}");
    }
    let bare = |line: String| line.strip_prefix("health probe: ").unwrap().to_owned();
    asked.map(bare).map_err(bare)
}

/// What was made of an answer, without the URL.
fn said(asked: Result<String, String>) -> Result<String, String> {
    let bare = |line: String| line.split_once("/x: ").unwrap().1.to_owned();
    asked.map(bare).map_err(bare)
}

/// A server that does this with its only connection, once it has read the request.
fn server<T: Send + 'static>(
    address: &str,
    serve: impl FnOnce(TcpStream, String) -> T + Send + 'static,
) -> (SocketAddr, thread::JoinHandle<T>) {
    let listener = TcpListener::bind(address).unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        serve(stream, String::from_utf8(request).unwrap())
    });
    (address, thread)
}

/// What is made of these bytes.
fn answered(bytes: impl Into<Vec<u8>>) -> Result<String, String> {
    let bytes = bytes.into();
    let (address, thread) = server("127.0.0.1:0", move |mut stream, _| {
        // The client may hang up before it has it all.
        let _ = stream.write_all(&bytes);
    });
    let url = format!("http://{address}/x");
    let said = said(ask(&["--url", &url, "--timeout", "20s"]));
    thread.join().unwrap();
    said
}

fn ok(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

fn err(text: &str) -> Result<String, String> {
    Err(text.to_owned())
}

#[test]
fn codes_decide_and_known_words_are_told() {
    let answer = |head: &str, body: &str| {
        answered(format!(
            "HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
    };
    assert_eq!(answer("200 OK", r#"{"status":"alive"}"#), ok("200 alive"));
    assert_eq!(answer("299 Fine", ""), ok("299"));
    assert_eq!(answer("200", "not json"), ok("200"));
    assert_eq!(
        answer("503 no", r#"{"status":"draining"}"#),
        err("503 draining")
    );
    assert_eq!(answer("503 no", r#"{"status":"s3cret"}"#), err("503"));
    assert_eq!(answer("503 \x1b[2J", r#"{"status":7}"#), err("503"));
    assert_eq!(answer("404 gone", "[]"), err("404"));
    assert_eq!(
        answer("302 Found\r\nlocation: http://evil/s3cret", ""),
        err("302, a redirect, which is not followed: ask where it leads")
    );
}

#[test]
fn bodies_end_where_their_kind_says() {
    let alive = r#"{"status":"alive"}"#;
    for head in [
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.0 200 OK\nServer: old\n\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 18\r\ncontent-length: 18\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        assert_eq!(
            answered(format!("{head}{alive}")),
            ok("200 alive"),
            "{head}"
        );
    }
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\ncontent-length: 3\r\n\r\n";
    let chunks = "5;x=y\r\n{\"sta\r\n00d\r\ntus\":\"alive\"}\r\n0\r\ntrailer: x\r\n\r\n";
    assert_eq!(answered(format!("{chunked}{chunks}")), ok("200 alive"));
    assert_eq!(
        answered("HTTP/1.1 204 No Content\r\ncontent-length: 7\r\n\r\n"),
        ok("204")
    );
}

#[test]
fn what_ends_early_or_is_no_http_fails() {
    let early = err("the connection ended before the answer did");
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for bytes in [
        "",
        "HTTP/1.1 20",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
        &format!("{chunked}5\r\nab"),
        &format!("{chunked}2\r\nab\r\n"),
    ] {
        assert_eq!(answered(bytes), early, "{bytes:?}");
    }
    let garbage = err("what answers does not speak HTTP/1");
    for bytes in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "\x16\x03\x01\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 2000\r\n\r\n",
        "HTTP/1.1 +20 OK\r\n\r\n",
        "HTTP/1.1 600 no\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        &format!("{chunked}-1\r\nab\r\n"),
        &format!("{chunked}zz\r\n"),
        &format!("{chunked}\r\n2\r\nab"),
        &format!("{chunked}1\r\nab\r\n0\r\n\r\n"),
    ] {
        assert_eq!(answered(bytes), garbage, "{bytes:?}");
    }
}

#[test]
fn what_is_without_end_is_not_read_to_its_end() {
    let early = err("the connection ended before the answer did");
    let endless = "x".repeat(1 << 20);
    assert_eq!(answered(format!("HTTP/1.1 200 OK\r\nx: {endless}")), early);
    assert_eq!(
        answered("HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000)),
        early
    );
    let head = "HTTP/1.1 200 OK\r\n";
    assert_eq!(answered(format!("{head}\r\n{endless}")), ok("200"));
    assert_eq!(
        answered(format!(
            "{head}content-length: {}\r\n\r\n{endless}",
            u64::MAX
        )),
        ok("200")
    );
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n");
    assert_eq!(
        answered(format!("{chunked}ffffffffffffffff\r\n{endless}")),
        ok("200")
    );
    assert_eq!(
        answered(format!("{chunked}{}", "1\r\nx\r\n".repeat(100_000))),
        ok("200")
    );
    let deep = "[".repeat(60 << 10);
    assert_eq!(answered(format!("{head}\r\n{deep}")), ok("200"));
}

#[test]
fn the_deadline_is_of_the_whole_exchange() {
    for drop in [
        &b"H"[..],
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n",
    ] {
        // It sends a byte again and again, each well within the timeout, until nobody listens.
        let (address, thread) = server("127.0.0.1:0", move |mut stream, _| {
            let mut sent = stream.write_all(drop);
            for _ in 0..500 {
                if sent.is_err() {
                    break;
                }
                thread::sleep(Duration::from_millis(20));
                sent = stream.write_all(b" ");
            }
        });
        let start = Instant::now();
        let url = format!("http://{address}/x");
        let late = said(ask(&["--url", &url, "--timeout", "300ms"]));
        assert_eq!(late, err("no whole answer within 300ms"));
        assert!(start.elapsed() >= Duration::from_millis(300));
        assert!(start.elapsed() < PATIENCE / 2);
        thread.join().unwrap();
    }
}

#[test]
fn who_says_nothing_or_does_not_listen_fails() {
    let (hang_up, hung_up) = mpsc::channel::<()>();
    let (address, thread) = server("127.0.0.1:0", move |stream, _| {
        let _ = hung_up.recv();
        drop(stream);
    });
    let url = format!("http://{address}/x");
    let silent = said(ask(&["--url", &url, "--timeout", "100ms"]));
    assert_eq!(silent, err("no whole answer within 100ms"));
    drop(hang_up);
    thread.join().unwrap();
    // Nobody listens there any more.
    assert_eq!(said(ask(&["--url", &url])), err("connection refused"));
    let unknown = said(ask(&["--url", "http://no-such-host.invalid/x"]));
    assert!(unknown.is_err(), "{unknown:?}");
}

#[test]
fn requests_are_as_they_should_be() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        if TcpListener::bind(address).is_err() {
            // A machine without IPv6.
            continue;
        }
        let (address, thread) = server(address, |mut stream, request| {
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .unwrap();
            request
        });
        let probe = probe(&[
            "--url",
            &format!("http://{address}"),
            "--header",
            "X-Own: 1",
        ]);
        let environment = Environment {
            header: Some("Authorization: Bearer s3cret".into()),
            ..Environment::default()
        };
        let line = probe.ask(&service(), &environment).unwrap();
        assert_eq!(
            line,
            format!("health probe: http://{address}/health/live: 204")
        );
        let version = env!("CARGO_PKG_VERSION");
        let expected = format!(
            "GET /health/live HTTP/1.1\r\nhost: {address}\r\nuser-agent: health-probe/{version}\r\n\
             accept: application/json\r\nconnection: close\r\nX-Own: 1\r\n\
             Authorization: Bearer s3cret\r\n\r\n"
        );
        assert_eq!(thread.join().unwrap(), expected);
    }
}

#[test]
fn a_name_is_looked_up() {
    let (address, thread) = server("127.0.0.1:0", |mut stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    });
    let url = format!("http://localhost:{}/x", address.port());
    assert_eq!(said(ask(&["--url", &url, "--timeout", "20s"])), ok("200"));
    thread.join().unwrap();
}

#[test]
fn it_asks_this_machine_for_the_paths_of_the_service() {
    let port = |port: &str| Environment {
        port: Some(port.into()),
        ..Environment::default()
    };
    let url = |arguments: &[&str], environment: &Environment| {
        let service = service().dialects([Dialect::kubernetes(), Dialect::default()]);
        let url = probe(arguments).url(&service, environment);
        url.map(|url| url.authority + &url.path)
    };
    let none = Environment::default();
    assert_eq!(url(&[], &none), ok("127.0.0.1:8000/livez"));
    assert_eq!(
        url(&["--probe", "readiness"], &port("81")),
        ok("127.0.0.1:81/readyz")
    );
    let other = ["--probe", "startup", "--url", "http://[::1]:9"];
    assert_eq!(url(&other, &none), ok("[::1]:9/startupz"));
    assert_eq!(url(&["--url", "http://a/b?c"], &port("x")), ok("a/b?c"));
    for bad in ["", "0", "65536", "http", "s3cret"] {
        let error = url(&[], &port(bad)).unwrap_err();
        assert!(
            error.starts_with("PORT is no number from 1 to 65535"),
            "{error}"
        );
    }
    let both = url(&["--probe", "startup", "--url", "http://a/"], &none).unwrap_err();
    assert!(both.contains("leave one out"), "{both}");
    let nowhere = probe(&[]).url(&service().dialects([]), &none).unwrap_err();
    assert!(nowhere.contains("nothing answers liveness"), "{nowhere}");
}

#[test]
fn what_is_no_header_is_not_sent_and_not_shown() {
    for bad in [
        "s3cret",
        ": s3cret",
        "a b: s3cret",
        "a: s3cret\r\nb: c",
        "a: s3cret\n",
        "a: s3cret\x7f",
        "a: s3crét",
        "Host: s3cret",
        "content-length: 3",
        "Transfer-Encoding: chunked",
        &format!("a: {}", "s3cret".repeat(2000)),
    ] {
        let error = ask(&["--header", bad]).unwrap_err();
        assert_eq!(
            error,
            "what --header says is no header: write `Name: value`"
        );
    }
    let debug = format!("{:?}", probe(&["--header", "a: s3cret", "--url", "s3cret"]));
    assert!(!debug.contains("s3cret"), "{debug}");
    let environment = Environment {
        header: Some("s3cret".into()),
        ..Environment::default()
    };
    let error = probe(&[]).ask(&service(), &environment).unwrap_err();
    assert!(error.contains("what HEALTH_PROBE_HEADER says"), "{error}");
}

#[test]
fn lines_are_short_and_hold_no_secret() {
    let refused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let long = format!("http://{refused}/{}?token=s3cret", "x".repeat(500));
    let line = ask(&["--url", &long]).unwrap_err();
    assert!(line.ends_with("x: connection refused"), "{line}");
    assert!(line.len() < 150, "{line}");
    let line = ask(&["--url", &format!("http://{refused}/x?y=s3cret")]).unwrap_err();
    assert_eq!(line, format!("http://{refused}/x: connection refused"));
    let line = ask(&["--url", "http://u:s3cret@127.0.0.1/"]).unwrap_err();
    assert!(
        line.contains("has credentials") && !line.contains("s3cret"),
        "{line}"
    );
}
