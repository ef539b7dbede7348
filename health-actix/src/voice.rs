//! How an endpoint answers, and whom.

use std::sync::Arc;

use actix_web::HttpRequest;

use crate::access::{Access, Decision, Details, Level, RateLimit, Refusals, Ways};
use crate::asked::Asked;
use crate::dialect::{Dialect, Format};
use crate::group::Group;
use crate::status_codes::StatusCodes;
use crate::turned_away::TurnedAway;

/// How an endpoint answers, and whom.
#[derive(Clone, Debug)]
pub(crate) struct Voice {
    pub(crate) format: &'static dyn Format,
    pub(crate) codes: StatusCodes,
    pub(crate) details: Details,
    /// Who may ask at all.
    pub(crate) restriction: Option<Access>,
    /// Whether readiness that is degraded has the header for Envoy.
    pub(crate) tells_envoy: bool,
    /// How often what is no probe may be asked.
    pub(crate) limit: Option<RateLimit>,
    /// Whether this is for one group alone, and says nothing of who may know of others.
    pub(crate) is_of_group: bool,
}

impl Voice {
    /// The same, but for what this dialect has of its own.
    pub(crate) fn with(&self, dialect: &Dialect) -> Self {
        let details = dialect.own_details().unwrap_or(&self.details);
        Self {
            format: dialect.format(),
            codes: dialect.own_codes().unwrap_or(self.codes),
            details: details.clone(),
            ..self.clone()
        }
    }

    /// The ways to ask for a probe, or for what is none.
    pub(crate) fn ways(&self, is_probe: bool) -> Ways {
        let restricted = self.restriction.as_ref().map(Access::ways);
        let restricted = restricted.unwrap_or_else(Ways::open);
        let (details, are_needed) = self.details.ways();
        let all = restricted.and(&details);
        if are_needed && is_probe {
            all.or(restricted)
        } else {
            all
        }
    }

    /// With which codes a probe, or what is none, may turn somebody away.
    pub(crate) fn refusals(&self, is_probe: bool) -> Refusals {
        let restricted = self.restriction.as_ref().map(Access::refusals);
        let restricted = restricted.unwrap_or_default();
        if is_probe {
            restricted
        } else {
            restricted.or(self.details.refusals())
        }
    }

    /// The same, but for what this group has of its own.
    pub(crate) fn of_group(&self, group: &Group) -> Self {
        let voice = match &group.dialect {
            Some(dialect) => self.with(dialect),
            None => self.clone(),
        };
        Self {
            codes: group.codes.unwrap_or(voice.codes),
            details: group.details.clone().unwrap_or(voice.details),
            is_of_group: true,
            ..voice
        }
    }

    /// That of what is beside the dialects, and has an access of its own.
    pub(crate) fn beside(&self, details: &Details) -> Arc<Self> {
        Arc::new(Self {
            format: Dialect::default().format(),
            details: details.clone(),
            ..self.clone()
        })
    }

    /// Whether everybody gets the same answer.
    pub(crate) const fn is_for_everybody(&self) -> bool {
        self.restriction.is_none() && self.details.is_fixed()
    }

    /// How much the caller is told, unless it is turned away. From a probe it is only where
    /// everybody else is, and never for asking often.
    pub(crate) fn admit(
        &self,
        asked: Asked<'_>,
        request: &HttpRequest,
    ) -> Result<Level, TurnedAway> {
        if let Some(limit) = self.limit.as_ref().filter(|_| !asked.is_probe()) {
            limit.admit_request(request).map_err(TurnedAway::Later)?;
        }
        if let Some(restriction) = &self.restriction {
            restriction.admit(request).map_err(TurnedAway::Refused)?;
        }
        match self.details.decide_for(request) {
            Decision::Refuse(refusal) if !asked.is_probe() => Err(TurnedAway::Refused(refusal)),
            decision => Ok(decision.level()),
        }
    }
}
