//! The default dialect, with everything that it says at full access.

use default::apis::configuration::Configuration;
use default::apis::health_checks_api as api;
use default::models::HealthCheckReportDataValue as Value;
use default::models::health_dashboard_check::Name;
use default::models::{self, health_group_report_checks};

use crate::Service;

pub(crate) async fn ask(service: &Service) {
    let client = Configuration {
        base_path: service.address.clone(),
        ..Configuration::default()
    };
    while_all_pass(&client).await;
    service.switch_second("degraded").await;
    while_one_is_degraded(&client).await;
    service.switch_second("unhealthy").await;
    while_one_fails(&client).await;
    what_is_not_there(&client).await;
}

async fn while_all_pass(client: &Configuration) {
    use models::{health_200_response, health_checks_name_200_response, health_ready_200_response};

    let alive = api::health_live(client).await.unwrap();
    assert_eq!(alive.status, health_200_response::Status::Alive);
    assert_eq!(alive, api::health(client).await.unwrap());
    api::health_head(client).await.unwrap();
    api::health_started(client).await.unwrap();

    let ready = api::health_ready(client).await.unwrap();
    assert_eq!(ready.status, health_ready_200_response::Status::Ready);
    assert_eq!(ready.degraded, None);
    let second = second(ready.checks);
    assert!(second.healthy);
    assert!(second.latency_ms.unwrap() < 800.0);
    assert_eq!(second.timeout_ms, Some(800));
    assert_eq!(second.tags, Some(vec!["even".to_owned()]));
    assert!(second.last_run.unwrap() >= second.since.unwrap());
    assert_eq!(second.data.unwrap()["position"], Value::Number(0.0));

    let check = api::health_checks_name(client, "first").await.unwrap();
    assert_eq!(check.name, health_checks_name_200_response::Name::First);
    let healthy = health_checks_name_200_response::Status::Healthy;
    assert_eq!(check.status, healthy);
    assert_eq!(check.data.unwrap()["position"], Value::Number(0.0));

    let document = api::health_openapi_json(client).await.unwrap();
    assert_eq!(document.info["title"], "Health");

    let dashboard = api::health_ui_state(client).await.unwrap();
    let names: Vec<_> = dashboard.checks.iter().map(|check| check.name).collect();
    let known = [Name::First, Name::Second, Name::Third];
    assert_eq!(names, known);
    assert_eq!(dashboard.names, ["first", "second", "third"]);
}

async fn while_one_is_degraded(client: &Configuration) {
    let ready = api::health_ready(client).await.unwrap();
    assert_eq!(ready.degraded, Some(true));
    let second = second(ready.checks);
    assert!(second.healthy);
    assert_eq!(second.degraded, Some(true));
    assert_eq!(second.message.unwrap(), "switched to degraded");
}

async fn while_one_fails(client: &Configuration) {
    use models::{health_checks_name_503_response, health_ready_503_response};

    api::health_live(client).await.unwrap();
    let call = api::health_ready(client);
    let ready = entity!(default, call, 503, api::HealthReadyError::Status503);
    assert_eq!(ready.status, health_ready_503_response::Status::NotReady);
    let second = second(ready.checks);
    assert!(!second.healthy);
    assert_eq!(second.error.unwrap(), "switched to unhealthy");
    assert_eq!(second.consecutive_failures, Some(1));

    let call = api::health_checks_name(client, "second");
    let check = entity!(default, call, 503, api::HealthChecksNameError::Status503);
    assert_eq!(check.name, health_checks_name_503_response::Name::Second);
    assert_eq!(check.data.unwrap()["position"], Value::Number(2.0));

    let odd = api::health_groups_tag(client, "odd").await.unwrap();
    let odd = odd.checks.unwrap();
    assert!(odd.first.unwrap().healthy && odd.third.unwrap().healthy);
    assert_eq!(odd.second, None);
    let call = api::health_groups_tag(client, "even");
    let even = entity!(default, call, 503, api::HealthGroupsTagError::Status503);
    assert!(!self::second(even.checks).healthy);
}

async fn what_is_not_there(client: &Configuration) {
    let call = api::health_checks_name(client, "fourth");
    let problem = entity!(default, call, 404, api::HealthChecksNameError::Status404);
    assert_eq!(problem.status, models::health_problem::Status::NotFound);
    assert_eq!(problem.known.unwrap(), ["first", "second", "third"]);
    let call = api::health_groups_tag(client, "square");
    let problem = entity!(default, call, 404, api::HealthGroupsTagError::Status404);
    assert_eq!(problem.known.unwrap(), ["even", "odd"]);
}

type Checks = Option<Box<health_group_report_checks::HealthGroupReportChecks>>;

fn second(checks: Checks) -> models::HealthFinding {
    *checks.unwrap().second.unwrap()
}
