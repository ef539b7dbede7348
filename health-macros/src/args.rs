//! The arguments of the attribute.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, Ident, Lit, Path, Token};

/// What the attribute says; defaults are the runtime's.
pub(crate) struct Args {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) name: Option<String>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) cache_ms: Option<u64>,
    pub(crate) critical: Option<bool>,
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

/// A day: beyond it, a duration is a mistake.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;

impl Args {
    /// Reads all arguments; every mistake is noted at its own token.
    pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Vec<Error>) -> Self {
        let mut args = Self {
            kinds: Vec::new(),
            name: None,
            timeout_ms: None,
            cache_ms: None,
            critical: None,
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
            "timeout_ms" => self.timeout_ms = Some(milliseconds(argument, 1)?),
            "cache_ms" => self.cache_ms = Some(milliseconds(argument, 0)?),
            "critical" => self.critical = Some(flag(argument)?),
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
        if input.peek(Lit) {
            let text = "expected an argument, as in `kind = \"readiness\"`";
            return Err(input.error(text));
        }
        let name = input.call(Ident::parse_any)?;
        let equals = input.parse::<Option<Token![=]>>()?;
        let value = if input.is_empty() || input.peek(Token![,]) {
            None
        } else if equals.is_some() {
            Some(input.parse()?)
        } else {
            let text = format!("expected `=` after `{name}`, as in `{name} = ...`");
            return Err(Error::new(input.span(), text));
        };
        Ok(Self { name, value })
    }
}

impl Argument {
    /// The mistake of a value that is not what is expected, at the part that is to blame.
    fn expects(&self, what: &str, example: &str, blamed: Option<&Expr>) -> Error {
        let name = self.name.unraw();
        let text = format!("`{name}` expects {what}: write `{name} = {example}`");
        match blamed.or(self.value.as_ref()) {
            Some(value) => Error::new_spanned(value, text),
            None => Error::new(self.name.span(), text),
        }
    }

    /// The value as it was written, also where a macro wrote it.
    fn value(&self) -> Option<&Expr> {
        self.value.as_ref().map(ungrouped)
    }

    fn literal(&self) -> Option<&Lit> {
        literal(self.value()?)
    }
}

fn kinds(argument: &Argument) -> syn::Result<Vec<Kind>> {
    let what = format!("a probe or a list of probes, of {KINDS}");
    let names = match argument.value() {
        Some(value @ Expr::Lit(_)) => vec![string(value)],
        list => strings(list),
    };
    let names: Result<Vec<_>, _> = names.into_iter().collect();
    let names = names.map_err(|blamed| argument.expects(&what, "\"readiness\"", blamed))?;
    if names.is_empty() {
        return Err(argument.expects(&what, "[\"readiness\"]", None));
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
    let Some(Lit::Str(name)) = argument.literal() else {
        return Err(argument.expects("a text", "\"database\"", None));
    };
    let value = name.value();
    if let Some(text) = mistake_in_name(&value) {
        return Err(Error::new(name.span(), text));
    }
    Ok(value)
}

/// Why a text cannot be the name of a check.
pub(crate) fn mistake_in_name(name: &str) -> Option<String> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if name.len() <= 100 && name.bytes().all(fits) && name.bytes().any(|b| b != b'.') {
        return None;
    }
    let quoted = if name.is_empty() {
        "an empty text".to_owned()
    } else {
        format!("`{name}`")
    };
    Some(format!(
        "{quoted} cannot be the name of a check, for it stands in paths, metrics and OpenAPI \
         keys: use up to 100 letters, digits, `_`, `-` and `.`, as in `name = \"database\"`"
    ))
}

fn milliseconds(argument: &Argument, least: u64) -> syn::Result<u64> {
    let what = format!("a number of milliseconds from {least} to {LONGEST_MS} (a day)");
    let Some(Lit::Int(number)) = argument.literal() else {
        return Err(argument.expects(&what, "2000", None));
    };
    if !number.suffix().is_empty() {
        return Err(argument.expects(&format!("{what}, without a suffix"), "2000", None));
    }
    let ms = number
        .base10_parse()
        .ok()
        .filter(|ms| (least..=LONGEST_MS).contains(ms));
    ms.ok_or_else(|| argument.expects(&what, "2000", None))
}

fn flag(argument: &Argument) -> syn::Result<bool> {
    match argument.literal() {
        Some(Lit::Bool(flag)) => Ok(flag.value),
        _ => Err(argument.expects("`true` or `false`", "false", None)),
    }
}

fn tags(argument: &Argument) -> syn::Result<Vec<String>> {
    let tags: Result<Vec<_>, _> = strings(argument.value()).into_iter().collect();
    let tags = tags.map_err(|blamed| argument.expects("a list of texts", "[\"db\"]", blamed))?;
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
    match argument.value() {
        Some(Expr::Path(path)) if path.qself.is_none() => Ok(path.path.clone()),
        _ => {
            let what = "the path of health-core or health-actix";
            Err(argument.expects(what, "::my_health_core", None))
        }
    }
}

/// What a macro passed on as `$value:expr` or `$value:literal` comes in a group.
fn ungrouped(mut value: &Expr) -> &Expr {
    while let Expr::Group(group) = value {
        value = &group.expr;
    }
    value
}

fn literal(value: &Expr) -> Option<&Lit> {
    match ungrouped(value) {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}

/// A text and where it stands, or else what is to blame.
type Text<'a> = Result<(String, Span), Option<&'a Expr>>;

fn string(value: &Expr) -> Text<'_> {
    match literal(value) {
        Some(Lit::Str(text)) => Ok((text.value(), text.span())),
        _ => Err(Some(value)),
    }
}

/// The texts of a list; if it is none, that alone.
fn strings(value: Option<&Expr>) -> Vec<Text<'_>> {
    match value {
        Some(Expr::Array(list)) => list.elems.iter().map(string).collect(),
        _ => vec![Err(None)],
    }
}

fn note(errors: &mut Option<Error>, span: Span, text: String) {
    let error = Error::new(span, text);
    match errors {
        Some(errors) => errors.combine(error),
        None => *errors = Some(error),
    }
}
