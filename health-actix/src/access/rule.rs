//! What has to be so of a request for it to be let in.

use std::fmt;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderName};

use super::client::Proxies;
use super::closure::Closure;
use super::credential::{bearer_token, sole};
use super::network::Network;
use super::refusal::Refusal;
use super::secret::Secret;

#[derive(Clone)]
pub(super) enum Rule {
    Bearer(Secret),
    ApiKey(HeaderName, Secret),
    Networks(Arc<[Network]>, Proxies),
    Allow(Closure<bool>),
    /// Flat, however many are combined: a chain of rotated tokens is no deep tree.
    Any(Arc<Vec<Rule>>),
    All(Arc<Vec<Rule>>),
}

impl Rule {
    pub(super) fn or(self, other: Self) -> Self {
        match self {
            Self::Any(rules) => Self::Any(with(rules, other)),
            rule => Self::Any(Arc::new(vec![rule, other])),
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        match self {
            Self::All(rules) => Self::All(with(rules, other)),
            rule => Self::All(Arc::new(vec![rule, other])),
        }
    }

    /// Whether who sent this request is let in, or why not.
    pub(super) fn admit(&self, request: &HttpRequest) -> Result<(), Refusal> {
        let headers = request.headers();
        match self {
            Self::Bearer(token) => {
                let presented = sole(headers, AUTHORIZATION).and_then(bearer_token);
                let is_right = presented.is_some_and(|presented| token.is(presented));
                is_right.then_some(()).ok_or_else(Refusal::bearer)
            }
            Self::ApiKey(header, key) => {
                let is_right = sole(headers, header).is_some_and(|presented| key.is(presented));
                let refusal = || Refusal::api_key(header);
                is_right.then_some(()).ok_or_else(refusal)
            }
            Self::Networks(networks, proxies) => {
                let client = proxies.client(request);
                let within = |client| networks.iter().any(|network| network.contains(client));
                admitted(client.is_some_and(within))
            }
            Self::Allow(closure) => admitted(closure.decide(request) == Some(true)),
            Self::Any(rules) => any(rules, request),
            Self::All(rules) => all(rules, request),
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer(token) => write!(f, "bearer({token:?})"),
            Self::ApiKey(header, key) => write!(f, "api_key({key:?}).header({header:?})"),
            Self::Networks(networks, proxies) if proxies.is_empty() => {
                write!(f, "networks({networks:?})")
            }
            Self::Networks(networks, proxies) => {
                write!(f, "networks({networks:?}).behind({proxies:?})")
            }
            Self::Allow(closure) => write!(f, "allow({closure:?})"),
            Self::Any(rules) => write!(f, "any({rules:?})"),
            Self::All(rules) => write!(f, "all({rules:?})"),
        }
    }
}

fn with(mut rules: Arc<Vec<Rule>>, other: Rule) -> Arc<Vec<Rule>> {
    Arc::make_mut(&mut rules).push(other);
    rules
}

fn admitted(is_in: bool) -> Result<(), Refusal> {
    is_in.then_some(()).ok_or(Refusal::Forbidden)
}

fn any(rules: &[Rule], request: &HttpRequest) -> Result<(), Refusal> {
    let mut refusal = Refusal::Forbidden;
    for rule in rules {
        match rule.admit(request) {
            Ok(()) => return Ok(()),
            Err(other) => refusal = refusal.or(other),
        }
    }
    Err(refusal)
}

fn all(rules: &[Rule], request: &HttpRequest) -> Result<(), Refusal> {
    let mut verdict = Ok(());
    for rule in rules {
        verdict = match (verdict, rule.admit(request)) {
            (Ok(()), other) | (other, Ok(())) => other,
            (Err(one), Err(other)) => Err(one.and(other)),
        };
        if verdict == Err(Refusal::Forbidden) {
            break;
        }
    }
    verdict
}
