//! The document says what the service does.

use std::time::Duration;

use actix_web::web;
use health_actix::{Check, Health, HealthService, Outcome, Probe};
use serde_json::{Value, json};

use crate::golden::expect;
use crate::situations::shards;
use crate::support::{fine, get, health, serve};

fn two_checks() -> Health {
    let database = fine("database")
        .startup()
        .with_timeout(Duration::from_millis(250))
        .with_tag("db")
        .with_description("The orders database\nanswers a query.\n\nDetails follow.");
    let warm = Check::new("warm", async || ())
        .liveness()
        .with_critical(false);
    health([database, warm])
}

fn document(service: &HealthService) -> Value {
    serde_json::from_str(&service.openapi_json()).unwrap()
}

#[actix_web::test]
async fn the_document_is_as_it_was_blessed() {
    let document = document(&HealthService::new(&two_checks()));
    expect("openapi.json", &format!("{document:#}\n"));
}

#[actix_web::test]
async fn the_served_document_is_the_public_one() {
    let health = two_checks();
    let service = HealthService::new(&health).prefix("/ops");
    let public = service.openapi_json();
    let address = serve(move || service.clone());
    assert!(get(address, "/ops/openapi.json").await == (200, public));
}

#[actix_web::test]
async fn the_served_document_knows_the_checks_of_now() {
    let health = two_checks();
    let service = HealthService::new(&health);
    let address = serve(move || service.clone());
    let names = async || {
        let (code, body) = get(address, "/health/openapi.json").await;
        let document: Value = serde_json::from_str(&body).unwrap();
        let report = &document["components"]["schemas"]["HealthCheckReport"];
        assert_eq!(code, 200);
        report["properties"]["name"]["enum"].clone()
    };
    assert_eq!(names().await, json!(["database", "warm"]));
    health.register(fine("tenant")).unwrap();
    health.rename("warm", "hot").unwrap();
    assert_eq!(names().await, json!(["database", "hot", "tenant"]));
    assert_eq!(get(address, "/health/checks/tenant").await.0, 200);
    assert_eq!(get(address, "/health/checks/warm").await.0, 404);
    health.disable("tenant").unwrap();
    assert_eq!(
        get(address, "/health/checks/tenant").await.1,
        r#"{"status":"healthy","name":"tenant","message":"disabled"}"#
    );
}

#[test]
fn every_real_check_is_named_with_what_is_known_of_it() {
    let document = document(&HealthService::new(&two_checks()));
    let of = |report: &str, check: &str| {
        document["components"]["schemas"][report]["properties"]["checks"]["properties"][check]
            .clone()
    };
    for report in ["HealthReadinessReport", "HealthStartupReport"] {
        let database = of(report, "database");
        assert_eq!(
            database["description"],
            "The orders database\nanswers a query.\n\nDetails follow."
        );
        assert_eq!(database["x-health-kind"], json!(["readiness", "startup"]));
        assert_eq!(database["x-health-timeout-ms"], 250);
        assert_eq!(database["x-health-critical"], true);
        assert_eq!(database["x-health-tags"], json!(["db"]));
    }
    assert_eq!(
        of("HealthLivenessReport", "warm")["x-health-critical"],
        false
    );
    assert_eq!(of("HealthReadinessReport", "warm"), Value::Null);
    let parameter = &document["paths"]["/health/checks/{name}"]["get"]["parameters"][0];
    assert_eq!(parameter["schema"]["enum"], json!(["database", "warm"]));
    let description = document["paths"]["/health/ready"]["get"]["description"]
        .as_str()
        .unwrap();
    assert!(
        description.ends_with("\n- `database` (250 ms): The orders database answers a query."),
        "{description}"
    );
}

#[actix_web::test]
async fn every_path_and_method_of_the_document_is_answered_as_it_says() {
    let health = two_checks();
    let service = HealthService::new(&health);
    let document = document(&service);
    let address = serve(move || service.clone());
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            let path = path.replace("{name}", "database");
            let method = method.to_uppercase();
            let answer = crate::support::request(address, &method, &path).await;
            let code = answer.split(' ').nth(1).unwrap();
            let response = &operation["responses"][code];
            assert!(response.is_object(), "{method} {path} answered {code}");
            let has_body = !answer.split_once("\n\n").unwrap().1.is_empty();
            assert_eq!(response["content"].is_object(), has_body, "{method} {path}");
        }
    }
    assert_eq!(operations, 7 * 3);
}

#[cfg(feature = "utoipa")]
#[test]
fn the_typed_document_merges_into_a_users_own() {
    let service = HealthService::new(&two_checks());
    let mut api = utoipa::openapi::OpenApi::default();
    api.merge(service.openapi());
    assert!(api.paths.paths.contains_key("/health/ready"));
    assert!(serde_json::to_value(service.openapi()).unwrap() == document(&service));
}

#[actix_web::test]
async fn in_a_scope_the_served_document_has_the_paths_of_the_scope() {
    let health = two_checks();
    let address = serve(move || web::scope("/api").service(HealthService::new(&health)));
    let (code, document) = get(address, "/api/health/openapi.json/").await;
    assert_eq!(code, 200);
    let document: Value = serde_json::from_str(&document).unwrap();
    let ready = &document["paths"]["/api/health/ready"];
    assert_eq!(ready["get"]["operationId"], "apiHealthReady");
}

#[test]
fn operations_of_two_services_do_not_clash() {
    let health = two_checks();
    let ids = |prefix| {
        let text = HealthService::new(&health).prefix(prefix).openapi_json();
        let document: Value = serde_json::from_str(&text).unwrap();
        let items = document["paths"].as_object().unwrap().values();
        let operations = items.flat_map(|item| item.as_object().unwrap().values().cloned());
        let ids = operations.map(|o| o["operationId"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let mut all: Vec<_> = ["/health", "/ops/health", ""]
        .into_iter()
        .flat_map(ids)
        .collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 3 * 7 * 3, "{all:?}");
}

#[test]
fn a_probe_lists_a_check_as_it_is_for_that_probe() {
    let check = fine("partner")
        .liveness()
        .with_timeout_for(Probe::Liveness, Duration::from_millis(100))
        .with_critical_for(Probe::Liveness, false);
    let document = document(&HealthService::new(&health([check])));
    let about = |path: &str| document["paths"][path]["get"]["description"].to_string();
    let liveness = about("/health/live");
    assert!(
        liveness.contains("`partner` (100 ms, not critical)"),
        "{liveness}"
    );
    let readiness = about("/health/ready");
    assert!(readiness.contains("`partner` (800 ms)"), "{readiness}");
}

/// Whether a value is as a schema says, and has nothing that the schema does not tell of. As much
/// of JSON Schema as the document uses.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let told = told(document, schema);
    let allowed = told.iter().filter_map(|schema| schema["enum"].as_array());
    for allowed in allowed {
        if !allowed.contains(value) {
            return Err(format!("{value} is none of {allowed:?}"));
        }
    }
    let types: Vec<_> = told.iter().filter_map(|s| s["type"].as_str()).collect();
    let found = match value {
        Value::Object(_) => "object",
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::Array(_) | Value::Null => "nothing that a body has",
    };
    if !types.contains(&found) {
        return Err(format!("{value} is no {types:?}"));
    }
    let Some(members) = value.as_object() else {
        return Ok(());
    };
    let required = told
        .iter()
        .filter_map(|schema| schema["required"].as_array());
    for name in required.flatten().filter_map(Value::as_str) {
        members.get(name).ok_or(format!("`{name}` is not there"))?;
    }
    for (name, member) in members {
        let of_it = |schema: &&Value| {
            let named = schema["properties"].get(name);
            named
                .or_else(|| schema.get("additionalProperties"))
                .cloned()
        };
        let schemas: Vec<_> = told.iter().filter_map(of_it).collect();
        if schemas.is_empty() {
            return Err(format!("nothing is told of `{name}`"));
        }
        for schema in schemas {
            fits(document, &schema, member).map_err(|why| format!("{name}: {why}"))?;
        }
    }
    Ok(())
}

/// A schema and all that it refers to.
fn told<'a>(document: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let mut found = vec![schema];
    if let Some(reference) = schema["$ref"].as_str() {
        let place = reference.trim_start_matches('#');
        found.extend(told(
            document,
            document.pointer(place).expect("it refers to what is there"),
        ));
    }
    let all = schema["allOf"].as_array();
    found.extend(
        all.into_iter()
            .flatten()
            .flat_map(|part| told(document, part)),
    );
    found
}

#[actix_web::test]
async fn bodies_are_as_the_document_says() {
    let all = |check: Check| Probe::ALL.into_iter().fold(check, Check::serving);
    let health = health([
        all(Check::new("shards", async || shards())),
        all(Check::new("fine", async || {
            Outcome::healthy().with_message("12 rows")
        })),
        all(Check::new("lags", async || {
            Outcome::degraded("12 s behind")
        })),
        all(Check::new("minor", async || false)).with_critical(false),
    ]);
    let service = HealthService::new(&health);
    let document = document(&service);
    let address = serve(move || service.clone());
    let mut children = 0;
    for (path, template) in [
        ("/health", "/health"),
        ("/health/live", "/health/live"),
        ("/health/ready", "/health/ready"),
        ("/health/started", "/health/started"),
        ("/health/checks/shards", "/health/checks/{name}"),
        ("/health/checks/lags", "/health/checks/{name}"),
        ("/health/checks/nobody", "/health/checks/{name}"),
    ] {
        let (code, body) = get(address, path).await;
        let response = &document["paths"][template]["get"]["responses"][code.to_string()];
        let schema = &response["content"]["application/json"]["schema"];
        let parsed: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(fits(&document, schema, &parsed), Ok(()), "{path} {body}");
        children += body.matches("\"shard_3\"").count();
    }
    assert_eq!(children, 5, "they are in the bodies");
}
