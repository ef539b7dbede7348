//! Readiness in each of the other dialects, while all pass and while one fails.

use crate::Service;

/// A client of the service.
macro_rules! client {
    ($client:ident, $service:expr) => {
        $client::apis::configuration::Configuration {
            base_path: $service.address.clone(),
            ..Default::default()
        }
    };
}

pub(crate) async fn components(service: &Service) {
    use components::apis::health_checks_api as api;
    use components::models::{HealthComponentDataValue as Value, ready_503_response};

    let client = client!(components, service);
    api::ready(&client).await.unwrap();
    service.switch_second("degraded").await;
    assert_eq!(api::ready(&client).await.unwrap().degraded, Some(true));
    service.switch_second("unhealthy").await;
    let ready = entity!(
        components,
        api::ready(&client),
        503,
        api::ReadyError::Status503
    );
    assert_eq!(ready.status, ready_503_response::Status::NotReady);
    assert_eq!(ready.reason.unwrap(), "second: switched to unhealthy");
    let all = entity!(
        components,
        api::health(&client),
        503,
        api::HealthError::Status503
    );
    let second = all.components.unwrap().second.unwrap();
    assert_eq!(second.message.unwrap(), "switched to unhealthy");
    assert_eq!(second.data.unwrap()["position"], Value::Number(2.0));
}

pub(crate) async fn kubernetes(service: &Service) {
    use kubernetes::apis::health_checks_api as api;

    let client = client!(kubernetes, service);
    assert_eq!(api::readyz(&client, None, None).await.unwrap(), "ok");
    let all = api::readyz(&client, Some(""), None).await.unwrap();
    assert!(all.contains("[+]second ok\n"), "{all}");
    service.switch_second("unhealthy").await;
    let answer = refused!(kubernetes, api::readyz(&client, None, None));
    assert_eq!(answer.status, 503);
    assert!(answer.content.contains("[-]second failed"));
    let others = vec!["second".to_owned(), "third".to_owned()];
    assert_eq!(
        api::readyz(&client, None, Some(others)).await.unwrap(),
        "ok"
    );
    assert_eq!(api::readyz_name(&client, "first").await.unwrap(), "ok");
    let answer = refused!(kubernetes, api::readyz_name(&client, "fourth"));
    assert_eq!(answer.status, 404);
}

pub(crate) async fn microprofile(service: &Service) {
    use microprofile::apis::health_checks_api as api;
    use microprofile::models::HealthMicroProfileCheckDataValue as Value;
    use microprofile::models::health_micro_profile_check::Status;

    let client = client!(microprofile, service);
    let ready = api::health_ready(&client).await.unwrap();
    assert!(ready.checks.iter().all(|check| check.status == Status::Up));
    service.switch_second("unhealthy").await;
    let call = api::health_ready(&client);
    let ready = entity!(microprofile, call, 503, api::HealthReadyError::Status503);
    let second = &ready.checks[1];
    assert_eq!((&*second.name, second.status), ("second", Status::Down));
    let data = second.data.as_ref().unwrap();
    assert_eq!(data["position"], Value::Number(2.0));
    assert_eq!(
        data["error"],
        Value::String("switched to unhealthy".to_owned())
    );
}

pub(crate) async fn spring(service: &Service) {
    use spring::apis::health_checks_api as api;
    use spring::models::HealthSpringComponentDetailsValue as Value;
    use spring::models::health_spring_component::Status;

    let client = client!(spring, service);
    let ready = api::actuator_health_readiness(&client).await.unwrap();
    let second = ready.components.unwrap().second.unwrap();
    assert_eq!(second.status, Status::Up);
    service.switch_second("unhealthy").await;
    let call = api::actuator_health_readiness(&client);
    let ready = entity!(
        spring,
        call,
        503,
        api::ActuatorHealthReadinessError::Status503
    );
    let second = ready.components.unwrap().second.unwrap();
    assert_eq!(second.status, Status::Down);
    assert_eq!(second.details.unwrap()["position"], Value::Number(2.0));
    let call = api::actuator_health_path(&client, "fourth");
    entity!(spring, call, 404, api::ActuatorHealthPathError::Status404);
}

/// Every answer of this dialect is a report, so the client takes one for that of another code.
pub(crate) async fn aspnet(service: &Service) {
    use aspnet::apis::health_checks_api as api;
    use aspnet::models::HealthAspNetEntryDataValue as Value;
    use aspnet::models::health_asp_net_entry::Status;

    let client = client!(aspnet, service);
    let ready = api::health_ready(&client).await.unwrap();
    assert_eq!(ready.entries.second.unwrap().status, Status::Healthy);
    service.switch_second("degraded").await;
    let ready = api::health_ready(&client).await.unwrap();
    assert_eq!(ready.entries.second.unwrap().status, Status::Degraded);
    service.switch_second("unhealthy").await;
    let call = api::health_ready(&client);
    let ready = entity!(aspnet, call, 503, api::HealthReadyError::Status405);
    let second = ready.entries.second.unwrap();
    assert_eq!(second.status, Status::Unhealthy);
    assert_eq!(second.data["position"], Value::Number(2.0));
}

pub(crate) async fn ietf(service: &Service) {
    use ietf::apis::health_checks_api as api;
    use ietf::models::HealthIetfObservationObservedValue as Value;
    use ietf::models::health_ietf_observation::Status;

    let client = client!(ietf, service);
    api::health_ready(&client).await.unwrap();
    service.switch_second("unhealthy").await;
    let call = api::health_ready(&client);
    let ready = entity!(ietf, call, 503, api::HealthReadyError::Status503);
    assert_eq!(ready.output.unwrap(), "failing: second");
    let observed = ready.checks.unwrap().second_colon_response_time.unwrap();
    assert_eq!(observed[0].status, Some(Status::Fail));
    let value = observed[0].observed_value.clone().flatten();
    assert!(matches!(value.as_deref(), Some(Value::Number(ms)) if *ms < 800.0));
}
