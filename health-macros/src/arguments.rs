//! Arguments that stand in one list, whatever they are.

use syn::Error;

use crate::argument::{Argument, Piece};
use crate::meant::is_constant;
use crate::spell::spell;
use crate::unknown::Unknown;
use crate::values::Value;

/// Arguments that stand in one list.
pub(crate) trait Arguments: Default {
    const NAMES: &'static [&'static str];
    const EXAMPLE: &'static str;

    /// Takes one argument, if it has one of these names.
    fn take(&mut self, argument: &Argument) -> Option<syn::Result<()>>;

    /// The value that an argument of one of these names may have meant, and an example.
    fn written(argument: &Argument) -> (Option<String>, &'static str);

    /// Of what is not said, this argument, or else all of it, is part of a mistake.
    fn spoil(&mut self, name: Option<&str>);

    /// Takes what is in a list; `probe` is what it is said for, if it does not stand on top.
    fn take_all(&mut self, pieces: Vec<Piece>, probe: Option<&str>) -> Vec<Error> {
        let mut seen = Vec::new();
        let mut mistakes = Vec::new();
        for piece in pieces {
            let taken = match piece {
                Piece::Argument(argument) => unrepeated(argument, &mut seen)
                    .and_then(|argument| self.take_one(&argument, probe)),
                Piece::Value(value) => {
                    self.spoil(None);
                    let text = format!("expected an argument, as in `{}`", Self::EXAMPLE);
                    Err(Error::new_spanned(value, text))
                }
                Piece::Nonsense(error) => {
                    self.spoil(None);
                    Err(error)
                }
            };
            mistakes.extend(taken.err());
        }
        mistakes
    }

    fn take_one(&mut self, argument: &Argument, probe: Option<&str>) -> syn::Result<()> {
        self.take(argument).unwrap_or_else(|| {
            let unknown = Unknown::new::<Self>(argument, probe);
            if let Some(meant) = unknown.meant {
                self.spoil(Some(meant));
            }
            Err(unknown.error(argument))
        })
    }
}

fn unrepeated(argument: Argument, seen: &mut Vec<String>) -> syn::Result<Argument> {
    let name = argument.called();
    if seen.contains(&name) {
        let text = format!("`{name}` is given more than once");
        return Err(Error::new(argument.name.span(), text));
    }
    seen.push(name);
    Ok(argument)
}

/// How an argument is written.
pub(crate) fn assignment(name: &str, value: &str) -> String {
    let equals = if value.starts_with('(') { "" } else { " = " };
    format!("{name}{equals}{value}")
}

impl Argument {
    /// The mistake of anything but `=` before the value, which may not be right either.
    pub(crate) fn without_equals<V: Value>(&self) -> Option<Error> {
        let (at, equal) = self.unequal()?;
        let name = self.called();
        let right = |equal: &Self| {
            equal
                .value()
                .filter(|_| V::read(equal).is_ok())
                .map(|value| spell(&value))
        };
        let value = equal.and_then(|equal| right(&equal).or_else(|| V::meant(&equal)));
        let value = value.as_deref().unwrap_or(V::EXAMPLE);
        let what = if value.starts_with('(') {
            "parentheses"
        } else {
            "`=`"
        };
        let text = format!(
            "expected {what} after `{name}`: write `{}`",
            assignment(&name, value)
        );
        Some(Error::new(at, text))
    }

    /// The mistake of a value that is not what is expected, at the part that is to blame.
    pub(crate) fn expects<V: Value>(&self, what: &str, blamed: Option<&syn::Expr>) -> Error {
        let name = self.called();
        let what = match blamed.or_else(|| self.value()) {
            Some(value) if is_constant(value) => {
                format!("{what}, not a constant, whose value the attribute cannot know")
            }
            _ => what.to_owned(),
        };
        let meant = V::meant(self);
        let assignment = assignment(&name, meant.as_deref().unwrap_or(V::EXAMPLE));
        let text = format!("`{name}` expects {what}: write `{assignment}`");
        self.mistake(blamed, text)
    }
}
