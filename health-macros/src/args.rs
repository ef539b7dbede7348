//! The arguments of the attribute.

use proc_macro2::{Span, TokenStream};
use syn::{Error, Path};

use crate::argument::{Argument, Piece, pieces};
use crate::arguments::Arguments;
use crate::kind::{KINDS, Kind, Kinds, written_kinds};
use crate::meant::{elements, flag, flatten};
use crate::milliseconds::milliseconds;
use crate::numbers::{Ms, Runs};
use crate::said::Said;
use crate::unknown::Unknown;
use crate::values::{Method, Name, Prerequisites, Tags, Value, Why, combined};
use crate::visibility::Visibility;

/// Declares arguments, a line each: what it is called, and what its value is.
macro_rules! declare {
    (
        $(#[$doc:meta])*
        $arguments:ident, as in $example:literal { $($name:literal => $field:ident: $value:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Default)]
        pub(crate) struct $arguments {
            $(pub(crate) $field: Said<$value>,)*
        }

        impl Arguments for $arguments {
            const NAMES: &'static [&'static str] = &[$($name),*];
            const EXAMPLE: &'static str = $example;

            fn take(&mut self, argument: &Argument) -> Option<syn::Result<()>> {
                match &*argument.called() {
                    $($name => Some(self.$field.take(argument)),)*
                    _ => None,
                }
            }

            fn written(argument: &Argument) -> (Option<String>, &'static str) {
                match &*argument.called() {
                    $($name => (<$value as Value>::meant(argument), <$value as Value>::EXAMPLE),)*
                    _ => (None, ""),
                }
            }

            fn spoil(&mut self, name: Option<&str>) {
                $(if name.is_none_or(|name| name == $name) {
                    self.$field.spoil();
                })*
            }
        }

        impl $arguments {
            /// What was said, as calls of the descriptor's methods.
            pub(crate) fn calls(&self, probe: Option<Kind>) -> TokenStream {
                [$(self.$field.call(&Method { name: $name, probe })),*].into_iter().collect()
            }
        }
    };
}

declare! {
    /// What the attribute says; defaults are the runtime's.
    Args, as in "kind = \"readiness\"" {
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
        "visibility" => visibility: Visibility,
        "liveness" => liveness: Own,
        "readiness" => readiness: Own,
        "startup" => startup: Own,
        "liveness_reason" => liveness_reason: Why,
        "depends_on" => depends_on: Prerequisites,
        "tags" => tags: Tags,
        "crate" => krate: Path,
    }
}

declare! {
    /// What differs for one probe.
    Own, as in "timeout_ms = 300" {
        "timeout_ms" => timeout_ms: Ms<1>,
        "critical" => critical: bool,
    }
}

impl Args {
    /// Reads all arguments; every mistake is noted at its own token.
    pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Vec<Error>) -> Self {
        let mut args = Self::default();
        let pieces = pieces(tokens);
        let is_empty = pieces.is_empty();
        let pieces = args.take_bare_kinds(pieces, mistakes);
        mistakes.extend(args.take_all(pieces, None));
        if args.kind.is_unsaid() {
            mistakes.push(args.missing_kind(is_empty));
        }
        args
    }

    /// Where no `kind` is said, `readiness` or `"readiness"` alone is one.
    fn take_bare_kinds(&mut self, pieces: Vec<Piece>, mistakes: &mut Vec<Error>) -> Vec<Piece> {
        if pieces.iter().any(says_kind) {
            return pieces;
        }
        let (bare, pieces): (Vec<_>, _) = pieces.into_iter().map(read_bare).partition(is_bare);
        let kinds: Vec<_> = bare.iter().flat_map(|(_, kinds)| kinds.clone()).collect();
        if let Some((first, _)) = bare.into_iter().next() {
            let example = written_kinds(&kinds);
            let text = format!("expected an argument: write `kind = {example}`");
            mistakes.push(match first {
                Piece::Argument(argument) => Error::new(argument.name.span(), text),
                Piece::Value(value) => Error::new_spanned(value, text),
                Piece::Nonsense(error) => error,
            });
            self.kind.spoil();
        }
        pieces.into_iter().map(|(piece, _)| piece).collect()
    }

    fn missing_kind(&self, is_empty: bool) -> Error {
        let said = Kind::ALL.into_iter().map(|(_, kind)| kind);
        let said: Vec<_> = said.filter(|kind| !self.own(*kind).is_unsaid()).collect();
        let said = match &*said {
            [] => Kinds::EXAMPLE.to_owned(),
            said => written_kinds(said),
        };
        let example = if is_empty {
            format!("#[health_check(kind = {said})]")
        } else {
            format!("kind = {said}")
        };
        let text = format!(
            "missing `kind`, the probe that asks: write `{example}`; allowed are {KINDS}, or a \
             list of them"
        );
        Error::new(Span::call_site(), text)
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

/// Whether a piece says the kind, however it calls it.
fn says_kind(piece: &Piece) -> bool {
    match piece {
        Piece::Argument(argument) if argument.called() == "kind" => true,
        Piece::Argument(argument) => Unknown::new::<Args>(argument, None).meant == Some("kind"),
        Piece::Value(_) | Piece::Nonsense(_) => false,
    }
}

/// A piece with the kinds that it names alone.
fn read_bare(piece: Piece) -> (Piece, Vec<Kind>) {
    let kinds = match &piece {
        Piece::Argument(argument) if argument.is_bare() => {
            Kind::meant(&argument.called()).into_iter().collect()
        }
        Piece::Value(value) => {
            let mut elements = Vec::new();
            flatten(value, &mut elements);
            Kind::all_meant(&elements).unwrap_or_default()
        }
        Piece::Argument(_) | Piece::Nonsense(_) => Vec::new(),
    };
    (piece, kinds)
}

fn is_bare((_, kinds): &(Piece, Vec<Kind>)) -> bool {
    !kinds.is_empty()
}

impl Value for Own {
    const EXAMPLE: &'static str = "(timeout_ms = 300)";

    fn read(argument: &Argument) -> syn::Result<Self> {
        let name = argument.called();
        let pieces = argument.list().map(pieces);
        let Some(pieces) = pieces.filter(|pieces| !pieces.is_empty()) else {
            let what = "what differs for it, `timeout_ms`, `critical` or both";
            return Err(argument.expects::<Self>(what, None));
        };
        let mut own = Self::default();
        let mistakes = own.take_all(pieces, Some(&name));
        combined(mistakes.into_iter()).map_or(Ok(own), Err)
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        self.calls(Kind::named(method.name))
    }

    fn meant(argument: &Argument) -> Option<String> {
        let [value] = &*elements(argument) else {
            return None;
        };
        let timeout = milliseconds(value, Some(1.0)).filter(|timeout| *timeout > 0);
        let timeout = timeout.map(|timeout| format!("(timeout_ms = {timeout})"));
        timeout.or_else(|| Some(format!("(critical = {})", flag(argument)?)))
    }
}
