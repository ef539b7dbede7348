//! The document as a part of a user's own.

use health_actix::{Details, HealthService, api_key, bearer};
use serde_json::{Value, json};

use super::{DIALECTS, document, two_checks};

/// In each dialect, at each level, with all that can be told.
fn services() -> impl Iterator<Item = HealthService> {
    let health = two_checks();
    let levels = [Details::status_only, Details::summary, Details::full];
    DIALECTS.into_iter().flat_map(move |dialect| {
        let health = health.clone();
        levels.into_iter().map(move |details| {
            HealthService::new(&health)
                .dialects([dialect.parse().unwrap()])
                .details(details())
                .restrict(bearer("7Xf2rQm0vTz9kLpA").or(api_key("Q9dV3sXw5tRzK2nE")))
        })
    })
}

#[test]
fn names_of_components_are_prefixed() {
    for service in services() {
        let components = &document(&service)["components"];
        for kind in ["schemas", "securitySchemes"] {
            // Those that nothing refers to are left out.
            let names = components[kind].as_object().into_iter().flatten();
            for (name, _) in names {
                assert!(name.to_lowercase().starts_with("health"), "{name}");
            }
        }
    }
}

/// A user's own, in which names are as plain as they come.
fn own() -> Value {
    let schema = json!({"type": "object", "description": "mine"});
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Orders", "description": "mine", "version": "7"},
        "paths": {"/orders": {"get": {
            "operationId": "ready", "tags": ["health"], "responses": {},
            "security": [{"bearer": []}],
        }}},
        "components": {
            "schemas": {
                "Report": schema, "Check": schema, "Problem": schema, "Health": schema,
                "Finding": schema,
            },
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "tags": [{"name": "health", "description": "mine"}],
    })
}

/// Whether the one has all that the other has.
fn has(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(name, value)| whole.get(name).is_some_and(|own| has(own, value))),
        (Value::Array(whole), Value::Array(part)) => part.iter().all(|it| whole.contains(it)),
        _ => whole == part,
    }
}

/// Whether a merged document has all of both, but for what there is one of.
fn has_both(merged: &Value, health: &Value) {
    let mut health = health.clone();
    health.as_object_mut().unwrap().remove("info");
    assert!(has(merged, &own()), "what is the user's own is as it was");
    assert!(has(merged, &health));
    let tags = merged["tags"].as_array().unwrap();
    let mut names: Vec<_> = tags.iter().map(|tag| tag["name"].to_string()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), tags.len());
    let told = tags[1]["description"].as_str().unwrap();
    assert!(told.contains("A snapshot"), "{told}");
}

#[cfg(feature = "utoipa")]
#[test]
fn one_line_merges_it_into_a_users_own() {
    for service in services() {
        let mut api: utoipa::openapi::OpenApi = serde_json::from_value(own()).unwrap();
        api.merge(service.openapi());
        let mut health = document(&service);
        // Those of the user's own are enough.
        let servers = health.as_object_mut().unwrap().remove("servers");
        assert_eq!(servers, Some(json!([{ "url": "/" }])));
        assert!(serde_json::to_value(service.openapi()).unwrap() == health);
        let operations = health["paths"].as_object().unwrap().values();
        let mut operations = operations.flat_map(|item| item.as_object().unwrap().values());
        assert!(
            operations.all(|operation| operation["security"].is_array()),
            "what the user's own requires of all operations is nothing to them"
        );
        has_both(&serde_json::to_value(api).unwrap(), &health);
    }
}

#[test]
fn utoipa_5_reads_it_and_loses_nothing() {
    for service in services() {
        let health = document(&service);
        let read: utoipa5::openapi::OpenApi =
            serde_json::from_str(&service.openapi_json()).unwrap();
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(first_lost(&health, &written, ""), None);
        let mut api: utoipa5::openapi::OpenApi = serde_json::from_value(own()).unwrap();
        api.merge(read);
        has_both(&serde_json::to_value(api).unwrap(), &written);
    }
}

/// Where the second is not as the first.
fn first_lost(one: &Value, other: &Value, place: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(members), Value::Object(others)) => {
            let new = others.keys().find(|name| !members.contains_key(*name));
            let new = new.map(|name| format!("{place}/{name} is new"));
            new.or_else(|| {
                members.iter().find_map(|(name, value)| {
                    let place = format!("{place}/{name}");
                    first_lost(value, &other[name], &place)
                })
            })
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            let mut pairs = items.iter().zip(others).enumerate();
            pairs.find_map(|(at, (one, other))| first_lost(one, other, &format!("{place}/{at}")))
        }
        _ => (one != other).then(|| format!("{place}: {one} became {other}")),
    }
}
