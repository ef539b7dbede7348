//! What there is to say of a rule, for those who read the OpenAPI document.

use std::collections::BTreeSet;

use super::details::Policy;
use super::rule::Rule;
use super::{Access, Details};

/// A credential that a request can bring.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Credential {
    Bearer,
    /// In this header.
    ApiKey(String),
}

/// The ways to be let in, each being the credentials that it takes, all of them. A way that takes
/// none is that of whoever asks from the right place, or needs to be nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ways(BTreeSet<BTreeSet<Credential>>);

impl Ways {
    /// That of everybody.
    pub(crate) fn open() -> Self {
        Self(BTreeSet::from([BTreeSet::new()]))
    }

    fn with(credential: Credential) -> Self {
        Self(BTreeSet::from([BTreeSet::from([credential])]))
    }

    /// One or the other.
    pub(crate) fn or(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// One and the other.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let both = |one: &BTreeSet<Credential>| {
            let others = other.0.iter();
            let one = one.clone();
            others.map(move |other| one.union(other).cloned().collect())
        };
        Self(self.0.iter().flat_map(both).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &BTreeSet<Credential>> {
        self.0.iter()
    }

    /// Whether it is of no use to bring anything.
    pub(crate) fn takes_nothing(&self) -> bool {
        self.0.iter().all(BTreeSet::is_empty)
    }
}

/// With which codes somebody may be turned away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusals {
    pub(crate) unauthorized: bool,
    pub(crate) forbidden: bool,
}

impl Refusals {
    pub(crate) const fn or(self, other: Self) -> Self {
        Self {
            unauthorized: self.unauthorized || other.unauthorized,
            forbidden: self.forbidden || other.forbidden,
        }
    }
}

impl Access {
    pub(crate) fn ways(&self) -> Ways {
        self.rule.ways()
    }

    pub(crate) fn refusals(&self) -> Refusals {
        self.rule.refusals()
    }
}

impl Details {
    /// The ways to be told more than everybody; and whether those who go none of them are told
    /// nothing, where no probe is asked.
    pub(crate) fn ways(&self) -> (Ways, bool) {
        match &self.policy {
            Policy::Always(_) | Policy::Decide(_) => (Ways::open(), false),
            Policy::When(access, _) => (access.ways().or(Ways::open()), false),
            Policy::Only(access) => (access.ways(), true),
        }
    }

    pub(crate) fn refusals(&self) -> Refusals {
        match &self.policy {
            Policy::Only(access) => access.refusals(),
            _ => Refusals::default(),
        }
    }
}

impl Rule {
    fn ways(&self) -> Ways {
        match self {
            Self::Bearer(_) => Ways::with(Credential::Bearer),
            Self::ApiKey(header, _) => Ways::with(Credential::ApiKey(header.to_string())),
            Self::Networks(..) | Self::Allow(_) => Ways::open(),
            Self::Any(rules) => {
                let ways = rules.iter().map(Self::ways);
                ways.reduce(Ways::or).unwrap_or_else(Ways::open)
            }
            Self::All(rules) => {
                let ways = rules.iter().map(Self::ways);
                ways.fold(Ways::open(), |all, ways| all.and(&ways))
            }
        }
    }

    /// Of alternatives, one that a credential opens makes it 401; see [`Access`].
    fn refusals(&self) -> Refusals {
        let any_of = |rules: &[Self]| {
            let refusals = rules.iter().map(Self::refusals);
            refusals.fold(Refusals::default(), Refusals::or)
        };
        match self {
            Self::Bearer(_) | Self::ApiKey(..) => Refusals {
                unauthorized: true,
                forbidden: false,
            },
            Self::Networks(..) | Self::Allow(_) => Refusals {
                unauthorized: false,
                forbidden: true,
            },
            Self::Any(rules) => {
                let refusals = any_of(rules);
                let always_401 = rules.iter().any(|rule| !rule.refusals().forbidden);
                Refusals {
                    forbidden: refusals.forbidden && !always_401,
                    ..refusals
                }
            }
            Self::All(rules) => any_of(rules),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{api_key, bearer, networks};

    fn told(access: &Access) -> Vec<Vec<Credential>> {
        let ways = access.ways();
        ways.iter()
            .map(|way| way.iter().cloned().collect())
            .collect()
    }

    #[test]
    fn each_way_is_told_with_all_that_it_takes() {
        let key = || Credential::ApiKey("x-api-key".to_owned());
        let token = || bearer("7Xf2rQm0vTz9kLpA");
        let keys = || api_key("Q9dV3sXw5tRzK2nE");
        let office = || networks(["10.0.0.0/8"]);
        assert_eq!(told(&token()), [[Credential::Bearer]]);
        assert_eq!(
            told(&token().or(bearer("c4NwS8yHj1eUbG6d"))),
            [[Credential::Bearer]]
        );
        assert_eq!(told(&token().and(keys())), [[Credential::Bearer, key()]]);
        assert_eq!(told(&token().or(keys())), [[Credential::Bearer], [key()]]);
        assert_eq!(
            told(&token().or(office())),
            [vec![], vec![Credential::Bearer]]
        );
        assert_eq!(told(&token().and(office())), [[Credential::Bearer]]);
        assert!(office().ways().takes_nothing());
    }

    #[test]
    fn the_codes_are_those_that_can_come() {
        let token = || bearer("7Xf2rQm0vTz9kLpA");
        let office = || networks(["10.0.0.0/8"]);
        let codes = |access: Access| {
            let refusals = access.refusals();
            (refusals.unauthorized, refusals.forbidden)
        };
        assert_eq!(codes(token()), (true, false));
        assert_eq!(codes(office()), (false, true));
        assert_eq!(codes(token().or(office())), (true, false));
        assert_eq!(codes(token().and(office())), (true, true));
    }
}
