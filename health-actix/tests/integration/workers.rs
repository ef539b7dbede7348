//! Workers that are stuck, and workers that are busy, in a server of several.

use std::future::ready;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use actix_web::dev::Service;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpResponse, HttpServer, rt, web};
use health_actix::{Caller, Check, Entry, Health, HealthService, Limits, Status, Workers};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{get, health, run};

/// Nothing that is waited for here takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that is given to a worker that is stuck is never answered.
const HANGS: Duration = Duration::from_millis(1500);

const LIMIT: Duration = Duration::from_millis(700);

const WORKERS: usize = 3;

#[actix_web::test]
#[allow(clippy::await_holding_lock, reason = "a deadlock is wanted")]
async fn a_worker_that_is_stuck_fails_liveness_although_others_answer() {
    let workers = Workers::new();
    let watched = health([workers.stalled("workers", LIMIT)]);
    let unwatched = health([]);
    let (enters, mut entered) = mpsc::unbounded_channel();
    let mutex = Arc::new(Mutex::new(()));
    let address = serve_deadlock(&workers, [&watched, &unwatched], &mutex, &enters);
    wait_for(address, "/health/live", 200).await;

    let held = mutex.lock().unwrap();
    let stuck = rt::spawn(async move { get(address, "/deadlock").await });
    let thread: String = entered.recv().await.unwrap();
    let since = Instant::now();
    let body = wait_for(address, "/health/live", 503).await;
    let took = since.elapsed();
    assert!(took >= LIMIT, "{took:?}");
    let named = format!(" of {WORKERS} has been silent for ");
    assert!(body.contains(&named), "{body}");
    assert!(body.contains(&format!("({thread})")), "{body}");
    assert!(!body.contains("; "), "one only: {body}");

    // Others answer, and without the check nobody would know.
    wait_for(address, "/", 200).await;
    for path in ["/unwatched", "/unwatched/ready"] {
        assert_eq!(answered(address, path).await.0, 200, "{path}");
    }
    assert_eq!(answered(address, "/health/live").await.0, 503, "still");

    drop(held);
    assert_eq!(stuck.await.unwrap().0, 200);
    wait_for(address, "/health/live", 200).await;
    let entry = ask(&watched, "workers").await;
    assert_eq!(value(&entry, "workers"), WORKERS.to_string());
    assert_eq!(value(&entry, "silent"), "0");
}

#[actix_web::test]
async fn servers_that_have_stopped_are_not_stalled() {
    let workers = Workers::new();
    let health = health([workers.stalled("workers", LIMIT)]);
    assert_eq!(value(&ask(&health, "workers").await, "workers"), "0");
    // Two listeners on the same workers.
    let server = HttpServer::new({
        let (workers, health) = (workers.clone(), health.clone());
        move || {
            App::new()
                .wrap(workers.layer())
                .service(HealthService::new(&health))
        }
    });
    let server = server.bind(("127.0.0.1", 0)).unwrap();
    let server = server.bind(("127.0.0.1", 0)).unwrap();
    let addresses = server.addrs();
    let server = server.workers(2).disable_signals().run();
    let handle = server.handle();
    run(server);
    for address in addresses {
        wait_for(address, "/health/live", 200).await;
    }
    until(&health, "workers", "workers", "2").await;

    handle.stop(true).await;
    until(&health, "workers", "workers", "0").await;
    sleep(2 * LIMIT).await;
    assert_eq!(ask(&health, "workers").await.status(), Status::Healthy);
}

#[test]
fn a_server_without_a_system_of_actix_has_workers_too() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(async {
        let workers = Workers::new();
        let health = health([workers.stalled("workers", LIMIT)]);
        let server = {
            let workers = workers.clone();
            HttpServer::new(move || App::new().wrap(workers.layer()))
        };
        let server = server.workers(2).disable_signals();
        let server = server.bind(("127.0.0.1", 0)).unwrap().run();
        let handle = server.handle();
        let server = tokio::spawn(server);
        until(&health, "workers", "workers", "2").await;
        sleep(2 * LIMIT).await;
        assert_eq!(value(&ask(&health, "workers").await, "silent"), "0");
        handle.stop(true).await;
        server.await.unwrap().unwrap();
        until(&health, "workers", "workers", "0").await;
    });
}

#[actix_web::test]
async fn what_is_in_flight_is_counted_and_too_much_degrades() {
    let workers = Workers::new();
    let load = workers.overloaded("load", Limits::new().in_flight(1));
    let health = health([fresh(load)]);
    let release = Arc::new(Semaphore::new(0));
    let address = serve_slow(&workers, &health, &release);
    wait_for(address, "/health/ready", 200).await;
    let slow = [(); 2].map(|()| rt::spawn(async move { get(address, "/slow").await }));
    until(&health, "load", "in_flight", "2").await;

    let entry = ask(&health, "load").await;
    assert_eq!(entry.status(), Status::Degraded);
    assert_eq!(entry.message(), Some("2 requests in flight are above 1"));
    let (code, body) = get(address, "/health/ready").await;
    assert_eq!(code, 200, "busy is not broken: {body}");
    assert!(body.contains(r#""degraded":true"#), "{body}");

    release.add_permits(2);
    for answer in slow {
        assert_eq!(answer.await.unwrap().0, 200);
    }
    until(&health, "load", "in_flight", "0").await;
    assert_eq!(ask(&health, "load").await.status(), Status::Healthy);

    // A client that goes away without waiting.
    let mut client = TcpStream::connect(address).await.unwrap();
    let slow = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";
    client.write_all(slow).await.unwrap();
    until(&health, "load", "in_flight", "1").await;
    drop(client);
    until(&health, "load", "in_flight", "0").await;
}

#[actix_web::test]
async fn what_was_dropped_or_has_panicked_is_not_in_flight() {
    let workers = Workers::new();
    let health = health([fresh(workers.overloaded("load", Limits::new()))]);
    let app = App::new()
        .wrap(workers.layer())
        .route("/pending", web::get().to(std::future::pending::<String>))
        .route("/panic", web::get().to(panics));
    let app = init_service(app).await;
    let call = |path| app.call(TestRequest::with_uri(path).to_request());

    let pending = call("/pending");
    until(&health, "load", "in_flight", "1").await;
    assert!(timeout(Duration::ZERO, pending).await.is_err());
    until(&health, "load", "in_flight", "0").await;

    let panicking = call("/panic");
    until(&health, "load", "in_flight", "1").await;
    assert!(rt::spawn(panicking).await.is_err());
    until(&health, "load", "in_flight", "0").await;
}

#[actix_web::test]
async fn a_worker_that_is_blocked_lags() {
    let workers = Workers::new();
    let limits = Limits::new().lag(Duration::from_millis(200));
    let health = health([fresh(workers.overloaded("load", limits))]);
    let app = init_service(App::new().wrap(workers.layer())).await;
    // The first beat.
    tokio::task::yield_now().await;
    thread::sleep(Duration::from_millis(400));
    let entry = ask(&health, "load").await;
    assert_eq!(entry.status(), Status::Degraded);
    let message = entry.message().unwrap();
    assert!(message.starts_with("event loop lag of "), "{message}");
    assert!(
        message.ends_with(" ms on worker 1 is above 200 ms"),
        "{message}"
    );
    drop(app);
    until(&health, "load", "lag_ms", "0").await;
}

/// Whose handler at `/deadlock` tells its thread, and waits for the mutex.
fn serve_deadlock(
    workers: &Workers,
    [watched, unwatched]: [&Health; 2],
    mutex: &Arc<Mutex<()>>,
    enters: &mpsc::UnboundedSender<String>,
) -> SocketAddr {
    let (workers, watched, unwatched) = (workers.clone(), watched.clone(), unwatched.clone());
    let (mutex, enters) = (Arc::clone(mutex), enters.clone());
    let server = HttpServer::new(move || {
        let (mutex, enters) = (Arc::clone(&mutex), enters.clone());
        let deadlock = move || {
            let name = thread::current().name().unwrap().to_owned();
            enters.send(name).unwrap();
            drop(mutex.lock().unwrap());
            ready(HttpResponse::Ok())
        };
        App::new()
            .wrap(workers.layer())
            .service(HealthService::new(&watched))
            .service(HealthService::new(&unwatched).prefix("/unwatched"))
            .route("/", web::get().to(HttpResponse::Ok))
            .route("/deadlock", web::get().to(deadlock))
    });
    let server = server.workers(WORKERS).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    run(server.run());
    address
}

/// Whose handler at `/slow` waits for a permit, unless its client goes away.
fn serve_slow(workers: &Workers, health: &Health, release: &Arc<Semaphore>) -> SocketAddr {
    let (workers, health, release) = (workers.clone(), health.clone(), Arc::clone(release));
    let server = HttpServer::new(move || {
        let release = Arc::clone(&release);
        let slow = move || {
            let release = Arc::clone(&release);
            async move {
                release.acquire().await.unwrap().forget();
                HttpResponse::Ok().finish()
            }
        };
        App::new()
            .wrap(workers.layer())
            .service(HealthService::new(&health))
            .route("/slow", web::get().to(slow))
    });
    let server = server.workers(2).h1_allow_half_closed(false);
    let server = server.bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    run(server.run());
    address
}

async fn panics() -> HttpResponse {
    panic!("it is meant to")
}

/// Not kept, so that a test need not wait.
fn fresh(check: Check) -> Check {
    check.readiness().with_cache(Duration::ZERO)
}

async fn ask(health: &Health, check: &str) -> Entry {
    health.check(check, Caller::nobody()).unwrap().await
}

fn value(entry: &Entry, name: &str) -> String {
    let mut data = entry.data();
    let (_, value) = data.find(|(n, _)| *n == name).unwrap();
    serde_json::to_string(value).unwrap()
}

/// Asks a check until one of its values is this.
async fn until(health: &Health, check: &str, name: &str, expected: &str) {
    let start = Instant::now();
    loop {
        let found = value(&ask(health, check).await, name);
        if found == expected {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{name} is {found}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// The answer of a worker that is not stuck.
async fn answered(address: SocketAddr, path: &str) -> (u16, String) {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Ok(answer) = timeout(HANGS, get(address, path)).await {
            return answer;
        }
    }
    panic!("{path} is not answered");
}

/// Asks until the code is the expected one.
async fn wait_for(address: SocketAddr, path: &str, code: u16) -> String {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        let (answered, body) = answered(address, path).await;
        if answered == code {
            return body;
        }
    }
    panic!("{path} does not answer {code}");
}
