//! The arguments of the attribute.

use proc_macro2::{Span, TokenStream};
use syn::{Error, Path};

use crate::argument::{Argument, arguments};
use crate::values::{
    KINDS, Kind, Kinds, Method, Ms, Name, Prerequisites, Runs, Tags, Value, combined,
};

/// Declares arguments, a line each: what it is called, and what its value is.
macro_rules! declare {
    ($(#[$doc:meta])* $arguments:ident { $($name:literal => $field:ident: $value:ty,)* }) => {
        $(#[$doc])*
        #[derive(Default)]
        pub(crate) struct $arguments {
            $(pub(crate) $field: Said<$value>,)*
        }

        impl $arguments {
            pub(crate) const NAMES: &'static [&'static str] = &[$($name),*];

            /// Takes one argument; `whose` says where it stands, if not on top.
            fn take(&mut self, argument: &Argument, whose: &str) -> syn::Result<()> {
                match &*argument.called() {
                    $($name => self.$field.take(argument),)*
                    _ => Err(argument.unknown(whose, Self::NAMES)),
                }
            }

            /// What was said, as calls of the descriptor's methods.
            pub(crate) fn calls(&self, probe: Option<Kind>) -> TokenStream {
                [$(self.$field.call(&Method { name: $name, probe })),*].into_iter().collect()
            }
        }
    };
}

declare! {
    /// What the attribute says; defaults are the runtime's.
    Args {
        "kind" => kind: Kinds,
        "name" => name: Name,
        "timeout_ms" => timeout_ms: Ms<1>,
        "cancel_after_ms" => cancel_after_ms: Ms<1>,
        "degraded_after_ms" => degraded_after_ms: Ms<1>,
        "cache_ms" => cache_ms: Ms<0>,
        "cache_failure_ms" => cache_failure_ms: Ms<0>,
        "interval_ms" => interval_ms: Ms<1>,
        "down_interval_ms" => down_interval_ms: Ms<1>,
        "initial_delay_ms" => initial_delay_ms: Ms<0>,
        "jitter" => jitter: bool,
        "stale_after_ms" => stale_after_ms: Ms<1>,
        "failure_threshold" => failure_threshold: Runs,
        "success_threshold" => success_threshold: Runs,
        "critical" => critical: bool,
        "shared" => shared: bool,
        "fail_closed_after_ms" => fail_closed_after_ms: Ms<1>,
        "liveness" => liveness: Own,
        "readiness" => readiness: Own,
        "startup" => startup: Own,
        "depends_on" => depends_on: Prerequisites,
        "tags" => tags: Tags,
        "crate" => krate: Path,
    }
}

declare! {
    /// What differs for one probe.
    Own {
        "timeout_ms" => timeout_ms: Ms<1>,
        "critical" => critical: bool,
    }
}

impl Args {
    /// Reads all arguments; every mistake is noted at its own token.
    pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Vec<Error>) -> Self {
        let mut args = Self::default();
        let arguments = match arguments(tokens) {
            Ok(arguments) => arguments,
            Err(error) => {
                mistakes.push(error);
                return args;
            }
        };
        for argument in arguments {
            let taken = argument.and_then(|argument| args.take(&argument, ""));
            mistakes.extend(taken.err());
        }
        if args.kind.is_unsaid() {
            mistakes.push(Error::new(
                Span::call_site(),
                format!(
                    "missing `kind`, the probe that asks: write `kind = \"readiness\"`; allowed \
                     are {KINDS}, or a list of them"
                ),
            ));
        }
        args
    }

    /// What is said for one probe alone.
    pub(crate) fn own(&self, kind: Kind) -> &Said<Own> {
        match kind {
            Kind::Liveness => &self.liveness,
            Kind::Readiness => &self.readiness,
            Kind::Startup => &self.startup,
        }
    }
}

impl Value for Own {
    fn read(argument: &Argument) -> syn::Result<Self> {
        let name = argument.called();
        let arguments = argument.list().map(arguments).transpose()?;
        let Some(arguments) = arguments.filter(|arguments| !arguments.is_empty()) else {
            let text = format!(
                "`{name}` expects what differs for it, `timeout_ms`, `critical` or both: write \
                 `{name}(timeout_ms = 300)`"
            );
            return Err(argument.mistake(None, text));
        };
        let mut own = Self::default();
        let whose = format!(" of `{name}`");
        let mistakes = arguments.into_iter().filter_map(|argument| {
            let taken = argument.and_then(|argument| own.take(&argument, &whose));
            taken.err()
        });
        combined(mistakes).map_or(Ok(own), Err)
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        self.calls(Kind::named(method.name))
    }
}

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
    fn take(&mut self, argument: &Argument) -> syn::Result<()> {
        *self = Self::Nonsense;
        let value = T::read(argument)?;
        *self = Self::This(Given {
            value,
            name: argument.name.span(),
            at: argument.place(),
        });
        Ok(())
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        self.value()
            .map(|value| value.call(method))
            .unwrap_or_default()
    }
}
