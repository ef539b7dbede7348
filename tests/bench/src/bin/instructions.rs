//! A fixed amount of work in one process, for `tests/bench/instructions.sh` to count the
//! instructions of: `health-instructions SCENARIO TIMES`.
//!
//! Without sockets, and on one thread: what threads do to each other is never the same twice. What
//! two numbers of times differ by is what the work itself takes, without the start of the process.

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpResponse, web};
use health_actix::{
    Check, Details, Dialect, Health, HealthBuilder, HealthService, Level, Probe, Runtime, Unsent,
    health_check,
};

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// Long enough that nothing is old before the count ends.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// Nothing times out here, where everything is fifty times as slow.
const PATIENCE: Duration = Duration::from_secs(600);

#[expect(clippy::print_stderr, reason = "it is where mistakes are told")]
fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("health-instructions: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result {
    let arguments: Vec<_> = env::args().collect();
    let [_, scenario, times] = &arguments[..] else {
        return Err("usage: health-instructions SCENARIO TIMES".into());
    };
    let times = times.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    tokio::task::LocalSet::new().block_on(&runtime, play(scenario, times))
}

async fn play(scenario: &str, times: u32) -> Result {
    // What runs for the first time is slow here, and a latency that is longer takes longer to write.
    ask(service(&health(10, Duration::ZERO)?), "/health/ready", 5).await?;
    match scenario {
        // Not ours: what actix-web itself takes, to read the others by.
        "static" => ask_static(times).await,
        "liveness" => ask(service(&health(10, FOR_EVER)?), "/health/live", times).await,
        "readiness-cached" => ask(service(&health(10, FOR_EVER)?), "/health/ready", times).await,
        "data-cached" => ask_for_data(times).await,
        "readiness-run" => {
            let health = health(10, Duration::ZERO)?;
            ask(service(&health), "/health/ready", times).await
        }
        "status-only" => {
            let told = service(&health(10, FOR_EVER)?).details(Details::status_only());
            ask(told, "/health/ready", times).await
        }
        "report-1000" => {
            let health = health(1000, FOR_EVER)?;
            let unsent = Unsent::probe(&health, Probe::Readiness).await;
            for _ in 0..times {
                let body = unsent.body(&Dialect::default(), Level::Summary, "");
                assert!(body.len() > 1000, "no report");
            }
            Ok(())
        }
        "start-1000" => {
            for _ in 0..times {
                let service = service(&health(1000, FOR_EVER)?);
                let app = init_service(App::new().service(service)).await;
                drop(app);
            }
            Ok(())
        }
        _ => Err(format!("no scenario `{scenario}`").into()),
    }
}

/// Checks that do nothing, on the thread that asks.
fn health(checks: usize, cache: Duration) -> Result<Health> {
    let mut builder = HealthBuilder::empty()
        .runtime(Runtime::current())
        .deadline(PATIENCE);
    for number in 0..checks {
        let check = Check::new(format!("check-{number}"), async || ());
        builder = builder.check(check.readiness().with_cache(cache).with_timeout(PATIENCE));
    }
    Ok(builder.build()?)
}

fn service(health: &Health) -> HealthService {
    HealthService::new(health)
}

async fn ask(service: HealthService, path: &str, times: u32) -> Result {
    let app = init_service(App::new().service(service)).await;
    ask_app(app, || TestRequest::get().uri(path).to_request(), times).await
}

/// What an application has.
struct Pool;

struct Cache;

#[health_check(kind = "readiness", cache_ms = 3_600_000, timeout_ms = 600_000)]
async fn database(_: web::Data<Pool>) {}

#[health_check(kind = "readiness", cache_ms = 3_600_000, timeout_ms = 600_000)]
async fn migrations(_: web::Data<Pool>) {}

#[health_check(kind = "readiness", cache_ms = 3_600_000, timeout_ms = 600_000)]
async fn cache(_: web::Data<Cache>) {}

/// Of three checks that take `web::Data`.
async fn ask_for_data(times: u32) -> Result {
    let builder = Health::builder().runtime(Runtime::current());
    let service = service(&builder.deadline(PATIENCE).build()?);
    let app = App::new()
        .app_data(web::Data::new(Pool))
        .app_data(web::Data::new(Cache));
    let app = init_service(app.service(service)).await;
    let request = || TestRequest::get().uri("/health/ready").to_request();
    ask_app(app, request, times).await
}

async fn ask_static(times: u32) -> Result {
    let answer = async || {
        HttpResponse::Ok()
            .content_type("application/json")
            .insert_header(("cache-control", "no-store"))
            .body(r#"{"status":"alive"}"#)
    };
    let app = init_service(App::new().route("/", web::get().to(answer))).await;
    ask_app(app, || TestRequest::get().to_request(), times).await
}

async fn ask_app<S, R, B>(app: S, request: impl Fn() -> R, times: u32) -> Result
where
    S: Service<R, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    for _ in 0..times {
        let response = app.call(request()).await?;
        let is_whole = matches!(response.response().body().size(), BodySize::Sized(1..));
        if !(response.status().is_success() && is_whole) {
            return Err(format!("answered {}", response.status()).into());
        }
    }
    Ok(())
}
