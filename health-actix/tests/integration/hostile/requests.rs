//! Requests that are no good, each on a connection of its own.

use actix_web::rt;

use super::attack::{Attack, codes, send};
use super::victim::PANICS_AT;

/// The end of a head.
const END: &str = "Host: x\r\nConnection: close\r\n\r\n";

const ALLOW: &str = "\r\nallow: GET, HEAD, OPTIONS\r\n";

#[actix_web::test]
async fn what_is_no_request_is_refused() {
    let attack = Attack::begin().await;
    let mut cases: Vec<Vec<u8>> = [
        "\0\0\0\0\r\n\r\n",
        "\r\n\r\n\r\n x",
        " / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET\r\n\r\n",
        "GET /health\r\n\r\n",
        "GET  /health HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET health/ready HTTP/1.1\r\nHost: x\r\n\r\n",
        "G@T /health HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /health/ready HTTP/1.1\r\n\r\n",
        "GET /health/ready HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /health/ready HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /health/ready HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET /health/ready HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
        "GET /health/ready HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
        "POST /health/ready HTTP/1.0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03 as TLS begins",
    ]
    .map(|text| text.chars().map(|c| c as u8).collect())
    .into();
    cases.push(b"GET /health/r\xffady HTTP/1.1\r\nHost: x\r\n\r\n".to_vec());
    let mut random = Random(0x5eed);
    cases.extend((0..50).map(|_| random.request()));
    for (case, answer) in send_all(&attack, cases).await {
        let codes = codes(&answer);
        let refused = matches!(codes[..], [400 | 404 | 408 | 503]);
        assert!(refused, "{codes:?} to {:?}", String::from_utf8_lossy(&case));
    }
    attack.end().await;
}

#[actix_web::test]
async fn any_other_method_is_not_allowed() {
    let attack = Attack::begin().await;
    let long = "X".repeat(60_000);
    let methods = ["get", "M-SEARCH", "CONNECT", "PRI", &long];
    let cases = methods.map(|method| format!("{method} /health/ready HTTP/1.1\r\n{END}"));
    for (case, answer) in send_all(&attack, cases).await {
        assert_eq!(codes(&answer), [405], "{}", short(&case));
        assert!(answer.contains(ALLOW), "{answer}");
    }
    let too_long = format!("{} /health HTTP/1.1\r\n{END}", "X".repeat(1 << 20));
    expect(&attack, [(too_long, 431)]).await;
    attack.end().await;
}

#[actix_web::test]
async fn targets_of_any_form_are_routed_or_unknown() {
    let attack = Attack::begin().await;
    let cases = [
        ("/health/ready#fragment", 200),
        ("http://elsewhere/health/ready", 200),
        ("http://elsewhere", 503),
        ("http://elsewhere?x", 503),
        ("//health/ready", 503),
        ("*", 503),
        ("elsewhere", 503),
        ("elsewhere:443", 503),
        ("/health/checks/", 503),
        ("/health/checks//", 503),
        ("/health/checks/%", 404),
        ("/health/checks/%2", 404),
        ("/health/checks/%zz", 404),
        ("/health/checks/%00", 404),
        ("/health/checks/%u0064", 404),
        // Not UTF-8: stray, cut off, overlong, a surrogate, too large.
        ("/health/checks/%ff", 404),
        ("/health/checks/%e2%82", 404),
        ("/health/checks/%c0%ae%c0%ae", 404),
        ("/health/checks/%c1%a4atabase", 404),
        ("/health/checks/%e0%80%af", 404),
        ("/health/checks/%ed%a0%80", 404),
        ("/health/checks/%f4%90%80%80", 404),
        ("/health/checks/database%00", 404),
        ("/health/checks/database%2f", 404),
        ("/health/checks/database;v=1", 404),
        ("/health/checks/DATABASE", 404),
        ("/health/checks/%2564atabase", 404),
        ("/health/checks/d%61tabase", 200),
        ("/he%61lth/ready", 200),
        ("/health%2fready", 503),
        ("/health/./ready", 503),
        ("/health/../health/ready", 503),
        ("/health/ready/..", 503),
        ("/health\\ready", 503),
        ("/readyz/%64atabase", 200),
        ("/readyz/%00", 404),
        ("/readyz/database/", 200),
        ("/actuator/health/readiness/database", 200),
        ("/actuator/health/%2e%2e/database", 404),
        ("/actuator/health//", 404),
        ("/actuator/health/database/%ff/%00/", 404),
        ("/ietf/ready/", 200),
        ("/outermost/%72eady", 200),
        ("/outermost/checks/%ff", 404),
        ("/outermost//ready", 503),
    ];
    let cases = cases.map(|(target, code)| (format!("GET {target} HTTP/1.1\r\n{END}"), code));
    expect(&attack, cases).await;
    attack.end().await;
}

#[actix_web::test]
async fn a_path_may_be_long() {
    let attack = Attack::begin().await;
    let name = |length| "x".repeat(length);
    // One after another: in a debug build the router takes its time.
    let segments = "/x".repeat(30_000);
    let escaped = "%78".repeat(20_000);
    let cases = [
        (format!("/health/checks/{}", name(65_000)), 404),
        (format!("/health/checks/{escaped}"), 404),
        (format!("/health/checks/{}", "%ff".repeat(20_000)), 404),
        (format!("/health/checks{segments}"), 503),
        (format!("/actuator/health{segments}"), 404),
        (format!("/actuator/health/database{segments}"), 404),
        (format!("/readyz/{}", name(65_000)), 404),
        (format!("/{}", name(65_000)), 503),
        (format!("/health/checks/{}", name(65_536)), 400),
    ];
    for (path, code) in cases {
        expect(&attack, [(format!("GET {path} HTTP/1.1\r\n{END}"), code)]).await;
    }
    attack.end().await;
}

#[actix_web::test]
async fn a_query_of_any_kind_changes_nothing() {
    let attack = Attack::begin().await;
    let queries = [
        (0..5_000).map(|n| format!("exclude={n}&")).collect(),
        "exclude=&".repeat(7_000),
        "exclude=database&".repeat(3_500),
        "verbose&".repeat(7_500),
        "&".repeat(65_000),
        "%ff".repeat(20_000),
        "=".repeat(65_000),
        "%&%2&%zz&%00=%00&=&&%c0%ae=%ed%a0%80&+=+&?&??=?".to_owned(),
    ];
    let request = |query| format!("GET /health/ready?{query} HTTP/1.1\r\n{END}");
    let cases = queries.clone().map(|query| (request(query), 200));
    expect(&attack, cases).await;
    // Of what is not known little comes back.
    for query in &queries {
        let request = format!("GET /readyz?verbose&{query} HTTP/1.1\r\n{END}");
        let answer = send(attack.address(), request).await;
        assert_eq!(codes(&answer), [200]);
        assert!(answer.len() < 32 * 1024, "{answer}");
    }
    // That is too much for the server, which does not say whether it is the path.
    expect(&attack, [(request("exclude=&".repeat(10_000)), 400)]).await;
    attack.end().await;
}

#[actix_web::test]
async fn headers_may_be_many_and_long_but_not_more() {
    let attack = Attack::begin().await;
    let repeated = |header: &str, count| {
        let headers = format!("{header}\r\n").repeat(count);
        format!("GET /health/ready HTTP/1.1\r\n{headers}{END}")
    };
    let long = |name: &str, length| {
        let value = "b".repeat(length);
        format!("GET /health/ready HTTP/1.1\r\n{name}: {value}\r\n{END}")
    };
    let listed = |name: &str, element: &str, count| {
        let list = vec![element; count].join(",");
        repeated(&format!("{name}: {list}"), 1)
    };
    let name = "n".repeat(60_000);
    let cases = [
        (repeated("a: b", 90), 200),
        (repeated("a: b", 10_000), 431),
        (long("a", 120_000), 200),
        (long("a", 1 << 20), 431),
        (long("authorization", 120_000), 200),
        (long("forwarded", 120_000), 200),
        (long("accept", 120_000), 200),
        (repeated("authorization: Bearer x", 90), 200),
        (repeated("x-forwarded-for: 127.0.0.1", 90), 200),
        (listed("x-forwarded-for", "127.0.0.1", 12_000), 200),
        (listed("x-forwarded-for", "", 120_000), 200),
        (listed("forwarded", "for=127.0.0.1", 8_000), 200),
        (
            listed("forwarded", "for=\"127.0.0.1\";by=\"\\\"\"", 4_000),
            200,
        ),
        (listed("forwarded", "\\\"", 40_000), 200),
        (long(&name, 60_000), 200),
    ];
    expect(&attack, cases).await;
    attack.end().await;
}

#[actix_web::test]
async fn values_that_are_no_text_change_nothing() {
    let attack = Attack::begin().await;
    let names = [
        "accept",
        "accept-encoding",
        "access-control-request-method",
        "authorization",
        "forwarded",
        "host",
        "origin",
        "user-agent",
        "x-api-key",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
    ];
    let values: [&[u8]; 5] = [b"", b"\xff\xfe", b"\"\\\"=;,;;,,==", b"[::1", b"\t%00,%ff"];
    let mut cases = Vec::new();
    for name in names {
        for value in values {
            let mut case = format!("GET /health/ready HTTP/1.1\r\n{name}: ").into_bytes();
            case.extend(value);
            let host = if name == "host" { "" } else { "Host: x\r\n" };
            case.extend(format!("\r\n{host}Connection: close\r\n\r\n").bytes());
            cases.push((case, 200));
        }
    }
    expect(&attack, cases).await;
    attack.end().await;
}

#[actix_web::test]
async fn lengths_that_conflict_are_refused() {
    let attack = Attack::begin().await;
    let headers = [
        "Content-Length: 1\r\nContent-Length: 1",
        "Content-Length: 1\r\nContent-Length: 2",
        "Content-Length: 1, 1",
        "Content-Length: -1",
        "Content-Length: +1",
        "Content-Length: 0x1",
        "Content-Length: ",
        "Content-Length: 99999999999999999999999",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: \x0bchunked",
    ];
    let request = |headers| format!("GET /health/ready HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\nx");
    expect(&attack, headers.map(|headers| (request(headers), 400))).await;
    attack.end().await;
}

/// What is in a body is no request, whatever it looks like.
#[actix_web::test]
async fn a_body_changes_nothing() {
    let attack = Attack::begin().await;
    let inner = "GET /health/checks/nobody HTTP/1.1\r\nHost: x\r\n\r\n";
    let length = inner.len();
    let bodies = [
        format!("Content-Length: {length}\r\n\r\n{inner}"),
        format!("Content-Length: {}\r\n\r\n{inner}", u64::MAX),
        format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{inner}\r\n0\r\n\r\n"),
        format!("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{inner}"),
        format!("Transfer-Encoding: chunked\r\n\r\nzz\r\n{inner}"),
        format!(
            "Content-Length: {0}\r\n\r\n{1}",
            1 << 20,
            "x".repeat(1 << 20)
        ),
    ];
    let request =
        |body| format!("GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{body}");
    expect(&attack, bodies.map(|body| (request(body), 200))).await;
    attack.end().await;
}

/// The other tests are worth nothing if this fails.
#[actix_web::test]
async fn a_panic_would_be_seen() {
    let mut attack = Attack::begin().await;
    let request = format!("GET {PANICS_AT} HTTP/1.1\r\n{END}");
    assert_eq!(send(attack.address(), request).await, "");
    assert_eq!(attack.observe().panics, 1);
}

/// Sends each and expects one answer with this code. Where more is sent than is read, the answer
/// may be lost in the reset that follows.
async fn expect<T: AsRef<[u8]> + 'static>(
    attack: &Attack,
    cases: impl IntoIterator<Item = (T, u16)>,
) {
    let (requests, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let answers = send_all(attack, requests).await;
    for ((case, answer), expected) in answers.iter().zip(expected) {
        let codes = codes(answer);
        let was_lost = codes.is_empty() && expected == 431;
        assert!(
            codes == [expected] || was_lost,
            "{codes:?} to {}",
            short(case)
        );
    }
}

/// Sends each at the same time; returns each with what came back.
async fn send_all<T: AsRef<[u8]> + 'static>(
    attack: &Attack,
    cases: impl IntoIterator<Item = T>,
) -> Vec<(T, String)> {
    let address = attack.address();
    let send = |case: T| async move {
        let answer = send(address, &case).await;
        (case, answer)
    };
    let sent: Vec<_> = cases
        .into_iter()
        .map(|case| rt::spawn(send(case)))
        .collect();
    let mut answers = Vec::new();
    for answer in sent {
        answers.push(answer.await.unwrap());
    }
    answers
}

fn short(case: &impl AsRef<[u8]>) -> String {
    let case = case.as_ref();
    String::from_utf8_lossy(&case[..case.len().min(120)]).into_owned()
}

/// The same on each machine: a failure can be had again.
struct Random(u64);

impl Random {
    /// Bytes that look like the beginning of a request, but end it twice, as none does.
    fn request(&mut self) -> Vec<u8> {
        let length = 1 + self.next() % 200;
        let mut bytes = b"GET /health/".to_vec();
        bytes.extend((0..length).map(|_| self.next().to_le_bytes()[0]));
        bytes.extend(b"\r\n\r\n");
        bytes
    }

    /// xorshift64
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
