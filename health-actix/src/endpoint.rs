//! The endpoints: what is mounted, documented and announced is read from one list.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use actix_web::HttpMessage;
use actix_web::dev::{ConnectionInfo, ResourceDef, ServiceRequest};
use actix_web::http::Method;

use crate::asked::Asked;
use crate::dialect::{Dialect, Format};
use crate::notation::Notation;
#[cfg(feature = "prometheus")]
use crate::target::METRICS;
use crate::target::{Part, Target};
use crate::voice::Voice;

/// Where something is answered, and how.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// The whole path, below the scope that it is mounted in.
    pub(crate) path: String,
    pub(crate) target: Target,
    pub(crate) voice: Arc<Voice>,
    /// How it answers for groups that have something of their own, by their tags.
    pub(crate) groups: Arc<BTreeMap<String, Voice>>,
}

/// The methods that are answered. Balancers such as HAProxy probe with OPTIONS.
pub(crate) const METHODS: [Method; 3] = [Method::GET, Method::HEAD, Method::OPTIONS];

/// The same, as the header `Allow` lists them.
pub(crate) const ALLOWED: &str = "GET, HEAD, OPTIONS";

/// Where groups are.
pub(crate) const GROUPS: &str = "/groups/{tag}";

/// How a path ends whose rest is a parameter.
const TAIL: &str = "{path:.*}";

/// The name that all resources of health services have, for middleware that comes before routing.
const RESOURCE: &str = "health_actix::endpoint";

/// A resource of a health service.
pub(crate) fn resource(patterns: Vec<String>) -> ResourceDef {
    let mut resource = ResourceDef::new(patterns);
    resource.set_name(RESOURCE);
    resource
}

/// Whether the path of this request is that of a health endpoint, wherever it is mounted. The path
/// is the one that is routed, which is decoded.
pub(crate) fn is_for_health(request: &ServiceRequest) -> bool {
    let path = request.match_info().as_str();
    request.resource_map().match_name(path) == Some(RESOURCE) || is_mounted(request, path)
}

/// The map of resources knows no conditions: what is mounted before, though for another host or
/// method only, hides an endpoint in it. A name is found all the same: that of the last endpoint,
/// which is the document in JSON, of the last service; and only if nothing before it is dynamic. What is
/// beside the document is then known, in the default dialect.
fn is_mounted(request: &ServiceRequest, path: &str) -> bool {
    let Some(document) = document_path(request) else {
        return false;
    };
    let prefix = document.strip_suffix(Notation::Json.path());
    let rest = prefix.and_then(|prefix| path.trim_end_matches('/').strip_prefix(prefix));
    let Some(rest) = rest else {
        return false;
    };
    default_patterns()
        .iter()
        .any(|pattern| pattern.is_match(rest))
}

/// Those of the default dialect, and of what is beside it.
fn default_patterns() -> &'static [ResourceDef] {
    static PATTERNS: OnceLock<Vec<ResourceDef>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        let format = Dialect::default().format();
        let paths = format.paths().iter().map(|(path, _)| *path);
        let dashboard = Part::PATHS.iter().map(|(path, _)| *path);
        let documents = Notation::ALL.iter().map(|notation| notation.path());
        let metrics = [
            #[cfg(feature = "prometheus")]
            METRICS,
        ];
        let beside = dashboard.chain(metrics).chain([GROUPS]).chain(documents);
        let paths = paths.chain(beside);
        paths.map(ResourceDef::new).collect()
    })
}

fn document_path(request: &ServiceRequest) -> Option<String> {
    let was_known = request.extensions().contains::<ConnectionInfo>();
    let url = request.request().url_for_static(RESOURCE);
    if !was_known {
        // It was noted on the way; middleware inside may yet change the headers it is made from.
        request.extensions_mut().remove::<ConnectionInfo>();
    }
    Some(url.ok()?.path().to_owned())
}

impl Endpoint {
    /// How it answers what is asked: a group may have something of its own.
    pub(crate) fn voice_for(&self, asked: Asked<'_>) -> &Voice {
        let own = asked.group().and_then(|tag| self.groups.get(tag));
        own.unwrap_or(&self.voice)
    }

    /// The paths that are mounted: with and without a slash at the end, since nothing is ever
    /// redirected.
    ///
    /// All that is asked of the application is compared with them, if it comes so far. Without
    /// parameters they are texts, if each is a resource of its own; with them, a set is the
    /// quickest to see that none is meant. The plain one comes last, for the name of a resource
    /// leads to the last that has it.
    pub(crate) fn resources(&self) -> Vec<Vec<String>> {
        let path = self.path.clone();
        if path.ends_with(TAIL) {
            return vec![vec![path]];
        }
        let other = match &*path {
            // In a scope, its path is that of the scope.
            "/" => String::new(),
            path => format!("{path}/"),
        };
        if is_dynamic(&path) {
            vec![vec![other, path]]
        } else {
            vec![vec![other], vec![path]]
        }
    }
}

/// Whether OPTIONS tells of health, as this format has it, or of the methods.
pub(crate) fn options_tell_of_health(target: Target, format: &dyn Format) -> bool {
    let tells = match target {
        Target::Dashboard(_) => false,
        #[cfg(feature = "prometheus")]
        Target::Metrics => false,
        _ => true,
    };
    tells && format.options_tell_of_health(target)
}

/// A path below a prefix, which has no slash at its end.
pub(crate) fn below(prefix: &str, path: &str) -> String {
    match (prefix, path) {
        ("", "") => "/".to_owned(),
        (prefix, path) => format!("{prefix}{path}"),
    }
}

/// Whether there is a path that both patterns match.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    let mut one = one.split('/');
    let mut other = other.split('/');
    loop {
        match (one.next(), other.next()) {
            (None, None) | (Some(TAIL), Some(_)) | (Some(_), Some(TAIL)) => return true,
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) if is_dynamic(a) && !b.is_empty() => {}
            (Some(a), Some(b)) if is_dynamic(b) && !a.is_empty() => {}
            _ => return false,
        }
    }
}

fn is_dynamic(path: &str) -> bool {
    path.contains('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_what_is_answered() {
        assert_eq!(METHODS.map(|method| method.to_string()).join(", "), ALLOWED);
    }

    #[test]
    fn patterns_overlap_if_a_path_matches_both() {
        for (one, other) in [
            ("", ""),
            ("/health", "/health"),
            ("/a/{name}", "/a/b"),
            ("/a/{name}", "/{name}/b"),
            ("/a/{path:.*}", "/a/b/c"),
            ("/a/{path:.*}", "/a/{name}/c"),
        ] {
            assert!(overlap(one, other), "{one} {other}");
            assert!(overlap(other, one), "{other} {one}");
        }
        for (one, other) in [
            ("", "/health"),
            ("/a/{name}", "/a"),
            ("/a/{name}", "/a/"),
            ("/a/{name}", "/a/b/c"),
            ("/a/{path:.*}", "/a"),
            ("/a/{path:.*}", "/b/c"),
        ] {
            assert!(!overlap(one, other), "{one} {other}");
            assert!(!overlap(other, one), "{other} {one}");
        }
    }
}
