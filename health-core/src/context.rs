//! What checks take as arguments, and where it comes from.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use crate::ProbePath;

/// Who asks: whatever a web framework wants to hand to the arguments of checks, such as the
/// probing request, or nobody in particular.
#[derive(Clone, Copy, Default)]
pub struct Caller<'a> {
    request: Option<&'a dyn Any>,
    path: Option<&'a ProbePath>,
}

impl<'a> Caller<'a> {
    /// Nobody in particular: an interval, a command line, a management port.
    pub const fn nobody() -> Self {
        Self {
            request: None,
            path: None,
        }
    }

    /// The given request. Arguments find it with [`Context::caller`].
    pub const fn of<C: Any>(request: &'a C) -> Self {
        Self {
            request: Some(request),
            path: None,
        }
    }

    /// By way of these checks of other services. A check among them is not waited for.
    #[must_use]
    pub const fn along(mut self, path: &'a ProbePath) -> Self {
        self.path = Some(path);
        self
    }

    pub(crate) const fn path(&self) -> Option<&'a ProbePath> {
        self.path
    }
}

impl fmt::Debug for Caller<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.request.is_some() {
            "of"
        } else {
            "nobody"
        };
        write!(f, "Caller::{kind}")
    }
}

/// What the arguments of a check are made from: the builder's state, and who asks.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    state: &'a StateMap,
    caller: Caller<'a>,
}

impl<'a> Context<'a> {
    pub(crate) const fn new(state: &'a StateMap, caller: Caller<'a>) -> Self {
        Self { state, caller }
    }

    /// The value of this type that was given to the builder.
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.state.find()
    }

    /// The request that asks, if it is of this type.
    pub fn caller<C: Any>(&self) -> Option<&'a C> {
        self.caller.request?.downcast_ref()
    }
}

/// An argument of a check.
///
/// `Via` is a marker by which a crate implements the trait for a type of another crate: a web
/// framework's integration does so for that framework's shared data. A type has one
/// implementation only, so `Via` is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a health check",
    label = "not an argument that a health check can take",
    note = "take `State<T>` for a value given to `Health::builder().state(value)`, or, with \
            health-actix, `web::Data<T>` for the application's data"
)]
pub trait FromContext<Via = ViaState>: Sized + Send + 'static {
    /// What has to be there for a value to be made.
    fn requirement() -> Requirement;

    /// Makes the value, or `None` if what it needs is not there for this caller.
    ///
    /// Called on the caller's thread, so it must neither block nor wait.
    fn from_context(cx: &Context<'_>) -> Option<Self>;

    /// Which shared thing the value stands for, if callers may have different ones. Results are
    /// shared only between callers whose arguments have the same identities.
    fn identity(&self) -> Option<Identity> {
        None
    }

    /// Whether the value that is made for this caller has this identity. Asked of whoever might get
    /// an answer again that was made for another: worth implementing where that is cheaper to tell
    /// without the value.
    fn has_identity(cx: &Context<'_>, identity: Option<&Identity>) -> bool {
        Self::from_context(cx).is_some_and(|value| value.identity().as_ref() == identity)
    }
}

/// The marker of this crate's own implementations of [`FromContext`].
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "never has a value")]
pub enum ViaState {}

/// A value that was given to the builder with [`HealthBuilder::state`], as an argument.
///
/// All checks share the one value; `State<T>` is a reference to it and dereferences to `T`.
///
/// [`HealthBuilder::state`]: crate::HealthBuilder::state
pub struct State<T>(Arc<T>);

impl<T> State<T> {
    /// Wraps a value, to call a check directly in a test.
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// The shared value itself.
    pub fn into_inner(self) -> Arc<T> {
        self.0
    }
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&self.0).finish()
    }
}

impl<T> From<Arc<T>> for State<T> {
    fn from(value: Arc<T>) -> Self {
        Self(value)
    }
}

impl<T: Send + Sync + 'static> FromContext for State<T> {
    fn requirement() -> Requirement {
        Requirement::state::<T>()
    }

    fn from_context(cx: &Context<'_>) -> Option<Self> {
        cx.state().map(Self)
    }
}

/// What an argument needs: a value of the builder, or one that a caller may bring.
#[derive(Clone, Copy, Debug)]
pub struct Requirement {
    pub(crate) type_id: TypeId,
    pub(crate) type_name: &'static str,
    pub(crate) from_caller: bool,
}

impl Requirement {
    /// A `T` from the builder. Missing, it is a mistake that `build()` reports.
    pub fn state<T: Send + Sync + 'static>() -> Self {
        Self {
            type_id: TypeId::of::<T>(),
            type_name: type_name::<T>(),
            from_caller: false,
        }
    }

    /// Something that callers bring, or else a `T` from the builder. Missing, that caller gets
    /// "not initialised"; where no caller can bring it, it is a mistake at start.
    pub fn caller_or_state<T: Send + Sync + 'static>() -> Self {
        Self {
            from_caller: true,
            ..Self::state::<T>()
        }
    }
}

/// Tells one shared thing from another, for as long as it lives. Holds it weakly.
#[derive(Clone)]
pub struct Identity {
    address: usize,
    thing: Arc<dyn Referent>,
}

impl Identity {
    /// The identity of what this `Arc` holds.
    pub fn of<T: ?Sized + Send + Sync + 'static>(thing: &Arc<T>) -> Self {
        Self {
            address: address(thing),
            thing: Arc::new(Arc::downgrade(thing)),
        }
    }

    /// Whether it is that of what this `Arc` holds. As long as this identity is kept, no other
    /// thing has the address.
    pub fn is_of<T: ?Sized>(&self, thing: &Arc<T>) -> bool {
        self.address == address(thing)
    }

    /// Whether the thing is still there.
    pub(crate) fn is_alive(&self) -> bool {
        self.thing.is_alive()
    }
}

fn address<T: ?Sized>(thing: &Arc<T>) -> usize {
    Arc::as_ptr(thing).cast::<()>() as usize
}

/// Equal while both are kept: the weak reference keeps the address from being used again.
impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.address == other.address
    }
}

impl Eq for Identity {}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("alive", &self.is_alive())
            .finish_non_exhaustive()
    }
}

trait Referent: Send + Sync {
    fn is_alive(&self) -> bool;
}

impl<T: ?Sized + Send + Sync> Referent for Weak<T> {
    fn is_alive(&self) -> bool {
        self.strong_count() > 0
    }
}

/// The builder's values, one a type.
#[derive(Clone, Default)]
pub(crate) struct StateMap(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl StateMap {
    /// Whether the type was free; a second value of a type replaces the first.
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) -> bool {
        self.0.insert(TypeId::of::<T>(), Arc::new(value)).is_none()
    }

    pub(crate) fn find<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(self.0.get(&TypeId::of::<T>())?).downcast().ok()
    }

    pub(crate) fn has(&self, requirement: &Requirement) -> bool {
        self.0.contains_key(&requirement.type_id)
    }
}

impl fmt::Debug for StateMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateMap({} types)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_found_by_its_type() {
        let mut map = StateMap::default();
        assert!(map.insert(7_u32));
        assert!(map.insert("seven".to_owned()));
        let cx = Context::new(&map, Caller::nobody());
        assert_eq!(State::<u32>::from_context(&cx).map(|s| *s), Some(7));
        assert!(State::<u64>::from_context(&cx).is_none());
        assert!(map.has(&State::<String>::requirement()));
        assert!(!map.insert(8_u32), "the second of a type is noticed");
    }

    #[test]
    fn an_identity_is_the_thing_and_not_its_value() {
        let (one, other) = (Arc::new(7), Arc::new(7));
        assert_eq!(Identity::of(&one), Identity::of(&Arc::clone(&one)));
        assert_ne!(Identity::of(&one), Identity::of(&other));
        assert!(Identity::of(&one).is_of(&Arc::clone(&one)));
        assert!(!Identity::of(&one).is_of(&other));
        let unsized_one: Arc<dyn fmt::Debug + Send + Sync> = Arc::new(7);
        let identity = Identity::of(&unsized_one);
        assert!(identity.is_alive());
        drop(unsized_one);
        assert!(!identity.is_alive());
    }

    #[test]
    fn a_caller_is_found_by_its_type() {
        let map = StateMap::default();
        let request = "GET /".to_owned();
        let cx = Context::new(&map, Caller::of(&request));
        assert_eq!(cx.caller::<String>(), Some(&request));
        assert_eq!(cx.caller::<u32>(), None);
    }
}
