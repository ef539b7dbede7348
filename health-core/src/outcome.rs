use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use serde::Serialize;

use crate::Status;
use crate::children::Children;

/// What a run of a check gives.
///
/// A check returns it, or anything else that is [`IntoOutcome`]. The message is public: whoever
/// may ask may read it. The error is not: it goes to the log, and to callers with full access.
/// Secrets are masked in both.
///
/// ```
/// use health_core::{Outcome, Status};
///
/// let lagging = Outcome::degraded("replica is 12 s behind").with_data("lag_seconds", 12);
/// assert_eq!(lagging.status(), Status::Degraded);
/// assert_eq!(lagging.message(), Some("replica is 12 s behind"));
/// ```
#[derive(Debug)]
pub struct Outcome {
    pub(crate) status: Status,
    pub(crate) message: Option<Cow<'static, str>>,
    pub(crate) error: Option<Box<dyn Error + Send + Sync>>,
    pub(crate) data: Vec<(Cow<'static, str>, Value)>,
    pub(crate) children: Children,
}

impl Outcome {
    /// An outcome of this status without a message.
    pub const fn new(status: Status) -> Self {
        Self {
            status,
            message: None,
            error: None,
            data: Vec::new(),
            children: Children::none(),
        }
    }

    /// It works.
    pub const fn healthy() -> Self {
        Self::new(Status::Healthy)
    }

    /// It works, but somebody should have a look. The message is public.
    pub fn degraded(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Status::Degraded).with_message(message)
    }

    /// It does not work. The message is public; see [`Outcome::with_error`] for what is not.
    pub fn unhealthy(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Status::Unhealthy).with_message(message)
    }

    /// Sets the public message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Sets the private error: logged, and shown to callers with full access only.
    #[must_use]
    pub fn with_error(mut self, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.error = Some(error.into());
        self
    }

    /// Adds a measured value. A name given twice keeps the later value.
    #[must_use]
    pub fn with_data(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
    ) -> Self {
        let name = name.into();
        self.data.retain(|(n, _)| *n != name);
        self.data.push((name, value.into()));
        self
    }

    /// Adds a part of what is checked, with a result of its own: one shard of several, one
    /// replica.
    ///
    /// Each child has a history of its own, and thresholds count its own runs in a row; the check
    /// is as bad as the worst of what is said of itself and of its children. A child's own
    /// children are added as `child.grandchild`. A name given twice keeps the later result, and the
    /// grandchildren of both. Names are public; secrets in them are masked. Of more than 1,000 children the rest is told as
    /// one, `others`, with the worst of their statuses.
    ///
    /// ```
    /// use health_core::{Outcome, Status};
    ///
    /// let shards = Outcome::healthy()
    ///     .with_child("shard_1", Ok::<_, std::io::Error>(()))
    ///     .with_child("shard_2", Err::<(), _>("connection refused"));
    /// assert_eq!(shards.status(), Status::Unhealthy);
    /// let failing = shards.children().filter(|(_, shard)| !shard.status().is_passing());
    /// assert_eq!(failing.map(|(name, _)| name).collect::<Vec<_>>(), ["shard_2"]);
    /// ```
    #[must_use]
    pub fn with_child(
        mut self,
        name: impl Into<Cow<'static, str>>,
        child: impl IntoOutcome,
    ) -> Self {
        self.children.add(name.into(), child.into_outcome());
        self
    }

    /// The status: the worst of what is said of itself and of its children.
    pub const fn status(&self) -> Status {
        match (self.status, self.children.worst()) {
            (Status::Unhealthy, _) | (_, Status::Unhealthy) => Status::Unhealthy,
            (Status::Degraded, _) | (_, Status::Degraded) => Status::Degraded,
            (Status::Healthy, Status::Healthy) => Status::Healthy,
        }
    }

    /// The public message.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The private error.
    pub fn error(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.error.as_deref()
    }

    /// The measured values, in the order in which they were added.
    pub fn data(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.data.iter().map(|(name, value)| (&**name, value))
    }

    /// The children with their names, in the order in which they were added. None of them has
    /// children of its own.
    pub fn children(&self) -> impl ExactSizeIterator<Item = (&str, &Self)> {
        self.children.iter()
    }
}

impl From<Status> for Outcome {
    fn from(status: Status) -> Self {
        Self::new(status)
    }
}

/// A measured value of an [`Outcome`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text. Secrets in it are masked like those in a message.
    Text(Cow<'static, str>),
}

macro_rules! value_from {
    ($($from:ty => $variant:ident),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

value_from! {
    bool => Bool,
    i8 => Integer, i16 => Integer, i32 => Integer, i64 => Integer,
    u8 => Integer, u16 => Integer, u32 => Integer,
    f32 => Float, f64 => Float,
    &'static str => Text, String => Text, Cow<'static, str> => Text,
}

impl From<u64> for Value {
    /// Above `i64::MAX` the nearest float.
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::Float(value as f64), Self::Integer)
    }
}

impl From<usize> for Value {
    /// Above `i64::MAX` the nearest float.
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

/// Why an outcome is not simply what the check returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The run took longer than the check's timeout, or than the probe's deadline.
    TimedOut,
    /// The run panicked.
    Panicked,
    /// An earlier run timed out and has not ended yet, so no second one is started beside it.
    StillRunning,
    /// Something that the check takes as an argument is not there for this caller.
    NotInitialised,
    /// The run was given up because the engine was shut down.
    Abandoned,
    /// The run passed, but took longer than the check should.
    Slow,
    /// The check was not run, because a prerequisite is unhealthy.
    Skipped,
    /// The schedule has brought no result for too long.
    Stale,
    /// The schedule has not begun, so there is no result yet.
    NoResult,
    /// The status was forced.
    Overridden,
    /// The check was switched off, so it counts for nothing.
    Disabled,
}

impl Reason {
    /// The reason in `snake_case`, as it is serialised.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::Panicked => "panicked",
            Self::StillRunning => "still_running",
            Self::NotInitialised => "not_initialised",
            Self::Abandoned => "abandoned",
            Self::Slow => "slow",
            Self::Skipped => "skipped",
            Self::Stale => "stale",
            Self::NoResult => "no_result",
            Self::Overridden => "overridden",
            Self::Disabled => "disabled",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a check may return.
///
/// | returned | means |
/// |---|---|
/// | `()` | healthy |
/// | `bool` | `true` healthy, `false` unhealthy |
/// | [`Status`] | that status |
/// | [`Outcome`] | that outcome |
/// | `Result<T, E>` | `Ok`: what `T` means; `Err`: unhealthy, the error being private |
/// | `Vec<(K, T)>`, `BTreeMap<K, T>` | [children](Outcome::with_child) of these names, each being what `T` means; healthy if there are none |
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a health check",
    label = "not a health check result",
    note = "return `()`, `bool`, `Status`, `Outcome`, or a `Result` of one of these whose error \
            converts into `Box<dyn Error + Send + Sync>`; or several of them with their names, as \
            `Vec<(String, _)>` or `BTreeMap<String, _>`",
    note = "an error that does not convert is returned as its text, by \
            `.map_err(|error| error.to_string())`"
)]
pub trait IntoOutcome {
    /// Converts the returned value.
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Outcome {
        self
    }
}

impl IntoOutcome for Status {
    fn into_outcome(self) -> Outcome {
        self.into()
    }
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Outcome::healthy()
    }
}

impl IntoOutcome for bool {
    fn into_outcome(self) -> Outcome {
        Outcome::new(if self {
            Status::Healthy
        } else {
            Status::Unhealthy
        })
    }
}

#[diagnostic::do_not_recommend]
impl<T, E> IntoOutcome for Result<T, E>
where
    T: IntoOutcome,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn into_outcome(self) -> Outcome {
        match self {
            Ok(value) => value.into_outcome(),
            Err(error) => Outcome::new(Status::Unhealthy).with_error(error),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<K, V> IntoOutcome for Vec<(K, V)>
where
    K: Into<Cow<'static, str>>,
    V: IntoOutcome,
{
    fn into_outcome(self) -> Outcome {
        of_children(self)
    }
}

#[diagnostic::do_not_recommend]
impl<K, V> IntoOutcome for BTreeMap<K, V>
where
    K: Into<Cow<'static, str>>,
    V: IntoOutcome,
{
    fn into_outcome(self) -> Outcome {
        of_children(self)
    }
}

fn of_children<K, V>(children: impl IntoIterator<Item = (K, V)>) -> Outcome
where
    K: Into<Cow<'static, str>>,
    V: IntoOutcome,
{
    let add = |outcome: Outcome, (name, child)| outcome.with_child(name, child);
    children.into_iter().fold(Outcome::healthy(), add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_a_check_may_return_has_its_meaning() {
        assert_eq!(().into_outcome().status(), Status::Healthy);
        assert_eq!(true.into_outcome().status(), Status::Healthy);
        assert_eq!(false.into_outcome().status(), Status::Unhealthy);
        assert_eq!(Status::Degraded.into_outcome().status(), Status::Degraded);
        let nested: Result<Result<bool, &str>, String> = Ok(Err("no route"));
        let outcome = nested.into_outcome();
        assert_eq!(outcome.status(), Status::Unhealthy);
        assert_eq!(
            outcome.error().map(ToString::to_string).as_deref(),
            Some("no route")
        );
        assert_eq!(outcome.message(), None);
    }

    #[test]
    fn named_results_are_children() {
        let shards = vec![("a".to_owned(), Ok(())), ("b".to_owned(), Err("refused"))];
        let outcome = shards.into_outcome();
        assert_eq!(outcome.status(), Status::Unhealthy);
        assert_eq!(outcome.message(), None);
        let children: Vec<_> = outcome.children().map(|(n, c)| (n, c.status())).collect();
        assert_eq!(children, [("a", Status::Healthy), ("b", Status::Unhealthy)]);
        let named = BTreeMap::from([("b", Status::Degraded), ("a", Status::Healthy)]);
        let nested = Ok::<_, &str>(named).into_outcome();
        assert_eq!(nested.status(), Status::Degraded);
        assert_eq!(nested.children().next().map(|(n, _)| n), Some("a"));
        let none = Vec::<(String, bool)>::new().into_outcome();
        assert_eq!((none.status(), none.children().len()), (Status::Healthy, 0));
    }

    #[test]
    fn data_keeps_the_later_value_of_a_name() {
        let outcome = Outcome::healthy()
            .with_data("size", 1)
            .with_data("idle", true)
            .with_data("size", u64::MAX);
        let data: Vec<_> = outcome.data().collect();
        assert_eq!(
            data,
            [
                ("idle", &Value::Bool(true)),
                ("size", &Value::Float(u64::MAX as f64))
            ]
        );
    }
}
