//! The function as it is, and a descriptor of it that is found at link time.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, ReturnType};

use crate::args::{Args, Kind};
use crate::signature::Function;

/// Expands the attribute. Whatever is wrong, the function itself is always emitted, so that
/// nothing else breaks and editors keep completing.
pub(crate) fn expand(args: TokenStream, item: TokenStream, default_crate: &str) -> TokenStream {
    let mut mistakes = Vec::new();
    let args = Args::parse(args, &mut mistakes);
    let function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => {
            function.validate(&mut mistakes);
            Some(function)
        }
        Err(error) => {
            let text = format!("#[health_check] goes on a function: {error}");
            mistakes.push(Error::new(error.span(), text));
            None
        }
    };
    let mut output = TokenStream::new();
    let mut registration = TokenStream::new();
    if let Some(function) = function.filter(|_| mistakes.is_empty()) {
        output.extend(exceptions(&function));
        registration = register(&args, &function, default_crate);
    }
    output.extend(item);
    output.extend(registration);
    output.extend(mistakes.iter().map(Error::to_compile_error));
    output
}

/// Lints whose advice an annotated function cannot follow: arguments are taken by value, since
/// nobody could keep what a reference refers to.
fn exceptions(function: &Function) -> TokenStream {
    let signature = &function.signature;
    if signature.asyncness.is_some() || signature.inputs.is_empty() {
        return TokenStream::new();
    }
    quote!(#[allow(clippy::needless_pass_by_value)])
}

fn register(args: &Args, function: &Function, default_crate: &str) -> TokenStream {
    let private = private_module(args, default_crate);
    let conditions = function.conditions();
    let function_name = function.name();
    let name = args.name.clone().unwrap_or_else(|| function_name.clone());
    let kinds = args.kinds.iter().map(|kind| match kind {
        Kind::Liveness => quote!(Liveness),
        Kind::Readiness => quote!(Readiness),
        Kind::Startup => quote!(Startup),
    });
    let timeout_ms = args.timeout_ms;
    let cache_ms = match args.cache_ms {
        Some(ms) => quote!(::core::option::Option::Some(#ms)),
        None => quote!(::core::option::Option::None),
    };
    let critical = args.critical;
    let tags = &args.tags;
    let description = function.description();
    let bind = bind(function, &private);
    quote! {
        #(#conditions)*
        const _: () = {
            #bind
            #private::inventory::submit! {
                #private::Descriptor {
                    name: #name,
                    function: #function_name,
                    module: ::core::module_path!(),
                    file: ::core::file!(),
                    line: ::core::line!(),
                    probes: #private::ProbeSet::new() #(.with(#private::Probe::#kinds))*,
                    timeout_ms: #timeout_ms,
                    cache_ms: #cache_ms,
                    critical: #critical,
                    tags: &[#(#tags),*],
                    description: #description,
                    bind: __health_check_bind,
                }
            }
        };
    }
}

/// The one function that makes the arguments and calls the check. Each bound that a user can
/// miss is demanded once, at the token that is to blame.
fn bind(function: &Function, private: &TokenStream) -> TokenStream {
    let ident = &function.signature.ident;
    let binder = Ident::new("__binder", Span::mixed_site());
    let names: Vec<_> = (0..function.signature.inputs.len())
        .map(|index| format_ident!("__argument{}", index, span = Span::mixed_site()))
        .collect();
    let arguments = function.arguments().zip(&names).map(|((ty, written), name)| {
        quote_spanned!(ty.span()=> let #name = #binder.argument::<#ty, _>(#written);)
    });
    let returned = match &function.signature.output {
        ReturnType::Default => ident.span(),
        ReturnType::Type(_, ty) => ty.span(),
    };
    let work = if function.signature.asyncness.is_some() {
        let outcome = quote_spanned!(returned=> #private::outcome);
        let future = quote_spanned!(ident.span()=> #private::Work::future);
        quote!(#future(#outcome(#ident(#(#names),*))))
    } else {
        let blocking = quote_spanned!(returned=> #private::Work::blocking);
        quote!(#blocking(move || #ident(#(#names),*)))
    };
    quote! {
        fn __health_check_bind(
            #binder: &mut #private::Binder<'_>,
        ) -> ::core::option::Option<#private::Work> {
            #(#arguments)*
            #(let #names = #names?;)*
            ::core::option::Option::Some(#work)
        }
    }
}

/// The module of the runtime crate that is meant for this version of the macro only.
fn private_module(args: &Args, default_crate: &str) -> TokenStream {
    let private = format_ident!("__private{}", env!("CARGO_PKG_VERSION_PATCH"));
    match &args.krate {
        Some(path) => quote!(#path::#private),
        None => {
            let default = format_ident!("{default_crate}");
            quote!(::#default::#private)
        }
    }
}
