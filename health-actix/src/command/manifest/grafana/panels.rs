//! What is shown, from the top down: first what is wrong, then since when, then why.

use serde_json::{Value, json};

use super::source;

/// How wide a dashboard is.
const WIDTH: u32 = 24;

/// What is asked, and how the answers are called.
type Query = (&'static str, &'static str);

struct Panel {
    title: &'static str,
    about: &'static str,
    kind: Kind,
    /// Of the width, and as high as so many units of 30 pixels.
    size: (u32, u32),
    unit: &'static str,
    queries: &'static [Query],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lines,
    /// One above the other.
    Stacked,
    Heatmap,
    /// Each state with its colour.
    States,
    Number,
}

impl Kind {
    const fn plugin(self) -> &'static str {
        match self {
            Self::Lines | Self::Stacked => "timeseries",
            Self::Heatmap => "heatmap",
            Self::States => "state-timeline",
            Self::Number => "stat",
        }
    }

    fn options(self) -> Value {
        let legend = json!({"displayMode": "list", "placement": "bottom", "showLegend": true});
        match self {
            Self::Lines | Self::Stacked => {
                json!({"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}})
            }
            Self::Heatmap => json!({
                "calculate": false, "yAxis": {"unit": "s"}, "cellGap": 1,
                "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
                "tooltip": {"mode": "single", "yHistogram": true},
            }),
            Self::States => json!({
                "mergeValues": true, "showValue": "auto", "rowHeight": 0.8, "legend": legend,
                "tooltip": {"mode": "single", "sort": "none"},
            }),
            Self::Number => json!({
                "colorMode": "background", "graphMode": "none", "textMode": "auto",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": false},
            }),
        }
    }

    fn defaults(self, unit: &str) -> Value {
        match self {
            Self::Lines => json!({"unit": unit, "min": 0, "custom": {"showPoints": "never"}}),
            Self::Stacked => json!({
                "unit": unit, "min": 0,
                "custom": {"fillOpacity": 30, "stacking": {"mode": "normal"}},
            }),
            Self::Heatmap => json!({}),
            Self::States => json!({"mappings": states(), "custom": {"fillOpacity": 80}}),
            Self::Number => json!({
                "unit": unit,
                "thresholds": {"mode": "absolute", "steps": [
                    {"color": "green", "value": null}, {"color": "red", "value": 1},
                ]},
            }),
        }
    }
}

/// What the queries make of a state set.
fn states() -> Value {
    let state = |index, text, color| json!({"index": index, "text": text, "color": color});
    json!([{"type": "value", "options": {
        "0": state(0, "healthy", "green"),
        "1": state(1, "degraded", "yellow"),
        "2": state(2, "unhealthy", "red"),
        "3": state(3, "unknown", "gray"),
    }}])
}

pub(super) fn panels() -> Vec<Value> {
    let (mut x, mut y, mut height) = (0, 0, 0);
    let mut panels = Vec::new();
    for (panel, id) in PANELS.iter().zip(1_u32..) {
        let (width, high) = panel.size;
        if x + width > WIDTH {
            (x, y, height) = (0, y + height, 0);
        }
        panels.push(panel.to_json(id, &json!({"x": x, "y": y, "w": width, "h": high})));
        (x, height) = (x + width, height.max(high));
    }
    panels
}

impl Panel {
    fn to_json(&self, id: u32, place: &Value) -> Value {
        let targets = self.queries.iter().zip('A'..);
        let targets =
            targets.map(|((expression, legend), letter)| self.target(letter, expression, legend));
        json!({
            "id": id, "type": self.kind.plugin(), "title": self.title, "description": self.about,
            "gridPos": place, "datasource": source(), "targets": targets.collect::<Vec<_>>(),
            "options": self.kind.options(),
            "fieldConfig": {"defaults": self.kind.defaults(self.unit), "overrides": []},
        })
    }

    fn target(&self, letter: char, expression: &str, legend: &str) -> Value {
        let format = if self.kind == Kind::Heatmap {
            "heatmap"
        } else {
            "time_series"
        };
        let now = self.kind == Kind::Number;
        json!({
            "refId": letter, "datasource": source(), "editorMode": "code", "expr": expression,
            "legendFormat": legend, "format": format, "range": !now, "instant": now,
        })
    }
}

const PANELS: &[Panel] = &[
    Panel {
        title: "Stuck runs",
        about: "Runs of checks that are past their timeout and have not ended.",
        kind: Kind::Number,
        size: (6, 4),
        unit: "short",
        queries: &[(
            "sum(health_engine_stuck_runs{job=\"$job\",instance=~\"$instance\"})",
            "stuck",
        )],
    },
    Panel {
        title: "Stalled workers",
        about: "Workers that have given no sign of life for more than a second. Empty unless the service was given its Workers.",
        kind: Kind::Number,
        size: (6, 4),
        unit: "short",
        queries: &[(
            "sum(health_workers_stalled{job=\"$job\",instance=~\"$instance\"})",
            "stalled",
        )],
    },
    Panel {
        title: "Out of service",
        about: "Replicas that drain, or are in maintenance.",
        kind: Kind::Number,
        size: (6, 4),
        unit: "short",
        queries: &[
            (
                "sum(health_draining{job=\"$job\",instance=~\"$instance\"})",
                "draining",
            ),
            (
                "sum(health_maintenance{job=\"$job\",instance=~\"$instance\"})",
                "maintenance",
            ),
        ],
    },
    Panel {
        title: "Failing checks",
        about: "Checks that fail on at least one replica, or of which nothing is known there.",
        kind: Kind::Number,
        size: (6, 4),
        unit: "short",
        queries: &[(
            "count(min by (component) (app_health_dependency_status{job=\"$job\",instance=~\"$instance\"}) == 0) or vector(0)",
            "failing",
        )],
    },
    Panel {
        title: "Verdicts",
        about: "What each probe is told.",
        kind: Kind::States,
        size: (24, 7),
        unit: "",
        queries: &[(
            "sum by (instance, probe) (health_probe_status{job=\"$job\",instance=~\"$instance\",status=\"degraded\"} or 2 * health_probe_status{job=\"$job\",instance=~\"$instance\",status=\"unhealthy\"} or 3 * health_probe_status{job=\"$job\",instance=~\"$instance\",status=\"unknown\"})",
            "{{probe}} {{instance}}",
        )],
    },
    Panel {
        title: "Checks",
        about: "The status of each check, after its thresholds.",
        kind: Kind::States,
        size: (24, 10),
        unit: "",
        queries: &[(
            "sum by (instance, check) (health_check_status{job=\"$job\",instance=~\"$instance\",check=~\"$check\",status=\"degraded\"} or 2 * health_check_status{job=\"$job\",instance=~\"$instance\",check=~\"$check\",status=\"unhealthy\"} or 3 * health_check_status{job=\"$job\",instance=~\"$instance\",check=~\"$check\",status=\"unknown\"})",
            "{{check}} {{instance}}",
        )],
    },
    Panel {
        title: "Children",
        about: "The status of what checks report by name, such as shards.",
        kind: Kind::States,
        size: (24, 7),
        unit: "",
        queries: &[(
            "sum by (instance, check, child) (health_check_child_status{job=\"$job\",instance=~\"$instance\",check=~\"$check\",status=\"degraded\"} or 2 * health_check_child_status{job=\"$job\",instance=~\"$instance\",check=~\"$check\",status=\"unhealthy\"} or 3 * health_check_child_status{job=\"$job\",instance=~\"$instance\",check=~\"$check\",status=\"unknown\"})",
            "{{check}}: {{child}} {{instance}}",
        )],
    },
    Panel {
        title: "Transitions",
        about: "How often checks have turned to another status.",
        kind: Kind::Stacked,
        size: (12, 8),
        unit: "short",
        queries: &[(
            "sum by (check, status) (increase(health_check_transitions_total{job=\"$job\",instance=~\"$instance\",check=~\"$check\"}[$__rate_interval]))",
            "{{check}} {{status}}",
        )],
    },
    Panel {
        title: "Runs by result",
        about: "How runs of checks ended, per second.",
        kind: Kind::Stacked,
        size: (12, 8),
        unit: "ops",
        queries: &[(
            "sum by (result) (rate(health_check_runs_total{job=\"$job\",instance=~\"$instance\",check=~\"$check\"}[$__rate_interval]))",
            "{{result}}",
        )],
    },
    Panel {
        title: "Latency of checks",
        about: "How long runs take: half of them less than p50, one in a hundred more than p99.",
        kind: Kind::Lines,
        size: (12, 8),
        unit: "s",
        queries: &[
            (
                "histogram_quantile(0.5, sum by (check, le) (rate(health_check_duration_seconds_bucket{job=\"$job\",instance=~\"$instance\",check=~\"$check\"}[$__rate_interval])))",
                "{{check}} p50",
            ),
            (
                "histogram_quantile(0.99, sum by (check, le) (rate(health_check_duration_seconds_bucket{job=\"$job\",instance=~\"$instance\",check=~\"$check\"}[$__rate_interval])))",
                "{{check}} p99",
            ),
        ],
    },
    Panel {
        title: "Latency of checks, all runs",
        about: "How many runs took how long.",
        kind: Kind::Heatmap,
        size: (12, 8),
        unit: "s",
        queries: &[(
            "sum by (le) (increase(health_check_duration_seconds_bucket{job=\"$job\",instance=~\"$instance\",check=~\"$check\"}[$__rate_interval]))",
            "{{le}}",
        )],
    },
    Panel {
        title: "Latency of probes",
        about: "From the question to the verdict. A prober that waits for 1 s takes what is slower for a failure.",
        kind: Kind::Lines,
        size: (12, 8),
        unit: "s",
        queries: &[
            (
                "histogram_quantile(0.5, sum by (probe, le) (rate(health_probe_request_duration_seconds_bucket{job=\"$job\",instance=~\"$instance\"}[$__rate_interval])))",
                "{{probe}} p50",
            ),
            (
                "histogram_quantile(0.99, sum by (probe, le) (rate(health_probe_request_duration_seconds_bucket{job=\"$job\",instance=~\"$instance\"}[$__rate_interval])))",
                "{{probe}} p99",
            ),
        ],
    },
    Panel {
        title: "Answers of probes",
        about: "By verdict, per second.",
        kind: Kind::Stacked,
        size: (12, 8),
        unit: "reqps",
        queries: &[(
            "sum by (probe, status) (rate(health_probe_requests_total{job=\"$job\",instance=~\"$instance\"}[$__rate_interval]))",
            "{{probe}} {{status}}",
        )],
    },
    Panel {
        title: "Since the last run, and the last that passed",
        about: "A check without a schedule runs only when it is asked for.",
        kind: Kind::Lines,
        size: (12, 8),
        unit: "s",
        queries: &[
            (
                "time() - health_check_last_run_timestamp_seconds{job=\"$job\",instance=~\"$instance\",check=~\"$check\"}",
                "{{check}} {{instance}} run",
            ),
            (
                "time() - health_check_last_success_timestamp_seconds{job=\"$job\",instance=~\"$instance\",check=~\"$check\"}",
                "{{check}} {{instance}} passed",
            ),
        ],
    },
    Panel {
        title: "Threads of the engine",
        about: "Held: a check has held its thread for 200 ms or longer. Blocking: those of checks without async.",
        kind: Kind::Stacked,
        size: (12, 8),
        unit: "short",
        queries: &[(
            "sum by (state) (health_engine_threads{job=\"$job\",instance=~\"$instance\"})",
            "{{state}}",
        )],
    },
    Panel {
        title: "Silence and lag of workers",
        about: "Since the last sign of life, and how late that was.",
        kind: Kind::Lines,
        size: (12, 8),
        unit: "s",
        queries: &[
            (
                "health_worker_silence_seconds{job=\"$job\",instance=~\"$instance\"}",
                "{{instance}} {{worker}} silence",
            ),
            (
                "health_worker_lag_seconds{job=\"$job\",instance=~\"$instance\"}",
                "{{instance}} {{worker}} lag",
            ),
        ],
    },
    Panel {
        title: "Requests in flight",
        about: "By worker.",
        kind: Kind::Stacked,
        size: (12, 8),
        unit: "short",
        queries: &[(
            "health_worker_requests_in_flight{job=\"$job\",instance=~\"$instance\"}",
            "{{instance}} {{worker}}",
        )],
    },
    Panel {
        title: "Uptime",
        about: "Falls where a replica was restarted.",
        kind: Kind::Lines,
        size: (24, 6),
        unit: "s",
        queries: &[(
            "health_uptime_seconds{job=\"$job\",instance=~\"$instance\"}",
            "{{instance}}",
        )],
    },
];
