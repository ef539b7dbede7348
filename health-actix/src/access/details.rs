use std::fmt;

use actix_web::HttpRequest;
use health_core::{BuildError, Mistake};

use super::closure::Closure;
use super::refusal::Refusal;
use super::{Access, Level};

#[doc = include_str!("../docs/access.md")]
#[derive(Clone)]
#[must_use = "give it to a health service"]
pub struct Details {
    pub(super) policy: Policy,
    mistakes: Vec<Mistake>,
}

#[derive(Clone)]
pub(super) enum Policy {
    Always(Level),
    When(Access, Level),
    Only(Access),
    Decide(Closure<Level>),
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is answered at this level.
    Level(Level),
    /// It is refused where details are all that is asked for, and else told the status alone.
    Refuse(Refusal),
}

impl Decision {
    /// The level at which probes answer, which nobody is refused.
    pub(crate) const fn level(&self) -> Level {
        match self {
            Self::Level(level) => *level,
            Self::Refuse(_) => Level::StatusOnly,
        }
    }
}

impl Details {
    /// Everyone is told the verdict, and nothing else.
    pub const fn status_only() -> Self {
        Self::new(Policy::Always(Level::StatusOnly))
    }

    /// Everyone is told names, statuses, latencies and public messages. This is the default.
    pub const fn summary() -> Self {
        Self::new(Policy::Always(Level::Summary))
    }

    /// Everyone is told everything: for ports that only operators reach.
    pub const fn full() -> Self {
        Self::new(Policy::Always(Level::Full))
    }

    /// Whom this lets in is told everything, and all others the summary, or
    /// [something else](Details::otherwise).
    pub const fn when(access: Access) -> Self {
        Self::new(Policy::When(access, Level::Summary))
    }

    /// Whom this lets in is told everything. All others get the status alone from probes, and 401
    /// or 403 from the paths that are there for details: see [`Access`] for which of the two.
    pub const fn only(access: Access) -> Self {
        Self::new(Policy::Only(access))
    }

    /// This decides, for each request.
    ///
    /// It runs on the worker that was asked, so it should be quick. If it panics, the log tells of
    /// that once, and the status alone is told.
    ///
    /// ```
    /// use health_actix::{Details, Level};
    ///
    /// let details = Details::decide(|request| {
    ///     if request.headers().contains_key("x-internal") {
    ///         Level::Full
    ///     } else {
    ///         Level::Summary
    ///     }
    /// });
    /// # assert!(details.validate().is_ok());
    /// ```
    #[track_caller]
    pub fn decide(decide: impl Fn(&HttpRequest) -> Level + Send + Sync + 'static) -> Self {
        Self::new(Policy::Decide(Closure::new(decide)))
    }

    /// What those are told whom [`Details::when`] does not let in, in place of the summary.
    ///
    /// With anything but [`Details::when`] it is a mistake.
    pub fn otherwise(mut self, level: Level) -> Self {
        match &mut self.policy {
            Policy::When(_, otherwise) => *otherwise = level,
            _ => self.mistakes.push(Mistake::new(
                "`otherwise` says what those are told whom `Details::when(..)` does not let in: \
                 use it with that alone",
            )),
        }
        self
    }

    /// Makes sure that this can tell everyone what they should be told. An [`Access`] that has
    /// mistakes lets nobody in.
    ///
    /// # Errors
    /// Every mistake at once. No token and no key is in them.
    pub fn validate(&self) -> Result<(), BuildError> {
        BuildError::unless_empty(self.mistakes())
    }

    pub(crate) fn mistakes(&self) -> Vec<Mistake> {
        let mut mistakes = match &self.policy {
            Policy::When(access, _) | Policy::Only(access) => access.mistakes().to_vec(),
            Policy::Always(_) | Policy::Decide(_) => Vec::new(),
        };
        mistakes.extend_from_slice(&self.mistakes);
        mistakes
    }

    /// The level that is everybody's, as far as that can be known without asking.
    pub(crate) const fn for_everybody(&self) -> Level {
        match &self.policy {
            Policy::Always(level) | Policy::When(_, level) => *level,
            Policy::Only(_) | Policy::Decide(_) => Level::StatusOnly,
        }
    }

    /// Whether everybody is told the same.
    pub(crate) const fn is_fixed(&self) -> bool {
        matches!(self.policy, Policy::Always(_))
    }

    /// What who sent this request is told.
    pub(crate) fn decide_for(&self, request: &HttpRequest) -> Decision {
        match &self.policy {
            Policy::Always(level) => Decision::Level(*level),
            Policy::When(access, otherwise) => match access.admit(request) {
                Ok(()) => Decision::Level(Level::Full),
                Err(_) => Decision::Level(*otherwise),
            },
            Policy::Only(access) => match access.admit(request) {
                Ok(()) => Decision::Level(Level::Full),
                Err(refusal) => Decision::Refuse(refusal),
            },
            Policy::Decide(closure) => {
                let level = closure.decide(request);
                Decision::Level(level.unwrap_or(Level::StatusOnly))
            }
        }
    }

    const fn new(policy: Policy) -> Self {
        Self {
            policy,
            mistakes: Vec::new(),
        }
    }
}

/// Whom it lets in is told everything, and all others are refused: [`Details::only`].
impl From<Access> for Details {
    fn from(access: Access) -> Self {
        Self::only(access)
    }
}

impl Default for Details {
    fn default() -> Self {
        Self::summary()
    }
}

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.policy {
            Policy::Always(level) => write!(f, "Details({level:?})"),
            Policy::When(access, otherwise) => {
                write!(f, "Details::when({access:?}).otherwise({otherwise:?})")
            }
            Policy::Only(access) => write!(f, "Details::only({access:?})"),
            Policy::Decide(closure) => write!(f, "Details::decide({closure:?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::{allow, bearer};

    fn asked(details: &Details, token: Option<&str>) -> Decision {
        let mut request = TestRequest::default();
        if let Some(token) = token {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        details.decide_for(&request.to_http_request())
    }

    #[test]
    fn everyone_is_told_the_same_unless_asked_for_otherwise() {
        for (details, level) in [
            (Details::status_only(), Level::StatusOnly),
            (Details::summary(), Level::Summary),
            (Details::full(), Level::Full),
            (Details::default(), Level::Summary),
        ] {
            let decision = asked(&details, Some("x"));
            assert_eq!(decision, Decision::Level(level), "{details:?}");
            assert_eq!(decision.level(), level);
            assert!(details.validate().is_ok());
        }
    }

    #[test]
    fn whom_access_lets_in_is_told_everything() {
        let details = Details::when(bearer("right"));
        let decided = |token| asked(&details, token);
        assert_eq!(decided(Some("right")), Decision::Level(Level::Full));
        assert_eq!(decided(Some("wrong")), Decision::Level(Level::Summary));
        assert_eq!(decided(None), Decision::Level(Level::Summary));
        for level in [Level::StatusOnly, Level::Full] {
            let details = details.clone().otherwise(level);
            assert_eq!(asked(&details, None), Decision::Level(level));
        }
    }

    #[test]
    fn where_details_are_for_some_only_others_are_refused_them() {
        let details = Details::only(bearer("right"));
        assert_eq!(asked(&details, Some("right")).level(), Level::Full);
        let refused = asked(&details, None);
        assert_eq!(refused, Decision::Refuse(Refusal::bearer()));
        assert_eq!(refused.level(), Level::StatusOnly, "probes answer");
        let nobody = Details::only(allow(|_| false));
        assert_eq!(asked(&nobody, None), Decision::Refuse(Refusal::Forbidden));
    }

    #[test]
    fn a_closure_decides_by_request_and_grants_nothing_when_it_panics() {
        let details = Details::decide(|request| match request.headers().get("authorization") {
            Some(value) if value == "Bearer full" => Level::Full,
            Some(_) => panic!("on purpose"),
            None => Level::Summary,
        });
        assert_eq!(asked(&details, Some("full")), Decision::Level(Level::Full));
        assert_eq!(asked(&details, None), Decision::Level(Level::Summary));
        let panicked = asked(&details, Some("x"));
        assert_eq!(panicked, Decision::Level(Level::StatusOnly));
        assert_eq!(asked(&details, Some("full")), Decision::Level(Level::Full));
    }

    #[test]
    fn mistakes_are_told_and_let_nobody_in() {
        let broken = Details::when(bearer("")).otherwise(Level::StatusOnly);
        assert_eq!(asked(&broken, Some("")).level(), Level::StatusOnly);
        assert_eq!(broken.mistakes().len(), 1);
        assert!(broken.validate().is_err());
        let refused = asked(&Details::only(bearer(" x")), Some("x"));
        assert_eq!(refused, Decision::Refuse(Refusal::Forbidden));
        let misplaced = Details::only(bearer("")).otherwise(Level::Full);
        assert_eq!(misplaced.mistakes().len(), 2);
        let misplaced = Details::full().otherwise(Level::Summary);
        let told = misplaced.validate().unwrap_err().to_string();
        assert!(told.contains("use it with that alone"), "{told}");
        assert_eq!(asked(&misplaced, None).level(), Level::Full);
    }

    #[test]
    fn what_is_printed_has_no_token() {
        let when = Details::when(bearer("hunter2"));
        let expected = "Details::when(bearer(***)).otherwise(Summary)";
        assert_eq!(format!("{when:?}"), expected);
        let only = Details::only(bearer("hunter2"));
        assert_eq!(format!("{only:?}"), "Details::only(bearer(***))");
        assert_eq!(format!("{:?}", Details::full()), "Details(Full)");
    }
}
