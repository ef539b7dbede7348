//! As ASP.NET answers, and as the dashboard of `AspNetCore.Diagnostics.HealthChecks` collects it.

use std::sync::LazyLock;

use health_actix::{Check, Details, Dialect, Group, HealthService, Outcome, StatusCodes};
use serde_json::{Value, json};

use super::any::{Answer, ask_many};
use super::json::parse;
use super::schema::Schema;
use crate::golden::{compare_dialect, mask_text};
use crate::situations::situations;
use crate::support::{Shown, get, health, request, serve, shown};

const PATHS: [&str; 4] = [
    "/health",
    "/health/live",
    "/health/ready",
    "/health/started",
];

/// Durations are not always the same, but those that are not known are.
fn mask_durations(answer: &str) -> String {
    let (zero, kept) = (r#""duration":"00:00:00""#, r#""duration" "00:00:00""#);
    let masked = mask_text(&answer.replace(zero, kept), r#""duration":""#, "(time)");
    let masked = mask_text(&masked, r#""totalDuration":""#, "(time)");
    masked.replace(kept, zero)
}

#[actix_web::test]
async fn every_situation_as_it_was_blessed() {
    compare_dialect("aspnet", Dialect::aspnet, &PATHS, mask_durations).await;
}

/// What the dashboard shows of an answer, by the rules of
/// `HealthCheckReportCollector.GetHealthReportAsync` (Xabaril, `3b6abbd`), which reads by those of
/// `System.Text.Json` for the web: the status, and each entry with its own. What it cannot read is
/// one entry, `Endpoint`.
fn as_collector(answer: &Shown) -> (&'static str, Vec<(String, &'static str)>) {
    let unreadable = || ("Unhealthy", vec![("Endpoint".to_owned(), "Unhealthy")]);
    let essence = answer.media_type.split(';').next().unwrap_or_default();
    if !(200..300).contains(&answer.code) && essence != "application/json" {
        return unreadable();
    }
    serde_json::from_str(&answer.body)
        .ok()
        .and_then(|body| read_report(&body))
        .unwrap_or_else(unreadable)
}

fn read_report(body: &Value) -> Option<(&'static str, Vec<(String, &'static str)>)> {
    let members = body.as_object()?;
    let status = read_status(members.get("status")?)?;
    members
        .get("totalDuration")
        .map_or(Some(()), read_time_span)?;
    let mut entries = Vec::new();
    for (name, entry) in members.get("entries")?.as_object()? {
        entries.push((name.clone(), read_entry(entry)?));
    }
    Some((status, entries))
}

fn read_entry(entry: &Value) -> Option<&'static str> {
    let members = entry.as_object()?;
    members.get("duration").map_or(Some(()), read_time_span)?;
    let is_text = |value: &Value| value.is_string() || value.is_null();
    let data = members
        .get("data")
        .is_none_or(|v| v.is_object() || v.is_null());
    let texts = ["description", "exception"];
    let texts = texts
        .iter()
        .all(|name| members.get(*name).is_none_or(is_text));
    let tags = members.get("tags").is_none_or(|tags| {
        tags.is_null() || tags.as_array().is_some_and(|tags| tags.iter().all(is_text))
    });
    (data && texts && tags).then_some(())?;
    read_status(members.get("status")?)
}

/// `JsonStringEnumConverter(allowIntegerValues: true)` of `UIHealthStatus`.
fn read_status(status: &Value) -> Option<&'static str> {
    let names = ["Unhealthy", "Degraded", "Healthy"];
    match status {
        Value::Number(number) => names.get(usize::try_from(number.as_u64()?).ok()?).copied(),
        Value::String(word) => names
            .into_iter()
            .find(|name| name.eq_ignore_ascii_case(word)),
        _ => None,
    }
}

/// The converter of `System.Text.Json` for `TimeSpan`, which takes the constant format alone.
fn read_time_span(value: &Value) -> Option<()> {
    let schema = &json!({ "$ref": "#/$defs/timeSpan" });
    let is_one = SCHEMA.refuses_by(schema, value).is_none();
    is_one.then_some(())
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::named("aspnet"));

#[actix_web::test]
async fn the_dashboard_shows_what_is_the_case() {
    let mut found = Vec::new();
    for (situation, health) in situations().await {
        let address = serve(move || HealthService::new(&health).dialects([Dialect::aspnet()]));
        let ask = async |path| as_collector(&shown(&request(address, "GET", path).await));
        let (status, entries) = ask("/health").await;
        let entries: Vec<_> = entries
            .iter()
            .map(|(name, word)| format!("{name}: {word}"))
            .collect();
        let mut probes = Vec::new();
        for path in &PATHS[1..] {
            probes.push(ask(path).await.0);
        }
        found.push(format!(
            "{situation}: {status} [{}] {}",
            entries.join(", "),
            probes.join(" ")
        ));
    }
    let all_fine = "[cache: Healthy, database: Healthy] Healthy Healthy Healthy";
    let cache_ill = "[cache: Degraded, database: Healthy] Degraded Degraded Degraded";
    let expected = [
        "no_checks: Healthy [] Healthy Healthy Healthy".to_owned(),
        format!("all_healthy: Healthy {all_fine}"),
        format!("non_critical_failing: Degraded {cache_ill}"),
        format!("degraded: Degraded {cache_ill}"),
        "critical_failing: Unhealthy [ApplicationLifecycle: Unhealthy, cache: Healthy, database: \
         Unhealthy] Unhealthy Unhealthy Unhealthy"
            .to_owned(),
        "critical_failing_after_startup: Unhealthy [cache: Healthy, database: Unhealthy] Healthy \
         Unhealthy Healthy"
            .to_owned(),
        "critical_timed_out: Unhealthy [ApplicationLifecycle: Unhealthy, cache: Healthy, database: \
         Unhealthy] Unhealthy Unhealthy Unhealthy"
            .to_owned(),
        format!("non_critical_timed_out: Degraded {cache_ill}"),
        "before_startup: Unhealthy [ApplicationLifecycle: Unhealthy, cache: Unhealthy, database: \
         Healthy] Healthy Unhealthy Unhealthy"
            .to_owned(),
        "startup_gate_closed: Unhealthy [ApplicationLifecycle: Unhealthy, database: Healthy] \
         Healthy Unhealthy Unhealthy"
            .to_owned(),
        "prerequisite_failing: Unhealthy [cache: Unhealthy, database: Unhealthy, network: \
         Unhealthy] Healthy Unhealthy Healthy"
            .to_owned(),
        "children: Degraded [cache: Degraded, cache.shard \"4\": Degraded, cache.shard_1: Healthy, \
         cache.shard_2: Degraded, cache.shard_3: Degraded, cache.token=***: Healthy, database: \
         Healthy] Degraded Degraded Degraded"
            .to_owned(),
        format!("measured: Healthy {all_fine}"),
        "shared_failing: Degraded [database: Degraded] Healthy Degraded Healthy".to_owned(),
        format!("overridden: Healthy {all_fine}"),
        "draining: Unhealthy [ApplicationLifecycle: Unhealthy, cache: Healthy, database: Healthy] \
         Healthy Unhealthy Healthy"
            .to_owned(),
        "maintenance: Unhealthy [Manual: Unhealthy, cache: Healthy, database: Healthy] Healthy \
         Unhealthy Healthy"
            .to_owned(),
        "maintenance_with_an_end: Unhealthy [Manual: Unhealthy] Healthy Unhealthy Healthy".to_owned(),
        "misconfigured: Unhealthy [ApplicationLifecycle: Unhealthy] Healthy Unhealthy Unhealthy"
            .to_owned(),
    ];
    assert_eq!(found, expected);
}

#[actix_web::test]
async fn the_dashboard_can_read_what_is_no_report() {
    let health = health([]);
    let nobody = Group::new("nobody").dialect(Dialect::aspnet());
    let address = serve(move || HealthService::new(&health).group(nobody.clone()));
    let answer = shown(&request(address, "GET", "/health/groups/nobody").await);
    assert_eq!(answer.code, 404);
    assert_eq!(
        answer.body,
        r#"{"status":"Unhealthy","totalDuration":"00:00:00","entries":{"Endpoint":{"data":{},"description":"There is no group of this name","duration":"00:00:00","status":"Unhealthy"}}}"#
    );
    let endpoint = ("Endpoint".to_owned(), "Unhealthy");
    assert_eq!(as_collector(&answer), ("Unhealthy", vec![endpoint]));
}

#[actix_web::test]
async fn everything_is_told_to_who_may_know_everything() {
    let check = Check::new("database", async || {
        let primary = Outcome::degraded("answers slowly").with_data("lag_seconds", 1.5);
        Outcome::unhealthy("no quorum")
            .with_error("refused")
            .with_data("nodes", 3)
            .with_data("ratio", f64::NAN)
            .with_child("primary", primary)
    });
    let health = health([check.readiness().with_tag("sql").with_tag("ready")]);
    let service = HealthService::new(&health)
        .dialects([Dialect::aspnet()])
        .details(Details::full())
        .status_codes(StatusCodes::new().unhealthy(500));
    let address = serve(move || service.clone());
    let (code, body) = get(address, "/health/ready").await;
    assert_eq!(code, 500, "as it was asked for");
    let entries = &parse(&mask_durations(&body))["entries"];
    assert_eq!(
        entries,
        &json!({
            "database": {
                "data": { "nodes": 3, "ratio": null },
                "description": "no quorum",
                "duration": "(time)",
                "exception": "refused",
                "status": "Unhealthy",
                "tags": ["sql", "ready"],
            },
            "database.primary": {
                "data": { "lag_seconds": 1.5 },
                "description": "answers slowly",
                "duration": "00:00:00",
                "status": "Degraded",
            },
        })
    );
}

#[test]
fn whatever_checks_say_it_is_written_as_asp_net_writes_it() {
    let names = &[
        "ApplicationLifecycle",
        "Manual",
        "Manual_",
        "cache.a",
        "cache.a.b",
    ];
    ask_many(Dialect::aspnet, names, &PATHS, examine);
}

fn examine(path: &str, level: &str, answer: &Answer) {
    let Answer { code, body, .. } = answer;
    assert_eq!(SCHEMA.refuses(body), None, "{path}");
    let read = as_collector(&Shown {
        code: *code,
        media_type: answer.media_type.clone(),
        body: answer.text.clone(),
    });
    assert_eq!(
        read,
        read_report(body).unwrap(),
        "{path}: it is taken as it is"
    );
    let (status, entries) = read;
    let is_passing = status != "Unhealthy";
    assert_eq!(*code, if is_passing { 200 } else { 503 }, "{path} {body}");
    assert!(answer.text.starts_with(r#"{"status":""#), "{path} {body}");
    if level == "status only" {
        assert_eq!(entries, [], "{path}");
    } else {
        let order = ["Healthy", "Degraded", "Unhealthy"];
        let rank = |status| order.iter().position(|word| *word == status).unwrap();
        let worst = entries.iter().map(|(_, status)| rank(*status)).max();
        let fits = answer.is_as_bad(rank(status), worst.unwrap_or(0));
        assert!(fits, "{path} {body}");
    }
}
