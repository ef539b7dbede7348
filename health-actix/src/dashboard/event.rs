//! What the page is told of what has happened.

use health_core::{Change, Event, Happening, Override, Status};
use serde::Serialize;

use super::time::ms;

/// Something that has happened.
#[derive(Debug, Default, Serialize)]
pub(super) struct EventOf<'a> {
    id: u64,
    at: u64,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    child: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probe: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

impl<'a> EventOf<'a> {
    pub(super) fn new(event: &'a Event) -> Self {
        let what = match event.what() {
            Happening::Turned {
                check,
                child,
                from,
                to,
                message,
                ..
            } => Self {
                kind: if child.is_some() { "child" } else { "check" },
                check: Some(check),
                child: child.as_deref(),
                from: from.map(Status::as_str),
                to: Some(to.as_str()),
                text: message.as_deref(),
                ..Self::default()
            },
            Happening::Verdict {
                probe, from, to, ..
            } => Self {
                kind: "probe",
                probe: Some(probe.as_str()),
                from: from.map(Status::as_str),
                to: Some(to.as_str()),
                ..Self::default()
            },
            what => Self::said(what),
        };
        Self {
            id: event.number(),
            at: ms(event.at()),
            ..what
        }
    }

    /// What operators said.
    fn said(what: &'a Happening) -> Self {
        let said = |kind, to| Self {
            kind,
            to: Some(to),
            ..Self::default()
        };
        match what {
            Happening::Draining(true) => said("drain", "draining"),
            Happening::Draining(_) => said("drain", "serving"),
            Happening::Maintenance(Some(maintenance)) => Self {
                text: Some(maintenance.reason()),
                ..said("maintenance", "maintenance")
            },
            Happening::Maintenance(_) => said("maintenance", "serving"),
            Happening::Overridden { check, by, .. } => Self {
                check: Some(check),
                text: by.as_ref().map(Override::reason),
                ..said(
                    "override",
                    by.as_ref().map_or("ended", |by| by.status().as_str()),
                )
            },
            Happening::Changed { check, change, .. } => {
                let (to, text) = match change {
                    Change::Registered => ("registered", None),
                    Change::Removed => ("removed", None),
                    Change::Renamed(name) => ("renamed", Some(name.as_str())),
                    Change::Disabled => ("disabled", None),
                    Change::Enabled => ("enabled", None),
                    _ => ("changed", None),
                };
                Self {
                    check: Some(check),
                    text,
                    ..said("roster", to)
                }
            }
            _ => said("roster", "configured"),
        }
    }
}
