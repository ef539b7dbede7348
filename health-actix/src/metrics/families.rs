//! All families, with what each is. Others write alerts and dashboards against them: a name, a type
//! and a label stay what they are.

/// What a family is.
#[derive(Debug)]
pub(crate) struct About {
    /// The whole name: that of a counter ends in `_total`.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) help: &'static str,
    /// The names of the labels, in the order of their values.
    pub(crate) labels: &'static [&'static str],
}

/// The type of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Gauge,
    Counter,
    Histogram,
}

impl About {
    /// Whether its values are seconds.
    pub(crate) fn is_in_seconds(&self) -> bool {
        self.name.ends_with("_seconds")
    }
}

/// In the order in which they are told.
#[allow(
    dead_code,
    reason = "not every exporter says beforehand what it will tell"
)]
pub(crate) static ALL: [&About; 20] = [
    &DEPENDENCY_STATUS,
    &CHECK_STATUS,
    &CHILD_STATUS,
    &CHECK_DURATION,
    &CHECK_RUNS,
    &LAST_RUN,
    &LAST_SUCCESS,
    &TRANSITIONS,
    &PROBE_STATUS,
    &PROBE_REQUESTS,
    &PROBE_DURATION,
    &DRAINING,
    &MAINTENANCE,
    &UPTIME,
    &THREADS,
    &STUCK_RUNS,
    &WORKER_SILENCE,
    &WORKER_LAG,
    &WORKER_REQUESTS,
    &WORKERS_STALLED,
];

pub(crate) static DEPENDENCY_STATUS: About = About {
    name: "app_health_dependency_status",
    kind: Kind::Gauge,
    help: "Whether the check passes: 1 if it is healthy or degraded, 0 if it fails or nothing is \
           known",
    labels: &["component"],
};

pub(crate) static CHECK_STATUS: About = About {
    name: "health_check_status",
    kind: Kind::Gauge,
    help: "The status of the check after thresholds: 1 for the one that it has, 0 for the others",
    labels: &["check", "status"],
};

pub(crate) static CHILD_STATUS: About = About {
    name: "health_check_child_status",
    kind: Kind::Gauge,
    help: "The status of a child of the check: 1 for the one that it has, 0 for the others",
    labels: &["check", "child", "status"],
};

pub(crate) static CHECK_DURATION: About = About {
    name: "health_check_duration_seconds",
    kind: Kind::Histogram,
    help: "How long runs of the check took, or after which time they were given up",
    labels: &["check"],
};

pub(crate) static CHECK_RUNS: About = About {
    name: "health_check_runs_total",
    kind: Kind::Counter,
    help: "Runs of the check by their results, before thresholds",
    labels: &["check", "result"],
};

pub(crate) static LAST_RUN: About = About {
    name: "health_check_last_run_timestamp_seconds",
    kind: Kind::Gauge,
    help: "When the last run of the check started, of those whose result is known",
    labels: &["check"],
};

pub(crate) static LAST_SUCCESS: About = About {
    name: "health_check_last_success_timestamp_seconds",
    kind: Kind::Gauge,
    help: "When the last run of the check started that passed",
    labels: &["check"],
};

pub(crate) static TRANSITIONS: About = About {
    name: "health_check_transitions_total",
    kind: Kind::Counter,
    help: "How often the check turned to the status, after thresholds",
    labels: &["check", "status"],
};

pub(crate) static PROBE_STATUS: About = About {
    name: "health_probe_status",
    kind: Kind::Gauge,
    help: "The verdict of the probe: 1 for the one that it has, 0 for the others",
    labels: &["probe", "status"],
};

pub(crate) static PROBE_REQUESTS: About = About {
    name: "health_probe_requests_total",
    kind: Kind::Counter,
    help: "Answers to the probe by their verdicts",
    labels: &["probe", "status"],
};

pub(crate) static PROBE_DURATION: About = About {
    name: "health_probe_request_duration_seconds",
    kind: Kind::Histogram,
    help: "How long it took from the question of the probe to the verdict",
    labels: &["probe"],
};

pub(crate) static DRAINING: About = About {
    name: "health_draining",
    kind: Kind::Gauge,
    help: "1 while the process drains",
    labels: &[],
};

pub(crate) static MAINTENANCE: About = About {
    name: "health_maintenance",
    kind: Kind::Gauge,
    help: "1 while the process is out of service",
    labels: &[],
};

pub(crate) static UPTIME: About = About {
    name: "health_uptime_seconds",
    kind: Kind::Gauge,
    help: "How long ago the health of the process was built",
    labels: &[],
};

pub(crate) static THREADS: About = About {
    name: "health_engine_threads",
    kind: Kind::Gauge,
    help: "The threads that run checks, by what they do",
    labels: &["state"],
};

pub(crate) static STUCK_RUNS: About = About {
    name: "health_engine_stuck_runs",
    kind: Kind::Gauge,
    help: "Runs that are past their timeout and have not ended",
    labels: &[],
};

pub(crate) static WORKER_SILENCE: About = About {
    name: "health_worker_silence_seconds",
    kind: Kind::Gauge,
    help: "For how long nothing has been heard from the worker",
    labels: &["worker"],
};

pub(crate) static WORKER_LAG: About = About {
    name: "health_worker_lag_seconds",
    kind: Kind::Gauge,
    help: "How late the beats of the worker were, at their worst in the last second",
    labels: &["worker"],
};

pub(crate) static WORKER_REQUESTS: About = About {
    name: "health_worker_requests_in_flight",
    kind: Kind::Gauge,
    help: "The requests that the worker has not answered",
    labels: &["worker"],
};

pub(crate) static WORKERS_STALLED: About = About {
    name: "health_workers_stalled",
    kind: Kind::Gauge,
    help: "How many workers have been silent for longer than 1 s",
    labels: &[],
};

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = include_str!("../docs/metrics.md");

    #[test]
    fn the_table_has_each_family_with_its_type_and_its_labels() {
        let rows = TABLE.lines().filter_map(|line| line.strip_prefix("| `"));
        let documented: Vec<_> = rows.collect();
        assert_eq!(documented.len(), ALL.len());
        for (about, row) in ALL.iter().zip(documented) {
            let labels = about.labels.iter().map(|label| format!("`{label}`"));
            let labels = labels.collect::<Vec<_>>().join(", ");
            let gap = if labels.is_empty() { "" } else { " " };
            let kind = format!("{:?}", about.kind).to_lowercase();
            let expected = format!("{}` | {kind} | {labels}{gap}| ", about.name);
            assert!(row.starts_with(&expected), "{row} is not {expected}");
        }
    }

    #[test]
    fn names_are_as_prometheus_has_them() {
        for about in ALL {
            let is_counter = about.kind == Kind::Counter;
            assert_eq!(about.name.ends_with("_total"), is_counter, "{}", about.name);
            assert!(!about.help.ends_with('.') && !about.help.contains(['\n', '\\']));
        }
    }
}
