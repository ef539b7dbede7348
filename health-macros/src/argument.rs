//! One argument as it is written, whatever it means.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Lit, Token, token};

/// What stands between two commas.
pub(crate) enum Piece {
    Argument(Argument),
    /// A value that no name stands before.
    Value(Expr),
    Nonsense(Error),
}

/// `name = value` or `name(...)`; the value may be missing or nonsense, which is told later, in
/// its place.
#[derive(Clone)]
pub(crate) struct Argument {
    pub(crate) name: Ident,
    /// How many milliseconds a number counts, if it says so.
    pub(crate) unit: Option<f64>,
    written: Written,
}

#[derive(Clone)]
enum Written {
    Nothing,
    Value(Expr),
    List(Group),
    /// Something else stands where `=` should, perhaps before a value.
    Unequal(Span, Option<Expr>),
    Nonsense(Error),
}

/// What is in a list. A mistake in one piece keeps none of the others from being read.
pub(crate) fn pieces(tokens: TokenStream) -> Vec<Piece> {
    let read = |input: ParseStream<'_>| {
        let mut pieces = Vec::new();
        while !input.is_empty() {
            read_piece(input, &mut pieces);
        }
        Ok(pieces)
    };
    let pieces = match too_deep(tokens.clone(), DEEPEST) {
        Some(at) => Err(Error::new(at, "these brackets are nested too deeply")),
        None => read.parse2(tokens),
    };
    pieces.unwrap_or_else(|error| vec![Piece::Nonsense(error)])
}

/// How deep brackets may stand in one another: what reads them calls itself, and the stack of the
/// compiler ends.
const DEEPEST: usize = 64;

/// The brackets that stand too deep, if there are some.
fn too_deep(tokens: TokenStream, left: usize) -> Option<Span> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Group(group) if left == 0 => Some(group.span()),
        TokenTree::Group(group) => too_deep(group.stream(), left - 1),
        _ => None,
    })
}

fn read_piece(input: ParseStream<'_>, pieces: &mut Vec<Piece>) {
    let piece = input.parse().unwrap_or_else(Piece::Nonsense);
    let is_readable = piece.is_readable();
    pieces.push(piece);
    if is_readable && !at_end(input) {
        pieces.push(Piece::Nonsense(input.error("expected `,`")));
        if input.peek(Ident::peek_any) && (input.peek2(Token![=]) || input.peek2(token::Paren)) {
            return;
        }
    }
    while !at_end(input) && input.parse::<TokenTree>().is_ok() {}
    // There is one, or nothing.
    let _: syn::Result<Token![,]> = input.parse();
}

fn at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

impl Piece {
    fn is_readable(&self) -> bool {
        match self {
            Self::Argument(argument) => argument.nonsense().is_none(),
            Self::Value(_) => true,
            Self::Nonsense(_) => false,
        }
    }
}

impl Parse for Piece {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let is_name = input.peek(Ident::peek_any) && !input.peek(Lit);
        if !is_name || input.peek2(Token![::]) {
            let is_value = is_name || input.peek(Lit) || input.peek(token::Bracket);
            if is_value || input.peek(Token![::]) {
                return input.parse().map(Self::Value);
            }
            return Err(input.error("expected an argument, as in `kind = \"readiness\"`"));
        }
        let name = input.call(Ident::parse_any)?;
        if input.peek(Token![-]) && input.peek2(Ident::peek_any) {
            return Err(dashed(&name, input));
        }
        let written = Written::read(input).unwrap_or_else(Written::Nonsense);
        let unit = None;
        Ok(Self::Argument(Argument {
            name,
            unit,
            written,
        }))
    }
}

/// The mistake of a name such as `timeout-ms`.
fn dashed(name: &Ident, input: ParseStream<'_>) -> Error {
    let mut tokens = name.to_token_stream();
    let mut called = name.unraw().to_string();
    while input.peek(Token![-]) && input.peek2(Ident::peek_any) {
        tokens.extend(input.parse::<TokenTree>());
        if let Ok(word) = input.call(Ident::parse_any) {
            called += &format!("_{}", word.unraw());
            word.to_tokens(&mut tokens);
        }
    }
    let text = format!("the words of a name are joined by `_`: write `{called}`");
    Error::new_spanned(tokens, text)
}

impl Written {
    fn read(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(token::Paren) {
            return Ok(Self::List(input.parse()?));
        }
        let is_another = input.peek(Token![==]) || input.peek(Token![=>]);
        let is_equals = input.peek(Token![=]) && !is_another;
        if is_equals {
            input.parse::<Token![=]>()?;
        }
        if at_end(input) {
            Ok(Self::Nothing)
        } else if is_equals {
            input.parse().map(Self::Value)
        } else {
            Ok(Self::Unequal(input.span(), value_ahead(&input.fork())))
        }
    }
}

/// The value that comes after something that is not `=`.
fn value_ahead(input: ParseStream<'_>) -> Option<Expr> {
    while input.peek(Token![:]) || input.peek(Token![=]) || input.peek(Token![>]) {
        input.parse::<TokenTree>().ok()?;
    }
    input.parse().ok()
}

impl Argument {
    /// Its name, without `r#`.
    pub(crate) fn called(&self) -> String {
        self.name.unraw().to_string()
    }

    /// The same under another name, with what the former name says of its unit.
    pub(crate) fn renamed(&self, name: &str, unit: Option<f64>) -> Self {
        Self {
            name: Ident::new(name, self.name.span()),
            unit,
            written: self.written.clone(),
        }
    }

    /// The value as it was written, also where a macro wrote it.
    pub(crate) fn value(&self) -> Option<&Expr> {
        match &self.written {
            Written::Value(value) => Some(ungrouped(value)),
            _ => None,
        }
    }

    pub(crate) fn literal(&self) -> Option<&Lit> {
        literal(self.value()?)
    }

    /// What is in the parentheses.
    pub(crate) fn list(&self) -> Option<TokenStream> {
        match &self.written {
            Written::List(list) => Some(list.stream()),
            _ => None,
        }
    }

    /// The value, which may stand in parentheses instead.
    pub(crate) fn sole_value(&self) -> Option<Expr> {
        match self.list() {
            Some(list) => syn::parse2(list).ok(),
            None => self.value().cloned(),
        }
    }

    /// Whether it is its name alone.
    pub(crate) fn is_bare(&self) -> bool {
        matches!(self.written, Written::Nothing)
    }

    /// The mistake in how it is written, if there is one.
    pub(crate) fn nonsense(&self) -> Option<Error> {
        match &self.written {
            Written::Nonsense(error) => Some(error.clone()),
            Written::Unequal(at, _) => {
                let text = format!("expected `=` after `{}`", self.called());
                Some(Error::new(*at, text))
            }
            Written::Nothing | Written::Value(_) | Written::List(_) => None,
        }
    }

    /// Where `=` is missing, and the same as if it were there and followed by a value.
    pub(crate) fn unequal(&self) -> Option<(Span, Option<Self>)> {
        let Written::Unequal(at, value) = &self.written else {
            return None;
        };
        let equal = value.clone().map(|value| Self {
            name: self.name.clone(),
            unit: Some(1.0),
            written: Written::Value(value),
        });
        Some((*at, equal))
    }

    /// A mistake at a part of the value, or else at the value, or else at the name.
    pub(crate) fn mistake(&self, blamed: Option<&Expr>, text: String) -> Error {
        match (&self.written, blamed) {
            (_, Some(value)) | (Written::Value(value), None) => Error::new_spanned(value, text),
            (Written::List(list), None) => Error::new(list.span(), text),
            (_, None) => Error::new(self.name.span(), text),
        }
    }

    /// Where its value stands; without one, its name.
    pub(crate) fn place(&self) -> Span {
        self.value().map_or_else(|| self.name.span(), Spanned::span)
    }
}

/// What a macro passed on as `$value:expr` or `$value:literal` comes in a group.
pub(crate) fn ungrouped(mut value: &Expr) -> &Expr {
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
