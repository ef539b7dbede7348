//! The document says what the service does.

mod examples;
mod facts;
mod merged;
#[cfg(feature = "yaml")]
mod yaml;

use std::time::Duration;

use actix_web::web;
use health_actix::{
    Check, Details, Dialect, Group, Health, HealthService, Probe, RateLimit, StatusCodes, api_key,
    bearer, networks,
};
use serde_json::{Value, json};

use crate::golden::{AT_EVERY_LEVEL, expect};
use crate::situations::situations;
use crate::support::{fine, get, health, request, serve};

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

/// How many paths the default dialect has, and what is beside it.
const PATHS: usize = if cfg!(feature = "yaml") { 8 } else { 7 };

fn document(service: &HealthService) -> Value {
    serde_json::from_str(&service.openapi_json()).unwrap()
}

#[actix_web::test]
async fn the_document_is_as_it_was_blessed() {
    let mut document = document(&HealthService::new(&two_checks()));
    let paths = document["paths"].as_object_mut().unwrap();
    let other = paths.remove("/health/openapi.yaml");
    assert_eq!(other.is_some(), cfg!(feature = "yaml"));
    expect("openapi.json", &format!("{document:#}\n"));
}

#[test]
fn every_schema_is_referred_to_in_every_dialect_at_every_level() {
    let health = two_checks();
    for dialect in DIALECTS {
        for details in [Details::status_only(), Details::summary(), Details::full()] {
            let service = HealthService::new(&health).dialects([dialect.parse().unwrap()]);
            let text = service.details(details).openapi_json();
            let document: Value = serde_json::from_str(&text).unwrap();
            let schemas = document["components"]["schemas"].as_object();
            for name in schemas.into_iter().flat_map(|schemas| schemas.keys()) {
                let reference = format!(r##""$ref":"#/components/schemas/{name}""##);
                assert!(text.contains(&reference), "{dialect}: {name}");
            }
        }
    }
}

#[actix_web::test]
async fn the_served_document_is_the_public_one() {
    let health = two_checks();
    let service = HealthService::new(&health).prefix("/ops");
    let taken = document(&service);
    let address = serve(move || service.clone());
    let (code, served) = get(address, "/ops/openapi.json").await;
    let served: Value = serde_json::from_str(&served).unwrap();
    assert_eq!(code, 200);
    let as_if_served = without_notice(&taken, "/ops/openapi.json");
    assert!(taken != served && as_if_served == served);
}

/// What was taken, as it is served.
pub(crate) fn without_notice(taken: &Value, place: &str) -> Value {
    let notice = "A snapshot: the checks are those of when it was taken";
    let notice = format!("\n\n{notice}; `{place}` has those of now.");
    let mut document = taken.clone();
    for place in ["/info/description", "/tags/0/description"] {
        let description = document.pointer_mut(place).unwrap();
        let text = description.as_str().unwrap().strip_suffix(&notice);
        *description = text.unwrap().into();
    }
    document
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
    let service = HealthService::new(&two_checks());
    let document = document(&service.details(Details::full()));
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
            let answer = request(address, &method, &path).await;
            let code = answer.split(' ').nth(1).unwrap();
            let response = &operation["responses"][code];
            assert!(response.is_object(), "{method} {path} answered {code}");
            let has_body = !answer.split_once("\n\n").unwrap().1.is_empty();
            assert_eq!(response["content"].is_object(), has_body, "{method} {path}");
        }
    }
    assert_eq!(operations, PATHS * 3);
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
fn every_operation_tells_what_other_methods_are_answered() {
    let health = two_checks();
    for dialect in DIALECTS {
        let service = HealthService::new(&health).dialects([dialect.parse().unwrap()]);
        let document = document(&service);
        let items = document["paths"].as_object().unwrap().iter();
        for (path, item) in items {
            for (method, operation) in item.as_object().unwrap() {
                let told = &operation["responses"]["405"]["headers"]["Allow"];
                assert!(told.is_object(), "{dialect}: {method} {path}");
            }
        }
    }
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
    assert_eq!(all.len(), 3 * PATHS * 3, "{all:?}");
}

#[test]
fn a_probe_lists_a_check_as_it_is_for_that_probe() {
    let check = fine("partner")
        .liveness()
        .with_timeout_for(Probe::Liveness, Duration::from_millis(100))
        .with_critical_for(Probe::Liveness, false);
    let service = HealthService::new(&health([check]));
    let document = document(&service.details(Details::full()));
    let about = |path: &str| document["paths"][path]["get"]["description"].to_string();
    let liveness = about("/health/live");
    assert!(
        liveness.contains("`partner` (100 ms, not critical)"),
        "{liveness}"
    );
    let readiness = about("/health/ready");
    assert!(readiness.contains("`partner` (800 ms)"), "{readiness}");
}

#[actix_web::test]
async fn bodies_are_as_the_document_says_in_every_situation_at_every_level() {
    let mut bodies = 0;
    for dialect in DIALECTS {
        for (details, is_summary) in [
            (Details::status_only(), false),
            (Details::summary(), true),
            (Details::full(), false),
        ] {
            for (situation, health) in situations().await {
                if !is_summary && !AT_EVERY_LEVEL.contains(&situation) {
                    continue;
                }
                let service = HealthService::new(&health)
                    .dialects([dialect.parse().unwrap()])
                    .details(details.clone());
                bodies += ask_everything(service).await;
            }
        }
    }
    assert!(bodies > 400, "{bodies}");
}

pub(crate) const DIALECTS: [&str; 7] = [
    "default",
    "kubernetes",
    "microprofile",
    "spring",
    "aspnet",
    "ietf",
    "components",
];

/// Asks every path of the document, and holds the answers against it; how many there were.
async fn ask_everything(service: HealthService) -> usize {
    let document = document(&service);
    let address = serve(move || service.clone());
    let mut answers = 0;
    let paths = document["paths"].as_object().unwrap().keys();
    for path in paths.filter(|path| !path.contains("/openapi.")) {
        for name in ["database", "nobody"] {
            let path = match path.split_once('{') {
                Some((before, _)) => format!("{before}{name}"),
                None => path.clone(),
            };
            get(address, &path).await;
            answers += 1;
        }
    }
    answers
}

#[test]
fn what_is_to_be_brought_and_what_else_may_be_answered_is_told() {
    let health = health([fine("database").with_tag("db")]);
    let service = HealthService::new(&health);
    let of = |service: &HealthService, path: &str| {
        let document = document(service);
        let operation = &document["paths"][path]["get"];
        let codes = operation["responses"].as_object().unwrap().keys();
        let codes: Vec<_> = codes.cloned().collect();
        (operation["security"].clone(), codes.join(" "))
    };
    let token = || bearer("7Xf2rQm0vTz9kLpA");
    let office = || networks(["10.0.0.0/8"]);
    let limit = RateLimit::per_second(20);
    let (ready, check) = ("/health/ready", "/health/checks/{name}");

    let open = service.clone().rate_limit(limit);
    assert_eq!(of(&open, ready), (json!([]), "200 405 503".to_owned()));
    assert_eq!(
        of(&open, check),
        (json!([]), "200 404 405 429 503".to_owned())
    );

    let when = service.clone().details(Details::when(token()));
    let optional = json!([{}, {"healthBearer": []}]);
    assert_eq!(
        of(&when, check),
        (optional.clone(), "200 404 405 503".to_owned())
    );

    let only = service
        .clone()
        .details(Details::only(token().or(api_key("Q9dV3sXw5tRzK2nE"))));
    let needed = json!([{"healthBearer": []}, {"healthApiKey.x-api-key": []}]);
    assert_eq!(of(&only, check), (needed, "200 401 404 405 503".to_owned()));
    assert_eq!(of(&only, ready).1, "200 405 503");

    let restricted = service.restrict(token().and(office()));
    let needed = json!([{"healthBearer": []}]);
    assert_eq!(
        of(&restricted, ready),
        (needed, "200 401 403 405 503".to_owned())
    );
    let schemes = &document(&restricted)["components"]["securitySchemes"];
    assert_eq!(
        schemes["healthBearer"],
        json!({"type": "http", "scheme": "bearer"})
    );
}

#[test]
fn what_a_group_refuses_is_told_and_a_status_with_the_same_code_stays() {
    let health = health([fine("database").with_tag("db")]);
    let group = Group::new("db").details(Details::only(bearer("7Xf2rQm0vTz9kLpA")));
    let service = HealthService::new(&health)
        .group(group)
        .status_codes(StatusCodes::new().degraded(429))
        .rate_limit(RateLimit::per_second(20));
    let document = document(&service);
    let codes = |path: &str| {
        let responses = &document["paths"][path]["get"]["responses"];
        let codes = responses.as_object().unwrap().keys();
        codes.cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(codes("/health/ready"), "200 405 429 503");
    assert_eq!(codes("/health/checks/{name}"), "200 404 405 429 503");
    assert_eq!(codes("/health/groups/{tag}"), "200 404 405 429 503");
    assert_eq!(codes("/health/groups/db"), "200 401 404 405 429 503");
    let degraded = &document["paths"]["/health/checks/{name}"]["get"]["responses"]["429"];
    assert_eq!(degraded["description"], "Degraded.");
    let schema = &degraded["content"]["application/json"]["schema"];
    assert_eq!(
        schema["anyOf"][1]["$ref"],
        "#/components/schemas/HealthProblem"
    );
}

#[actix_web::test]
async fn a_group_that_answers_otherwise_has_a_path_of_its_own() {
    let health = health([
        fine("database").with_tag("db 1"),
        fine("cache").with_tag("quick"),
    ]);
    let own = Group::new("db 1")
        .dialect(Dialect::ietf())
        .status_codes(StatusCodes::new().degraded(429))
        .details(Details::only(bearer("7Xf2rQm0vTz9kLpA")));
    let service = HealthService::new(&health)
        .group(own)
        .details(Details::full());
    let document = document(&service);
    let operation = &document["paths"]["/health/groups/db%201"]["get"];
    assert_eq!(operation["parameters"], Value::Null);
    let codes: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
    assert_eq!(codes, ["200", "401", "404", "405", "429", "503"]);
    let content = &operation["responses"]["429"]["content"];
    assert!(content["application/health+json"].is_object(), "{content}");
    let address = serve(move || service.clone());
    assert_eq!(get(address, "/health/groups/db%201").await.0, 401);
}

/// Who lists methods is told nothing of health, and HEAD takes no place in a stream.
#[actix_web::test]
async fn of_the_dashboard_no_more_is_asked_than_the_document_says() {
    let service = HealthService::new(&two_checks()).dashboard(bearer("a-long-token-of-ours"));
    let document = document(&service);
    let operation = |path: &str, method: &str| document["paths"][path][method].clone();
    for path in ["/health/ui/state", "/health/ui/events"] {
        assert_eq!(operation(path, "options")["security"], json!([]), "{path}");
        let needed = json!([{"healthBearer": []}]);
        assert_eq!(operation(path, "head")["security"], needed, "{path}");
    }
    let answers = |method| operation("/health/ui/events", method)["responses"].clone();
    assert!(answers("get")["429"].is_object());
    assert!(answers("head")["429"].is_null());
    let address = serve(move || service.clone());
    let options = request(address, "OPTIONS", "/health/ui/state").await;
    assert!(options.starts_with("HTTP/1.1 200 "), "{options}");
}

#[test]
fn words_that_the_dashboard_is_told_are_listed() {
    let service = HealthService::new(&two_checks()).dashboard(Details::full());
    let document = document(&service.details(Details::full()));
    let schemas = &document["components"]["schemas"];
    let words = |schema: &Value| schema["enum"].as_array().map_or(0, Vec::len);
    let state = &schemas["HealthDashboard"]["properties"];
    assert_eq!(words(&state["probes"]["items"]["properties"]["word"]), 9);
    assert_eq!(words(&state["events"]["items"]["properties"]["to"]), 14);
    let check = &schemas["HealthDashboardCheck"]["properties"];
    assert_eq!(words(&check["reason"]), 11);
}
