use std::fmt;

use actix_web::http::header::HeaderValue;
use health_core::{Phase, Probe, Status};
use utoipa::openapi::RefOr;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::problem::Problem;
use super::schema::About;
use super::schema::{Body, Component, PROBLEM, reference};
use super::view::View;
use crate::access::Level;
use crate::target::Target;

/// A wire format: one file each.
pub(crate) trait Format: Sync {
    /// What it is called where a name is given as text.
    fn name(&self) -> &'static str;

    /// Where it is usually mounted: none for below the prefix of the service.
    fn usual_prefix(&self) -> Option<&'static str> {
        None
    }

    /// Its paths below that. Of several for one probe, the last is where the log points probers.
    fn paths(&self) -> &'static [(&'static str, Target)] {
        &[
            ("", Target::Everything),
            ("/live", Target::Probe(Probe::Liveness)),
            ("/ready", Target::Probe(Probe::Readiness)),
            ("/started", Target::Probe(Probe::Startup)),
        ]
    }

    /// What is written, as `Content-Type` says it.
    fn media_type(&self) -> &'static str {
        "application/json"
    }

    /// Whether the caller's query leaves out this phase, which operators have said, so that a probe
    /// is asked as if they had not.
    fn sets_aside(&self, _phase: &Phase, _query: &str, _level: Level) -> bool {
        false
    }

    /// What the status code says; what a caller's query leaves out may make it better.
    fn verdict(&self, view: &View<'_>) -> Status {
        view.status
    }

    /// The body for what was found.
    fn write(&self, view: &View<'_>) -> Vec<u8>;

    /// The body for what is no report.
    fn write_problem(&self, problem: &Problem) -> Vec<u8> {
        json(problem)
    }

    /// The media type of that.
    fn problem_media_type(&self) -> &'static str {
        "application/json"
    }

    /// How long the answer may be kept by others.
    fn cache_control(&self, _view: &View<'_>) -> HeaderValue {
        HeaderValue::from_static("no-store")
    }

    /// What headers it has besides, and what they say.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// What the OpenAPI document says of the bodies: components, by their names.
    fn schemas(&self, _about: &About) -> Vec<Component> {
        Vec::new()
    }

    /// What it says of an answer for these statuses.
    fn body(&self, _target: Target, _statuses: &[Status], _about: &About) -> Body {
        let schema = if self.media_type().ends_with("json") {
            Type::Object
        } else {
            Type::String
        };
        Body {
            schema: RefOr::T(ObjectBuilder::new().schema_type(schema).build().into()),
            example: None,
        }
    }

    /// What it says of an answer that is no report.
    fn problem_schema(&self, _problem: &Problem) -> RefOr<Schema> {
        reference(PROBLEM)
    }

    /// What it says of a query.
    fn parameters(&self, _target: Target, _about: &About) -> Vec<Parameter> {
        Vec::new()
    }

    /// Whether OPTIONS tells of health, as balancers such as HAProxy want it, or of the methods.
    fn options_tell_of_health(&self, _target: Target) -> bool {
        true
    }
}

impl fmt::Debug for dyn Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// As JSON. The bodies have string keys only and finite numbers, so that they can be written; a
/// probe must not panic to say that one was not.
pub(crate) fn json(body: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}

/// Whether a flag can be left out.
pub(super) const fn is_false(flag: &bool) -> bool {
    !*flag
}
