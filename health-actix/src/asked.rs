//! From a path to what it asks for.

use std::borrow::Cow;

use actix_web::HttpRequest;
use health_core::{Check, Probe};
use serde::Deserialize;

use crate::notation::Notation;
use crate::target::{NAME, Part, REST, TAG, Target};

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    Probe(Probe),
    Everything,
    /// The checks with a tag.
    Group(&'a str),
    /// One check, or a child of it.
    Check {
        name: &'a str,
        of: Of<'a>,
        child: Option<&'a str>,
    },
    Document(Notation),
    /// The page for people, or what belongs to it.
    Dashboard(Part),
    /// What is measured.
    #[cfg(feature = "prometheus")]
    Metrics,
}

/// What a check has to belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of<'a> {
    Anything,
    Probe(Probe),
    Group(&'a str),
}

/// What the path of a request names. The router leaves `%2F`, `%25` and `%2B` as they are, which a
/// tag may have.
pub(crate) fn named(target: Target, request: &HttpRequest) -> Cow<'_, str> {
    let parameter = |name| request.match_info().get(name).unwrap_or_default().into();
    match target {
        Target::Check | Target::CheckOf(_) => parameter(NAME),
        Target::Tree => parameter(REST),
        Target::Group => match request.match_info().load() {
            Ok(Tagged { tag }) => tag.into(),
            Err(_) => parameter(TAG),
        },
        _ => "".into(),
    }
}

/// The parameter [`TAG`].
#[derive(Deserialize)]
struct Tagged {
    tag: String,
}

impl<'a> Asked<'a> {
    /// What is asked with this name, where `is_group` tells groups from checks.
    pub(crate) fn by(target: Target, named: &'a str, is_group: impl FnOnce(&str) -> bool) -> Self {
        let check = |of| Self::Check {
            name: named,
            of,
            child: None,
        };
        match target {
            Target::Probe(probe) => Self::Probe(probe),
            Target::Everything => Self::Everything,
            Target::Group => Self::Group(named),
            Target::Document(notation) => Self::Document(notation),
            Target::Dashboard(part) => Self::Dashboard(part),
            #[cfg(feature = "prometheus")]
            Target::Metrics => Self::Metrics,
            Target::Check => check(Of::Anything),
            Target::CheckOf(probe) => check(Of::Probe(probe)),
            Target::Tree => Self::by_tree(named, is_group),
        }
    }

    /// `{probe or tag}`, `{check}/{child}`, or one below the other. A tag goes before a check of
    /// the same name, as groups do in Spring Boot.
    fn by_tree(path: &'a str, is_group: impl FnOnce(&str) -> bool) -> Self {
        let path = path.trim_end_matches('/');
        let (first, rest) = split(path);
        let of = match Probe::named(first) {
            Some(probe) => Of::Probe(probe),
            None if is_group(first) => Of::Group(first),
            None => Of::Anything,
        };
        match (of, rest) {
            (Of::Probe(probe), None) => Self::Probe(probe),
            (Of::Group(tag), None) => Self::Group(tag),
            _ => {
                let path = rest.filter(|_| of != Of::Anything).unwrap_or(path);
                let (name, child) = split(path);
                Self::Check { name, of, child }
            }
        }
    }

    /// The group that it is, or that it is asked of.
    pub(crate) const fn group(self) -> Option<&'a str> {
        match self {
            Self::Group(tag)
            | Self::Check {
                of: Of::Group(tag), ..
            } => Some(tag),
            _ => None,
        }
    }

    /// Whether it is asked by probers, who know no credentials and must not be turned away.
    pub(crate) const fn is_probe(self) -> bool {
        matches!(self, Self::Probe(_) | Self::Everything)
    }
}

impl Of<'_> {
    pub(crate) fn has(self, check: &Check) -> bool {
        match self {
            Self::Anything => true,
            Self::Probe(probe) => check.probes().contains(probe),
            Self::Group(tag) => check.tags().any(|own| own == tag),
        }
    }
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_tree(path: &str) -> Asked<'_> {
        Asked::by_tree(path, |tag| tag == "partners" || tag == "database")
    }

    fn check<'a>(name: &'a str, of: Of<'a>, child: Option<&'a str>) -> Asked<'a> {
        Asked::Check { name, of, child }
    }

    /// As `HealthEndpointSupport` of Spring Boot reads paths: the first name is that of a group if
    /// there is one; the rest is the path of a component.
    #[test]
    fn a_tree_is_read_as_spring_reads_it() {
        let anything = Of::Anything;
        let readiness = Of::Probe(Probe::Readiness);
        let partners = Of::Group("partners");
        for (path, asked) in [
            ("cache", check("cache", anything, None)),
            ("cache/us1", check("cache", anything, Some("us1"))),
            ("cache/us1/a.b", check("cache", anything, Some("us1/a.b"))),
            ("readiness", Asked::Probe(Probe::Readiness)),
            ("readiness/cache", check("cache", readiness, None)),
            (
                "readiness/cache/us1/a",
                check("cache", readiness, Some("us1/a")),
            ),
            ("partners", Asked::Group("partners")),
            ("partners/cache", check("cache", partners, None)),
            ("partners/cache/us1", check("cache", partners, Some("us1"))),
            // One group in another is none.
            ("partners/readiness", check("readiness", partners, None)),
            ("readiness/partners", check("partners", readiness, None)),
        ] {
            assert_eq!(by_tree(path), asked, "{path}");
            assert_eq!(by_tree(&format!("{path}/")), asked, "{path}/");
        }
    }

    #[test]
    fn a_group_goes_before_a_check_of_the_same_name() {
        assert_eq!(by_tree("database"), Asked::Group("database"));
        let own = check("database", Of::Group("database"), None);
        assert_eq!(by_tree("database/database"), own);
    }

    #[test]
    fn what_names_nothing_is_no_check() {
        assert_eq!(by_tree(""), check("", Of::Anything, None));
        assert_eq!(by_tree("/"), check("", Of::Anything, None));
        assert_eq!(by_tree("/cache"), check("", Of::Anything, Some("cache")));
        let nowhere = check("cache", Of::Anything, Some("/us1"));
        assert_eq!(by_tree("cache//us1"), nowhere);
        // Names are exact, as in Spring.
        assert_eq!(by_tree("Readiness"), check("Readiness", Of::Anything, None));
    }
}
