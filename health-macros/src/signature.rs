//! The annotated function: what stands before its body.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, GenericArgument, Lit, Meta, PathArguments, ReturnType,
    Safety, Signature, Token, Type, Visibility,
};

/// A function whose body was not looked at: an unfinished one costs nothing.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) signature: Signature,
    no_body: Option<Token![;]>,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        let signature = input.parse()?;
        let no_body = input.parse()?;
        input.parse::<TokenStream>()?;
        Ok(Self {
            attributes,
            signature,
            no_body,
        })
    }
}

impl Function {
    /// Notes what keeps the function from being a check, each at its own token.
    pub(crate) fn validate(&self, mistakes: &mut Vec<Error>) {
        let signature = &self.signature;
        let name = &signature.ident;
        let mut mistake = |tokens: &dyn ToTokens, text: &str| {
            let text = format!("the health check `{name}` {text}");
            mistakes.push(Error::new_spanned(tokens, text));
        };
        if let Some(constness) = &signature.constness {
            mistake(constness, "cannot be const");
        }
        if !matches!(signature.safety, Safety::Default) {
            mistake(
                &signature.safety,
                "cannot be unsafe: nobody could vouch for it",
            );
        }
        if let Some(abi) = &signature.abi {
            mistake(abi, "must be a plain Rust function");
        }
        if !signature.generics.params.is_empty() {
            mistake(&signature.generics.params, GENERIC);
        }
        if let Some(variadic) = &signature.variadic {
            mistake(variadic, "cannot be variadic");
        }
        if let Some(semicolon) = &self.no_body {
            mistake(semicolon, "must be a free function with a body");
        }
        for input in &signature.inputs {
            validate_argument(input, &mut mistake);
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

    /// The type that is returned, as far as it can be named.
    pub(crate) fn result(&self) -> TokenStream {
        match &self.signature.output {
            ReturnType::Default => quote!(()),
            ReturnType::Type(_, ty) if is_opaque(ty.to_token_stream()) => quote!(_),
            ReturnType::Type(_, ty) => ty.to_token_stream(),
        }
    }

    /// The attributes that decide whether the function is there at all.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Attribute> {
        conditions(&self.attributes)
    }

    pub(crate) fn is_deprecated(&self) -> bool {
        self.attributes
            .iter()
            .any(|attribute| attribute.path().is_ident("deprecated"))
    }

    /// The doc comment, as an expression.
    pub(crate) fn description(&self) -> TokenStream {
        let lines: Vec<_> = self.attributes.iter().filter_map(doc_value).collect();
        let literals: Option<Vec<_>> = lines.iter().map(|line| text_of(line)).collect();
        match literals {
            Some(lines) => lines.join("\n").trim().to_token_stream(),
            // Such as `#[doc = include_str!("...")]`, which only rustc can read.
            None => quote!(::core::concat!(#(#lines, "\n"),*)),
        }
    }
}

const GENERIC: &str = "cannot be generic: it is registered once, so its types must be known";

fn validate_argument(input: &FnArg, mistake: &mut dyn FnMut(&dyn ToTokens, &str)) {
    if let Some(condition) = conditions(attributes_of(input)).next() {
        let text = "cannot have a conditional argument; write two functions, each with its `cfg`";
        mistake(condition, text);
    }
    let ty = match input {
        FnArg::Receiver(receiver) => {
            let text = "must be a free function, not a method; take what it needs as `State<T>` \
                        or `web::Data<T>`";
            return mistake(receiver, text);
        }
        FnArg::Typed(argument) => ungrouped(&argument.ty),
    };
    match ty {
        Type::Reference(_) => {
            let text = "cannot take a reference, for nobody could keep what it refers to; take \
                        `State<T>` or `web::Data<T>`, which are references that are counted";
            mistake(ty, text);
        }
        Type::ImplTrait(_) => mistake(ty, GENERIC),
        _ => {}
    }
}

fn conditions(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
}

fn attributes_of(input: &FnArg) -> &[Attribute] {
    match input {
        FnArg::Receiver(receiver) => &receiver.attrs,
        FnArg::Typed(argument) => &argument.attrs,
    }
}

fn doc_value(attribute: &Attribute) -> Option<&Expr> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => Some(&pair.value),
        _ => None,
    }
}

fn text_of(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(unframed(&text.value())),
        _ => None,
    }
}

/// The text of a doc attribute without what frames it: the space after `///`, and the stars
/// before the lines of `/** ... */`.
fn unframed(text: &str) -> String {
    let is_star = |line: &str| line.trim_start().starts_with('*');
    let mut inner = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    let is_starred = text.contains('\n') && inner.all(is_star);
    let unframe = |line: &str| {
        let starless = line.trim_start().strip_prefix('*').filter(|_| is_starred);
        let line = starless.unwrap_or(line);
        line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()
    };
    text.lines().map(unframe).collect::<Vec<_>>().join("\n")
}

/// Whether `impl` occurs in a type.
fn is_opaque(ty: TokenStream) -> bool {
    ty.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Group(group) => is_opaque(group.stream()),
        _ => false,
    })
}

/// What a macro passed on as `$ty:ty` comes in a group.
fn ungrouped(mut ty: &Type) -> &Type {
    while let Type::Group(group) = ty {
        ty = &group.elem;
    }
    ty
}

/// `PgPool` of `web::Data<PgPool>`: what a reader calls the thing that a check needs.
fn inner_type(ty: &Type) -> String {
    let ty = ungrouped(ty);
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
