//! Who may ask, how much they are told, and how often they may ask.

mod client;
mod closure;
mod credential;
mod details;
mod forwarded;
mod level;
mod network;
mod rate_limit;
mod refusal;
mod rule;
mod secret;
mod throttle;
mod ways;

use std::fmt;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use health_core::{BuildError, Mistake};

use self::client::Proxies;
use self::closure::Closure;
pub(crate) use self::details::Decision;
pub use self::details::Details;
pub use self::level::Level;
use self::network::parse_all;
pub use self::rate_limit::RateLimit;
pub(crate) use self::rate_limit::RetryAfter;
pub(crate) use self::refusal::Refusal;
use self::rule::Rule;
use self::secret::Secret;
pub(crate) use self::ways::{Credential, Refusals, Ways};

/// Who may ask: what [`bearer`], [`api_key`], [`networks`] and [`allow`] make, alone or combined.
/// Cloning it is cheap.
///
/// ```
/// use health_actix::{api_key, bearer, networks};
///
/// // Either token, while the old one is being replaced; or whoever asks from inside.
/// let operators = bearer("7Xf2rQm0vTz9kLpA").or(bearer("c4NwS8yHj1eUbG6d"));
/// let access = operators.or(networks(["10.0.0.0/8", "::1"]));
/// assert!(access.validate().is_ok());
///
/// // Both: the key alone is of no use outside.
/// let access = api_key("Q9dV3sXw5tRzK2nE").and(networks(["10.0.0.0/8"]));
/// assert!(access.validate().is_ok());
///
/// // Mistakes are told when the service is validated; until they are mended nobody is let in.
/// assert!(bearer("").validate().is_err());
/// ```
///
/// Whoever is not let in is answered
///
/// | what is missing | status | `WWW-Authenticate` |
/// |---|---|---|
/// | a token | 401 | `Bearer realm="health"` |
/// | an API key | 401 | `ApiKey realm="health", header="x-api-key"` |
/// | the right network, a closure's word | 403: no credential would help | |
///
/// and where two are combined (401 with the challenges of all that answer 401)
///
/// | one | other | `or` | `and` |
/// |---|---|---|---|
/// | lets in | lets in | lets in | lets in |
/// | lets in | 401 | lets in | 401 |
/// | lets in | 403 | lets in | 403 |
/// | 401 | 401 | 401 | 401 |
/// | 401 | 403 | 401 | 403 |
/// | 403 | 403 | 403 | 403 |
///
/// So whoever asks from the wrong network never learns whether a token would have been right. Each
/// applies to all that stands before it: `a.or(b).and(c)` wants `c`, and one of the others.
#[derive(Clone)]
#[must_use = "give it to `Details`, or to what it is to restrict"]
pub struct Access {
    rule: Rule,
    mistakes: Vec<Mistake>,
}

/// Lets in who presents this token: `Authorization: Bearer ...` (RFC 6750, section 2.1).
///
/// The comparison takes as long for a token that is nearly right as for any other. A request with
/// more than one `Authorization` header presents none. A token that is empty, has white space
/// around it, or cannot stand in a header is a mistake, see [`Access::validate`]. To replace a
/// token, let both in for a while: `bearer(new).or(bearer(old))`.
///
/// ```
/// let access = health_actix::bearer("7Xf2rQm0vTz9kLpA");
/// assert_eq!(format!("{access:?}"), "bearer(***)");
/// ```
pub fn bearer(token: impl AsRef<str>) -> Access {
    let token = token.as_ref();
    let mistake = secret::mistake("the bearer token", token);
    Access {
        rule: Rule::Bearer(Secret::new(token)),
        mistakes: mistake.into_iter().collect(),
    }
}

/// Lets in who presents this key in the header `x-api-key`, or in [another](Access::header).
///
/// All that is said of the token of [`bearer`] holds for it.
///
/// ```
/// let access = health_actix::api_key("Q9dV3sXw5tRzK2nE").header("x-health-key");
/// assert_eq!(format!("{access:?}"), "api_key(***).header(\"x-health-key\")");
/// ```
pub fn api_key(key: impl AsRef<str>) -> Access {
    let key = key.as_ref();
    let mistake = secret::mistake("the API key", key);
    Access {
        rule: Rule::ApiKey(HeaderName::from_static("x-api-key"), Secret::new(key)),
        mistakes: mistake.into_iter().collect(),
    }
}

/// Lets in who asks from one of these networks, in CIDR notation, or addresses: what the peer of
/// the connection has, unless it is one of the [proxies](Access::behind) that are believed.
///
/// IPv4 is IPv4 also where it comes mapped into IPv6 (`::ffff:10.0.0.1`); `::/0` is all of IPv6
/// and nothing else. Whoever asks through a Unix socket has no address, and is not let in. A text
/// that is no network is a mistake, see [`Access::validate`]; an empty list lets nobody in.
///
/// ```
/// let access = health_actix::networks(["10.0.0.0/8", "fd00::/8", "::1"]);
/// assert!(access.validate().is_ok());
///
/// let error = health_actix::networks(["10.0.0.0/33"]).validate().unwrap_err();
/// assert!(error.to_string().contains("`10.0.0.0/33` is no network"));
/// ```
pub fn networks(networks: impl IntoIterator<Item = impl AsRef<str>>) -> Access {
    let (networks, mistakes) = parse_all(networks);
    Access {
        rule: Rule::Networks(networks.into(), Proxies::default()),
        mistakes,
    }
}

/// Lets in whom this says so of.
///
/// It runs on the worker that was asked, for strangers too, so it should be quick. If it panics,
/// the log tells of that once, and it lets nobody in.
///
/// ```
/// use actix_web::HttpMessage;
///
/// struct Operator;
///
/// // What middleware of the application has found out.
/// let access = health_actix::allow(|request| request.extensions().contains::<Operator>());
/// assert!(access.validate().is_ok());
/// ```
#[track_caller]
pub fn allow(decide: impl Fn(&HttpRequest) -> bool + Send + Sync + 'static) -> Access {
    Access {
        rule: Rule::Allow(Closure::new(decide)),
        mistakes: Vec::new(),
    }
}

impl Access {
    /// Lets in whom this lets in, and whom the other does. The other is not asked about those whom
    /// this lets in.
    pub fn or(self, other: Self) -> Self {
        self.combined(other, Rule::or)
    }

    /// Lets in whom both let in. The other is asked unless this refuses with 403.
    pub fn and(self, other: Self) -> Self {
        self.combined(other, Rule::and)
    }

    /// The header that an [`api_key`] comes in, in place of `x-api-key`.
    ///
    /// A name that no header can have is a mistake, and so is this for anything but an API key:
    /// call it before [`or`](Access::or) and [`and`](Access::and).
    pub fn header(mut self, name: &str) -> Self {
        match (&mut self.rule, HeaderName::try_from(name)) {
            (Rule::ApiKey(header, _), Ok(name)) => *header = name,
            (Rule::ApiKey(..), Err(_)) => self.mistakes.push(Mistake::new(format!(
                "an API key cannot come in the header `{name}`: use letters, digits and `-`"
            ))),
            _ => self.mistakes.push(misplaced("header", "api_key")),
        }
        self
    }

    /// The proxies, in CIDR notation, or addresses, that are believed when they tell for whom they
    /// ask: [`networks`] then looks at the address of that client.
    ///
    /// If the peer is one of them, the headers `Forwarded` (RFC 7239) and `X-Forwarded-For` are
    /// read from the right, past all trusted proxies, up to the first other address: the one that
    /// a trusted proxy has seen itself. What a client writes before it changes nothing. Nobody is
    /// let in where that place has no address (`unknown`, `_hidden`, garbage), or where both
    /// headers are there and do not lead to the same address, since a proxy that writes the one
    /// may let the other pass as it came.
    ///
    /// A proxy that sends neither header asks for itself, as balancers do that probe. So name here
    /// only proxies that always add one of the two, or replace it, as most do if told to.
    ///
    /// Called more than once, it adds. A text that is no network is a mistake, and so is a network
    /// of everything (`0.0.0.0/0`), and this for anything but networks: call it before
    /// [`or`](Access::or) and [`and`](Access::and).
    ///
    /// ```
    /// // Colleagues, but not the rest of the world, that the balancer in 10.1.0.0/16 asks for.
    /// let access = health_actix::networks(["192.0.2.0/24"]).behind(["10.1.0.0/16"]);
    /// assert!(access.validate().is_ok());
    /// ```
    pub fn behind(mut self, proxies: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mistakes = match &mut self.rule {
            Rule::Networks(_, trusted) => trusted.add(proxies),
            _ => vec![misplaced("behind", "networks")],
        };
        self.mistakes.extend(mistakes);
        self
    }

    /// Makes sure that this can let in whom it should. As long as it has mistakes it lets nobody
    /// in.
    ///
    /// # Errors
    /// Every mistake at once. No token and no key is in them.
    pub fn validate(&self) -> Result<(), BuildError> {
        BuildError::unless_empty(self.mistakes.clone())
    }

    pub(crate) fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// Whether who sent this request is let in, or why not.
    pub(crate) fn admit(&self, request: &HttpRequest) -> Result<(), Refusal> {
        if self.mistakes.is_empty() {
            self.rule.admit(request)
        } else {
            Err(Refusal::Forbidden)
        }
    }

    fn combined(mut self, other: Self, combine: impl FnOnce(Rule, Rule) -> Rule) -> Self {
        self.mistakes.extend(other.mistakes);
        Self {
            rule: combine(self.rule, other.rule),
            mistakes: self.mistakes,
        }
    }
}

fn misplaced(method: &str, function: &str) -> Mistake {
    Mistake::new(format!(
        "`{method}` was called on what is not `{function}(..)` alone: call it on that, before `or` \
         and `and`"
    ))
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rule.fmt(f)
    }
}

#[cfg(test)]
mod tests;
