//! What holds in every dialect, for those who ask without reading much of the answer.

use std::net::SocketAddr;

use health_actix::{Check, HealthService};
use serde_json::Value;

use crate::openapi::DIALECTS;
use crate::support::{Shown, fine, health, request, serve, shown};

/// A service of ten checks in each dialect, and its paths but for those of checks and groups.
fn services() -> impl Iterator<Item = (&'static str, SocketAddr, Vec<String>)> {
    let names = (0..10).map(|index| format!("dependency-{index}-of-ten"));
    let checks = names.map(|name| Check::new(name, async || ()).readiness());
    let health = health(checks.chain([fine("alive").liveness()]));
    DIALECTS.into_iter().map(move |dialect| {
        let service = HealthService::new(&health).dialects([dialect.parse().unwrap()]);
        let document: Value = serde_json::from_str(&service.openapi_json()).unwrap();
        let paths = document["paths"].as_object().unwrap().keys();
        let paths = paths.filter(|path| !path.contains('{') && !path.contains("/openapi."));
        let paths = paths.cloned().collect();
        (dialect, serve(move || service.clone()), paths)
    })
}

/// Balancers of Google Cloud look at the first KiB of a body. The format of the IETF needs half as
/// much again for ten checks; but its verdict comes first, too.
#[actix_web::test]
async fn a_balancer_finds_the_verdict_in_the_first_kibibyte() {
    for (dialect, address, paths) in services() {
        assert!(paths.len() >= 4, "{dialect}: {paths:?}");
        for path in paths {
            let Shown { code, body, .. } = shown(&request(address, "GET", &path).await);
            let begins = match dialect {
                "kubernetes" => "ok",
                _ => r#"{"status":""#,
            };
            assert!(code == 200 && body.starts_with(begins), "{path}: {body}");
            let is_small = body.len() < 1024 || dialect == "ietf";
            assert!(is_small, "{dialect} {path}: {} bytes", body.len());
        }
    }
}

/// Without what need not be the same twice: the length, and for how long it may be kept.
fn head(answer: &str) -> String {
    let (head, _) = answer.split_once("\n\n").unwrap();
    let lines = head.lines().map(|line| match line.split_once(": ") {
        Some((name @ ("content-length" | "cache-control"), _)) => name,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[actix_web::test]
async fn head_slashes_and_queries_change_nothing_but_the_body() {
    for (dialect, address, paths) in services() {
        for path in paths {
            let got = head(&request(address, "GET", &path).await);
            assert!(got.contains("\ncache-control\n"), "{dialect}: {got}");
            for (method, asked) in [
                ("HEAD", path.clone()),
                ("GET", format!("{path}/")),
                ("GET", format!("{path}?verbose&exclude=%ff&a=%zz&&=")),
            ] {
                let answer = request(address, method, &asked).await;
                assert_eq!(head(&answer), got, "{dialect}: {method} {asked}");
                let Shown { body, .. } = shown(&answer);
                assert_eq!(body.is_empty(), method == "HEAD", "{dialect}: {asked}");
                let length = answer
                    .lines()
                    .find(|line| line.starts_with("content-length: "));
                assert_ne!(length.unwrap(), "content-length: 0", "{dialect}: {asked}");
            }
        }
    }
}
