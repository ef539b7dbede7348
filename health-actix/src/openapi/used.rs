//! Which schemas a document refers to.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::OpenApi;

const PLACE: &str = "#/components/schemas/";

/// Leaves out what nothing refers to, directly or by way of others: not every dialect answers with
/// all that it knows at every level.
pub(super) fn without_unused(mut document: OpenApi) -> OpenApi {
    let Some(components) = &mut document.components else {
        return document;
    };
    let mut used = BTreeSet::new();
    let mut found = references(&document.paths);
    while let Some(name) = found.pop() {
        let schema = components.schemas.get(&name);
        if used.insert(name) {
            found.extend(schema.map(references).unwrap_or_default());
        }
    }
    components.schemas.retain(|name, _| used.contains(name));
    document
}

fn references(part: &impl Serialize) -> Vec<String> {
    let mut found = Vec::new();
    collect(&serde_json::to_value(part).unwrap_or_default(), &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            let name = reference.and_then(|it| it.strip_prefix(PLACE));
            found.extend(name.map(str::to_owned));
            members.values().for_each(|member| collect(member, found));
        }
        _ => {}
    }
}
