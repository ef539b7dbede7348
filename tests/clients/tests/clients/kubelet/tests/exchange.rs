//! One probe, against a server that answers whatever a test wants.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{LONG, OK, path_of};
use crate::kubelet::exchange::{Outcome, probe};
use crate::kubelet::toy::{Toy, say};
use crate::kubelet::worker::Spec;

/// The default of Kubernetes.
const TIMEOUT: Duration = Spec::new("/").timeout;

const LOST: &str = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";

const LOST_BODY: &str =
    "context deadline exceeded (Client.Timeout or context cancellation while reading body)";

#[test]
fn the_request_is_that_of_a_kubelet() {
    let toy = Toy::saying(OK);
    assert_eq!(probe(toy.address, "/a?b=c", LONG), Outcome::Success);
    let address = toy.address;
    let request = format!(
        "GET /a?b=c HTTP/1.1\r\nHost: {address}\r\nUser-Agent: kube-probe/1.34\r\n\
         Accept: */*\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(toy.requests(), [request]);
}

#[test]
fn codes_from_200_to_399_pass() {
    let warning = "Probe terminated redirects, Response body: ".to_owned();
    let failed = |code| Outcome::Failure(format!("HTTP probe failed with statuscode: {code}"));
    for (code, outcome) in [
        (200, Outcome::Success),
        (204, Outcome::Success),
        (299, Outcome::Success),
        (300, Outcome::Warning(warning.clone())),
        // A redirect to nowhere.
        (302, Outcome::Warning(warning.clone())),
        (304, Outcome::Warning(warning.clone())),
        (399, Outcome::Warning(warning)),
        (400, failed(400)),
        (429, failed(429)),
        (500, failed(500)),
        (503, failed(503)),
    ] {
        let toy = Toy::saying(format!("HTTP/1.1 {code} X\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(probe(toy.address, "/", LONG), outcome, "{code}");
    }
}

#[test]
fn bodies_may_be_framed_in_any_way() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nok",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\ncontent-length: 0\r\n\r\n",
    ] {
        let toy = Toy::saying(answer);
        assert_eq!(probe(toy.address, "/", LONG), Outcome::Success, "{answer}");
    }
    for broken in [
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
    ] {
        let toy = Toy::saying(broken);
        let outcome = Outcome::Error("unexpected EOF".to_owned());
        assert_eq!(probe(toy.address, "/", LONG), outcome, "{broken}");
    }
}

#[test]
fn who_answers_nothing_fails() {
    let toy = Toy::saying("");
    let address = toy.address;
    let failed = |why: &str| Outcome::Failure(format!("Get \"http://{address}/\": {why}"));
    assert_eq!(probe(address, "/", LONG), failed("EOF"));
    let toy = Toy::saying("SSH-2.0\r\n");
    let outcome = probe(toy.address, "/", LONG);
    assert!(matches!(outcome, Outcome::Failure(_)), "{outcome:?}");

    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let why = format!("dial tcp {address}: connect: connection refused");
    let failed = Outcome::Failure(format!("Get \"http://{address}/\": {why}"));
    assert_eq!(probe(address, "/", LONG), failed);
}

#[test]
fn redirects_on_the_same_host_are_followed() {
    let other = Toy::saying(OK);
    let elsewhere = format!("http://{}/there", other.address);
    for code in [301, 302, 303, 307, 308] {
        let elsewhere = elsewhere.clone();
        let toy = Toy::new(move |request, stream| {
            let location = match request.split(' ').nth(1) {
                Some("/a/b") => "c",
                Some("/a/c") => "/d",
                _ => &elsewhere,
            };
            say(stream, &redirect(code, location));
        });
        assert_eq!(probe(toy.address, "/a/b", LONG), Outcome::Success, "{code}");
        let requests = toy.requests();
        let asked: Vec<_> = requests.iter().map(|request| path_of(request)).collect();
        assert_eq!(asked, ["/a/b", "/a/c", "/d"], "{code}");
        let last = other.requests().pop().unwrap();
        let referer = format!("Referer: http://{}/d\r\n", toy.address);
        assert!(
            last.starts_with("GET /there ") && last.contains(&referer),
            "{last}"
        );
    }
}

#[test]
fn the_tenth_redirect_is_too_many() {
    let toy = Toy::new(|_, stream| say(stream, &redirect(302, "/again")));
    let url = format!("http://{}/again", toy.address);
    let outcome = Outcome::Failure(format!("Get {url:?}: stopped after 10 redirects"));
    assert_eq!(probe(toy.address, "/", LONG), outcome);
    assert_eq!(toy.requests().len(), 10);
}

#[test]
fn a_redirect_to_another_host_passes_with_a_warning() {
    for location in [
        "http://localhost:1/x",
        "https://localhost/x",
        "//0.0.0.0/",
        "http://example.invalid",
    ] {
        let toy = Toy::saying(redirect(302, location));
        let text = "Probe terminated redirects, Response body: moved".to_owned();
        assert_eq!(
            probe(toy.address, "/", LONG),
            Outcome::Warning(text),
            "{location}"
        );
        assert_eq!(toy.requests().len(), 1, "{location}");
    }
}

/// Each byte comes soon after the one before: the timeout is that of the whole.
#[test]
fn a_slow_head_fails() {
    let toy = Toy::new(|_, stream| drip(stream, ""));
    let begin = Instant::now();
    let url = format!("http://{}/", toy.address);
    let outcome = Outcome::Failure(format!("Get {url:?}: {LOST}"));
    assert_eq!(probe(toy.address, "/", TIMEOUT), outcome);
    assert!(begin.elapsed() >= TIMEOUT);
}

#[test]
fn a_redirect_does_not_begin_the_timeout_anew() {
    let toy = Toy::new(|_, stream| {
        thread::sleep(TIMEOUT / 4);
        say(stream, &redirect(302, "/again"));
    });
    let outcome = probe(toy.address, "/", TIMEOUT);
    assert!(
        matches!(&outcome, Outcome::Failure(why) if why.ends_with(LOST)),
        "{outcome:?}"
    );
    assert!(toy.requests().len() < 10);
}

#[test]
fn a_slow_body_is_an_error_and_no_failure() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    let toy = Toy::new(move |_, stream| drip(stream, head));
    let begin = Instant::now();
    let outcome = Outcome::Error(LOST_BODY.to_owned());
    assert_eq!(probe(toy.address, "/", TIMEOUT), outcome);
    assert!(begin.elapsed() >= TIMEOUT);
}

#[test]
fn a_big_body_is_left_unread() {
    let (sender, hung_up) = mpsc::channel();
    let toy = Toy::new(move |_, mut stream| {
        let _ = write!(stream, "HTTP/1.1 200 OK\r\n\r\n");
        // Endless, so that it ends by the other side alone.
        while stream.write_all(&[b'x'; 1024]).is_ok() {}
        let _ = sender.send(());
    });
    assert_eq!(probe(toy.address, "/", LONG), Outcome::Success);
    hung_up.recv_timeout(LONG).unwrap();
}

#[test]
fn a_body_is_cut_at_ten_kibibytes() {
    for (length, read) in [(10_239, 10_239), (10_240, 10_240), (10_241, 10_240)] {
        let body = "x".repeat(length);
        let answer = format!("HTTP/1.1 300 X\r\nContent-Length: {length}\r\n\r\n{body}");
        let toy = Toy::saying(answer);
        let Outcome::Warning(text) = probe(toy.address, "/", LONG) else {
            panic!("300 is a warning");
        };
        assert_eq!(text.matches('x').count(), read);
    }
}

fn redirect(code: u16, location: &str) -> String {
    format!("HTTP/1.1 {code} X\r\nLocation: {location}\r\nContent-Length: 5\r\n\r\nmoved")
}

/// Says something, and goes on byte by byte until the other side hangs up.
fn drip(mut stream: TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes());
    while stream.write_all(b"x").is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
}
