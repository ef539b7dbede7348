//! From what is asked for to what is found.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::HttpRequest;
use health_core::{Caller, Check, Entry, GroupReport, Health, Lasting, Overview, Phase, Report};

use crate::access::Level;
use crate::asked::{Asked, Of};
use crate::dialect::problem::{MISCONFIGURED, NO_GROUP, NOT_FOUND, Problem};
use crate::dialect::view::{Asker, Scope, Told, View, may_know};
use crate::probe_path::path_of;
use crate::voice::Voice;

/// What was found.
#[derive(Debug)]
pub(crate) enum Found {
    Report(Report),
    Overview(Overview),
    Group(GroupReport),
    Check(Entry),
}

impl Found {
    /// Asks for it. Nothing that is not there, or that the caller may not know of, is run.
    pub(crate) async fn find(
        asked: Asked<'_>,
        health: &Health,
        request: &HttpRequest,
        voice: &Voice,
        level: Level,
    ) -> Result<Self, Problem> {
        let path = path_of(request);
        let caller = Caller::of(request).along(&path);
        match asked {
            Asked::Probe(probe) => {
                let query = request.query_string();
                let set_aside = |phase: &Phase| voice.format.sets_aside(phase, query, level);
                let report = health.probe_despite(probe, caller, &set_aside);
                Ok(Self::Report(report.await))
            }
            Asked::Everything => Ok(Self::Overview(health.everything(caller).await)),
            Asked::Group(_) | Asked::Check { .. } if health.is_misconfigured() => {
                Err(MISCONFIGURED)
            }
            Asked::Group(tag) => {
                // To ask is to run it.
                let is_known = voice.is_of_group || knows_tag(health, tag, level);
                let asked = is_known.then(|| health.group(tag, caller)).flatten();
                match asked {
                    Some(group) => Ok(Self::Group(group.await)),
                    None if voice.is_of_group => Err(NO_GROUP),
                    None => Err(NO_GROUP.knowing(level, || tags(health))),
                }
            }
            Asked::Check { name, of, .. } => {
                let checks = health.checks();
                let may_be_asked = |check: &Arc<Check>| {
                    check.name() == name && may_know(check, level) && of.has(check)
                };
                // To ask is to run it, so it comes last.
                let asked = checks.iter().find(|check| may_be_asked(check));
                match asked.and_then(|_| health.check(name, caller)) {
                    Some(check) => Ok(Self::Check(check.await)),
                    None => Err(NOT_FOUND.knowing(level, || {
                        let known = checks.iter().filter(|check| of.has(check));
                        known.map(|check| check.name().to_owned()).collect()
                    })),
                }
            }
            _ => Err(NOT_FOUND),
        }
    }

    /// By what it is known to be what whoever asks again would be told.
    pub(crate) fn lasting(&self) -> Option<&Lasting> {
        match self {
            Self::Report(report) => report.lasting(),
            _ => None,
        }
    }

    /// What the caller may know of it; none if that is nothing.
    pub(crate) fn view<'a>(
        &'a self,
        asked: Asked<'a>,
        level: Level,
        asker: Asker<'a>,
    ) -> Option<View<'a>> {
        let (scope, status) = match (self, asked) {
            (Self::Overview(all), _) => (Scope::Everything, all.status()),
            (Self::Report(report), _) => (Scope::Probe(report.probe()), report.status()),
            (Self::Group(group), _) => (Scope::Group(group.tag()), group.status()),
            (Self::Check(entry), asked) => {
                let told = Told::new(entry, level)?;
                match asked {
                    Asked::Check {
                        child: Some(child), ..
                    } => (Scope::Child(told, child), told.status_below(child)?),
                    _ => (Scope::Check(told), entry.status()),
                }
            }
        };
        let entries = match self {
            Self::Report(report) => report.entries(),
            Self::Overview(all) => all.entries(),
            Self::Group(group) => group.entries(),
            Self::Check(_) => &[],
        };
        let (phase, gates) = match self {
            Self::Report(report) => (report.phase(), report.closed_gates()),
            Self::Overview(all) => (all.phase(), all.closed_gates()),
            Self::Group(_) | Self::Check(_) => (&Phase::Started, [].as_slice()),
        };
        Some(View {
            scope,
            status,
            phase,
            gates,
            entries,
            level,
            asker,
        })
    }
}

/// Whether the caller may know that there is such a group: not if all that is in it is hidden.
pub(crate) fn knows_tag(health: &Health, tag: &str, level: Level) -> bool {
    let level = level.max(Level::Summary);
    let checks = health.checks();
    let mut members = checks.iter().filter(|check| Of::Group(tag).has(check));
    members.any(|check| may_know(check, level))
}

/// All tags, sorted.
fn tags(health: &Health) -> Vec<String> {
    let checks = health.checks();
    let tags = checks.iter().flat_map(|check| check.tags());
    let tags: BTreeSet<_> = tags.collect();
    tags.into_iter().map(str::to_owned).collect()
}
