//! `health manifest grafana`: a dashboard over the metrics. Its thresholds are those that the metrics
//! themselves know, so it is the same for every service but for its name.

mod panels;
#[cfg(test)]
mod tests;

use clap::Args;
use serde_json::{Value, json};

use self::panels::panels;
use super::app::without_metrics;
use super::{Written, words};
use crate::HealthService;

#[derive(Args, Clone, Debug)]
pub(super) struct Grafana {
    /// What the service is called: the `job` of its metrics, which is chosen at first
    #[arg(long, default_value = "app", value_parser = words::name)]
    name: String,
}

impl Grafana {
    pub(super) fn write(&self, service: &HealthService) -> Written {
        Written {
            text: format!("{:#}\n", dashboard(&self.name)),
            warnings: without_metrics(service).into_iter().collect(),
        }
    }
}

/// The last of the model that all of Grafana up to 12 and its successors import:
/// <https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/>.
const SCHEMA_VERSION: u32 = 42;

fn dashboard(job: &str) -> Value {
    json!({
        "title": format!("Health of {job}"),
        "description": "Written by `health manifest grafana`.",
        "tags": ["health"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": variables(job)},
        "annotations": {"list": annotations()},
        "panels": panels(),
        "links": [],
    })
}

fn source() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

fn variables(job: &str) -> [Value; 4] {
    let source_of_data = json!({
        "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus",
        "current": {}, "hide": 0, "multi": false, "includeAll": false,
    });
    let chosen = json!({"text": job, "value": job, "selected": true});
    let job = variable(
        "job",
        "Job",
        "label_values(health_uptime_seconds, job)",
        &chosen,
    );
    let all = json!({"text": ["All"], "value": ["$__all"], "selected": true});
    let instances = "label_values(health_uptime_seconds{job=\"$job\"}, instance)";
    let checks =
        "label_values(health_check_runs_total{job=\"$job\",instance=~\"$instance\"}, check)";
    [
        source_of_data,
        job,
        variable("instance", "Instance", instances, &all),
        variable("check", "Check", checks, &all),
    ]
}

/// Its values are asked for anew when the range changes. Of all but the job there may be several.
fn variable(name: &str, label: &str, query: &str, current: &Value) -> Value {
    let several = name != "job";
    json!({
        "name": name, "label": label, "type": "query", "datasource": source(),
        "query": {"query": query, "refId": name}, "definition": query,
        "current": current, "refresh": 2, "sort": 1, "hide": 0,
        "multi": several, "includeAll": several,
    })
}

fn annotations() -> [Value; 3] {
    [
        annotation(
            "Drain",
            "blue",
            "health_draining{job=\"$job\",instance=~\"$instance\"} == 1",
            "{{instance}} drains",
        ),
        annotation(
            "Maintenance",
            "purple",
            "health_maintenance{job=\"$job\",instance=~\"$instance\"} == 1",
            "{{instance}} is out of service",
        ),
        annotation(
            "Alerts",
            "red",
            "ALERTS{job=\"$job\",alertname=~\"Health.+\",alertstate=\"firing\",severity!=\"info\"}",
            "{{alertname}} {{instance}} {{check}}",
        ),
    ]
}

fn annotation(name: &str, color: &str, expression: &str, title: &str) -> Value {
    json!({
        "name": name, "datasource": source(), "enable": true, "hide": false, "iconColor": color,
        "expr": expression, "step": "15s", "titleFormat": title, "useValueForTime": false,
    })
}
