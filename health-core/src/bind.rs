//! From a check and a context to work that can be run: the only step on the caller's thread.

use std::any::TypeId;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::context::{Context, FromContext, Identity, Requirement};
use crate::{IntoOutcome, Outcome};

/// What a run of a check does.
pub enum Work {
    /// Polled on the engine's threads.
    Future(Pin<Box<dyn Future<Output = Outcome> + Send>>),
    /// Called on a thread that may block.
    Blocking(Box<dyn FnOnce() -> Outcome + Send>),
}

impl Work {
    /// Work that waits. The attribute names the result type, so that a wrong one is told there.
    pub fn future<F, R>(future: F) -> Self
    where
        F: Future<Output = R> + Send + 'static,
        R: IntoOutcome,
    {
        Self::Future(Box::pin(async move { future.await.into_outcome() }))
    }

    /// Work that blocks its thread.
    pub fn blocking<F, R>(function: F) -> Self
    where
        F: FnOnce() -> R + Send + 'static,
        R: IntoOutcome,
    {
        Self::Blocking(Box::new(move || function().into_outcome()))
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Future(_) => "Work::Future",
            Self::Blocking(_) => "Work::Blocking",
        })
    }
}

/// What a caller brought for an argument.
#[derive(Clone, Debug)]
pub(crate) struct Brought {
    argument: TypeId,
    identity: Option<Identity>,
    has_identity: fn(&Context<'_>, Option<&Identity>) -> bool,
}

impl Brought {
    pub(crate) fn as_argument<T: FromContext<Via>, Via>(value: &T) -> Self {
        Self {
            argument: TypeId::of::<T>(),
            identity: value.identity(),
            has_identity: T::has_identity,
        }
    }

    /// Whether this caller brings the same.
    pub(crate) fn is_by(&self, cx: &Context<'_>) -> bool {
        (self.has_identity)(cx, self.identity.as_ref())
    }

    /// Whether it is still there.
    pub(crate) fn is_alive(&self) -> bool {
        self.identity.as_ref().is_none_or(Identity::is_alive)
    }
}

#[cfg(test)]
impl Brought {
    /// As if somebody had brought it.
    pub(crate) fn of(thing: &std::sync::Arc<u32>) -> Self {
        Self {
            argument: TypeId::of::<u32>(),
            identity: Some(Identity::of(thing)),
            has_identity: |_, _| false,
        }
    }
}

/// A type is made from a context in one way only.
impl PartialEq for Brought {
    fn eq(&self, other: &Self) -> bool {
        self.argument == other.argument && self.identity == other.identity
    }
}

impl Eq for Brought {}

/// Makes the arguments of a check, noting what they are or what they would need.
#[derive(Debug)]
pub struct Binder<'a> {
    mode: Mode<'a>,
    /// What the caller brought, in the order of the arguments.
    pub(crate) brought: Vec<Brought>,
    /// What was not there, as the source code calls it.
    pub(crate) missing: Option<&'static str>,
}

#[derive(Debug)]
enum Mode<'a> {
    Bind(Context<'a>),
    Inspect(Vec<(Requirement, &'static str)>),
}

impl<'a> Binder<'a> {
    pub(crate) const fn new(cx: Context<'a>) -> Self {
        Self {
            mode: Mode::Bind(cx),
            brought: Vec::new(),
            missing: None,
        }
    }

    /// What the arguments of `bind` need, each with its type as the source code calls it.
    pub(crate) fn inspect(bind: BindFn) -> Vec<(Requirement, &'static str)> {
        let mut binder = Binder {
            mode: Mode::Inspect(Vec::new()),
            brought: Vec::new(),
            missing: None,
        };
        bind(&mut binder);
        match binder.mode {
            Mode::Inspect(requirements) => requirements,
            Mode::Bind(_) => Vec::new(),
        }
    }

    /// One argument; `written` is its inner type as the source code calls it.
    pub fn argument<T: FromContext<Via>, Via>(&mut self, written: &'static str) -> Option<T> {
        match &mut self.mode {
            Mode::Inspect(requirements) => {
                requirements.push((T::requirement(), written));
                None
            }
            Mode::Bind(cx) => {
                let value = T::from_context(cx);
                match &value {
                    Some(value) if T::requirement().from_caller => {
                        self.brought.push(Brought::as_argument(value));
                    }
                    Some(_) => {}
                    None => self.missing = self.missing.or(Some(written)),
                }
                value
            }
        }
    }
}

/// What the attribute generates for a function: makes its arguments and calls it.
pub(crate) type BindFn = fn(&mut Binder<'_>) -> Option<Work>;
