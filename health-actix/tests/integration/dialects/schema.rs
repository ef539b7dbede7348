//! As much of JSON Schema (2020-12) as the schemas of the formats use. A keyword that is not known
//! here is a mistake of the schema's, so that nothing is taken for checked that is not.

use std::fs;
use std::path::Path;

use regex_lite::Regex;
use serde_json::{Value, json};

/// What asserts nothing, or, having been looked at, nothing more.
const KEYWORDS: [&str; 17] = [
    "$schema",
    "$id",
    "$defs",
    "title",
    "description",
    "type",
    "enum",
    "const",
    "pattern",
    "minimum",
    "format",
    "allOf",
    "default",
    "minItems",
    "maxItems",
    "minProperties",
    "required",
];

/// A schema of `tests/schemas`, or a document that has some.
pub(crate) struct Schema(pub(crate) Value);

impl Schema {
    pub(crate) fn named(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas");
        let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        Self(serde_json::from_str(&text).unwrap())
    }

    /// What of the value is not as the schema says; first where it is.
    /// What of the value is not as the schema says, or is nothing that it tells of.
    pub(crate) fn refuses_strictly(&self, schema: &Value, value: &Value) -> Option<String> {
        let refused = self.refusal(schema, value, "");
        refused.or_else(|| self.untold(&[schema], value))
    }

    /// What of the value none of these schemas, which it follows, tells of.
    fn untold(&self, schemas: &[&Value], value: &Value) -> Option<String> {
        let told: Vec<_> = schemas
            .iter()
            .flat_map(|schema| self.parts(schema, value))
            .collect();
        for (name, member) in members(value) {
            let mut schemas = Vec::new();
            for schema in &told {
                let named = schema["properties"].get(name);
                schemas.extend(named.or_else(|| schema.get("additionalProperties")));
            }
            let why = match schemas[..] {
                [] => Some("nothing is told of it".to_owned()),
                _ if schemas.contains(&&Value::Bool(true)) => None,
                _ => self.untold(&schemas, member),
            };
            if let Some(why) = why {
                return Some(format!("{name}: {why}"));
            }
        }
        let items: Vec<_> = told
            .iter()
            .filter_map(|schema| schema.get("items"))
            .collect();
        let values = value.as_array().into_iter().flatten();
        let mut values = values.map(|item| match items.is_empty() {
            true => Some(format!("nothing is told of {item}")),
            false => self.untold(&items, item),
        });
        values.find_map(|why| why)
    }

    /// A schema, and all that it refers to; of several that may hold for the value, those that do.
    fn parts<'a>(&'a self, schema: &'a Value, value: &Value) -> Vec<&'a Value> {
        let referred = schema.get("$ref").map(|to| self.definition(to));
        let all = schema["allOf"].as_array().into_iter().flatten();
        let any = ["anyOf", "oneOf"].map(|keyword| schema[keyword].as_array());
        let any = any.into_iter().flatten().flatten();
        let any = any.filter(|part| self.refusal(part, value, "").is_none());
        let parts = referred.into_iter().chain(all).chain(any);
        let parts = parts.flat_map(|part| self.parts(part, value));
        [schema].into_iter().chain(parts).collect()
    }

    pub(crate) fn refuses(&self, value: &Value) -> Option<String> {
        self.refusal(&self.0, value, "")
    }

    /// The same, by another schema that may refer to this one.
    pub(crate) fn refuses_by(&self, schema: &Value, value: &Value) -> Option<String> {
        self.refusal(schema, value, "")
    }

    fn refusal(&self, schema: &Value, value: &Value, place: &str) -> Option<String> {
        let no = |why: &str| Some(format!("{place}: {value} {why}"));
        let keywords = match schema {
            Value::Bool(true) => return None,
            Value::Bool(false) => return no("may not be there"),
            _ => schema.as_object().expect("a schema is an object"),
        };
        keywords
            .iter()
            .find_map(|(keyword, said)| match &**keyword {
                "$ref" => self.refusal(self.definition(said), value, place),
                "type" if !is_of_type(said, value) => no(&format!("is no {said}")),
                "enum" if !array(said).contains(value) => no(&format!("is none of {said}")),
                "const" if said != value => no(&format!("is not {said}")),
                "pattern" if !matches(said, value) => no(&format!("does not match {said}")),
                "minimum" if value.as_f64() < said.as_f64() => no(&format!("is below {said}")),
                "format" if !is_of_format(said, value) => no(&format!("is no {said}")),
                "allOf" => array(said)
                    .iter()
                    .find_map(|part| self.refusal(part, value, place)),
                "anyOf" => {
                    let refused = array(said)
                        .iter()
                        .map(|one| self.refusal(one, value, place));
                    let refused: Option<Vec<_>> = refused.collect();
                    refused.map(|why| why.join(", and "))
                }
                "oneOf" => {
                    let parts = array(said).iter();
                    let fitting = parts.filter(|one| self.refusal(one, value, place).is_none());
                    match fitting.count() {
                        1 => None,
                        count => no(&format!("is {count} of {said}")),
                    }
                }
                "maxItems" if value.as_array().is_some_and(|v| v.len() > number(said)) => {
                    no("has too many items")
                }
                "minItems" if value.as_array().is_some_and(|v| v.len() < number(said)) => {
                    no("has too few items")
                }
                "minProperties" if value.as_object().is_some_and(|v| v.len() < number(said)) => {
                    no("has too few members")
                }
                "required" => missing(said, value).and_then(|name| no(&format!("has no `{name}`"))),
                "properties" => members(value).find_map(|(name, member)| {
                    self.refusal(said.get(name)?, member, &format!("{place}/{name}"))
                }),
                "propertyNames" => {
                    members(value).find_map(|(name, _)| self.refusal(said, &json!(name), place))
                }
                "additionalProperties" => members(value)
                    .filter(|(name, _)| schema["properties"].get(name).is_none())
                    .find_map(|(name, member)| {
                        self.refusal(said, member, &format!("{place}/{name}"))
                    }),
                "items" => value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .find_map(|item| self.refusal(said, item, &format!("{place}/-"))),
                extension if extension.starts_with("x-health-") => None,
                known => {
                    assert!(KEYWORDS.contains(&known), "`{known}` is not known here");
                    None
                }
            })
    }

    fn definition(&self, reference: &Value) -> &Value {
        let place = reference.as_str().and_then(|r| r.strip_prefix('#'));
        let found = place.and_then(|place| self.0.pointer(place));
        found.expect("it refers to what is there")
    }
}

pub(crate) fn is_of_type(said: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().expect("the name of a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        unknown => panic!("`{unknown}` is no type"),
    };
    said.as_array()
        .map_or_else(|| is(said), |types| types.iter().any(is))
}

fn is_of_format(said: &Value, value: &Value) -> bool {
    let date_time = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$";
    match said.as_str().expect("a text") {
        "date-time" => matches(&json!(date_time), value),
        // Whatever JSON has.
        "double" => true,
        "int64" => value.as_f64().is_none() || value.as_i64().is_some(),
        unknown => panic!("`{unknown}` is no format"),
    }
}

fn matches(pattern: &Value, value: &Value) -> bool {
    let pattern = Regex::new(pattern.as_str().expect("a text")).expect("a pattern");
    value.as_str().is_none_or(|text| pattern.is_match(text))
}

fn missing<'a>(required: &'a Value, value: &Value) -> Option<&'a str> {
    let object = value.as_object()?;
    let mut names = array(required).iter().filter_map(Value::as_str);
    names.find(|name| !object.contains_key(*name))
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a number")).expect("a small one")
}

#[test]
fn what_a_schema_says_is_checked() {
    let schema = Schema(json!({
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": { "$ref": "#/$defs/word" },
            "b": { "type": "array", "minItems": 1, "items": { "type": ["integer", "null"] } },
        },
        "additionalProperties": { "type": "object", "minProperties": 1, "propertyNames": {
            "pattern": "^[a-z]+$",
        } },
        "$defs": { "word": { "enum": ["x", "y"] } },
    }));
    for good in [
        json!({"a": "x"}),
        json!({"a": "y", "b": [1, null], "c": {"d": 1}}),
    ] {
        assert_eq!(schema.refuses(&good), None);
    }
    for bad in [
        json!([]),
        json!({}),
        json!({"a": "z"}),
        json!({"a": "x", "b": []}),
        json!({"a": "x", "b": [1.5]}),
        json!({"a": "x", "c": 1}),
        json!({"a": "x", "c": {}}),
        json!({"a": "x", "c": {"D": 1}}),
    ] {
        assert!(schema.refuses(&bad).is_some(), "{bad}");
    }
}
