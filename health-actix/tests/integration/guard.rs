//! Requests that are refused while what they need does not work.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::guard::Host;
use actix_web::http::header::{HOST, HeaderValue};
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::web::ServiceConfig;
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, web};
use health_actix::{Check, GuardExt, Health, HealthBuilder, HealthService, Outcome, Runtime};
use health_core::{ProbePath, probe_path};
use tokio::time::{Instant, advance, sleep, timeout};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

use crate::support::{get, health, request, run};

/// The code and the body with which an application answers; the type of a request has no name here.
macro_rules! ask {
    ($app:ident, $path:expr) => {
        answer(TestRequest::with_uri($path).send_request(&$app).await).await
    };
}

const REFUSED: &str = r#"{"status":"unavailable","detail":"The service cannot serve just now"}"#;

#[actix_web::test]
async fn what_is_refused_reads_so_and_reaches_no_handler() {
    let health = health([failing()]);
    let handled = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&handled);
    let address = serve(move |config| {
        let counted = Arc::clone(&counted);
        let orders = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async { HttpResponse::Ok().finish() }
        };
        let orders = web::resource("/orders").to(orders);
        config.service(
            web::scope("")
                .wrap(health.guard("database"))
                .service(orders),
        );
    });
    let head = "HTTP/1.1 503 Service Unavailable\ncache-control: no-store\nconnection: close\n\
                content-length: 69\ncontent-type: application/json\n\n";
    for (method, body) in [("GET", REFUSED), ("POST", REFUSED), ("HEAD", "")] {
        let answer = request(address, method, "/orders").await;
        assert_eq!(answer, format!("{head}{body}"), "{method}");
    }
    assert_eq!(get(address, "/nothing").await.0, 503);
    assert_eq!(handled.load(Ordering::Relaxed), 0);
}

#[actix_web::test]
async fn health_endpoints_pass_wherever_they_are_and_nothing_that_looks_like_one() {
    let health = health([failing()]);
    let guarded = App::new()
        .wrap(health.guard("database"))
        .route("/ops/health", web::get().to(HttpResponse::Ok))
        .service(HealthService::new(&health))
        .service(HealthService::new(&health).prefix("/ops"))
        .service(
            web::scope("/internal/{tenant}")
                .service(HealthService::new(&health).prefix(""))
                .route("/health", web::get().to(HttpResponse::Ok)),
        )
        .route("/healthy", web::get().to(HttpResponse::Ok))
        .route("/api/health/live", web::get().to(HttpResponse::Ok))
        .route("/health/own", web::get().to(HttpResponse::Ok));
    let app = init_service(guarded).await;
    for (path, code) in [
        ("/health", 200),
        ("/health/", 200),
        ("/health?x=1", 200),
        ("/health/live", 200),
        ("/health/%6Cive", 200),
        ("/health/ready", 503),
        ("/health/started", 200),
        ("/health/checks/primary", 503),
        ("/health/checks/nobody", 404),
        ("/health/openapi.json", 200),
        ("/ops/live", 200),
        ("/internal/x", 200),
        ("/internal/x/", 200),
        ("/internal/x/live/", 200),
    ] {
        let (answered, body) = ask!(app, path);
        assert_eq!(answered, code, "{path}: {body}");
        assert_ne!(body, REFUSED, "{path}");
    }
    for path in [
        "/",
        "/ops/health",
        "/internal/x/health",
        "/internal",
        "/healthy",
        "/api/health/live",
        "/health/own",
        "/health/nothing",
    ] {
        assert_eq!(ask!(app, path), (503, REFUSED.to_owned()), "{path}");
    }
}

#[actix_web::test]
async fn health_endpoints_pass_behind_what_is_for_other_hosts_or_methods() {
    let health = health([failing()]);
    let app = App::new()
        .wrap(health.guard("database"))
        .service(
            web::scope("")
                .guard(Host("other.example"))
                .route("/orders", web::get().to(HttpResponse::Ok)),
        )
        .route("/{path:.*}", web::post().to(HttpResponse::Ok))
        .service(web::scope("/ops").service(HealthService::new(&health)));
    let app = init_service(app).await;
    for (path, code) in [
        ("/ops/health", 200),
        ("/ops/health/", 200),
        ("/ops/health/live", 200),
        ("/ops/health/ready", 503),
        ("/ops/health/checks/primary/", 503),
        ("/ops/health/openapi.json", 200),
    ] {
        let (answered, body) = ask!(app, path);
        assert_eq!(answered, code, "{path}: {body}");
        assert_ne!(body, REFUSED, "{path}");
    }
    for path in [
        "/orders",
        "/ops",
        "/health/live",
        "/ops/healthy",
        "/ops/health/checks/",
        "/ops/health/checks/primary/x",
    ] {
        assert_eq!(ask!(app, path), (503, REFUSED.to_owned()), "{path}");
    }
}

#[actix_web::test]
async fn a_request_is_left_as_it_came() {
    let health = health([]);
    let app = App::new()
        .wrap_fn(|mut request, next| {
            let host = HeaderValue::from_static("trusted.example");
            request.headers_mut().insert(HOST, host);
            next.call(request)
        })
        .wrap(health.guard("database"))
        .service(HealthService::new(&health))
        .route("/host", web::get().to(host));
    let app = init_service(app).await;
    assert_eq!(ask!(app, "/host").1, "trusted.example");
}

async fn host(request: HttpRequest) -> String {
    request.connection_info().host().to_owned()
}

#[actix_web::test]
async fn a_path_of_health_passes_though_the_application_answers_it() {
    let health = health([failing()]);
    let app = App::new()
        .wrap(health.guard("database"))
        .route("/health/live", web::get().to(HttpResponse::Ok))
        .service(HealthService::new(&health));
    let app = init_service(app).await;
    assert_eq!(ask!(app, "/health/live"), (200, String::new()));
    assert_eq!(ask!(app, "/health").0, 200);
}

#[actix_web::test]
async fn a_guard_of_a_scope_leaves_the_rest_alone() {
    let health = health([failing()]);
    let scope = web::scope("/orders")
        .wrap(health.guard("database"))
        .service(HealthService::new(&health))
        .route("", web::get().to(HttpResponse::Ok));
    let app = App::new()
        .service(scope)
        .route("/prices", web::get().to(HttpResponse::Ok));
    let app = init_service(app).await;
    assert_eq!(ask!(app, "/orders"), (503, REFUSED.to_owned()));
    assert_eq!(ask!(app, "/orders/health/live").0, 200);
    assert_eq!(ask!(app, "/prices").0, 200);
}

#[actix_web::test]
async fn what_is_degraded_or_not_critical_or_of_another_group_refuses_nothing() {
    let degraded = Check::new("slow", async || Outcome::degraded("slow"));
    let optional = Check::new("replica", async || false).with_critical(false);
    let checks = [degraded, optional].map(|check| check.with_tag("database"));
    let other = Check::new("cache", async || false).with_tag("cache");
    let health = health(checks.into_iter().chain([other]).map(Check::readiness));
    let app = init_service(orders(&health)).await;
    assert_eq!(ask!(app, "/orders").0, 200);
    health.start_draining();
    let app = init_service(orders(&health)).await;
    assert_eq!(ask!(app, "/orders").0, 200, "draining");
}

#[tokio::test(start_paused = true)]
async fn a_verdict_is_used_then_renewed_then_waited_for() {
    let database = Database::default();
    let health = database.health();
    let app = init_service(orders(&health)).await;
    assert_eq!(ask!(app, "/orders").0, 200);
    database.fails(true);
    advance(ms(999)).await;
    assert_eq!(ask!(app, "/orders").0, 200, "the last verdict");
    assert_eq!(database.runs(), 1);
    advance(ms(1)).await;
    assert_eq!(ask!(app, "/orders").0, 200, "the last verdict, renewed");
    settle().await;
    assert_eq!(database.runs(), 2);
    assert_eq!(ask!(app, "/orders").0, 503);
    database.fails(false);
    advance(ms(9999)).await;
    assert_eq!(ask!(app, "/orders").0, 503, "the last verdict, renewed");
    settle().await;
    assert_eq!(ask!(app, "/orders").0, 200);
    database.fails(true);
    advance(ms(10_000)).await;
    assert_eq!(ask!(app, "/orders").0, 503, "none that is good: waited for");
    assert_eq!(database.runs(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_told_along_a_path_is_no_verdict() {
    let path = Arc::<Mutex<ProbePath>>::default();
    let (own, runs) = (Arc::clone(&path), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&runs);
    let other = Check::new("other", move || {
        *own.lock().unwrap() = probe_path().unwrap();
        counted.fetch_add(1, Ordering::Relaxed);
        async { false }
    });
    let other = other.readiness().with_tag("database");
    let builder = HealthBuilder::empty().runtime(Runtime::current());
    let health = builder.check(other.with_cache(ms(0))).build().unwrap();
    let app = init_service(orders(&health)).await;
    assert_eq!(ask!(app, "/orders").0, 503);
    // An id that it knows, and so many that nobody is asked for it any more.
    let known = path.lock().unwrap().to_string();
    for path in [known, vec!["0123456789abcdef"; 100].join(",")] {
        for age in [1000, 10_000] {
            advance(ms(age)).await;
            let request = TestRequest::with_uri("/orders");
            let request = request.insert_header((ProbePath::HEADER, path.as_str()));
            answer(request.send_request(&app).await).await;
            settle().await;
            assert_eq!(ask!(app, "/orders").0, 503, "{path} {age}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_holds_up_nobody_who_has_a_verdict() {
    let database = Database::default();
    let health = database.health();
    let app = init_service(orders(&health)).await;
    assert_eq!(ask!(app, "/orders").0, 200);
    database.hangs(true);
    advance(ms(1000)).await;
    let start = Instant::now();
    for _ in 0..10 {
        assert_eq!(ask!(app, "/orders").0, 200);
        settle().await;
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(database.runs(), 2, "one at a time");
    // The run times out, which is a verdict.
    sleep(Check::DEFAULT_TIMEOUT + ms(100)).await;
    assert_eq!(ask!(app, "/orders").0, 503);

    // Who has none waits no longer than the engine does.
    advance(ms(10_000)).await;
    let start = Instant::now();
    assert_eq!(ask!(app, "/orders").0, 503);
    assert!(start.elapsed() <= Check::DEFAULT_TIMEOUT + ms(50));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_longer_than_a_verdict_is_good_holds_up_nobody_either() {
    let hangs = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&hangs);
    let check = Check::new("primary", move || {
        let hangs = told.load(Ordering::Relaxed);
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
        }
    });
    let check = check.with_timeout(ms(25_000)).with_cache(Duration::ZERO);
    let builder = HealthBuilder::empty().runtime(Runtime::current());
    let builder = builder.deadline(ms(30_000));
    let builder = builder.check(check.readiness().with_tag("database"));
    let app = init_service(orders(&builder.build().unwrap())).await;
    assert_eq!(ask!(app, "/orders").0, 200);
    hangs.store(true, Ordering::Relaxed);
    for _ in 0..24 {
        advance(ms(1000)).await;
        let start = Instant::now();
        assert_eq!(ask!(app, "/orders").0, 200);
        assert_eq!(start.elapsed(), Duration::ZERO);
        settle().await;
    }
    sleep(ms(3000)).await;
    assert_eq!(ask!(app, "/orders").0, 503);
}

#[tokio::test(start_paused = true)]
async fn health_requests_ask_no_group() {
    let database = Database::default();
    let health = database.health();
    let app = App::new()
        .wrap(health.guard("database"))
        .service(HealthService::new(&health));
    let app = init_service(app).await;
    for _ in 0..3 {
        assert_eq!(ask!(app, "/health/live").0, 200);
        settle().await;
        advance(ms(1500)).await;
    }
    assert_eq!(database.runs(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_while_it_waits_leaves_the_way_open() {
    let database = Database::default();
    database.hangs(true);
    let health = database.health();
    let app = init_service(orders(&health)).await;
    assert!(
        timeout(ms(10), async { ask!(app, "/orders") })
            .await
            .is_err()
    );
    database.hangs(false);
    // The run goes on, and would be joined until it times out.
    sleep(Check::DEFAULT_TIMEOUT).await;
    assert_eq!(ask!(app, "/orders").0, 200);
    for runs in 1..4 {
        advance(ms(1000)).await;
        assert_eq!(ask!(app, "/orders").0, 200);
        settle().await;
        assert_eq!(database.runs(), 2 + runs, "it is still renewed");
    }
}

#[actix_web::test]
async fn a_group_that_nobody_is_in_is_told_of_once() {
    let told = Told::default();
    let _listening = told.listen();
    let cache = Check::new("cache", async || false).with_tag("cache");
    let health = health([failing().with_tag("all"), cache.readiness()]);
    for _ in 0..2 {
        let app = App::new().wrap(health.guard("databse"));
        let app = app.route("/orders", web::get().to(HttpResponse::Ok));
        let app = init_service(app).await;
        assert_eq!(ask!(app, "/orders").0, 200);
    }
    let expected = "the guard of the group `databse` lets every request pass while no check has \
                    this tag; there are: all, cache, database";
    assert_eq!(*told.0.lock().unwrap(), [expected]);
}

#[tokio::test(start_paused = true)]
async fn a_group_may_come_and_go() {
    let health = HealthBuilder::empty().runtime(Runtime::current());
    let health = health.build().unwrap();
    let app = init_service(orders(&health)).await;
    assert_eq!(ask!(app, "/orders").0, 200);
    health.register(failing()).unwrap();
    for (after, code) in [(1000, 200), (0, 503)] {
        advance(ms(after)).await;
        assert_eq!(ask!(app, "/orders").0, code, "the group has come");
        settle().await;
    }
    health.remove("primary").unwrap();
    for (after, code) in [(1000, 503), (0, 200)] {
        advance(ms(after)).await;
        assert_eq!(ask!(app, "/orders").0, code, "the group has gone");
    }
}

#[actix_web::test]
async fn mistakes_close_no_guard_and_are_not_told_of_again() {
    let told = Told::default();
    let _listening = told.listen();
    let app = init_service(orders(&Health::misconfigured())).await;
    assert_eq!(ask!(app, "/orders").0, 200);
    assert!(told.0.lock().unwrap().is_empty());
}

fn failing() -> Check {
    let check = Check::new("primary", async || false);
    check.readiness().with_tag("database")
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Lets everything happen that can happen now.
async fn settle() {
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
}

async fn answer(response: ServiceResponse<impl MessageBody>) -> (u16, String) {
    let code = response.status().as_u16();
    let body = read_body(response).await;
    (code, String::from_utf8(body.to_vec()).unwrap())
}

/// One path behind a guard.
fn orders(
    health: &Health,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let app = App::new().wrap(health.guard("database"));
    app.route("/orders", web::get().to(HttpResponse::Ok))
}

fn serve(configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> SocketAddr {
    let server = HttpServer::new(move || App::new().configure(configure.clone()));
    let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    run(server.run());
    address
}

/// A check that does as it is told.
#[derive(Clone, Default)]
struct Database {
    runs: Arc<AtomicUsize>,
    fails: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
}

impl Database {
    /// On the clock of the test; results are not kept.
    fn health(&self) -> Health {
        let database = self.clone();
        let check = Check::new("primary", move || database.clone().run());
        let check = check.readiness().with_tag("database");
        let builder = HealthBuilder::empty().runtime(Runtime::current());
        let builder = builder.check(check.with_cache(Duration::ZERO));
        builder.build().unwrap()
    }

    async fn run(self) -> bool {
        self.runs.fetch_add(1, Ordering::Relaxed);
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        !self.fails.load(Ordering::Relaxed)
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::Relaxed)
    }

    fn fails(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }

    fn hangs(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::Relaxed);
    }
}

/// What is told on this thread at WARN and above.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn listen(&self) -> DefaultGuard {
        // While there is one subscriber alone, a line that another test tells first is taken to
        // interest nobody.
        static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Told::default()));
        LazyLock::force(&SECOND);
        tracing::subscriber::set_default(self.clone())
    }
}

impl Subscriber for Told {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
