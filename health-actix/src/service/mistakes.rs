//! What keeps a service from being mounted as it was configured.

use std::collections::BTreeSet;

use health_core::{BuildError, Mistake};

use super::HealthService;
use super::routes::Routes;
use crate::access::{Access, Details, RateLimit};
use crate::dialect::Dialect;
use crate::group::Group;
use crate::status_codes::StatusCodes;

pub(super) fn validate(service: &HealthService, routes: &Routes) -> Result<(), BuildError> {
    let mut mistakes = service.mistakes.clone();
    mistakes.extend(routes.mistakes.clone());
    if service.dialects.is_empty() {
        mistakes.push(Mistake::new(
            "no dialect is left to answer the probes in: give `HealthService::dialects` one, such \
             as `Dialect::default()`",
        ));
    }
    mistakes.extend(said_twice(&service.groups));
    mistakes.extend(codes(service).flat_map(StatusCodes::mistakes));
    mistakes.extend(details(service).flat_map(Details::mistakes));
    let restriction = service.restriction.iter();
    mistakes.extend(restriction.flat_map(Access::mistakes).cloned());
    let limit = service.limit.iter();
    mistakes.extend(limit.flat_map(RateLimit::mistakes).cloned());
    BuildError::unless_empty(mistakes)
}

fn codes(service: &HealthService) -> impl Iterator<Item = StatusCodes> {
    let groups = service.groups.iter().filter_map(|group| group.codes);
    let dialects = dialects(service).filter_map(Dialect::own_codes);
    dialects.chain(groups).chain([service.codes])
}

fn details(service: &HealthService) -> impl Iterator<Item = &Details> {
    let groups = service
        .groups
        .iter()
        .filter_map(|group| group.details.as_ref());
    let dialects = dialects(service).filter_map(Dialect::own_details);
    let dashboard = service.dashboard.iter();
    let metrics = service.metrics.iter();
    dialects
        .chain(groups)
        .chain(dashboard)
        .chain(metrics)
        .chain([&service.details])
}

/// Those that are mounted, and those of groups.
fn dialects(service: &HealthService) -> impl Iterator<Item = &Dialect> {
    let groups = service
        .groups
        .iter()
        .filter_map(|group| group.dialect.as_ref());
    service.dialects.iter().chain(groups)
}

/// Groups that are given twice: of what the first one says, the second would take back the access.
fn said_twice(groups: &[Group]) -> impl Iterator<Item = Mistake> {
    let mut tags = BTreeSet::new();
    let again = groups.iter().filter(move |group| !tags.insert(&group.tag));
    again.map(|group| {
        Mistake::new(format!(
            "the group `{}` is given twice: say all of it in one `Group`",
            group.tag
        ))
    })
}
