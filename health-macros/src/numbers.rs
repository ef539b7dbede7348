//! Numbers and flags.

use std::ops::RangeInclusive;

use proc_macro2::TokenStream;
use syn::Lit;

use crate::argument::Argument;
use crate::meant::flag;
use crate::milliseconds::{milliseconds, number, whole};
use crate::values::{Method, Value};

/// A number of milliseconds, from `LEAST` to a day.
pub(crate) struct Ms<const LEAST: u64>(pub(crate) u64);

/// A day: beyond it, a duration is a mistake.
const LONGEST: u64 = 24 * 60 * 60 * 1000;

impl<const LEAST: u64> Value for Ms<LEAST> {
    const EXAMPLE: &'static str = "2000";

    fn read(argument: &Argument) -> syn::Result<Self> {
        let what = format!("a whole number of milliseconds from {LEAST} to {LONGEST} (a day)");
        let argument = &argument.renamed(&argument.called(), Some(1.0));
        integer::<Self, _>(argument, LEAST..=LONGEST, &what).map(Self)
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        method.with(self.0)
    }

    fn meant(argument: &Argument) -> Option<String> {
        let meant = milliseconds(&argument.sole_value()?, argument.unit)?.min(LONGEST);
        (meant >= LEAST).then(|| meant.to_string())
    }
}

/// A number of runs.
pub(crate) struct Runs(u32);

/// How many of them can be asked for.
const RUNS: RangeInclusive<u32> = 1..=1000;

impl Value for Runs {
    const EXAMPLE: &'static str = "3";

    fn read(argument: &Argument) -> syn::Result<Self> {
        integer::<Self, _>(argument, RUNS, "a whole number of runs from 1 to 1000").map(Self)
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        method.with(self.0)
    }

    fn meant(argument: &Argument) -> Option<String> {
        let meant = number(&argument.sole_value()?, Some(1.0)).and_then(whole)?;
        let meant = u32::try_from(meant).ok()?;
        RUNS.contains(&meant).then(|| meant.to_string())
    }
}

fn integer<V, N>(argument: &Argument, range: RangeInclusive<N>, what: &str) -> syn::Result<N>
where
    V: Value,
    N: std::str::FromStr<Err: std::fmt::Display> + PartialOrd,
{
    let Some(Lit::Int(number)) = argument.literal() else {
        return Err(argument.expects::<V>(what, None));
    };
    if !number.suffix().is_empty() {
        return Err(argument.expects::<V>(&format!("{what}, without a suffix"), None));
    }
    let number = number.base10_parse().ok();
    let number = number.filter(|number| range.contains(number));
    number.ok_or_else(|| argument.expects::<V>(what, None))
}

impl Value for bool {
    const EXAMPLE: &'static str = "false";

    fn read(argument: &Argument) -> syn::Result<Self> {
        match argument.literal() {
            Some(Lit::Bool(flag)) => Ok(flag.value),
            None if argument.is_bare() => {
                let name = argument.called();
                let text = format!(
                    "`{name}` expects `true` or `false`: write `{name} = true` or `{name} = false`"
                );
                Err(argument.mistake(None, text))
            }
            _ => Err(argument.expects::<Self>("`true` or `false`", None)),
        }
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        method.with(self)
    }

    fn meant(argument: &Argument) -> Option<String> {
        flag(argument).map(|flag| flag.to_string())
    }
}
