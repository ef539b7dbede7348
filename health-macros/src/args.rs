//! The arguments of the attribute.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Ident, Lit, Path, Token};

/// What the attribute says, defaults filled in.
pub(crate) struct Args {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) name: Option<String>,
    pub(crate) timeout_ms: u64,
    pub(crate) cache_ms: Option<u64>,
    pub(crate) critical: bool,
    pub(crate) tags: Vec<String>,
    pub(crate) krate: Option<Path>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Liveness,
    Readiness,
    Startup,
}

const ARGUMENTS: &str = "`kind`, `name`, `timeout_ms`, `cache_ms`, `critical`, `tags` and `crate`";

const KINDS: &str = "`\"liveness\"`, `\"readiness\"` and `\"startup\"`";

/// kubelet's own default is 1 s, so a check has to be quicker.
const DEFAULT_TIMEOUT_MS: u64 = 800;

/// A day: beyond it, a duration is a mistake.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;

impl Args {
    /// Reads all arguments; every mistake is noted at its own token.
    pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Vec<Error>) -> Self {
        let mut args = Self {
            kinds: Vec::new(),
            name: None,
            timeout_ms: DEFAULT_TIMEOUT_MS,
            cache_ms: None,
            critical: true,
            tags: Vec::new(),
            krate: None,
        };
        let parser = Punctuated::<Argument, Token![,]>::parse_terminated;
        let parsed = match parser.parse2(tokens) {
            Ok(parsed) => parsed,
            Err(error) => {
                mistakes.push(error);
                return args;
            }
        };
        let mut seen = Vec::<String>::new();
        for argument in parsed {
            let name = argument.name.unraw().to_string();
            if seen.contains(&name) {
                let text = format!("`{name}` is given more than once");
                mistakes.push(Error::new(argument.name.span(), text));
                continue;
            }
            if let Err(error) = args.take(&name, &argument) {
                mistakes.push(error);
            }
            seen.push(name);
        }
        if !seen.iter().any(|name| name == "kind") {
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

    fn take(&mut self, name: &str, argument: &Argument) -> syn::Result<()> {
        match name {
            "kind" => self.kinds = kinds(argument)?,
            "name" => self.name = Some(check_name(argument)?),
            "timeout_ms" => self.timeout_ms = milliseconds(argument, 1)?,
            "cache_ms" => self.cache_ms = Some(milliseconds(argument, 0)?),
            "critical" => self.critical = flag(argument)?,
            "tags" => self.tags = tags(argument)?,
            "crate" => self.krate = Some(path(argument)?),
            _ => {
                return Err(Error::new(
                    argument.name.span(),
                    format!("unknown argument `{name}`; there are {ARGUMENTS}"),
                ));
            }
        }
        Ok(())
    }
}

/// `name = value`; the value may be missing or nonsense, which is told later, in its place.
struct Argument {
    name: Ident,
    value: Option<Expr>,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        } else if input.is_empty() || input.peek(Token![,]) {
            None
        } else {
            let text = format!("expected `=` after `{name}`, as in `{name} = ...`");
            return Err(Error::new(input.span(), text));
        };
        Ok(Self { name, value })
    }
}

impl Argument {
    fn expects<T>(&self, what: &str, example: &str) -> syn::Result<T> {
        let name = self.name.unraw();
        let span = self
            .value
            .as_ref()
            .map_or_else(|| self.name.span(), Spanned::span);
        let text = format!("`{name}` expects {what}: write `{name} = {example}`");
        Err(Error::new(span, text))
    }
}

fn kinds(argument: &Argument) -> syn::Result<Vec<Kind>> {
    let Some(names) = strings(argument.value.as_ref()) else {
        let what = format!("a probe or a list of probes, of {KINDS}");
        return argument.expects(&what, "\"readiness\"");
    };
    if names.is_empty() {
        return argument.expects(&format!("at least one of {KINDS}"), "[\"readiness\"]");
    }
    let mut kinds = Vec::new();
    let mut wrong = None;
    for (name, span) in names {
        let kind = match &*name {
            "liveness" => Ok(Kind::Liveness),
            "readiness" => Ok(Kind::Readiness),
            "startup" => Ok(Kind::Startup),
            _ => Err(format!("unknown kind `{name}`; allowed are {KINDS}")),
        };
        match kind {
            Ok(kind) if !kinds.contains(&kind) => kinds.push(kind),
            Ok(_) => note(
                &mut wrong,
                span,
                format!("`{name}` is listed more than once"),
            ),
            Err(text) => note(&mut wrong, span, text),
        }
    }
    wrong.map_or(Ok(kinds), Err)
}

fn check_name(argument: &Argument) -> syn::Result<String> {
    const FORM: &str = "up to 100 letters, digits, `_`, `-` and `.`";
    let Some(Lit::Str(name)) = literal(argument.value.as_ref()) else {
        return argument.expects("a text", "\"database\"");
    };
    let value = name.value();
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let good = value.len() <= 100 && value.bytes().all(fits) && value.bytes().any(|b| b != b'.');
    if good {
        return Ok(value);
    }
    let text = format!(
        "`{value}` cannot be the name of a check, for it stands in paths, metrics and OpenAPI \
         keys; use {FORM}"
    );
    Err(Error::new(name.span(), text))
}

fn milliseconds(argument: &Argument, least: u64) -> syn::Result<u64> {
    let value = match literal(argument.value.as_ref()) {
        Some(Lit::Int(number)) if number.suffix().is_empty() => number.base10_parse().ok(),
        _ => None,
    };
    match value {
        Some(ms) if (least..=LONGEST_MS).contains(&ms) => Ok(ms),
        _ => {
            let what = format!("a number of milliseconds from {least} to {LONGEST_MS} (a day)");
            argument.expects(&what, "2000")
        }
    }
}

fn flag(argument: &Argument) -> syn::Result<bool> {
    match literal(argument.value.as_ref()) {
        Some(Lit::Bool(flag)) => Ok(flag.value),
        _ => argument.expects("`true` or `false`", "false"),
    }
}

fn tags(argument: &Argument) -> syn::Result<Vec<String>> {
    let list = argument
        .value
        .as_ref()
        .filter(|value| matches!(value, Expr::Array(_)));
    let Some(tags) = strings(list) else {
        return argument.expects("a list of texts", "[\"db\"]");
    };
    let mut seen = Vec::new();
    let mut wrong = None;
    for (tag, span) in tags {
        if tag.is_empty() {
            note(&mut wrong, span, "a tag cannot be empty".to_owned());
        } else if seen.contains(&tag) {
            note(
                &mut wrong,
                span,
                format!("the tag `{tag}` is listed more than once"),
            );
        } else {
            seen.push(tag);
        }
    }
    wrong.map_or(Ok(seen), Err)
}

fn path(argument: &Argument) -> syn::Result<Path> {
    match &argument.value {
        Some(Expr::Path(path)) if path.qself.is_none() => Ok(path.path.clone()),
        _ => argument.expects(
            "the path of health-core or health-actix",
            "::my_health_core",
        ),
    }
}

fn literal(value: Option<&Expr>) -> Option<&Lit> {
    match value? {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}

/// The texts of a string or of a list of strings.
fn strings(value: Option<&Expr>) -> Option<Vec<(String, Span)>> {
    let string = |value: &Expr| match literal(Some(value)) {
        Some(Lit::Str(text)) => Some((text.value(), text.span())),
        _ => None,
    };
    match value? {
        Expr::Array(list) => list.elems.iter().map(string).collect(),
        one => Some(vec![string(one)?]),
    }
}

fn note(errors: &mut Option<Error>, span: Span, text: String) {
    let error = Error::new(span, text);
    match errors {
        Some(errors) => errors.combine(error),
        None => *errors = Some(error),
    }
}
