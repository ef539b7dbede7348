//! One argument as it is written, whatever it means.

use proc_macro2::{Group, Ident, Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Lit, Token, token};

/// `name = value` or `name(...)`; the value may be missing or nonsense, which is told later, in
/// its place.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    written: Written,
}

enum Written {
    Nothing,
    Value(Expr),
    List(Group),
}

/// The arguments in a list; one that is repeated is a mistake.
pub(crate) fn arguments(tokens: TokenStream) -> syn::Result<Vec<syn::Result<Argument>>> {
    let parsed = Punctuated::<Argument, Token![,]>::parse_terminated.parse2(tokens)?;
    let mut seen = Vec::new();
    let unrepeated = |argument: Argument| {
        let name = argument.called();
        if seen.contains(&name) {
            let text = format!("`{name}` is given more than once");
            return Err(Error::new(argument.name.span(), text));
        }
        seen.push(name);
        Ok(argument)
    };
    Ok(parsed.into_iter().map(unrepeated).collect())
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Lit) {
            let text = "expected an argument, as in `kind = \"readiness\"`";
            return Err(input.error(text));
        }
        let name = input.call(Ident::parse_any)?;
        if input.peek(token::Paren) {
            let written = Written::List(input.parse()?);
            return Ok(Self { name, written });
        }
        let equals = input.parse::<Option<Token![=]>>()?;
        let written = if input.is_empty() || input.peek(Token![,]) {
            Written::Nothing
        } else if equals.is_some() {
            Written::Value(input.parse()?)
        } else {
            let text = format!("expected `=` after `{name}`, as in `{name} = ...`");
            return Err(Error::new(input.span(), text));
        };
        Ok(Self { name, written })
    }
}

impl Argument {
    /// Its name, without `r#`.
    pub(crate) fn called(&self) -> String {
        self.name.unraw().to_string()
    }

    /// The value as it was written, also where a macro wrote it.
    pub(crate) fn value(&self) -> Option<&Expr> {
        match &self.written {
            Written::Value(value) => Some(ungrouped(value)),
            Written::Nothing | Written::List(_) => None,
        }
    }

    pub(crate) fn literal(&self) -> Option<&Lit> {
        literal(self.value()?)
    }

    /// What is in the parentheses.
    pub(crate) fn list(&self) -> Option<TokenStream> {
        match &self.written {
            Written::List(list) => Some(list.stream()),
            Written::Nothing | Written::Value(_) => None,
        }
    }

    /// The mistake of a value that is not what is expected, at the part that is to blame.
    pub(crate) fn expects(&self, what: &str, example: &str, blamed: Option<&Expr>) -> Error {
        let name = self.name.unraw();
        let text = format!("`{name}` expects {what}: write `{name} = {example}`");
        self.mistake(blamed, text)
    }

    /// A mistake at a part of the value, or else at the value, or else at the name.
    pub(crate) fn mistake(&self, blamed: Option<&Expr>, text: String) -> Error {
        match (&self.written, blamed) {
            (_, Some(value)) | (Written::Value(value), None) => Error::new_spanned(value, text),
            (Written::List(list), None) => Error::new(list.span(), text),
            (Written::Nothing, None) => Error::new(self.name.span(), text),
        }
    }

    /// Where its value stands; without one, its name.
    pub(crate) fn place(&self) -> Span {
        self.value().map_or_else(|| self.name.span(), Spanned::span)
    }

    /// The mistake of a name that no argument has; `whose` says where it stands, if not on top.
    pub(crate) fn unknown(&self, whose: &str, names: &[&str]) -> Error {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        let names = match &*names {
            [others @ .., last] if !others.is_empty() => {
                format!("{} and {last}", others.join(", "))
            }
            names => names.join(""),
        };
        let name = self.called();
        let text = format!("unknown argument `{name}`{whose}; there are {names}");
        Error::new(self.name.span(), text)
    }
}

/// What a macro passed on as `$value:expr` or `$value:literal` comes in a group.
fn ungrouped(mut value: &Expr) -> &Expr {
    while let Expr::Group(group) = value {
        value = &group.expr;
    }
    value
}

pub(crate) fn literal(value: &Expr) -> Option<&Lit> {
    match ungrouped(value) {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}
