//! What schemas are made of, whatever the format.

mod about;
pub(super) mod aspnet;
pub(super) mod components;
pub(super) mod default;
mod facts;
pub(super) mod ietf;
pub(super) mod kubernetes;
pub(super) mod microprofile;
pub(super) mod spring;

use health_core::Check;
use serde_json::{Value, json};
use utoipa::openapi::schema::{
    AllOfBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};
use utoipa::openapi::{Ref, RefOr};

pub(crate) use self::about::About;
use self::facts::facts;
use crate::dialect::problem::{
    FORBIDDEN, METHOD_NOT_ALLOWED, MISCONFIGURED, NOT_FOUND, TOO_MANY_REQUESTS, UNAUTHORIZED,
};

/// The component for what is no report; the names of all components are prefixed, so that they do
/// not clash with a user's own.
pub(crate) const PROBLEM: &str = "HealthProblem";

/// A schema with the name that others refer to it by.
pub(crate) type Component = (&'static str, Schema);

/// A body: its schema, and an example of it.
pub(crate) struct Body {
    pub(crate) schema: RefOr<Schema>,
    pub(crate) example: Option<Value>,
}

pub(crate) fn problem(about: &About) -> Schema {
    let problems = [
        NOT_FOUND,
        METHOD_NOT_ALLOWED,
        MISCONFIGURED,
        UNAUTHORIZED,
        FORBIDDEN,
        TOO_MANY_REQUESTS,
    ];
    let problem = object()
        .description(Some("Why there is no report."))
        .property("status", words(&problems.map(|problem| problem.status)))
        .required("status")
        .property("detail", text("What is wrong, and what to do instead."))
        .required("detail");
    about.with_known(problem).build().into()
}

pub(crate) fn reference(schema: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(schema))
}

/// What this schema says, of a real check, with what is known of that.
fn described(schema: &str, check: &Check, about: &About) -> Schema {
    AllOfBuilder::new()
        .item(reference(schema))
        .description(description(check))
        .extensions(facts(check, about))
        .build()
        .into()
}

fn description(check: &Check) -> Option<&str> {
    Some(check.description()).filter(|text| !text.is_empty())
}

/// A report with one of these words.
pub(crate) fn saying(schema: &str, said: &[&str]) -> RefOr<Schema> {
    let status = ObjectBuilder::new().property("status", words(said));
    let both = AllOfBuilder::new().item(reference(schema)).item(status);
    RefOr::T(both.build().into())
}

/// An object of which nothing is required.
pub(crate) fn object() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object)
}

/// One of these words.
pub(crate) fn words(words: &[&str]) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words.iter().copied()))
}

pub(crate) fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
}

/// A point in time, by RFC 3339.
pub(crate) fn time(description: &str) -> ObjectBuilder {
    text(description).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}

pub(crate) fn boolean(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some(description))
}

/// A flag that is absent unless it is true. Not an `enum` of one value, of which generators make a
/// type of texts that refuses the flag.
pub(crate) fn always_true(description: &str) -> ObjectBuilder {
    boolean(description).default(Some(json!(false)))
}

/// A number that is not negative.
pub(crate) fn number(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Number)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Double)))
        .minimum(Some(0.0))
        .description(Some(description))
}

/// A whole number that is not negative. It may be a time in milliseconds, which readers are to make
/// room for.
pub(crate) fn whole_number(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0.0))
        .description(Some(description))
}

/// What a check measured.
pub(crate) fn measured(description: &str) -> ObjectBuilder {
    object()
        .additional_properties(Some(value_or([])))
        .description(Some(description))
}

/// One measured value, or something else. Not a list of types, of which generators make a type that
/// refuses them all.
pub(crate) fn value_or<const N: usize>(others: [Schema; N]) -> RefOr<Schema> {
    let types = [Type::Boolean, Type::Number, Type::String, Type::Null];
    let values = types.map(|of| ObjectBuilder::new().schema_type(of));
    let measured = values
        .into_iter()
        .fold(OneOfBuilder::new(), OneOfBuilder::item);
    let all = others.into_iter().fold(measured, OneOfBuilder::item);
    RefOr::T(all.build().into())
}
