//! Groups, and who is told what of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use health_actix::{
    Check, Details, Dialect, Group, HealthService, StatusCodes, Visibility, bearer,
};

use crate::access::{BEARER, private, told, unauthorized};
use crate::support::{fine, get, health, request, serve};

#[actix_web::test]
async fn a_group_can_have_its_own_access_status_codes_and_dialect() {
    let tagged = |check: Check| {
        ["db", "k8s", "open"]
            .into_iter()
            .fold(check, Check::with_tag)
    };
    let health = health([tagged(Check::new("database", async || false).readiness())]);
    let service = HealthService::new(&health)
        .group(Group::new("db").details(Details::only(bearer("hunter2"))))
        .group(
            Group::new("k8s")
                .dialect(Dialect::kubernetes().details(Details::status_only()))
                .status_codes(StatusCodes::new().unhealthy(500)),
        )
        .details(Details::when(bearer("swordfish")));
    service.validate().unwrap();
    let address = serve(move || service.clone());
    let group = async |tag: &str, headers: &[&str]| {
        told(address, &format!("/health/groups/{tag}"), headers).await
    };
    let answer = request(address, "GET", "/health/groups/db").await;
    assert_eq!(answer, unauthorized(&[BEARER]));
    assert_eq!(
        group("db", &["Authorization: Bearer swordfish"]).await.0,
        401
    );
    let (code, body) = group("db/", &["Authorization: Bearer hunter2"]).await;
    assert_eq!(code, 503);
    assert!(body.contains("last_run"), "{body}");
    let answer = request(address, "GET", "/health/groups/k8s").await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(answer.contains("\ncontent-type: text/plain"), "{answer}");
    assert!(!answer.contains("database"), "{answer}");
    let (code, body) = group("open", &[]).await;
    assert_eq!(
        (code, &*mask_latency(&body)),
        (
            503,
            r#"{"status":"unhealthy","checks":{"database":{"healthy":false,"error":"check failed"}}}"#
        )
    );
}

fn mask_latency(body: &str) -> String {
    let Some((before, rest)) = body.split_once("\"latency_ms\":") else {
        return body.to_owned();
    };
    let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    format!("{before}{}", behind.trim_start_matches(','))
}

#[actix_web::test]
async fn what_a_group_says_of_itself_holds_wherever_it_can_be_asked() {
    let database = Check::new("database", async || Err::<(), _>("no route to db-7"));
    let health = health([database.readiness().with_tag("db").with_tag("open")]);
    let mine = Group::new("db")
        .details(Details::only(bearer("hunter2")))
        .status_codes(StatusCodes::new().unhealthy(500))
        .dialect(Dialect::kubernetes());
    let service = HealthService::new(&health)
        .dialects([Dialect::default(), Dialect::spring()])
        .group(mine);
    service.validate().unwrap();
    let address = serve(move || service.clone());
    let token = ["Authorization: Bearer hunter2"];
    for path in ["/db", "/db/", "/db/database", "/db/database/child", "/db/x"] {
        let path = format!("/actuator/health{path}");
        let answer = request(address, "GET", &path).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{path}: {answer}");
    }
    for path in ["/db", "/db/database"] {
        let (code, body) = told(address, &format!("/actuator/health{path}"), &token).await;
        assert_eq!(code, 500, "{path}");
        assert!(body.starts_with(r#"{"status":"DOWN""#), "as Spring: {body}");
        assert!(body.contains("db-7"), "{path}: {body}");
    }
    let (code, body) = told(address, "/health/groups/db", &token).await;
    assert_eq!(code, 500);
    assert!(
        body.starts_with("[-]database failed: "),
        "as it says: {body}"
    );
    for path in ["/open", "/open/database", "/database", "/readiness"] {
        let (code, body) = get(address, &format!("/actuator/health{path}")).await;
        assert_eq!(code, 503, "{path}");
        assert!(!body.contains("db-7"), "{path}: {body}");
    }
}

#[actix_web::test]
async fn a_group_of_nothing_tells_nobody_of_the_others() {
    let health = health([fine("database").with_tag("db")]);
    let service = HealthService::new(&health)
        .group(Group::new("partners").details(Details::full()))
        .details(Details::status_only());
    let address = serve(move || service.clone());
    let (code, body) = get(address, "/health/groups/partners").await;
    assert_eq!(
        (code, &*body),
        (
            404,
            r#"{"status":"not_found","detail":"There is no group of this name"}"#
        )
    );
}

#[test]
fn what_is_said_twice_of_one_group_is_a_mistake() {
    let service = HealthService::new(&private())
        .group(Group::new("db").details(Details::only(bearer("hunter2"))))
        .group(Group::new("cache"))
        .group(Group::new("db").status_codes(StatusCodes::new().unhealthy(500)));
    let error = service.validate().unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 mistake in the health checks:\n  - the group `db` is given twice: say all of it in one \
         `Group`"
    );
}

#[actix_web::test]
async fn a_group_of_hidden_checks_is_there_for_those_only_who_may_know_everything() {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let hidden = Check::new("vault", move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async { false }
    });
    let hidden = hidden.readiness().with_visibility(Visibility::Full);
    let hidden = hidden.with_tag("secret").with_tag("mixed").with_tag("told");
    let health = health([hidden, fine("database").with_tag("mixed")]);
    let service = HealthService::new(&health)
        .dialects([Dialect::default(), Dialect::spring()])
        .group(Group::new("told").details(Details::status_only()))
        .details(Details::when(bearer("hunter2")));
    let address = serve(move || service.clone());
    for [group, nothing] in [
        ["/health/groups/secret", "/health/groups/nothing"],
        ["/actuator/health/secret", "/actuator/health/nothing"],
        [
            "/actuator/health/secret/vault",
            "/actuator/health/nothing/vault",
        ],
    ] {
        let answer = get(address, group).await;
        assert_eq!(answer.0, 404, "{group}: {}", answer.1);
        assert_eq!(answer, get(address, nothing).await, "nobody can tell");
        assert_eq!(runs.load(Ordering::Relaxed), 0, "{group} runs nothing");
        let (code, body) = told(address, group, &["Authorization: Bearer hunter2"]).await;
        assert_eq!(code, 503, "{group}");
        assert!(body.contains("vault") || group.ends_with("vault"), "{body}");
        runs.store(0, Ordering::Relaxed);
    }
    let (code, body) = get(address, "/health/groups/mixed").await;
    assert_eq!(code, 503, "it counts");
    assert!(!body.contains("vault"), "{body}");
    for path in ["/health/groups/told", "/actuator/health/told"] {
        let (code, body) = get(address, path).await;
        assert_eq!(code, 503, "{path}, which is spoken of: {body}");
        assert!(!body.contains("vault"), "{path}: {body}");
    }
}
