//! What the types in a signature say, as far as it is written there.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    GenericArgument, Path, PathArguments, PathSegment, ReturnType, TraitBound, Type,
    TypeParamBound, TypeTraitObject,
};

use crate::spell::spell;

/// What a macro passed on as `$ty:ty` comes in a group.
pub(crate) fn ungrouped(mut ty: &Type) -> &Type {
    while let Type::Group(group) = ty {
        ty = &group.elem;
    }
    ty
}

/// `PgPool` of `web::Data<PgPool>`: what a reader calls the thing that a check needs.
pub(crate) fn inner_type(ty: &Type) -> String {
    let ty = ungrouped(ty);
    match ty {
        Type::Path(path) => spell(&sole_argument(&path.path).unwrap_or(ty)),
        _ => spell(&ty),
    }
}

/// Whether `impl` occurs in a type.
pub(crate) fn has_impl(ty: &Type) -> bool {
    let mut found = false;
    each_type(ty, &mut |ty| found |= matches!(ty, Type::ImplTrait(_)));
    found
}

/// A type and those that are written in it.
pub(crate) fn each_type(ty: &Type, look: &mut dyn FnMut(&Type)) {
    let ty = ungrouped(ty);
    look(ty);
    match ty {
        Type::Array(array) => each_type(&array.elem, look),
        Type::Slice(slice) => each_type(&slice.elem, look),
        Type::Paren(inner) => each_type(&inner.elem, look),
        Type::Ptr(pointer) => each_type(&pointer.elem, look),
        Type::Reference(reference) => each_type(&reference.elem, look),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| each_type(ty, look)),
        Type::Path(path) => in_path(&path.path, look),
        Type::TraitObject(object) => traits(&object.bounds).for_each(|ty| in_path(&ty.path, look)),
        _ => {}
    }
}

fn in_path(path: &Path, look: &mut dyn FnMut(&Type)) {
    for segment in &path.segments {
        match &segment.arguments {
            PathArguments::AngleBracketed(generics) => {
                generics.args.iter().for_each(|generic| match generic {
                    GenericArgument::Type(ty) => each_type(ty, look),
                    GenericArgument::AssocType(bound) => each_type(&bound.ty, look),
                    _ => {}
                });
            }
            PathArguments::Parenthesized(call) => {
                call.inputs
                    .iter()
                    .for_each(|input| each_type(&input.ty, look));
                if let ReturnType::Type(_, ty) = &call.output {
                    each_type(ty, look);
                }
            }
            PathArguments::None => {}
        }
    }
}

fn traits<'a>(
    bounds: impl IntoIterator<Item = &'a TypeParamBound>,
) -> impl Iterator<Item = &'a TraitBound> {
    bounds.into_iter().filter_map(|bound| match bound {
        TypeParamBound::Trait(bound) => Some(bound),
        _ => None,
    })
}

/// What is in the angle brackets of a path's end.
fn generics(path: &Path) -> impl Iterator<Item = &GenericArgument> {
    let last = path.segments.last().map(|segment| &segment.arguments);
    let generics = match last {
        Some(PathArguments::AngleBracketed(generics)) => Some(&generics.args),
        _ => None,
    };
    generics.into_iter().flatten()
}

/// The type in the angle brackets, if there is nothing but one.
fn sole_argument(path: &Path) -> Option<&Type> {
    let mut generics = generics(path);
    match (generics.next(), generics.next()) {
        (Some(GenericArgument::Type(ty)), None) => Some(ungrouped(ty)),
        _ => None,
    }
}

/// Whether rustc refuses a type where the function stands, which is said once there. What is no
/// mistake after all can be inferred from the function.
pub(crate) fn is_refused(ty: &Type) -> bool {
    let lacks_generics = |path: &Path| {
        let last = path.segments.last();
        ends_with(path, &["State", "Data"]) && last.is_some_and(|last| last.arguments.is_none())
    };
    let is_bare = matches!(ungrouped(ty), Type::Path(path) if lacks_generics(&path.path));
    is_bare || has_lifetime(ty.to_token_stream())
}

/// Whether a lifetime is named, which a function that is not generic cannot declare.
fn has_lifetime(tokens: TokenStream) -> bool {
    let mut after_tick = false;
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => has_lifetime(group.stream()),
        TokenTree::Ident(name) => {
            std::mem::take(&mut after_tick) && name != "static" && name != "_"
        }
        TokenTree::Punct(punct) => {
            after_tick = punct.as_char() == '\'';
            false
        }
        TokenTree::Literal(_) => false,
    })
}

fn ends_with(path: &Path, names: &[&str]) -> bool {
    let is_one = |last: &PathSegment| names.iter().any(|name| last.ident == name);
    path.segments.last().is_some_and(is_one)
}

/// What a future gives, if the type is seen to be one, and if that is written there.
pub(crate) fn awaited(ty: &Type) -> Option<Option<&Type>> {
    match ungrouped(ty) {
        Type::ImplTrait(opaque) => traits(&opaque.bounds).find_map(output),
        Type::TraitObject(object) => traits(&object.bounds).find_map(output),
        Type::Path(path) if ends_with(&path.path, &["BoxFuture", "LocalBoxFuture"]) => {
            Some(generics(&path.path).find_map(as_type))
        }
        Type::Path(path) if ends_with(&path.path, &["Pin", "Box"]) => {
            awaited(generics(&path.path).find_map(as_type)?)
        }
        _ => None,
    }
}

fn as_type(generic: &GenericArgument) -> Option<&Type> {
    match generic {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}

fn output(bound: &TraitBound) -> Option<Option<&Type>> {
    let outputs = generics(&bound.path).find_map(|generic| match generic {
        GenericArgument::AssocType(output) if output.ident == "Output" => Some(&output.ty),
        _ => None,
    });
    ends_with(&bound.path, &["Future"]).then_some(outputs)
}

/// The errors that are written in what several results are made of.
pub(crate) fn each_error(ty: &Type, look: &mut dyn FnMut(&Type)) {
    match ungrouped(ty) {
        Type::Paren(inner) => each_error(&inner.elem, look),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| each_error(ty, look)),
        Type::Path(path) => {
            let mut types = generics(&path.path).filter_map(as_type);
            if ends_with(&path.path, &["Result"]) {
                let (value, error) = (types.next(), types.next());
                value.into_iter().for_each(|value| each_error(value, look));
                error.into_iter().for_each(look);
            } else if ends_with(&path.path, &["Vec", "BTreeMap"]) {
                types.for_each(|ty| each_error(ty, look));
            }
        }
        _ => {}
    }
}

/// How `Box<dyn Error>` has to be written for the error to leave its thread.
pub(crate) fn in_one_thread(ty: &Type) -> Option<String> {
    match ungrouped(ty) {
        Type::Path(path) if ends_with(&path.path, &["Box"]) => match sole_argument(&path.path)? {
            Type::TraitObject(object) => whole_error(&path.path, object),
            _ => None,
        },
        _ => None,
    }
}

fn whole_error(path: &Path, error: &TypeTraitObject) -> Option<String> {
    let whole = shared_between_threads(error);
    if whole == bounds(error) || !has_trait(error, "Error") {
        return None;
    }
    let names = path.segments.iter();
    let names: Vec<_> = names.map(|segment| segment.ident.to_string()).collect();
    Some(format!("{}<dyn {whole}>", names.join("::")))
}

fn has_trait(object: &TypeTraitObject, name: &str) -> bool {
    traits(&object.bounds).any(|bound| ends_with(&bound.path, &[name]))
}

fn bounds(object: &TypeTraitObject) -> String {
    let bounds: Vec<_> = object.bounds.iter().map(|bound| spell(&bound)).collect();
    bounds.join(" + ")
}

/// The bounds, with those of what several threads may hold.
fn shared_between_threads(object: &TypeTraitObject) -> String {
    let missing = ["Send", "Sync"].into_iter();
    let missing = missing.filter(|name| !has_trait(object, name));
    let missing: String = missing.map(|name| format!(" + {name}")).collect();
    format!("{}{missing}", bounds(object))
}

/// A trait object that is taken by value, and how it can be taken.
pub(crate) fn unsized_value(ty: &Type) -> Option<(&Type, String)> {
    let ty = match ungrouped(ty) {
        Type::Path(path) if ends_with(&path.path, &["State"]) => sole_argument(&path.path)?,
        ty => ty,
    };
    match ty {
        Type::TraitObject(object) => {
            let bounds = shared_between_threads(object);
            Some((ty, format!("State<Box<dyn {bounds}>>")))
        }
        _ => None,
    }
}
