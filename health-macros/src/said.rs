//! What is said with an argument.

use proc_macro2::{Span, TokenStream};

use crate::argument::Argument;
use crate::values::{Method, Value};

/// What was said with one argument.
#[derive(Default)]
pub(crate) enum Said<T> {
    #[default]
    Nothing,
    /// A mistake, which was told already.
    Nonsense,
    This(Given<T>),
}

/// A value, and where it stands.
pub(crate) struct Given<T> {
    pub(crate) value: T,
    name: Span,
    pub(crate) at: Span,
}

impl<T> Said<T> {
    pub(crate) fn is_unsaid(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// What is not said may have been meant by what is a mistake.
    pub(crate) fn spoil(&mut self) {
        if self.is_unsaid() {
            *self = Self::Nonsense;
        }
    }

    pub(crate) fn given(&self) -> Option<&Given<T>> {
        match self {
            Self::This(given) => Some(given),
            Self::Nothing | Self::Nonsense => None,
        }
    }

    /// Where it is said, if that is no mistake.
    pub(crate) fn name(&self) -> Option<Span> {
        self.given().map(|given| given.name)
    }

    pub(crate) fn value(&self) -> Option<&T> {
        self.given().map(|given| &given.value)
    }

    /// What holds, as far as it is known.
    pub(crate) fn or<'a, U>(
        &'a self,
        default: Option<U>,
        value: impl FnOnce(&'a T) -> Option<U>,
    ) -> Option<U> {
        match self {
            Self::Nothing => default,
            Self::Nonsense => None,
            Self::This(given) => value(&given.value),
        }
    }
}

impl<T: Value> Said<T> {
    pub(crate) fn take(&mut self, argument: &Argument) -> syn::Result<()> {
        *self = Self::Nonsense;
        let nonsense = argument
            .without_equals::<T>()
            .or_else(|| argument.nonsense());
        nonsense.map_or(Ok(()), Err)?;
        let value = T::read(argument)?;
        *self = Self::This(Given {
            value,
            name: argument.name.span(),
            at: argument.place(),
        });
        Ok(())
    }

    pub(crate) fn call(&self, method: &Method<'_>) -> TokenStream {
        self.value()
            .map(|value| value.call(method))
            .unwrap_or_default()
    }
}
