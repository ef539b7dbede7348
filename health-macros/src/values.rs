//! The values of arguments: how they are read, and how they are passed on.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Error, Expr, Lit, Path};

use crate::argument::Argument;
use crate::kind::Kind;
use crate::meant::{elements, words, written_list};
use crate::spell::spell;
use crate::texts::{Text, distinct, list, slice};

pub(crate) trait Value: Sized {
    /// One that is right.
    const EXAMPLE: &'static str;

    /// Reads it; every mistake is told at its own token.
    fn read(argument: &Argument) -> syn::Result<Self>;

    /// The calls that pass it on.
    fn call(&self, method: &Method<'_>) -> TokenStream;

    /// How the value would be written that is meant by one that is not right, as far as that can
    /// be told.
    fn meant(argument: &Argument) -> Option<String>;
}

/// A method of the descriptor: that of an argument, or what differs for one probe.
pub(crate) struct Method<'a> {
    pub(crate) name: &'a str,
    pub(crate) probe: Option<Kind>,
}

impl Method<'_> {
    pub(crate) fn with(&self, value: impl ToTokens) -> TokenStream {
        let name = self.name;
        match self.probe {
            None => {
                let method = format_ident!("{name}");
                quote!(.#method(#value))
            }
            Some(probe) => {
                let method = format_ident!("{name}_for");
                quote!(.#method(#probe, #value))
            }
        }
    }
}

/// The name of a check.
pub(crate) struct Name(pub(crate) String);

impl Value for Name {
    const EXAMPLE: &'static str = "\"database\"";

    fn read(argument: &Argument) -> syn::Result<Self> {
        let Some(Lit::Str(name)) = argument.literal() else {
            return Err(argument.expects::<Self>("a text", None));
        };
        let value = name.value();
        match mistake_in_name(&value) {
            Some(text) => Err(Error::new(name.span(), text)),
            None => Ok(Self(value)),
        }
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        method.with(&self.0)
    }

    fn meant(argument: &Argument) -> Option<String> {
        match &*words(&elements(argument))? {
            [word] => respelt(word).map(|name| format!("{name:?}")),
            _ => None,
        }
    }
}

/// Why something is as it is.
pub(crate) struct Why(String);

impl Value for Why {
    const EXAMPLE: &'static str = "\"a restart opens another connection\"";

    fn read(argument: &Argument) -> syn::Result<Self> {
        match argument.literal() {
            Some(Lit::Str(why)) if !why.value().trim().is_empty() => Ok(Self(why.value())),
            _ => Err(argument.expects::<Self>("a text that says why", None)),
        }
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        method.with(&self.0)
    }

    fn meant(_: &Argument) -> Option<String> {
        None
    }
}

/// Why a text cannot be the name of a check.
pub(crate) fn mistake_in_name(name: &str) -> Option<String> {
    if is_name(name) {
        return None;
    }
    let example = respelt(name).unwrap_or_else(|| "database".to_owned());
    Some(format!(
        "{} cannot be the name of a check, for it stands in paths, metrics and OpenAPI keys: use \
         up to 100 letters, digits, `_`, `-` and `.`, as in `name = \"{example}\"`",
        quoted(name)
    ))
}

/// A name with what joins its words instead of what may not stand in one.
fn respelt(name: &str) -> Option<String> {
    let words = name.split(|c: char| c.is_ascii() && !is_name(&c.to_string()) && c != '.');
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    Some(words.join("_")).filter(|name| is_name(name))
}

fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    name.len() <= 100 && name.bytes().all(fits) && name.bytes().any(|b| b != b'.')
}

/// Texts to group checks by.
pub(crate) struct Tags(Vec<Text>);

impl Value for Tags {
    const EXAMPLE: &'static str = "[\"db\"]";

    fn read(argument: &Argument) -> syn::Result<Self> {
        let tags = list::<Self>(argument, "a list of texts")?;
        let empty = |tag: &str| tag.is_empty().then(|| "a tag cannot be empty".to_owned());
        distinct(tags, "the tag ", empty).map(Self)
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        if self.0.is_empty() {
            return TokenStream::new();
        }
        method.with(slice(&self.0))
    }

    fn meant(argument: &Argument) -> Option<String> {
        words(&elements(argument)).map(|tags| written_list(&tags))
    }
}

/// The checks that have to pass for this one to make sense.
pub(crate) struct Prerequisites(pub(crate) Vec<Text>);

impl Value for Prerequisites {
    const EXAMPLE: &'static str = "[\"network\"]";

    fn read(argument: &Argument) -> syn::Result<Self> {
        let what = "a list of names of checks";
        let names = list::<Self>(argument, what)?;
        if names.is_empty() {
            return Err(argument.expects::<Self>(what, None));
        }
        distinct(names, "the prerequisite ", mistake_in_prerequisite).map(Self)
    }

    fn call(&self, method: &Method<'_>) -> TokenStream {
        method.with(slice(&self.0))
    }

    fn meant(argument: &Argument) -> Option<String> {
        let names = words(&elements(argument))?;
        let is_right = |name: &String| mistake_in_prerequisite(name).is_none();
        names.iter().all(is_right).then(|| written_list(&names))
    }
}

/// Why a text cannot be what names another check.
fn mistake_in_prerequisite(text: &str) -> Option<String> {
    if is_name(text) || is_path(text) {
        return None;
    }
    Some(format!(
        "{} cannot be a prerequisite: write the name of a check, as in `\"network\"`, or the path \
         of its function with the name of its crate, as in `\"my_crate::checks::network\"`",
        quoted(text)
    ))
}

/// Whether a text is the path of a function, as it is seen from everywhere.
fn is_path(text: &str) -> bool {
    let mut segments = text.split("::");
    let first = segments.clone().next();
    let is_word = |word: &str| {
        let word = word.strip_prefix("r#").unwrap_or(word);
        let fits = |c: char| c.is_alphanumeric() || c == '_';
        word.chars().all(fits) && word.starts_with(|c: char| !c.is_numeric())
    };
    let is_relative = matches!(first, Some("crate" | "self" | "super"));
    !is_relative && text.contains("::") && segments.all(is_word)
}

/// The runtime's crate: what follows it names it, and no method does.
impl Value for Path {
    const EXAMPLE: &'static str = "::my_health_core";

    fn read(argument: &Argument) -> syn::Result<Self> {
        match argument.value() {
            Some(Expr::Path(path)) if path.qself.is_none() && is_plain(&path.path) => {
                Ok(path.path.clone())
            }
            _ => {
                let what = "the path of health-core or health-actix";
                Err(argument.expects::<Self>(what, None))
            }
        }
    }

    fn call(&self, _: &Method<'_>) -> TokenStream {
        TokenStream::new()
    }

    fn meant(argument: &Argument) -> Option<String> {
        let [word] = &*words(&elements(argument))? else {
            return None;
        };
        let path: Self = syn::parse_str(&word.replace('-', "_")).ok()?;
        let first = path.segments.first().filter(|_| is_plain(&path))?;
        let first = first.ident.to_string();
        let is_whole =
            path.leading_colon.is_some() || matches!(&*first, "crate" | "self" | "super");
        let root = if is_whole { "" } else { "::" };
        Some(format!("{root}{}", spell(&path)))
    }
}

/// Whether a path can be that of a crate or a module.
fn is_plain(path: &Path) -> bool {
    let mut segments = path.segments.iter();
    segments.all(|segment| segment.arguments.is_none())
}

/// Several mistakes as one.
pub(crate) fn combined(mistakes: impl Iterator<Item = Error>) -> Option<Error> {
    mistakes.reduce(|mut all, mistake| {
        all.combine(mistake);
        all
    })
}

fn quoted(text: &str) -> String {
    if text.is_empty() {
        "an empty text".to_owned()
    } else {
        format!("`{text}`")
    }
}
