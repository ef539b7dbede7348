//! As MicroProfile Health has it, and as the UI of `SmallRye` Health reads it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use health_actix::{Check, Details, Dialect, Group, HealthService, Maintenance, Outcome, Status};
use serde_json::{Value, json};

use super::any::{Answer, ask_many};
use super::json::parse;
use super::schema::Schema;
use crate::golden::{compare_dialect, mask_latencies, mask_numbers};
use crate::situations::situations;
use crate::support::{fine, get, health, serve};

const PATHS: [&str; 5] = [
    "/health",
    "/health/live",
    "/health/ready",
    "/health/started",
    "/health/groups/nothing",
];

#[actix_web::test]
async fn every_situation_as_it_was_blessed() {
    compare_dialect(
        "microprofile",
        Dialect::microprofile,
        &PATHS,
        mask_latencies,
    )
    .await;
}

/// What the UI of `SmallRye` Health shows (`healthui.js`, `loadHealthData` and `processData`, at
/// `01b25a0`): an error for every code but 200 and 503; the status; of each check, sorted by name,
/// its name, if it is down in brackets.
fn as_health_ui(code: u16, body: &str) -> String {
    if code != 200 && code != 503 {
        return "Error fetching data".to_owned();
    }
    let body = parse(body);
    let checks = body["checks"].as_array().unwrap().iter();
    let mut cards: Vec<_> = checks
        .map(|check| {
            let name = check["name"].as_str().unwrap();
            let shown = if check["status"] == "DOWN" {
                format!("[{name}]")
            } else {
                name.to_owned()
            };
            (name.to_uppercase(), shown)
        })
        .collect();
    cards.sort();
    let cards: Vec<_> = cards.into_iter().map(|(_, shown)| shown).collect();
    let up_or_down = if body["status"] == "DOWN" {
        "Down"
    } else {
        "Up"
    };
    format!("{up_or_down} {}", cards.join(" "))
}

#[actix_web::test]
async fn the_ui_of_smallrye_health_shows_what_is_the_case() {
    let mut found = Vec::new();
    for (situation, health) in situations().await {
        let service = HealthService::new(&health).dialects([Dialect::microprofile()]);
        let address = serve(move || service.clone());
        let (code, body) = get(address, "/health").await;
        found.push(format!("{situation}: {}", as_health_ui(code, &body)));
    }
    let shards = "cache cache.shard \"4\" cache.shard_1 cache.shard_2 cache.shard_3 cache.token=*** \
                  database";
    let expected = [
        "no_checks: Up ",
        "all_healthy: Up cache database",
        "non_critical_failing: Up cache database",
        "degraded: Up cache database",
        "critical_failing: Down cache [database] [Startup]",
        "critical_failing_after_startup: Down cache [database]",
        "critical_timed_out: Down cache [database] [Startup]",
        "non_critical_timed_out: Up cache database",
        "before_startup: Down [cache] database [Startup]",
        "startup_gate_closed: Down database [Startup]",
        "prerequisite_failing: Down [cache] [database] [network]",
        &format!("children: Up {shards}"),
        "measured: Up cache database",
        "shared_failing: Up database",
        "overridden: Up cache database",
        "draining: Down cache database [Graceful Shutdown]",
        "maintenance: Down cache database [Maintenance]",
        "maintenance_with_an_end: Down [Maintenance]",
        "misconfigured: Down [Configuration]",
    ];
    assert_eq!(found, expected);
}

/// A check of several kinds is asked by each, and is in the whole once.
#[actix_web::test]
async fn several_kinds_of_one_check_are_one_in_the_whole() {
    let health = health([
        fine("both").liveness(),
        fine("later").startup(),
        Check::new("never", async || -> bool { panic!("out of memory") }).readiness(),
    ]);
    let service = HealthService::new(&health).dialects([Dialect::microprofile()]);
    let address = serve(move || service.clone());
    let names = async |path: &str| {
        let (code, body) = get(address, path).await;
        let body = parse(&body);
        let checks = body["checks"].as_array().unwrap().iter();
        let names: Vec<_> = checks
            .map(|check| check["name"].as_str().unwrap().to_owned())
            .collect();
        (code, names.join(" "))
    };
    assert_eq!(names("/health/live").await, (200, "both".to_owned()));
    assert_eq!(names("/health/started").await, (200, "later".to_owned()));
    let all = (503, "both later never".to_owned());
    assert_eq!(names("/health").await, all, "what throws is down");
}

/// Everything that can be said, of a check that is called as ours are.
fn talkative() -> Check {
    let outcome = || {
        Outcome::unhealthy("no route")
            .with_error("port 5432")
            .with_data("error", "theirs")
            .with_data("error_", 1)
            .with_data("message", true)
            .with_data("lag seconds", 0.5)
            .with_data("nan", f64::NAN)
            .with_data("infinite", f64::INFINITY)
            .with_child("a", Outcome::degraded("slow").with_data("degraded", 2))
    };
    Check::new("talkative", move || async move { outcome() })
        .readiness()
        .with_tag("slow ones")
        .with_tag("db")
        .with_critical(false)
}

#[actix_web::test]
async fn data_are_what_this_caller_may_know_and_no_name_is_there_twice() {
    let health = health([talkative()]);
    let summary = HealthService::new(&health).dialects([Dialect::microprofile()]);
    let full = summary.clone().details(Details::full());
    let ask = async |service: HealthService| {
        let address = serve(move || service.clone());
        let (code, body) = get(address, "/health/ready").await;
        let body = mask_numbers(&body, "\"latency_ms\":", "0");
        (code, parse(&body), body)
    };
    let (code, body, _) = ask(summary).await;
    let told = json!({ "status": "UP", "checks": [
        { "name": "talkative", "status": "UP", "data": {
            "latency_ms": 0, "degraded": true, "critical": false, "error": "no route",
        } },
        { "name": "talkative.a", "status": "UP", "data": { "degraded": true, "message": "slow" } },
    ] });
    assert_eq!((code, body), (200, told));
    let (_, _, text) = ask(full).await;
    let expected = concat!(
        r#"{"status":"UP","checks":[{"name":"talkative","status":"UP","data":{"latency_ms":0,"#,
        r#""degraded":true,"critical":false,"error":"no route","internal_error":"port 5432","#,
        r#""tags":"slow ones, db","error_":"theirs","error__":1,"message_":true,"#,
        r#""lag seconds":0.5}},{"name":"talkative.a","status":"UP","data":{"degraded":true,"#,
        r#""message":"slow","degraded_":2}}]}"#
    );
    assert_eq!(text, expected);
}

#[actix_web::test]
async fn no_two_are_called_the_same() {
    let cache = Check::new("cache", async || Outcome::healthy().with_child("us1", ()));
    let health = health([cache.readiness(), fine("cache.us1"), fine("Maintenance")]);
    health.start_maintenance(Maintenance::new("disk"));
    let service = HealthService::new(&health).dialects([Dialect::microprofile()]);
    let address = serve(move || service.clone());
    let (code, body) = get(address, "/health").await;
    let shown = "Down cache cache.us1 cache.us1_ Maintenance [Maintenance_]";
    assert_eq!(as_health_ui(code, &body), shown);
}

#[actix_web::test]
async fn a_group_is_a_list_of_its_checks() {
    let health = health([
        fine("a").with_tag("db"),
        Check::new("b", async || false).readiness().with_tag("db"),
    ]);
    health.start_draining();
    let group = Group::new("db").dialect(Dialect::microprofile());
    let service = HealthService::new(&health).group(group);
    let address = serve(move || service.clone());
    let (code, body) = get(address, "/health/groups/db").await;
    assert_eq!((code, &*as_health_ui(code, &body)), (503, "Down a [b]"));
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::named("microprofile"));

#[test]
fn whatever_is_found_conforms_and_the_whole_is_the_worst_of_its_checks() {
    let examine = |path: &str, level: &str, answer: &Answer| {
        let why = format!("{path} at {level}: {answer:?}");
        assert_eq!(SCHEMA.refuses(&answer.body), None, "{why}");
        assert_eq!(answer.media_type, "application/json", "{why}");
        let is_up = |value: &Value| value["status"] == "UP";
        assert_eq!(
            answer.code,
            if is_up(&answer.body) { 200 } else { 503 },
            "{why}"
        );
        let checks = answer.body["checks"].as_array().unwrap();
        if level == "status only" {
            assert!(checks.is_empty(), "{why}");
            return;
        }
        let down = |is_up: bool| usize::from(!is_up);
        let worst = down(checks.iter().all(is_up));
        assert!(answer.is_as_bad(down(is_up(&answer.body)), worst), "{why}");
        let names = checks.iter().map(|check| check["name"].as_str().unwrap());
        assert_eq!(
            names.collect::<BTreeSet<_>>().len(),
            checks.len(),
            "by its name an operator tells it from others: {why}"
        );
        let data = checks.iter().filter_map(|check| check["data"].as_object());
        let known: BTreeSet<_> = data
            .flat_map(|data| data.keys())
            .map(String::as_str)
            .collect();
        let public = BTreeSet::from([
            "latency_ms",
            "degraded",
            "critical",
            "shared",
            "caused_by",
            "message",
            "error",
        ]);
        assert!(level == "full" || known.is_subset(&public), "{why}");
    };
    let paths = &PATHS[..4];
    ask_many(
        Dialect::microprofile,
        &["Startup", "Maintenance"],
        paths,
        examine,
    );
}

#[test]
fn the_examples_of_the_specification_conform() {
    let example = |status: Status, checks: Value| {
        let status = if status.is_passing() { "UP" } else { "DOWN" };
        json!({ "status": status, "checks": checks })
    };
    let data = json!({ "key": "value", "foo": "bar" });
    for good in [
        example(
            Status::Healthy,
            json!([{ "name": "myCheck", "status": "UP", "data": data }]),
        ),
        example(
            Status::Unhealthy,
            json!([
                { "name": "firstCheck", "status": "DOWN", "data": data },
                { "name": "secondCheck", "status": "UP" },
            ]),
        ),
        example(Status::Healthy, json!([])),
        example(Status::Unhealthy, json!([])),
    ] {
        assert_eq!(SCHEMA.refuses(&good), None);
    }
    for bad in [
        json!({ "status": "UP" }),
        example(Status::Healthy, json!([{ "status": "UP" }])),
        example(
            Status::Healthy,
            json!([{ "name": "a", "status": "UP", "data": { "b": null } }]),
        ),
        example(
            Status::Healthy,
            json!([{ "name": "a", "status": "UP", "data": { "b": [] } }]),
        ),
        json!({ "status": "UP", "checks": [], "more": 1 }),
    ] {
        assert!(SCHEMA.refuses(&bad).is_some(), "{bad}");
    }
}
