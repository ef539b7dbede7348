//! The document as YAML.

use health_actix::{Check, Details, HealthService, api_key};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::{document, two_checks, without_notice};
use crate::support::{exchange, get, health, request, serve, shown};

/// What a text says, as two readers have it: one takes `yes` for true, as YAML 1.1 does, the other
/// shares no code with the writer.
fn read(yaml: &str) -> Value {
    let value: Value = serde_saphyr::from_str(yaml).unwrap_or_else(|why| panic!("{why}: {yaml}"));
    assert!(value == yaml_serde::from_str::<Value>(yaml).unwrap());
    value
}

#[actix_web::test]
async fn it_is_served_beside_the_other_and_says_the_same() {
    let service = HealthService::new(&two_checks()).prefix("/ops");
    let json = document(&service);
    assert!(read(&service.openapi_yaml()) == json);
    let address = serve(move || service.clone());
    let answer = shown(&request(address, "GET", "/ops/openapi.yaml").await);
    assert_eq!(
        (answer.code, &*answer.media_type),
        (200, "application/yaml")
    );
    let public = answer.body;
    assert!(read(&public) == without_notice(&json, "/ops/openapi.json"));
    assert_eq!(get(address, "/ops/openapi.yaml/").await, (200, public));
    let refused = request(address, "POST", "/ops/openapi.yaml").await;
    assert!(
        refused.starts_with("HTTP/1.1 405 ") && refused.contains("\nallow: GET, HEAD, OPTIONS")
    );
    let item = &json["paths"]["/ops/openapi.yaml"];
    assert!(item["get"]["responses"]["200"]["content"]["application/yaml"].is_object());
}

#[actix_web::test]
async fn each_reader_is_told_as_much_in_one_as_in_the_other() {
    let details = Details::when(api_key("Q9dV3sXw5tRzK2nE"));
    let service = HealthService::new(&two_checks()).details(details);
    let address = serve(move || service.clone());
    for (key, is_full) in [
        ("x-api-key: Q9dV3sXw5tRzK2nE", true),
        ("x-api-key: none", false),
    ] {
        let ask = async |path: &str| {
            let head =
                format!("GET {path} HTTP/1.1\r\nHost: x\r\n{key}\r\nConnection: close\r\n\r\n");
            shown(&exchange(address, &head).await).body
        };
        let json = ask("/health/openapi.json").await;
        let yaml = ask("/health/openapi.yaml").await;
        assert_eq!(read(&yaml), serde_json::from_str::<Value>(&json).unwrap());
        assert_eq!(yaml.contains("x-health-timeout-ms: 250"), is_full);
    }
}

/// As YAML, what is written of these texts is read as these texts.
fn survive(texts: &[String]) {
    let named = texts.iter().enumerate();
    let checks = named.map(|(place, text)| {
        let check = Check::new(format!("check-{place}"), async || ()).readiness();
        check.with_description(text.clone())
    });
    let service = HealthService::new(&health(checks)).details(Details::full());
    let read = read(&service.openapi_yaml());
    assert!(read == document(&service));
    let report = &read["components"]["schemas"]["HealthReadinessReport"]["properties"]["checks"];
    for (place, text) in texts
        .iter()
        .enumerate()
        .filter(|(_, text)| !text.is_empty())
    {
        let check = &report["properties"][format!("check-{place}")];
        assert_eq!(check["description"], **text);
    }
}

#[test]
fn texts_that_mean_something_in_yaml_stay_texts() {
    let texts = [
        "yes",
        "No",
        "on",
        "y",
        "~",
        "null",
        "1.0",
        "0x1F",
        "0o17",
        "1_000",
        "12:30:45",
        ".inf",
        "2026-01-01",
        "<<",
        "=",
        "a: b",
        ": ",
        "- ",
        "- a",
        "? a",
        "# a",
        "a #b",
        "&a",
        "*a",
        "!a",
        "!!str a",
        "%YAML 1.2",
        "---",
        "...",
        "@a",
        "`a`",
        "|",
        ">",
        "|-\n a",
        "[a]",
        "{a: b}",
        "a, b",
        "\"",
        "'",
        "it's \"so\"",
        "\\",
        "\\n",
        " leading",
        "trailing ",
        "\tindented",
        "\n",
        "a\nb",
        "a\n\n  b\n",
        "\n a",
        "  a\nb",
        "a\r\nb\rc",
        "a\u{85}b",
        "a\u{2028}b\u{2029}c",
        "\u{feff}a",
        "a\u{0}b",
        "\u{7f}\u{9f}",
        "\u{1b}[31m",
        "größe 漢 \u{1f980}",
        "\u{202e}",
        "\u{fffe}\u{ffff}",
    ];
    survive(&texts.map(str::to_owned));
    survive(&["word ".repeat(400), "x".repeat(4000)]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_texts_survive(texts in vec(any::<String>(), 32)) {
        survive(&texts);
    }
}
