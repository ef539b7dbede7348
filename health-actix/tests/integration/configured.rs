//! What can be said of a service: dialects, status codes, groups, levels.

use health_actix::{
    Check, Details, Dialect, Group, Health, HealthService, Outcome, StatusCodes, Visibility,
};
use serde_json::{Value, json};

use crate::openapi::DIALECTS;
use crate::support::{fine, get, health, request, serve};

/// `fine`, and `slow`, which is degraded; both have a tag of their own.
fn degraded() -> Health {
    let slow = Check::new("slow", async || {
        Outcome::degraded("answers slowly").with_error("query plan changed")
    });
    health([
        fine("fine").with_tag("quick"),
        slow.readiness().with_tag("database"),
    ])
}

fn unhealthy() -> Health {
    health([Check::new("database", async || Err::<(), _>("refused"))
        .readiness()
        .with_tag("database")])
}

async fn json(address: std::net::SocketAddr, path: &str) -> (u16, Value) {
    let (code, body) = get(address, path).await;
    (code, serde_json::from_str(&body).unwrap())
}

#[actix_web::test]
async fn two_dialects_that_claim_one_path_are_a_mistake_that_says_how_to_mend_it() {
    let twice = HealthService::new(&health([])).dialects([Dialect::default(), Dialect::default()]);
    let error = twice.validate().unwrap_err().to_string();
    assert!(
        error.contains(
            "the dialect `default` answers `/health`, but the dialect `default` answers \
             `/health`: move one of them with `Dialect::at`, or leave one out of \
             `HealthService::dialects`"
        ),
        "{error}"
    );
    let address = serve(move || twice.clone());
    assert_eq!(get(address, "/health/live").await.0, 200);
    let (code, body) = get(address, "/health/ready").await;
    assert_eq!(code, 503);
    assert!(body.starts_with(r#"{"status":"misconfigured""#), "{body}");
}

#[actix_web::test]
async fn a_dialect_can_be_moved_and_have_codes_and_details_of_its_own() {
    let health = degraded();
    let consul = Dialect::default()
        .at("/consul/")
        .status_codes(StatusCodes::new().degraded(429))
        .details(Details::status_only());
    let service = HealthService::new(&health).dialects([Dialect::default(), consul]);
    service.validate().unwrap();
    let address = serve(move || service.clone());
    assert_eq!(get(address, "/health/ready").await.0, 200);
    assert_eq!(
        json(address, "/consul/ready").await,
        (429, json!({"status": "ready", "degraded": true}))
    );
    assert_eq!(get(address, "/consul/checks/slow").await.0, 404);
}

#[actix_web::test]
async fn a_dialect_cannot_be_moved_to_where_nothing_can_be() {
    let service = HealthService::new(&health([])).dialects([Dialect::default().at("/{oops}")]);
    let error = service.validate().unwrap_err().to_string();
    let expected = "the prefix `/{oops}` of the dialect `default` cannot be mounted";
    assert!(error.contains(expected), "{error}");
}

#[actix_web::test]
async fn status_codes_are_those_that_were_asked_for() {
    let health = unhealthy();
    let service = HealthService::new(&health).status_codes(StatusCodes::new().unhealthy(500));
    let address = serve(move || service.clone());
    for path in [
        "/health/ready",
        "/health/checks/database",
        "/health/groups/database",
    ] {
        assert_eq!(get(address, path).await.0, 500, "{path}");
    }
    assert_eq!(get(address, "/health/live").await.0, 200);
}

#[actix_web::test]
async fn a_status_code_that_cannot_be_sent_is_a_mistake_wherever_it_stands() {
    let bad = StatusCodes::new().degraded(304);
    let health = health([]);
    for service in [
        HealthService::new(&health).status_codes(bad),
        HealthService::new(&health).dialects([Dialect::default().status_codes(bad)]),
        HealthService::new(&health).group(Group::new("db").status_codes(bad)),
        HealthService::new(&health)
            .group(Group::new("db").dialect(Dialect::default().status_codes(bad))),
    ] {
        let error = service.validate().unwrap_err().to_string();
        assert!(error.contains("304 cannot be the status code"), "{error}");
    }
}

#[actix_web::test]
async fn envoy_is_told_of_degraded_readiness_only_where_that_was_asked_for() {
    let health = degraded();
    let plain = HealthService::new(&health);
    let telling = HealthService::new(&health).envoy_degraded(true);
    let plain = serve(move || plain.clone());
    let telling = serve(move || telling.clone());
    let header = "x-envoy-degraded: true";
    assert!(
        !request(plain, "GET", "/health/ready")
            .await
            .contains(header)
    );
    assert!(
        request(telling, "GET", "/health/ready")
            .await
            .contains(header)
    );
    for path in ["/health/live", "/health/started", "/health/checks/slow"] {
        assert!(
            !request(telling, "GET", path).await.contains(header),
            "{path}"
        );
    }
}

#[actix_web::test]
async fn a_group_is_the_worst_of_its_members_whatever_the_lifecycle() {
    let health = degraded();
    health.start_draining();
    let address = serve(move || HealthService::new(&health));
    let (code, body) = json(address, "/health/groups/database").await;
    assert_eq!((code, &body["status"]), (200, &json!("degraded")));
    assert_eq!(body["checks"]["slow"]["message"], "answers slowly");
    let (code, body) = json(address, "/health/groups/quick/").await;
    assert_eq!((code, &body["status"]), (200, &json!("healthy")));
}

#[actix_web::test]
async fn a_group_can_have_codes_and_details_of_its_own() {
    let health = degraded();
    let strict = Group::new("database")
        .status_codes(StatusCodes::new().degraded(503))
        .details(Details::status_only());
    let service = HealthService::new(&health).group(strict);
    let address = serve(move || service.clone());
    assert_eq!(
        json(address, "/health/groups/database").await,
        (503, json!({"status": "degraded"}))
    );
    assert_eq!(get(address, "/health/groups/quick").await.0, 200);
    assert_eq!(get(address, "/health/ready").await.0, 200);
}

#[actix_web::test]
async fn what_is_known_instead_is_for_those_only_who_may_know_everything() {
    let health = degraded();
    let summary = HealthService::new(&health);
    let full = summary.clone().details(Details::full());
    let summary = serve(move || summary.clone());
    let full = serve(move || full.clone());
    for (path, detail, known) in [
        (
            "/health/groups/nothing",
            "There is no group of this name",
            ["database", "quick"],
        ),
        (
            "/health/checks/nothing",
            "There is no check of this name",
            ["fine", "slow"],
        ),
    ] {
        let plain = json!({"status": "not_found", "detail": detail});
        assert_eq!(json(summary, path).await, (404, plain));
        let known = json!({"status": "not_found", "detail": detail, "known": known});
        assert_eq!(json(full, path).await, (404, known));
    }
}

#[actix_web::test]
async fn a_check_at_status_only_is_as_if_it_were_not_there() {
    let health = degraded();
    let service = HealthService::new(&health).details(Details::status_only());
    let address = serve(move || service.clone());
    let unknown = get(address, "/health/checks/nothing").await;
    assert_eq!(get(address, "/health/checks/slow").await, unknown);
}

/// All that is answered, whatever is asked.
async fn everything(service: HealthService) -> String {
    let document: Value = serde_json::from_str(&service.openapi_json()).unwrap();
    let address = serve(move || service.clone());
    let mut all = String::new();
    for path in document["paths"].as_object().unwrap().keys() {
        let (before, names) = match path.split_once('{') {
            None => (&**path, ["", "?verbose&exclude=nobody", "/"]),
            Some((before, _)) => (before, ["hidden", "orders", "readiness/hidden"]),
        };
        for name in names {
            all.push_str(&get(address, &format!("{before}{name}")).await.1);
        }
    }
    all
}

#[actix_web::test]
async fn a_check_for_full_access_counts_but_is_named_to_nobody_else() {
    let hidden = Check::new("hidden", async || Outcome::unhealthy("no route to acme"))
        .with_visibility(Visibility::Full)
        .with_tag("tenants")
        .readiness();
    let health = health([hidden, fine("orders").with_depends_on("hidden")]);
    for dialect in DIALECTS {
        let service = HealthService::new(&health).dialects([dialect.parse().unwrap()]);
        let full = everything(service.clone().details(Details::full())).await;
        for name in ["hidden", "acme", "tenants"] {
            assert!(full.contains(name), "{dialect}, {name}: {full}");
        }
        let summary = everything(service.clone()).await;
        assert!(summary.contains("orders"), "{dialect}: {summary}");
        let status_only = everything(service.details(Details::status_only())).await;
        for all in [summary, status_only] {
            for name in ["hidden", "acme", "tenants"] {
                assert!(!all.contains(name), "{dialect}, {name}: {all}");
            }
        }
    }
}

#[actix_web::test]
async fn a_check_for_full_access_fails_the_probe_that_does_not_name_it() {
    let hidden = Check::new("hidden", async || false).with_visibility(Visibility::Full);
    let health = health([hidden.readiness()]);
    let address = serve(move || HealthService::new(&health));
    let body = json!({"status": "not_ready", "checks": {}});
    assert_eq!(json(address, "/health/ready").await, (503, body));
}

#[test]
fn a_service_without_a_dialect_is_a_mistake() {
    let service = HealthService::new(&health([])).dialects([]);
    let error = service.validate().unwrap_err().to_string();
    assert!(
        error.contains("no dialect is left to answer the probes in"),
        "{error}"
    );
}
