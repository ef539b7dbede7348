//! The annotated function: what stands before its body.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, GenericArgument, Lit, Meta, PathArguments, Signature,
    Type, Visibility,
};

/// A function whose body was not looked at: an unfinished one costs nothing.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) signature: Signature,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        let signature = input.parse()?;
        input.parse::<TokenStream>()?;
        Ok(Self {
            attributes,
            signature,
        })
    }
}

impl Function {
    /// Notes what keeps the function from being a check, each at its own token.
    pub(crate) fn validate(&self, mistakes: &mut Vec<Error>) {
        let signature = &self.signature;
        let name = &signature.ident;
        let mut mistake = |span: &dyn Spanned, text: String| {
            mistakes.push(Error::new(span.span(), text));
        };
        if let Some(constness) = &signature.constness {
            mistake(
                constness,
                format!("the health check `{name}` cannot be const"),
            );
        }
        if !matches!(signature.safety, syn::Safety::Default) {
            mistake(
                &signature.safety,
                format!("the health check `{name}` cannot be unsafe: nobody could vouch for it"),
            );
        }
        if let Some(abi) = &signature.abi {
            mistake(
                abi,
                format!("the health check `{name}` must be a plain Rust function"),
            );
        }
        if !signature.generics.params.is_empty() {
            mistake(
                &signature.generics,
                format!(
                    "the health check `{name}` cannot be generic: it is registered once, so its \
                     types must be known"
                ),
            );
        }
        if let Some(variadic) = &signature.variadic {
            mistake(
                variadic,
                format!("the health check `{name}` cannot be variadic"),
            );
        }
        for input in &signature.inputs {
            match input {
                FnArg::Receiver(receiver) => mistake(
                    receiver,
                    format!(
                        "the health check `{name}` must be a free function, not a method; take \
                         what it needs as `State<T>` or `web::Data<T>`"
                    ),
                ),
                FnArg::Typed(argument) => match &*argument.ty {
                    Type::Reference(reference) => mistake(
                        reference,
                        format!(
                            "the health check `{name}` cannot take a reference, for nobody could \
                             keep what it refers to; take `State<T>` or `web::Data<T>`, which \
                             are references that are counted"
                        ),
                    ),
                    Type::ImplTrait(opaque) => mistake(
                        opaque,
                        format!(
                            "the health check `{name}` cannot be generic: it is registered once, \
                             so its types must be known"
                        ),
                    ),
                    _ => {}
                },
            }
        }
    }

    /// The function's name, without `r#`.
    pub(crate) fn name(&self) -> String {
        self.signature.ident.unraw().to_string()
    }

    /// The types of the arguments, each with what the source code calls its inner type.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = (&Type, String)> {
        self.signature
            .inputs
            .iter()
            .filter_map(|input| match input {
                FnArg::Typed(argument) => Some((&*argument.ty, inner_type(&argument.ty))),
                FnArg::Receiver(_) => None,
            })
    }

    /// The attributes that decide whether the function is there at all.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("cfg"))
    }

    /// The doc comment.
    pub(crate) fn description(&self) -> String {
        let lines: Vec<_> = self.attributes.iter().filter_map(doc_line).collect();
        let text = lines.join("\n");
        let lines = text
            .lines()
            .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end());
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    }
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// `PgPool` of `web::Data<PgPool>`: what a reader calls the thing that a check needs.
fn inner_type(ty: &Type) -> String {
    let Type::Path(path) = ty else {
        return spell(&ty);
    };
    let last = path.path.segments.last().map(|segment| &segment.arguments);
    match last {
        Some(PathArguments::AngleBracketed(generics)) if generics.args.len() == 1 => {
            match &generics.args[0] {
                GenericArgument::Type(inner) => spell(&inner),
                _ => spell(&ty),
            }
        }
        _ => spell(&ty),
    }
}

/// The tokens as a person would write them: spaces only between words.
fn spell(tokens: &dyn ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut spelt = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != ' ' || is_word(spelt.chars().last()) && is_word(rest.peek().copied()) {
            spelt.push(c);
        }
    }
    spelt
}
