//! Against kubernetes/apiserver, `pkg/server/healthz/healthz.go` and its tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use health_actix::{
    Check, Details, Dialect, Group, Health, HealthService, Maintenance, Outcome, Probe, Status,
    StatusCodes, Visibility,
};

use super::any::{Answer, AnyCheck, ask_many};
use crate::golden::compare_dialect;
use crate::support::{get, health, request, serve};

const PATHS: [&str; 14] = [
    "/livez",
    "/livez?verbose",
    "/readyz",
    "/readyz?verbose",
    "/readyz?verbose=true&exclude=cache",
    "/readyz?verbose&exclude=database&exclude=cache&exclude=network&exclude=nobody",
    "/readyz?verbose&exclude=shutdown&exclude=maintenance&exclude=startup&exclude=configuration",
    "/startupz",
    "/startupz?verbose",
    "/healthz",
    "/healthz/database",
    "/livez/cache",
    "/readyz/cache",
    "/readyz/nobody",
];

#[actix_web::test]
async fn every_situation_as_it_was_blessed() {
    compare_dialect("kubernetes", Dialect::kubernetes, &PATHS, str::to_owned).await;
}

fn speaking(health: &Health) -> impl Fn() -> HealthService + Clone + Send + 'static {
    let service = HealthService::new(health).dialects([Dialect::kubernetes()]);
    move || service.clone()
}

fn always(name: &'static str, outcome: fn() -> Outcome) -> Check {
    Check::new(name, move || async move { outcome() })
}

/// Of `healthz_test.go` the table `testMultipleChecks`: with a check that passes, and, where it
/// says so, one that fails behind it. What is 500 there is 503 here.
#[actix_web::test]
async fn every_case_of_the_api_servers_own_test() {
    let withheld = "[+]aping ok\n[-]bad failed: reason withheld\nlivez check failed\n";
    let unmatched = "[+]aping ok\nwarn: some health checks cannot be excluded: no matches for \
                     \"dontexist\"\nlivez check passed\n";
    let cases = [
        ("?verbose", false, 200, "[+]aping ok\nlivez check passed\n"),
        ("?exclude=dontexist", false, 200, "ok"),
        ("?exclude=bad", true, 200, "ok"),
        (
            "?verbose=true&exclude=bad",
            true,
            200,
            "[+]aping ok\n[+]bad excluded: ok\nlivez check passed\n",
        ),
        ("?verbose=true&exclude=dontexist", false, 200, unmatched),
        ("/aping", false, 200, "ok"),
        ("", false, 200, "ok"),
        ("?verbose", true, 503, withheld),
        ("/aping", true, 200, "ok"),
        ("/bad", true, 503, "internal server error: this will fail\n"),
        ("", true, 503, withheld),
    ];
    let aping = || always("aping", Outcome::healthy).liveness();
    let bad = always("bad", || Outcome::unhealthy("this will fail")).liveness();
    let fine = serve(speaking(&health([aping()])));
    let failing = serve(speaking(&health([aping(), bad])));
    for (path, fails, code, body) in cases {
        let address = if fails { failing } else { fine };
        let found = get(address, &format!("/livez{path}")).await;
        assert_eq!(found, (code, body.to_owned()), "{path}");
    }
}

#[actix_web::test]
async fn excluding_is_for_this_caller_alone_and_neither_starts_nor_keeps_from_a_run() {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let bad = Check::new("bad", move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async { false }
    });
    let address = serve(speaking(&health([bad.readiness()])));
    for _ in 0..5 {
        assert_eq!(get(address, "/readyz?exclude=bad").await.0, 200);
        assert_eq!(get(address, "/readyz").await.0, 503);
    }
    assert_eq!(runs.load(Ordering::Relaxed), 1, "the result is kept");
    assert_eq!(
        get(address, "/readyz/bad?exclude=bad").await,
        (503, "internal server error: check failed\n".to_owned()),
        "a check is not left out of itself"
    );
}

#[actix_web::test]
async fn what_was_seen_to_fail_fails_though_shutdown_is_excluded() {
    let health = health([always("bad", || Outcome::unhealthy("no route")).readiness()]);
    health.start_draining();
    health.start_maintenance(Maintenance::new("disk"));
    let address = serve(speaking(&health));
    for (query, code, body) in [
        (
            "exclude=shutdown",
            503,
            "[-]maintenance failed: reason withheld\n[+]shutdown excluded: ok\n\
             readyz check failed\n",
        ),
        (
            "exclude=shutdown&exclude=maintenance",
            503,
            "[-]bad failed: reason withheld\n[+]maintenance excluded: ok\n\
             [+]shutdown excluded: ok\nreadyz check failed\n",
        ),
        (
            "exclude=shutdown&exclude=maintenance&exclude=bad",
            200,
            "ok",
        ),
    ] {
        let found = get(address, &format!("/readyz?{query}")).await;
        assert_eq!(found, (code, body.to_owned()), "{query}");
    }
}

#[actix_web::test]
async fn who_is_told_the_status_alone_cannot_ask_for_more_by_the_query() {
    let health = health([always("bad", || Outcome::unhealthy("no route")).readiness()]);
    let service = speaking(&health)().details(Details::status_only());
    let address = serve(move || service.clone());
    for query in ["", "?verbose", "?exclude=bad", "?verbose&exclude=nobody"] {
        let found = get(address, &format!("/readyz{query}")).await;
        assert_eq!(found, (503, "readyz check failed\n".to_owned()), "{query}");
    }
}

#[actix_web::test]
async fn nobody_leaves_out_or_finds_out_what_it_may_not_know_of() {
    let vault = always("vault", || Outcome::unhealthy("sealed")).readiness();
    let health = health([
        vault.with_visibility(Visibility::Full),
        always("search", Outcome::healthy).readiness(),
    ]);
    let summary = speaking(&health)();
    let full = summary.clone().details(Details::full());
    let summary = serve(move || summary.clone());
    let full = serve(move || full.clone());
    for name in ["vault", "nobody"] {
        let warning = format!(
            "[+]search ok\nwarn: some health checks cannot be excluded: no matches for \"{name}\"\n\
             readyz check failed\n"
        );
        let found = get(summary, &format!("/readyz?exclude={name}")).await;
        assert_eq!(found, (503, warning), "as if it were not there");
        assert_eq!(get(summary, &format!("/readyz/{name}")).await.0, 404);
    }
    let found = get(full, "/readyz?exclude=vault&verbose").await;
    let passed = "[+]search ok\n[+]vault excluded: ok\nreadyz check passed\n";
    assert_eq!(found, (200, passed.to_owned()));
}

#[actix_web::test]
async fn reasons_are_told_on_one_line_to_those_who_may_know_everything() {
    let forging = || {
        let forged = Outcome::unhealthy("down\n[+]bad ok\r\nreadyz check passed\u{2028}");
        forged.with_error("port 5432\u{1b}[2J")
    };
    let health = health([
        always("bad", forging).readiness(),
        always("slow", || Outcome::degraded("a)\n[-]b")).readiness(),
    ]);
    let service = speaking(&health)().details(Details::full());
    let address = serve(move || service.clone());
    let reason = r"down\n[+]bad ok\r\nreadyz check passed\u2028: port 5432\x1b[2J";
    let slow = r"[+]slow degraded (a)\n[-]b): ok";
    assert_eq!(
        get(address, "/readyz").await.1,
        format!("[-]bad failed: {reason}\n{slow}\nreadyz check failed\n")
    );
    assert_eq!(
        get(address, "/readyz/bad").await.1,
        format!("internal server error: {reason}\n")
    );
}

#[actix_web::test]
async fn thousands_of_excluded_names_are_read_and_a_few_of_them_told() {
    let health = health([always("bad", || Outcome::unhealthy("no route")).readiness()]);
    let address = serve(speaking(&health));
    let names = (0..4500).map(|number| format!("&exclude={number}"));
    let query: String = names.collect::<String>() + "&exclude=bad";
    let (code, body) = get(address, &format!("/readyz?verbose{query}")).await;
    assert_eq!(code, 200);
    assert!(
        body.ends_with("\"1013\",\"1014\" and 4480 more\nreadyz check passed\n"),
        "{body}"
    );
    let long = "%0a".repeat(15_000);
    let (code, body) = get(address, &format!("/readyz?verbose&exclude={long}")).await;
    let cut = format!("no matches for \"{}\"...\n", r"\n".repeat(100));
    assert!(code == 503 && body.contains(&cut), "{body}");
}

#[actix_web::test]
async fn problems_are_text() {
    let health = health([always("bad", Outcome::healthy).readiness()]);
    let address = serve(speaking(&health));
    assert_eq!(
        request(address, "POST", "/readyz").await,
        "HTTP/1.1 405 Method Not Allowed\nallow: GET, HEAD, OPTIONS\ncache-control: no-store\n\
         connection: close\ncontent-length: 72\ncontent-type: text/plain; charset=utf-8\n\
         x-content-type-options: nosniff\n\n\
         This method is not answered here; the Allow header lists those that are\n"
    );
    let bad_is_no_liveness_check = get(address, "/livez/bad").await;
    assert_eq!(bad_is_no_liveness_check.0, 404);
}

#[actix_web::test]
async fn groups_moved_paths_and_the_api_servers_own_code_are_spoken_too() {
    let bad = always("bad", || Outcome::unhealthy("no route")).readiness();
    let health = health([bad.with_tag("db\n[+]x ok")]);
    let dialect = Dialect::kubernetes()
        .at("/ops")
        .status_codes(StatusCodes::new().unhealthy(500));
    let group = Group::new("db\n[+]x ok").dialect(dialect.clone());
    let service = HealthService::new(&health).dialects([dialect]).group(group);
    let address = serve(move || service.clone());
    assert_eq!(
        get(address, "/ops/readyz/").await,
        (
            500,
            "[-]bad failed: reason withheld\nreadyz check failed\n".to_owned()
        )
    );
    assert_eq!(
        get(address, "/health/groups/db%0a[+]x%20ok").await,
        (
            500,
            "[-]bad failed: reason withheld\ndb\\n[+]x ok check failed\n".to_owned()
        )
    );
}

/// What leaves out checks that may be there, and what may not be known.
const EXCLUDING: &str = "/livez?verbose&exclude=database&exclude=cache.us1&exclude=Cache";

#[test]
fn whatever_is_found_each_check_has_its_line_and_the_last_one_is_the_worst_of_them() {
    let paths = &[
        EXCLUDING,
        "/livez",
        "/readyz?verbose",
        "/readyz?exclude=cache",
        "/startupz?verbose",
        "/healthz",
    ];
    let names = &["shutdown", "maintenance", "startup"];
    ask_many(Dialect::kubernetes, names, paths, examine);
}

fn examine(path: &str, level: &str, answer: &Answer) {
    let why = format!("{path} at {level}: {answer:?}");
    assert_eq!(answer.media_type, "text/plain; charset=utf-8", "{why}");
    let fails = answer.code != 200;
    let probe = path[1..].split('?').next().unwrap();
    let tells = level != "status only";
    let last = format!("{probe} check {}", if fails { "failed" } else { "passed" });
    if !tells || !(fails || path.contains("verbose")) {
        let expected = if fails {
            format!("{last}\n")
        } else {
            "ok".to_owned()
        };
        assert_eq!(answer.text, expected, "{why}");
    } else {
        let mut lines: Vec<_> = answer.text.split_terminator('\n').collect();
        assert_eq!(lines.pop(), Some(&*last), "{why}");
        lines.retain(|line| !line.starts_with("warn: "));
        let of_failing = lines.iter().filter(|line| line.starts_with("[-]"));
        assert!(
            answer.is_as_bad(fails.into(), of_failing.count().min(1)),
            "{why}"
        );
        let plain = |line: &&str| !line.contains(char::is_control);
        assert!(lines.iter().all(plain), "{why}");
        if path == EXCLUDING {
            assert_eq!(lines.len(), expected_lines(level, answer).len(), "{why}");
            for (line, [begin, end]) in lines.iter().zip(expected_lines(level, answer)) {
                assert!(
                    line.starts_with(&begin) && line.ends_with(&end),
                    "{line} {why}"
                );
            }
        }
    }
    if path == EXCLUDING {
        let checks = answer.of.serving(Probe::Liveness).into_iter();
        let mut counted = checks.filter(|check| !(tells && is_excluded(check)));
        assert_eq!(
            fails,
            counted.any(|check| !check.counts_as().is_passing()),
            "{why}"
        );
    }
}

fn is_excluded(check: &AnyCheck) -> bool {
    EXCLUDING
        .split("exclude=")
        .skip(1)
        .any(|name| name.trim_end_matches('&') == check.name())
}

/// How the line of each check begins, and how it ends, by `handleRootHealth`.
fn expected_lines(level: &str, answer: &Answer) -> Vec<[String; 2]> {
    let checks = answer.of.serving(Probe::Liveness).into_iter();
    let known = checks.filter(|check| level == "full" || !check.is_hidden());
    let lines = known.map(|check| {
        let name = check.name();
        let (begin, end) = match check.counts_as() {
            _ if is_excluded(check) => (format!("[+]{name} excluded: ok"), ""),
            Status::Healthy => (format!("[+]{name} ok"), ""),
            Status::Degraded => (format!("[+]{name} degraded"), ": ok"),
            Status::Unhealthy if level == "full" => (format!("[-]{name} failed: "), ""),
            Status::Unhealthy => (format!("[-]{name} failed: reason withheld"), ""),
        };
        [begin, end.to_owned()]
    });
    lines.collect()
}
