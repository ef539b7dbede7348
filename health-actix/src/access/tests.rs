use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use proptest::prelude::*;

use super::*;

const BEARER: &str = "Bearer realm=\"health\"";
const API_KEY: &str = "ApiKey realm=\"health\", header=\"x-api-key\"";

/// A request from a peer with headers, of which the same may come more than once.
fn request(peer: &str, headers: &[(&str, &str)]) -> HttpRequest {
    let mut request = TestRequest::default();
    if !peer.is_empty() {
        request = request.peer_addr(format!("{peer}:4711").parse().unwrap());
    }
    for header in headers {
        request = request.append_header(*header);
    }
    request.to_http_request()
}

/// 200, 401 or 403, and the challenges.
fn told(access: &Access, request: &HttpRequest) -> (u16, Vec<String>) {
    match access.admit(request) {
        Ok(()) => (200, Vec::new()),
        Err(refusal) => {
            let challenges = refusal.challenges().iter();
            let challenges = challenges.map(|value| value.to_str().unwrap().to_owned());
            (refusal.status().as_u16(), challenges.collect())
        }
    }
}

fn admits(access: &Access, peer: &str, headers: &[(&str, &str)]) -> bool {
    access.admit(&request(peer, headers)).is_ok()
}

fn mistakes(access: &Access) -> String {
    let error = access.validate().unwrap_err();
    assert_eq!(error.mistakes(), access.mistakes());
    error.to_string()
}

#[test]
fn a_bearer_token_lets_in() {
    let access = bearer("s3cret");
    for authorization in ["Bearer s3cret", "bearer s3cret", "BEARER  s3cret"] {
        assert!(admits(&access, "", &[("authorization", authorization)]));
    }
    for authorization in [
        "Bearer s3cre",
        "Bearer s3cret1",
        "Basic s3cret",
        "s3cret",
        "Bearer ",
    ] {
        let headers = [("authorization", authorization)];
        let expected = (401, vec![BEARER.to_owned()]);
        assert_eq!(
            told(&access, &request("", &headers)),
            expected,
            "{authorization}"
        );
    }
    assert!(!admits(&access, "", &[]));
    assert!(!admits(&access, "", &[("x-api-key", "s3cret")]));
}

#[test]
fn of_several_credentials_none_counts() {
    let right = ("authorization", "Bearer s3cret");
    for other in ["Bearer s3cret", "Bearer wrong", "Basic x", ""] {
        let other = ("authorization", other);
        assert!(!admits(&bearer("s3cret"), "", &[right, other]));
        assert!(!admits(&bearer("s3cret"), "", &[other, right]));
    }
    let twice = [("x-api-key", "s3cret"), ("x-api-key", "s3cret")];
    assert!(!admits(&api_key("s3cret"), "", &twice));
    assert!(!admits(
        &api_key("s3cret"),
        "",
        &[("x-api-key", "s3cret, s3cret")]
    ));
}

#[test]
fn an_api_key_lets_in_by_its_header() {
    let access = api_key("s3cret");
    assert!(admits(&access, "", &[("X-Api-Key", "s3cret")]));
    assert!(!admits(&access, "", &[("x-api-key", "S3CRET")]));
    assert_eq!(
        told(&access, &request("", &[])),
        (401, vec![API_KEY.to_owned()])
    );
    let access = access.header("X-Health-Key");
    assert!(access.validate().is_ok());
    assert!(admits(&access, "", &[("x-health-key", "s3cret")]));
    assert!(!admits(&access, "", &[("x-api-key", "s3cret")]));
    let challenge = "ApiKey realm=\"health\", header=\"x-health-key\"".to_owned();
    assert_eq!(told(&access, &request("", &[])), (401, vec![challenge]));
}

#[test]
fn networks_let_in_by_the_address_of_the_peer() {
    let access = networks(["10.0.0.0/8", "::1"]);
    assert!(admits(&access, "10.1.2.3", &[]));
    assert!(admits(&access, "[::1]", &[]));
    assert!(admits(&access, "[::ffff:10.1.2.3]", &[]));
    for peer in ["11.0.0.1", "[::2]", "[::ffff:11.0.0.1]", ""] {
        assert_eq!(told(&access, &request(peer, &[])), (403, vec![]), "{peer}");
    }
    let none: [&str; 0] = [];
    assert!(!admits(&networks(none), "10.0.0.1", &[]), "an empty list");
}

#[test]
fn headers_that_name_another_client_are_believed_from_trusted_proxies_alone() {
    let (office, proxy) = ("192.0.2.1", "10.1.0.1");
    let headers = [
        ("x-forwarded-for", office),
        ("forwarded", "for=192.0.2.1"),
        ("x-real-ip", office),
    ];
    let access = networks(["192.0.2.0/24"]);
    let behind = access.clone().behind(["10.1.0.0/16", "fd00::1"]);
    assert!(behind.validate().is_ok());
    for header in &headers[..2] {
        let headers = &[*header];
        assert!(!admits(&access, proxy, headers), "nobody is trusted");
        assert!(!admits(&behind, "10.2.0.1", headers), "not this one");
        assert!(!admits(&behind, "", headers), "a socket is nobody");
        assert!(admits(&behind, proxy, headers));
        assert!(admits(&behind, "[fd00::1]", headers));
        assert!(admits(&behind, "[::ffff:10.1.0.1]", headers));
    }
    assert!(!admits(&behind, proxy, &headers[2..]), "nobody reads it");
    assert!(admits(&behind, office, &[("x-forwarded-for", "8.8.8.8")]));
}

#[test]
fn behind_proxies_the_first_address_from_the_right_that_is_not_trusted_counts() {
    let access = networks(["192.0.2.0/24"]).behind(["10.1.0.0/16"]);
    for (line, is_in) in [
        ("192.0.2.1", true),
        ("8.8.8.8, 192.0.2.1", true),
        ("192.0.2.1, 8.8.8.8", false),
        ("192.0.2.1, 10.1.0.2", true),
        ("192.0.2.1, 10.1.0.2, 10.1.0.3", true),
        ("192.0.2.1, 8.8.8.8, 10.1.0.2", false),
        ("192.0.2.1, unknown", false),
        ("192.0.2.1, unknown, 10.1.0.2", false),
        ("unknown, 192.0.2.1", true),
        ("192.0.2.1, ", false),
        ("", false),
        ("10.1.0.9", false),
    ] {
        let header = [("x-forwarded-for", line)];
        assert_eq!(admits(&access, "10.1.0.1", &header), is_in, "{line}");
    }
    let forwarded = [
        ("forwarded", "for=8.8.8.8"),
        (
            "forwarded",
            "for=192.0.2.1;proto=https, for=\"10.1.0.2:80\"",
        ),
        ("forwarded", "by=_x;for=10.1.0.3"),
    ];
    assert!(
        admits(&access, "10.1.0.1", &forwarded),
        "lines are one list"
    );
    assert!(!admits(&access, "10.1.0.1", &forwarded[..1]));
}

#[test]
fn a_proxy_that_speaks_for_nobody_asks_for_itself() {
    let access = networks(["10.1.0.0/16"]).behind(["10.1.0.0/16"]);
    assert!(admits(&access, "10.1.0.1", &[]));
    assert!(admits(
        &access,
        "10.1.0.1",
        &[("x-forwarded-for", "10.1.0.2")]
    ));
    assert!(!admits(
        &access,
        "10.1.0.1",
        &[("x-forwarded-for", "garbage")]
    ));
}

#[test]
fn where_two_headers_disagree_neither_is_believed() {
    let access = networks(["192.0.2.0/24"]).behind(["10.1.0.0/16"]);
    for (forwarded, x_forwarded_for, is_in) in [
        ("for=192.0.2.1", "192.0.2.1", true),
        ("for=192.0.2.1, for=10.1.0.2", "192.0.2.1", true),
        ("for=192.0.2.1", "192.0.2.2", false),
        ("for=192.0.2.1", "8.8.8.8", false),
        ("for=8.8.8.8", "192.0.2.1", false),
        ("for=unknown", "192.0.2.1", false),
        ("for=192.0.2.1", "", false),
        ("for=unknown", "unknown", false),
    ] {
        let headers = [
            ("forwarded", forwarded),
            ("x-forwarded-for", x_forwarded_for),
        ];
        assert_eq!(admits(&access, "10.1.0.1", &headers), is_in, "{headers:?}");
    }
}

#[test]
fn a_closure_decides_by_the_request() {
    let access = allow(|request| request.headers().contains_key("x-operator"));
    assert!(admits(&access, "", &[("x-operator", "1")]));
    assert_eq!(told(&access, &request("", &[])), (403, vec![]));
}

#[test]
fn a_closure_that_panics_lets_nobody_in_and_nothing_else_fails() {
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ran);
    let access = allow(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        panic!("on purpose")
    });
    for asked in 1..=3 {
        assert_eq!(told(&access.clone(), &request("", &[])), (403, vec![]));
        assert_eq!(ran.load(Ordering::Relaxed), asked);
    }
    assert!(admits(&access.or(allow(|_| true)), "", &[]));
}

/// The table in the documentation of [`Access`].
#[test]
fn combined_they_answer_as_documented() {
    let lets_in = || allow(|_| true);
    let wants_token = || bearer("s3cret");
    let refuses = || networks(["192.0.2.1"]);
    let request = request("10.0.0.1", &[]);
    let status = |access: Access| told(&access, &request).0;
    for (one, other, or, and) in [
        (lets_in(), lets_in(), 200, 200),
        (lets_in(), wants_token(), 200, 401),
        (lets_in(), refuses(), 200, 403),
        (wants_token(), wants_token(), 401, 401),
        (wants_token(), refuses(), 401, 403),
        (refuses(), refuses(), 403, 403),
    ] {
        for (one, other) in [(one.clone(), other.clone()), (other, one)] {
            let told = format!("{one:?} {other:?}");
            assert_eq!(status(one.clone().or(other.clone())), or, "or: {told}");
            assert_eq!(status(one.and(other)), and, "and: {told}");
        }
    }
}

#[test]
fn challenges_are_those_of_all_that_would_help_each_once() {
    let none = request("10.0.0.1", &[]);
    let challenges = |access: &Access| told(access, &none).1;
    let rotated = bearer("new").or(bearer("old"));
    assert_eq!(challenges(&rotated), [BEARER]);
    assert_eq!(
        challenges(&rotated.clone().or(api_key("k"))),
        [BEARER, API_KEY]
    );
    assert_eq!(
        challenges(&bearer("a").and(api_key("k"))),
        [BEARER, API_KEY]
    );
    assert_eq!(challenges(&networks(["::1"]).or(api_key("k"))), [API_KEY]);
    let half = request("10.0.0.1", &[("x-api-key", "k")]);
    let both = bearer("a").and(api_key("k"));
    assert_eq!(
        told(&both, &half),
        (401, vec![BEARER.to_owned()]),
        "what is missing"
    );
    let nested = networks(["::1"]).and(bearer("a")).or(api_key("k"));
    assert_eq!(challenges(&nested), [API_KEY], "the token would not help");
}

#[test]
fn tokens_rotate() {
    let access = bearer("new").or(bearer("old"));
    for (token, is_in) in [("new", true), ("old", true), ("older", false)] {
        let header = format!("Bearer {token}");
        assert_eq!(admits(&access, "", &[("authorization", &header)]), is_in);
    }
}

#[test]
fn from_the_wrong_network_no_token_is_told_from_another() {
    for access in [
        networks(["192.0.2.0/24"]).and(bearer("s3cret")),
        bearer("s3cret").and(networks(["192.0.2.0/24"])),
    ] {
        for token in ["Bearer s3cret", "Bearer wrong"] {
            let request = request("10.0.0.1", &[("authorization", token)]);
            assert_eq!(told(&access, &request), (403, vec![]));
        }
    }
}

#[test]
fn a_long_chain_is_no_deep_one() {
    let chain = (0..10_000).map(|i| bearer(format!("t{i}")));
    let access = chain.reduce(Access::or).unwrap();
    let chain = (0..10_000).map(|_| allow(|_| true));
    let access = access.and(chain.reduce(Access::and).unwrap());
    assert!(admits(
        &access.clone(),
        "",
        &[("authorization", "Bearer t9999")]
    ));
    assert!(!admits(&access, "", &[]));
}

#[test]
fn every_mistake_is_told_and_as_long_as_there_is_one_nobody_is_let_in() {
    let access = bearer("").or(networks(["10.0.0.0/8", "localhost"]));
    let access = access
        .or(api_key("k").header("not a name"))
        .or(allow(|_| true));
    let text = mistakes(&access);
    for told in [
        "3 mistakes",
        "the bearer token is empty",
        "`localhost` is no network",
        "cannot come in the header `not a name`",
    ] {
        assert!(text.contains(told), "{text}");
    }
    let headers = [("authorization", "Bearer "), ("x-api-key", "k")];
    assert_eq!(told(&access, &request("10.0.0.1", &headers)), (403, vec![]));
    let empty = api_key("");
    assert!(mistakes(&empty).contains("the API key is empty"));
    assert!(!admits(&empty, "", &[("x-api-key", "")]));
}

#[test]
fn what_belongs_to_one_kind_is_a_mistake_with_another() {
    for (access, told) in [
        (bearer("t").header("x"), "not `api_key(..)` alone"),
        (bearer("t").header("not a name"), "not `api_key(..)` alone"),
        (
            api_key("k").or(bearer("t")).header("x"),
            "not `api_key(..)` alone",
        ),
        (bearer("t").behind(["::1"]), "not `networks(..)` alone"),
        (
            networks(["::1"]).and(bearer("t")).behind(["::2"]),
            "not `networks(..)` alone",
        ),
        (networks(["::1"]).behind(["x"]), "`x` is no network"),
        (
            networks(["::1"]).behind(["0.0.0.0/0"]),
            "behind `0.0.0.0/0` everyone",
        ),
        (
            networks(["::1"]).behind(["::ffff:0:0/96"]),
            "behind `0.0.0.0/0` everyone",
        ),
    ] {
        let text = mistakes(&access);
        assert!(text.contains(told), "{text}");
    }
}

#[test]
fn what_is_printed_has_no_token() {
    let access = bearer("hunter2").or(api_key("hunter3").header("x-key"));
    let access = access.and(
        networks(["10.0.0.0/8"])
            .behind(["::1"])
            .and(networks(["::2"])),
    );
    let expected = "all([any([bearer(***), api_key(***).header(\"x-key\")]), \
                    all([networks([10.0.0.0/8]).behind([::1/128]), networks([::2/128])])])";
    assert_eq!(format!("{access:?}"), expected);
    assert!(!format!("{access:#?}").contains("hunter"));
    let allow = format!("{:?}", allow(|_| true));
    assert!(
        allow.starts_with("allow(|request| ") && allow.contains("tests.rs:"),
        "{allow}"
    );
    assert!(!mistakes(&bearer("hunter 2")).contains("hunter"));
}

/// What may stand in a header, for hostile lines.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\t]{0,60}",
        "((for=|by=)?\"?(\\[::1\\]|10\\.1\\.0\\.[1-3]|192\\.0\\.2\\.1|unknown|_x)(:80)?\"?[,; ]{0,2}){0,8}",
    ]
}

proptest! {
    #[test]
    fn no_bytes_in_headers_panic(
        name in prop::sample::select(vec![
            "authorization", "forwarded", "x-forwarded-for", "x-api-key",
        ]),
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..4),
    ) {
        let access = bearer("a").or(api_key("a")).or(networks(["192.0.2.1"]).behind(["10.1.0.1"]));
        let mut request = TestRequest::default().peer_addr("10.1.0.1:1".parse().unwrap());
        for value in values {
            if let Ok(value) = actix_web::http::header::HeaderValue::from_bytes(&value) {
                request = request.append_header((name, value));
            }
        }
        let _ = access.admit(&request.to_http_request());
    }

    #[test]
    fn what_an_attacker_writes_before_changes_nothing(
        lines in prop::collection::vec(value(), 0..3),
        before in prop::option::of(value()),
        client in prop::sample::select(vec!["192.0.2.1", "8.8.8.8", "2001:db8::1"]),
        hops in prop::collection::vec(prop::sample::select(vec!["10.1.0.2", "10.1.0.3"]), 0..3),
    ) {
        let access = networks(["192.0.2.0/24", "::1"]).behind(["10.1.0.0/16"]);
        let seen = std::iter::once(client).chain(hops);
        let seen: Vec<_> = before.into_iter().chain(seen.map(str::to_owned)).collect();
        let headers: Vec<_> = lines.iter().cloned().chain([seen.join(", ")]).collect();
        let headers: Vec<_> = headers.iter().map(|line| ("x-forwarded-for", line.as_str())).collect();
        prop_assert_eq!(admits(&access, "10.1.0.1", &headers), client == "192.0.2.1");
    }

    #[test]
    fn neither_does_it_in_forwarded_nor_in_the_header_that_the_proxy_lets_pass(
        before in value(),
        other in value(),
        client in prop::sample::select(vec!["192.0.2.1", "8.8.8.8", "[2001:db8::1]"]),
    ) {
        let access = networks(["192.0.2.0/24", "::1"]).behind(["10.1.0.0/16"]);
        let line = format!("{before}, for=\"{client}\";proto=https");
        let headers = [("forwarded", line.as_str())];
        let is_in = client == "192.0.2.1";
        prop_assert_eq!(admits(&access, "10.1.0.1", &headers), is_in);
        let headers = [headers[0], ("x-forwarded-for", &other)];
        prop_assert!(!admits(&access, "10.1.0.1", &headers) || is_in);
        let seen = [("x-forwarded-for", client), ("forwarded", &other)];
        prop_assert!(!admits(&access, "10.1.0.1", &seen) || is_in);
    }
}

#[test]
fn a_refusal_has_a_status() {
    assert_eq!(Refusal::bearer().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(Refusal::Forbidden.status(), StatusCode::FORBIDDEN);
}
