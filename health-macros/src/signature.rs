//! The annotated function: what stands before its body.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Meta, ReturnType, Signature, Token, Type, Visibility};

use crate::types::{has_impl, inner_type, is_refused};

/// A function whose body was not looked at: an unfinished one costs nothing.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) signature: Signature,
    pub(crate) no_body: Option<Token![;]>,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        if let Some(what) = another_item(input) {
            return Err(input.error(format!("this is {what}")));
        }
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

/// What is annotated, if it cannot be a function.
fn another_item(input: ParseStream<'_>) -> Option<&'static str> {
    let is_constant = input.peek2(syn::Ident) || input.peek2(Token![_]);
    Some(match () {
        () if input.peek(Token![struct]) => "a struct",
        () if input.peek(Token![enum]) => "an enum",
        () if input.peek(Token![trait]) => "a trait",
        () if input.peek(Token![impl]) => "an `impl` block, and a check is no method",
        () if input.peek(Token![mod]) => "a module",
        () if input.peek(Token![type]) => "a type",
        () if input.peek(Token![use]) => "an import",
        () if input.peek(Token![static]) => "a static",
        () if input.peek(Token![let]) => "a variable, and a closure is given to `Check::new`",
        () if input.peek(Token![const]) && is_constant => "a constant",
        () => return None,
    })
}

impl Function {
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
            ReturnType::Type(_, ty) if has_impl(ty) || is_refused(ty) => {
                quote_spanned!(ty.span()=> _)
            }
            ReturnType::Type(_, ty) => ty.to_token_stream(),
        }
    }

    /// The attributes that decide whether the function is there at all.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Attribute> {
        conditions(&self.attributes)
    }

    /// The lints that its types, which are repeated beside it, may break as they may in it.
    pub(crate) fn allowed(&self) -> impl Iterator<Item = TokenStream> {
        self.attributes
            .iter()
            .filter_map(|attribute| match &attribute.meta {
                meta if meta.path().is_ident("deprecated") => Some(quote!(deprecated)),
                // What is expected was met in the function.
                Meta::List(list) if list.path.is_ident("allow") || list.path.is_ident("expect") => {
                    Some(list.tokens.clone())
                }
                _ => None,
            })
    }
}

pub(crate) fn conditions(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
}
