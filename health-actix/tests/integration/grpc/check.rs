//! `Check`.

use std::future::pending;
use std::time::Duration;

use actix_web::web;
use health_actix::{
    Check, GrpcHealth, Health, HealthBuilder, HealthConfig, Level, Maintenance, Probe, Visibility,
};
use tokio::time::Instant;
use tonic::Code;
use tonic_health::pb::health_client::HealthClient;

use super::{NOT_SERVING, SERVING, Turned, ask, code, grpc, health, hold, named, of_each_status};

#[tokio::test(start_paused = true)]
async fn each_check_is_a_service_and_who_is_degraded_serves() {
    let checks = of_each_status().map(|check| check.readiness().with_critical(false));
    let grpc = grpc(&health(checks));
    hold(
        &grpc,
        &[
            ("healthy", SERVING),
            ("degraded", SERVING),
            ("unhealthy", NOT_SERVING),
            ("check/unhealthy", NOT_SERVING),
            ("", SERVING),
            ("readiness", SERVING),
            ("liveness", SERVING),
            ("startup", SERVING),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn each_probe_is_told_of_its_own_checks() {
    for failing in Probe::ALL {
        let check = Check::new("fails", async || false).serving(failing);
        let grpc = grpc(&health([check]));
        for asked in Probe::ALL {
            // What has not started is not ready.
            let starts = (asked, failing) == (Probe::Readiness, Probe::Startup);
            let fails = asked == failing || starts;
            let status = ask(&grpc, asked.as_str()).await.unwrap();
            assert_eq!(status == NOT_SERVING, fails, "{asked}, {failing} fails");
        }
        let ready = ask(&grpc, "readiness").await.unwrap();
        assert_eq!(ask(&grpc, "").await.unwrap(), ready);
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_goes_before_a_check_of_its_name() {
    let check = Check::new("liveness", async || false).readiness();
    let grpc = grpc(&health([check]));
    hold(
        &grpc,
        &[("liveness", SERVING), ("check/liveness", NOT_SERVING)],
    )
    .await;
}

/// A check of each kind that passes, and one that serves two probes.
fn kinds() -> Health {
    let check = |name: &'static str| Check::new(name, async || ());
    health([
        check("live").liveness(),
        check("ready").readiness(),
        check("both").liveness().readiness(),
        check("start").startup(),
        check("start_ready").startup().readiness(),
    ])
}

#[tokio::test(start_paused = true)]
async fn what_says_where_requests_go_fails_while_none_are_to_come() {
    let health = kinds();
    let grpc = grpc(&health);
    let in_service = [
        ("", SERVING),
        ("readiness", SERVING),
        ("ready", SERVING),
        ("start_ready", SERVING),
    ];
    let as_ever = [
        ("liveness", SERVING),
        ("startup", SERVING),
        ("live", SERVING),
        ("both", SERVING),
        ("start", SERVING),
        ("check/ready", SERVING),
        ("check/both", SERVING),
    ];
    let out_of_service = in_service.map(|(service, _)| (service, NOT_SERVING));
    hold(&grpc, &in_service).await;
    health.start_draining();
    hold(&grpc, &out_of_service).await;
    hold(&grpc, &as_ever).await;
    health.stop_draining();
    hold(&grpc, &in_service).await;
    health.start_maintenance(Maintenance::new("moving racks"));
    hold(&grpc, &out_of_service).await;
    hold(&grpc, &as_ever).await;
    health.end_maintenance();
    hold(&grpc, &in_service).await;
}

#[tokio::test(start_paused = true)]
async fn drain_is_told_at_once_and_runs_nothing() {
    let hangs = Check::new("hangs", pending::<()>).readiness();
    let turned = Turned::default();
    let health = health([hangs, turned.check("fine").readiness()]);
    health.start_draining();
    let since = Instant::now();
    let grpc = grpc(&health);
    hold(&grpc, &[("", NOT_SERVING), ("hangs", NOT_SERVING)]).await;
    assert_eq!(since.elapsed(), Duration::ZERO);
    assert_eq!(turned.runs(), 0);
}

#[tokio::test]
async fn a_registry_with_mistakes_is_alive_and_neither_ready_nor_started() {
    let grpc = grpc(&Health::misconfigured());
    hold(
        &grpc,
        &[
            ("", NOT_SERVING),
            ("readiness", NOT_SERVING),
            ("startup", NOT_SERVING),
            ("liveness", SERVING),
        ],
    )
    .await;
    let error = ask(&grpc, "database").await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(
        error.message(),
        "the health checks are misconfigured; the log lists the mistakes"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_unknown_or_hidden_is_not_found_and_not_run() {
    let turned = Turned::default();
    let hidden = turned.check("hidden").readiness();
    let hidden = hidden.with_visibility(Visibility::Full);
    let shown = Check::new("shown", async || ()).readiness();
    let health = health([hidden, shown]);
    let summary = grpc(&health);
    for service in [
        "nowhere",
        "check/",
        "check/nowhere",
        "hidden",
        "check/hidden",
        "a b",
        "SHOWN",
    ] {
        let error = ask(&summary, service).await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound, "{service}");
        assert_eq!(error.message(), "there is no service of this name");
    }
    assert_eq!(turned.runs(), 0, "to ask is to run it");
    let full = grpc(&health).level(Level::Full);
    hold(&full, &[("hidden", SERVING), ("check/hidden", SERVING)]).await;
    let bare = grpc(&health).level(Level::StatusOnly);
    assert_eq!(code(&bare, "shown").await, Code::NotFound);
    hold(&bare, &[("", SERVING), ("liveness", SERVING)]).await;
}

#[tokio::test(start_paused = true)]
async fn runs_are_shared_and_results_are_kept_as_for_every_probe() {
    let turned = Turned::default();
    let health = health([turned.check("database").readiness()]);
    let grpc = grpc(&health);
    for _ in 0..3 {
        hold(&grpc, &[("", SERVING), ("database", SERVING)]).await;
        health
            .probe(Probe::Readiness, health_actix::Caller::nobody())
            .await;
    }
    assert_eq!(turned.runs(), 1, "kept for a second");
    tokio::time::sleep(Duration::from_secs(1)).await;
    turned.fails(true);
    hold(&grpc, &[("database", NOT_SERVING), ("", NOT_SERVING)]).await;
    assert_eq!(turned.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_answer_arrives_on_time_whatever_the_checks_do() {
    let hangs = Check::new("hangs", pending::<()>).readiness();
    let hangs = hangs.with_timeout(Duration::from_millis(300));
    let grpc = grpc(&health([hangs]));
    for service in ["", "hangs", "check/hangs"] {
        let since = Instant::now();
        hold(&grpc, &[(service, NOT_SERVING)]).await;
        assert!(since.elapsed() <= Duration::from_millis(350), "{service}");
    }
}

/// A path of checks is heeded as that of HTTP is; nothing else that a client says matters.
#[tokio::test(start_paused = true)]
async fn metadata_bypasses_nothing() {
    let turned = Turned::default();
    let grpc = grpc(&health([turned.check("database").readiness()]));
    hold(&grpc, &[("database", SERVING)]).await;
    turned.fails(true);
    for (key, value) in [
        ("cache-control", "no-cache"),
        ("health-probe-path", "00000000000000a1"),
        ("x-health-level", "full"),
    ] {
        let mut request = named("database");
        request.metadata_mut().insert(key, value.parse().unwrap());
        let answer = HealthClient::new(grpc.clone()).check(request).await;
        assert_eq!(answer.unwrap().into_inner().status(), SERVING, "{key}");
    }
    assert_eq!(turned.runs(), 1);
}

/// A service that asks for its own health by way of gRPC is not waited for.
#[tokio::test(start_paused = true)]
async fn services_that_ask_each_other_do_not_hang() {
    use std::sync::{Arc, OnceLock};

    let server: Arc<OnceLock<GrpcHealth>> = Arc::default();
    let other = Arc::clone(&server);
    let asks_itself = Check::new("other", move || {
        let other = other.get().unwrap().clone();
        let path = health_actix::probe_path().unwrap().to_string();
        async move {
            let mut request = named("");
            let metadata = request.metadata_mut();
            metadata.insert("health-probe-path", path.parse().unwrap());
            let answer = HealthClient::new(other).check(request).await;
            answer.is_ok_and(|answer| answer.into_inner().status() == SERVING)
        }
    });
    let health = health([asks_itself.readiness()]);
    server.set(grpc(&health)).unwrap();
    let since = Instant::now();
    hold(&grpc(&health), &[("", SERVING)]).await;
    assert_eq!(since.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_that_which_the_configuration_gives() {
    let health = health([Check::new("database", async || ()).readiness()]);
    let grpc = grpc(&health);
    let config: HealthConfig = serde_json::from_value(serde_json::json!({
        "checks": {"database": {"name": "orders.v1.Orders"}}
    }))
    .unwrap();
    health.apply(&config).unwrap();
    hold(&grpc, &[("orders.v1.Orders", SERVING)]).await;
    assert_eq!(code(&grpc, "database").await, Code::NotFound);
}

#[tokio::test]
async fn a_name_that_is_too_long_is_not_read() {
    let grpc = grpc(&health([]));
    assert_eq!(code(&grpc, &"x".repeat(4000)).await, Code::NotFound);
    for length in [5000, 4 << 20] {
        let error = ask(&grpc, &"x".repeat(length)).await.unwrap_err();
        assert_eq!(error.code(), Code::OutOfRange, "{}", error.message());
    }
}

#[test]
fn data_that_only_requests_bring_is_an_error_at_start() {
    let health = Health::builder().build().unwrap();
    let text = GrpcHealth::new(&health).unwrap_err().to_string();
    let expected = "it takes `Pool` from the data of the requesting application";
    assert!(text.contains(expected), "{text}");
    let type_name = std::any::type_name::<web::Data<()>>();
    assert!(
        text.contains(type_name.split('<').next().unwrap()),
        "{text}"
    );
    assert!(GrpcHealth::new(&HealthBuilder::empty().build().unwrap()).is_ok());
}
