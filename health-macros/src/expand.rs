//! The function as it is, and a descriptor of it that is found at link time.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Error;
use syn::spanned::Spanned;

use crate::args::Args;
use crate::signature::Function;
use crate::types::is_refused;
use crate::values::mistake_in_name;
use crate::{external, relations};

/// Expands the attribute. Whatever is wrong, the function itself is always emitted, so that
/// nothing else breaks and editors keep completing.
pub(crate) fn expand(args: TokenStream, item: TokenStream, default_crate: &str) -> TokenStream {
    let mut mistakes = Vec::new();
    let args = Args::parse(args, &mut mistakes);
    let function = read(item.clone(), &args, &mut mistakes);
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

/// Reads the function, and notes what is wrong with it or does not go with the arguments.
fn read(item: TokenStream, args: &Args, mistakes: &mut Vec<Error>) -> Option<Function> {
    let function = syn::parse2::<Function>(item);
    let name = function.as_ref().ok().map(Function::name);
    relations::check(args, name.as_deref(), mistakes);
    match function {
        Ok(function) => {
            function.validate(mistakes);
            external::check(args, &function, mistakes);
            if args.name.is_unsaid() {
                mistakes.extend(mistake_in_default_name(&function));
            }
            Some(function)
        }
        Err(error) => {
            let text = format!("#[health_check] goes on a function: {error}");
            mistakes.push(Error::new(error.span(), text));
            None
        }
    }
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

/// A name that is not given is the function's, which Rust allows to be in any script.
fn mistake_in_default_name(function: &Function) -> Option<Error> {
    let text = mistake_in_name(&function.name())?;
    Some(Error::new(function.signature.ident.span(), text))
}

fn register(args: &Args, function: &Function, default_crate: &str) -> TokenStream {
    let private = private_module(args, default_crate);
    let conditions = function.conditions();
    let function_name = function.name();
    let description = function.description();
    let said = args.calls(None);
    let allowed = function.allowed();
    let helper = helper_name(function);
    let bind = bind(function, &helper);
    quote! {
        #(#conditions)*
        #(#[allow(#allowed)])*
        const _: () = {
            use #private as __health;
            #bind
            __health::inventory::submit! {
                __health::Descriptor::new(
                    __health::Source {
                        function: #function_name,
                        module: ::core::module_path!(),
                        file: ::core::file!(),
                        line: ::core::line!(),
                        description: #description,
                    },
                    #helper,
                )
                #said
            }
        };
    }
}

/// The function that makes the arguments and calls the check. Each bound that a user can
/// miss is demanded once, at the token that is to blame.
fn bind(function: &Function, helper: &Ident) -> TokenStream {
    let signature = &function.signature;
    let binder = Ident::new("__binder", Span::mixed_site());
    let names: Vec<_> = (0..signature.inputs.len())
        .map(|index| format_ident!("__argument{}", index, span = Span::mixed_site()))
        .collect();
    let arguments = function
        .arguments()
        .zip(&names)
        .map(|((ty, written), name)| {
            let ty = if is_refused(ty) {
                quote_spanned!(ty.span()=> _)
            } else {
                quote!(#ty)
            };
            quote_spanned!(ty.span()=> let #name = #binder.argument::<#ty, _>(#written);)
        });
    let result = function.result();
    // Located at the name whole, so that rustc has nothing else to point at.
    let at_name = Span::call_site().located_at(signature.ident.span());
    let mut called = signature.ident.clone();
    called.set_span(at_name);
    let call = quote_spanned!(at_name=> #called(#(#names),*));
    let work = if signature.asyncness.is_some() {
        quote_spanned!(at_name=> __health::Work::future::<_, #result>(#call))
    } else {
        quote_spanned!(at_name=> __health::Work::blocking::<_, #result>(move || #call))
    };
    quote! {
        fn #helper(
            #binder: &mut __health::Binder<'_>,
        ) -> ::core::option::Option<__health::Work> {
            #(#arguments)*
            #(let #names = #names?;)*
            ::core::option::Option::Some(#work)
        }
    }
}

/// A name that the check does not have, or it would call the helper.
fn helper_name(function: &Function) -> Ident {
    let mut name = "__health_check_bind".to_owned();
    if function.name() == name {
        name.push('_');
    }
    Ident::new(&name, Span::call_site())
}

/// The module of the runtime crate that is meant for this version of the macro only.
fn private_module(args: &Args, default_crate: &str) -> TokenStream {
    let private = format_ident!("__private{}", env!("CARGO_PKG_VERSION_PATCH"));
    match args.krate.value() {
        Some(path) => quote!(#path::#private),
        None => {
            let default = format_ident!("{default_crate}");
            quote!(::#default::#private)
        }
    }
}
