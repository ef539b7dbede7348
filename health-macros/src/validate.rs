//! What keeps a function from being a check.

use quote::ToTokens;
use syn::{Attribute, Error, FnArg, ReturnType, Safety, Signature, Type};

use crate::signature::{Function, conditions};
use crate::spell::spell_spaced;
use crate::types::{awaited, each_error, each_type, in_one_thread, ungrouped, unsized_value};

/// Notes a mistake at tokens.
type Mistake<'a> = &'a mut dyn FnMut(&dyn ToTokens, &str);

impl Function {
    /// Notes what keeps the function from being a check, each at its own token.
    pub(crate) fn validate(&self, mistakes: &mut Vec<Error>) {
        let signature = &self.signature;
        let name = &signature.ident;
        let mut mistake = |tokens: &dyn ToTokens, text: &str| {
            let text = format!("the health check `{name}` {text}");
            mistakes.push(Error::new_spanned(tokens, text));
        };
        validate_qualifiers(signature, &mut mistake);
        if let Some(semicolon) = &self.no_body {
            mistake(semicolon, "must be a free function with a body");
        }
        for attribute in &self.attributes {
            validate_attribute(attribute, &mut mistake);
        }
        for input in &signature.inputs {
            validate_argument(input, &mut mistake);
        }
        if let ReturnType::Type(_, ty) = &signature.output {
            validate_result(ungrouped(ty), signature.asyncness.is_some(), &mut mistake);
        }
    }
}

const GENERIC: &str = "cannot be generic: it is registered once, so its types must be known";

fn validate_qualifiers(signature: &Signature, mistake: Mistake<'_>) {
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
}

/// Attributes that make something else of a function.
const MAKERS: &[&str] = &[
    "get", "post", "put", "delete", "patch", "route", "routes", "main", "test", "bench",
];

/// Where these come from, if that is written. Those of others may be anything.
const CRATES: &[&str] = &["actix_rt", "actix_web", "async_std", "core", "std", "tokio"];

fn validate_attribute(attribute: &Attribute, mistake: Mistake<'_>) {
    let segments = &attribute.path().segments;
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
        return;
    };
    let is_theirs = segments.len() == 1 || CRATES.iter().any(|krate| first.ident == krate);
    let name = last.ident.to_string();
    if is_theirs && MAKERS.contains(&&*name) {
        let text = format!(
            "cannot have `#[{name}]`, which makes something else of it: write a function of its \
             own"
        );
        mistake(attribute, &text);
    }
}

fn validate_argument(input: &FnArg, mistake: Mistake<'_>) {
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
    if let Type::Reference(_) = ty {
        let text = "cannot take a reference, for nobody could keep what it refers to; take \
                    `State<T>` or `web::Data<T>`, which are references that are counted";
        return mistake(ty, text);
    }
    if let Some((object, sized)) = unsized_value(ty) {
        let text = format!("cannot take a value of a size that is not known: take `{sized}`");
        return mistake(object, &text);
    }
    each_type(ty, &mut |ty| {
        if let Type::ImplTrait(_) = ty {
            mistake(ty, GENERIC);
        }
    });
}

fn validate_result(ty: &Type, is_async: bool, mistake: Mistake<'_>) {
    if let Type::Never(_) = ty {
        return mistake(ty, "must return what it found, and this one never returns");
    }
    if let Some(output) = awaited(ty) {
        let output = output.map_or_else(|| "bool".to_owned(), |output| spell_spaced(&output));
        let text = if is_async {
            format!("returns a future, which nobody awaits: await it, and return `{output}`")
        } else {
            format!("returns a future: write `async fn` and `-> {output}`, and await it")
        };
        return mistake(ty, &text);
    }
    each_error(ty, &mut |error| {
        if let Some(whole) = in_one_thread(error) {
            let text =
                format!("cannot return an error that one thread alone may hold: write `{whole}`");
            mistake(error, &text);
        }
    });
}

fn attributes_of(input: &FnArg) -> &[Attribute] {
    match input {
        FnArg::Receiver(receiver) => &receiver.attrs,
        FnArg::Typed(argument) => &argument.attrs,
    }
}
