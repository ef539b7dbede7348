//! `Watch`.

use std::future::pending;
use std::time::Duration;

use health_actix::{Check, GrpcHealth, Health, Override, Status, Visibility};
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Streaming};
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{NOT_SERVING, SERVING, Turned, UNKNOWN, ask, grpc, health, named};

type Stream = Streaming<HealthCheckResponse>;

async fn watch(grpc: &GrpcHealth, service: &str) -> Stream {
    let answer = HealthClient::new(grpc.clone()).watch(named(service)).await;
    answer.unwrap().into_inner()
}

/// Whatever is to be told is told within a minute.
async fn next(stream: &mut Stream) -> ServingStatus {
    let told = timeout(Duration::from_secs(60), stream.message()).await;
    told.unwrap().unwrap().unwrap().status()
}

/// Whether nothing is told for so long.
async fn is_silent(stream: &mut Stream, seconds: u64) -> bool {
    let told = timeout(Duration::from_secs(seconds), stream.message()).await;
    told.is_err()
}

#[tokio::test(start_paused = true)]
async fn the_first_message_comes_at_once_and_then_only_changes() {
    let turned = Turned::default();
    let grpc = grpc(&health([turned.check("database").readiness()]));
    let since = Instant::now();
    let mut streams = Vec::new();
    for service in ["", "readiness", "database", "check/database"] {
        let mut stream = watch(&grpc, service).await;
        assert_eq!(next(&mut stream).await, SERVING, "{service}");
        streams.push(stream);
    }
    assert_eq!(since.elapsed(), Duration::ZERO);
    assert!(is_silent(&mut streams[0], 10).await);
    turned.fails(true);
    for stream in &mut streams {
        assert_eq!(next(stream).await, NOT_SERVING);
    }
    turned.fails(false);
    for stream in &mut streams {
        assert_eq!(next(stream).await, SERVING);
    }
    let mut live = watch(&grpc, "liveness").await;
    assert_eq!(next(&mut live).await, SERVING);
    turned.fails(true);
    assert!(is_silent(&mut live, 10).await);
}

/// Who watches costs what a probe once a second costs, however many they are.
#[tokio::test(start_paused = true)]
async fn checks_are_asked_once_a_second_while_somebody_watches() {
    let turned = Turned::default();
    let check = turned
        .check("database")
        .liveness()
        .with_cache(Duration::ZERO);
    let grpc = grpc(&health([check]));
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = watch(&grpc, "database").await;
        next(&mut stream).await;
        streams.push(stream);
    }
    let begun = turned.runs();
    let mut tasks = Vec::new();
    for mut stream in streams {
        tasks.push(tokio::spawn(
            async move { is_silent(&mut stream, 10).await },
        ));
    }
    for task in tasks {
        assert!(task.await.unwrap());
    }
    let runs = turned.runs() - begun;
    assert!((10..=12).contains(&runs), "{runs}");
    sleep(Duration::from_secs(10)).await;
    assert!(turned.runs() - begun <= 13, "nobody watches any more");
}

#[tokio::test(start_paused = true)]
async fn what_turns_is_told_as_it_turns() {
    let turned = Turned::default();
    let check = turned.check("database").readiness();
    let health = health([check
        .with_interval(Duration::from_secs(60))
        .with_jitter(false)]);
    let grpc = grpc(&health);
    let mut stream = watch(&grpc, "database").await;
    assert_eq!(next(&mut stream).await, SERVING);
    assert!(is_silent(&mut stream, 5).await);
    let since = Instant::now();
    let forced = Override::new(Status::Unhealthy, "moving racks");
    health.force("database", forced).unwrap();
    assert_eq!(next(&mut stream).await, NOT_SERVING);
    assert!(since.elapsed() <= Duration::from_millis(50));
    health.end_override("database").unwrap();
    assert_eq!(next(&mut stream).await, SERVING);
    assert!(since.elapsed() <= Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_holds_up_nothing() {
    let hangs = Check::new("hangs", pending::<()>).readiness();
    let hangs = hangs.with_timeout(Duration::from_secs(3));
    let turned = Turned::default();
    let grpc = grpc(&health([hangs, turned.check("fine").readiness()]));
    for (service, status) in [("hangs", NOT_SERVING), ("", NOT_SERVING), ("fine", SERVING)] {
        let since = Instant::now();
        let mut stream = watch(&grpc, service).await;
        assert_eq!(next(&mut stream).await, status, "{service}");
        let patience = Duration::from_millis(100);
        assert!(
            since.elapsed() <= patience,
            "{service}: {:?}",
            since.elapsed()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn drain_is_told_at_once_to_those_who_send_requests() {
    let health = health([
        Check::new("live", async || ()).liveness(),
        Check::new("ready", async || ()).readiness(),
    ]);
    let grpc = grpc(&health);
    let mut told = Vec::new();
    for service in ["", "readiness", "ready"] {
        told.push(watch(&grpc, service).await);
    }
    let mut untold = Vec::new();
    for service in ["liveness", "startup", "live", "check/ready"] {
        untold.push(watch(&grpc, service).await);
    }
    for stream in told.iter_mut().chain(&mut untold) {
        assert_eq!(next(stream).await, SERVING);
    }
    sleep(Duration::from_millis(500)).await;
    health.start_draining();
    let since = Instant::now();
    for stream in &mut told {
        assert_eq!(next(stream).await, NOT_SERVING);
    }
    assert_eq!(since.elapsed(), Duration::ZERO);
    for stream in told.iter_mut().chain(&mut untold) {
        assert!(is_silent(stream, 3).await, "it stays open");
    }
    let mut late = watch(&grpc, "").await;
    assert_eq!(next(&mut late).await, NOT_SERVING);
    health.stop_draining();
    for stream in &mut told {
        assert_eq!(next(stream).await, SERVING);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_unknown_is_told_when_it_appears_and_goes() {
    let health = health([]);
    let grpc = grpc(&health);
    let mut stream = watch(&grpc, "late").await;
    assert_eq!(next(&mut stream).await, UNKNOWN);
    assert!(is_silent(&mut stream, 30).await);
    let since = Instant::now();
    health
        .register(Check::new("late", async || ()).readiness())
        .unwrap();
    assert_eq!(next(&mut stream).await, SERVING);
    assert!(since.elapsed() <= Duration::from_millis(50));
    health.remove("late").unwrap();
    assert_eq!(next(&mut stream).await, UNKNOWN);
}

#[tokio::test(start_paused = true)]
async fn what_is_hidden_is_unknown() {
    let turned = Turned::default();
    let hidden = turned.check("hidden").startup();
    let health = health([hidden.with_visibility(Visibility::Full)]);
    let shown = grpc(&health);
    let mut stream = watch(&shown, "hidden").await;
    assert_eq!(next(&mut stream).await, UNKNOWN);
    assert!(is_silent(&mut stream, 5).await);
    let misconfigured = grpc(&Health::misconfigured());
    let mut stream = watch(&misconfigured, "database").await;
    assert_eq!(next(&mut stream).await, UNKNOWN);
}

#[tokio::test(start_paused = true)]
async fn there_is_a_bound_and_who_leaves_makes_room() {
    let grpc = grpc(&health([]));
    let mut streams = Vec::new();
    for _ in 0..1024 {
        streams.push(watch(&grpc, "").await);
    }
    let refused = HealthClient::new(grpc.clone()).watch(named("")).await;
    let error = refused.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(
        error.message(),
        "1024 services are watched already, and no more can be: use Check, or watch again later"
    );
    assert_eq!(ask(&grpc, "").await.unwrap(), SERVING);
    drop(streams.pop());
    let mut stream = watch(&grpc, "").await;
    assert_eq!(next(&mut stream).await, SERVING);
}

/// Who reads late is told how it is then, and not how it was meanwhile.
#[tokio::test(start_paused = true)]
async fn who_reads_slowly_misses_what_has_passed() {
    let turned = Turned::default();
    let health = health([turned.check("database").readiness()]);
    let grpc = grpc(&health);
    let mut slow = watch(&grpc, "").await;
    assert_eq!(next(&mut slow).await, SERVING);
    for fails in [true, false, true] {
        turned.fails(fails);
        sleep(Duration::from_secs(2)).await;
        ask(&grpc, "").await.unwrap();
    }
    assert_eq!(next(&mut slow).await, NOT_SERVING);
    assert!(is_silent(&mut slow, 5).await);
}

#[tokio::test(start_paused = true)]
async fn who_sends_requests_is_told_before_streams_end() {
    let health = health([Check::new("ready", async || ()).readiness()]);
    let grpc = grpc(&health);
    for (service, last) in [
        ("", Some(NOT_SERVING)),
        ("ready", Some(NOT_SERVING)),
        ("check/ready", None),
        ("liveness", None),
        ("nowhere", None),
    ] {
        let grpc = grpc.clone().level(health_actix::Level::Summary);
        let mut stream = watch(&grpc, service).await;
        next(&mut stream).await;
        grpc.end_watches();
        if let Some(last) = last {
            assert_eq!(next(&mut stream).await, last, "{service}");
        }
        let end = stream.message().await.unwrap_err();
        assert_eq!(end.code(), Code::Unavailable, "{service}");
        assert_eq!(end.message(), "the server is about to stop");
        let refused = HealthClient::new(grpc.clone()).watch(named(service)).await;
        assert_eq!(refused.unwrap_err().code(), Code::Unavailable);
    }
    assert_eq!(ask(&grpc, "").await.unwrap(), SERVING);
}

#[tokio::test(start_paused = true)]
async fn streams_end_when_what_they_tell_of_is_gone() {
    let own = grpc(&health([]));
    let mut stream = watch(&own, "").await;
    assert_eq!(next(&mut stream).await, SERVING);
    drop(own);
    assert!(stream.message().await.unwrap().is_none());
}
