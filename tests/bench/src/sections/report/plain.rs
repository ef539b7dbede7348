//! What our bodies say, as structs that derive how they are written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Result;

/// A body that was read.
pub(super) enum Plain {
    Default(Report),
    Components(Components),
    Kubernetes(Vec<Line>),
    MicroProfile(MicroProfile),
    Spring(Spring),
    AspNet(AspNet),
    Ietf(Ietf),
}

impl Plain {
    /// Reads a body of this dialect. What is JSON has to be written as it was.
    pub(super) fn read(dialect: &str, body: &[u8]) -> Result<Self> {
        let plain = match dialect {
            "default" => Self::Default(serde_json::from_slice(body)?),
            "components" => Self::Components(serde_json::from_slice(body)?),
            "kubernetes" => return Ok(Self::Kubernetes(lines(std::str::from_utf8(body)?))),
            "microprofile" => Self::MicroProfile(serde_json::from_slice(body)?),
            "spring" => Self::Spring(serde_json::from_slice(body)?),
            "aspnet" => Self::AspNet(serde_json::from_slice(body)?),
            "ietf" => Self::Ietf(serde_json::from_slice(body)?),
            _ => return Err(format!("no struct for the dialect {dialect}").into()),
        };
        if plain.write() == body {
            Ok(plain)
        } else {
            Err(format!("the struct for the dialect {dialect} is not what it writes").into())
        }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let written = match self {
            Self::Default(it) => serde_json::to_vec(it),
            Self::Components(it) => serde_json::to_vec(it),
            Self::Kubernetes(it) => serde_json::to_vec(it),
            Self::MicroProfile(it) => serde_json::to_vec(it),
            Self::Spring(it) => serde_json::to_vec(it),
            Self::AspNet(it) => serde_json::to_vec(it),
            Self::Ietf(it) => serde_json::to_vec(it),
        };
        written.unwrap_or_default()
    }
}

/// The lines but the last, which is the verdict.
fn lines(text: &str) -> Vec<Line> {
    let lines = text.lines().filter(|line| line.starts_with('['));
    let lines = lines.map(|line| {
        let (name, status) = line[3..].split_once(' ').unwrap_or((&line[3..], ""));
        Line {
            name: name.to_owned(),
            status: status.to_owned(),
        }
    });
    lines.collect()
}

type Data = BTreeMap<String, f64>;

#[derive(Serialize)]
pub(super) struct Line {
    name: String,
    status: String,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Report {
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<bool>,
    checks: BTreeMap<String, ReportCheck>,
}

#[derive(Deserialize, Serialize)]
struct ReportCheck {
    healthy: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    critical: Option<bool>,
    latency_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    internal_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consecutive_failures: Option<u32>,
    #[serde(default, skip_serializing_if = "Data::is_empty")]
    data: Data,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Components {
    status: String,
    timestamp: String,
    components: BTreeMap<String, Component>,
}

#[derive(Deserialize, Serialize)]
struct Component {
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uptime_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    critical: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Data::is_empty")]
    data: Data,
}

#[derive(Deserialize, Serialize)]
pub(super) struct MicroProfile {
    status: String,
    checks: Vec<Procedure>,
}

#[derive(Deserialize, Serialize)]
struct Procedure {
    name: String,
    status: String,
    data: Details,
}

#[derive(Deserialize, Serialize)]
struct Details {
    latency_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    critical: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    internal_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_connections: Option<f64>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Spring {
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    components: BTreeMap<String, SpringComponent>,
}

#[derive(Deserialize, Serialize)]
struct SpringComponent {
    status: String,
    details: Details,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AspNet {
    status: String,
    total_duration: String,
    entries: BTreeMap<String, AspNetEntry>,
}

#[derive(Deserialize, Serialize)]
struct AspNetEntry {
    data: Data,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    duration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<String>,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Ietf {
    status: String,
    notes: Vec<String>,
    output: String,
    checks: BTreeMap<String, Vec<Observation>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Observation {
    component_type: String,
    observed_value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}
