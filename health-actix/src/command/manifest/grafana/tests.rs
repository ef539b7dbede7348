use std::collections::BTreeSet;
use std::path::Path;

use super::*;

const FAMILIES: [&str; 20] = [
    "app_health_dependency_status",
    "health_check_status",
    "health_check_child_status",
    "health_check_duration_seconds",
    "health_check_runs_total",
    "health_check_last_run_timestamp_seconds",
    "health_check_last_success_timestamp_seconds",
    "health_check_transitions_total",
    "health_probe_status",
    "health_probe_requests_total",
    "health_probe_request_duration_seconds",
    "health_draining",
    "health_maintenance",
    "health_uptime_seconds",
    "health_engine_threads",
    "health_engine_stuck_runs",
    "health_worker_silence_seconds",
    "health_worker_lag_seconds",
    "health_worker_requests_in_flight",
    "health_workers_stalled",
];

fn expressions(dashboard: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let annotations = dashboard["annotations"]["list"].as_array().unwrap().iter();
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let expressions = targets.chain(annotations).map(|it| text(&it["expr"]));
    let definitions = variables.filter_map(|it| it.get("definition"));
    expressions.chain(definitions.map(text)).collect()
}

/// Words of an expression that begin as metrics do.
fn metrics(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("health_") || word.starts_with("app_health_"))
}

#[test]
fn the_dashboard_is_the_one_that_was_tried() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/alerts/grafana.json");
    let found = format!("{:#}\n", dashboard("orders"));
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert!(
        found == expected,
        "{} differs; BLESS=1 rewrites it",
        path.display()
    );
}

#[test]
fn every_family_is_shown_and_no_other() {
    let expressions = expressions(&dashboard("orders"));
    let shown: BTreeSet<_> = expressions
        .iter()
        .flat_map(|it| metrics(it))
        .map(|name| name.trim_end_matches("_bucket"))
        .collect();
    assert_eq!(shown, BTreeSet::from(FAMILIES));
}

#[cfg(feature = "prometheus")]
#[test]
fn the_families_are_those_that_the_service_tells() {
    let told = crate::metrics::families::ALL.map(|family| family.name);
    assert_eq!(BTreeSet::from(told), BTreeSet::from(FAMILIES));
}

#[test]
fn every_variable_in_an_expression_is_there() {
    let dashboard = dashboard("orders");
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let known: Vec<_> = variables
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(known, ["datasource", "job", "instance", "check"]);
    for expression in expressions(&dashboard) {
        for part in expression.split('$').skip(1) {
            let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let name = &part[..end.unwrap_or(part.len())];
            assert!(
                known.contains(&name) || name == "__rate_interval",
                "{expression}"
            );
        }
    }
}

#[test]
fn panels_have_an_id_each_and_do_not_overlap() {
    let dashboard = dashboard("orders");
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|it| it["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    let mut cells = BTreeSet::new();
    for panel in panels {
        let number = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        assert!(number("x") + number("w") <= 24);
        for x in number("x")..number("x") + number("w") {
            for y in number("y")..number("y") + number("h") {
                assert!(cells.insert((x, y)), "{} overlaps", panel["title"]);
            }
        }
    }
}

#[test]
fn targets_of_a_panel_have_a_letter_each() {
    for panel in dashboard("orders")["panels"].as_array().unwrap() {
        let targets = panel["targets"].as_array().unwrap();
        let letters: BTreeSet<_> = targets.iter().map(|it| it["refId"].as_str()).collect();
        assert_eq!(letters.len(), targets.len());
        assert!(!letters.is_empty() && !letters.contains(&None));
    }
}
