//! The page for people, and what it is told.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::header::HeaderValue;
use actix_web::{App, HttpServer, web};
use health_actix::{
    Caller, Check, Details, GuardExt, Health, HealthBuilder, HealthService, Level, Maintenance,
    Outcome, Override, Probe, RateLimit, Status, Visibility, api_key, bearer, networks,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{exchange, fine, get, health, request, run, serve};

const POLICY: &str = "content-security-policy: default-src 'none'; script-src 'self'; style-src \
                      'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action \
                      'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

fn everybody(health: &Health) -> HealthService {
    HealthService::new(health).dashboard(Details::summary())
}

/// The head of an answer, and its body.
async fn page(address: SocketAddr, path: &str) -> (String, String) {
    let answer = request(address, "GET", path).await;
    let (head, body) = answer.split_once("\n\n").unwrap();
    (head.to_owned(), body.to_owned())
}

async fn state(address: SocketAddr, headers: &str) -> Value {
    let head =
        format!("GET /health/ui/state HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n");
    let answer = exchange(address, &head).await;
    let (head, body) = answer.split_once("\n\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
    serde_json::from_str(body).unwrap()
}

async fn code(address: SocketAddr, method: &str, path: &str) -> u16 {
    let answer = request(address, method, path).await;
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[actix_web::test]
async fn the_page_is_sent_with_a_strict_policy_and_finds_its_files_from_wherever_it_is_asked() {
    let health = health([fine("a")]);
    let address = serve(move || {
        let own = everybody(&health);
        let below = everybody(&health).prefix("/internal");
        web::scope("")
            .service(own)
            .service(web::scope("/outer").service(below))
    });
    for (path, base) in [
        ("/health/ui", "ui/"),
        ("/health/ui/", ""),
        ("/outer/internal/ui", "ui/"),
        ("/outer/internal/ui/", ""),
    ] {
        let (head, body) = page(address, path).await;
        let expected = format!(
            "HTTP/1.1 200 OK\ncache-control: no-store\nconnection: close\ncontent-length: {}\n\
             {POLICY}\ncontent-type: text/html; charset=utf-8\nreferrer-policy: no-referrer\n\
             x-content-type-options: nosniff\nx-frame-options: DENY",
            body.len()
        );
        assert_eq!(head, expected, "{path}");
        assert!(
            body.contains(&format!("href=\"{base}style.css\"")),
            "{path}"
        );
        assert!(body.contains(&format!("src=\"{base}app.js\"")), "{path}");
        assert!(!body.contains("{base}"));
        let (parent, _) = path.rsplit_once('/').unwrap();
        for (file, media_type) in [
            ("style.css", "text/css; charset=utf-8"),
            ("app.js", "text/javascript; charset=utf-8"),
        ] {
            let (head, body) = page(address, &format!("{parent}/{base}{file}")).await;
            let expected = format!(
                "HTTP/1.1 200 OK\ncache-control: no-store\nconnection: close\n\
                 content-length: {}\ncontent-type: {media_type}\nx-content-type-options: nosniff",
                body.len()
            );
            assert_eq!(head, expected, "{path} {file}");
        }
    }
}

#[actix_web::test]
async fn the_page_is_small_and_has_nothing_from_elsewhere() {
    let health = health([]);
    let address = serve(move || everybody(&health));
    let mut weight = 0;
    for path in ["/health/ui", "/health/ui/style.css", "/health/ui/app.js"] {
        let (_, body) = page(address, path).await;
        weight += body.len();
        for foreign in ["http:", "https:", "src=\"//", "url(//", "@import"] {
            // The names of XML namespaces are no addresses.
            let own = body.replace("http://www.w3.org/", "");
            assert!(!own.contains(foreign), "{path} {foreign}");
        }
        for inline in [
            "<script>",
            "<style>",
            " style=\"",
            " onclick=",
            "javascript:",
            "innerHTML",
        ] {
            assert!(!body.contains(inline), "{path} {inline}");
        }
    }
    assert!(weight < 60 * 1024, "{weight} bytes");
}

#[actix_web::test]
async fn without_being_asked_for_it_is_not_there() {
    let health = health([]);
    let address = serve(move || HealthService::new(&health));
    for path in [
        "/health/ui",
        "/health/ui/",
        "/health/ui/state",
        "/health/ui/events",
    ] {
        assert_eq!(code(address, "GET", path).await, 404, "{path}");
    }
}

#[actix_web::test]
async fn methods_are_those_of_other_endpoints() {
    let health = health([]);
    let address = serve(move || everybody(&health));
    for path in [
        "/health/ui",
        "/health/ui/style.css",
        "/health/ui/state",
        "/health/ui/events",
    ] {
        let head = request(address, "HEAD", path).await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{path} {head}");
        assert!(head.ends_with("\n\n"), "{path} {head}");
        let options = request(address, "OPTIONS", path).await;
        assert!(
            options.contains("\nallow: GET, HEAD, OPTIONS\n"),
            "{options}"
        );
        assert!(
            options.ends_with("\n\n"),
            "it tells nothing of health: {options}"
        );
        assert_eq!(code(address, "POST", path).await, 405, "{path}");
    }
}

/// Checks of every kind, one of which is hidden.
fn many() -> Health {
    let database = Check::new("database", async || {
        Err::<(), _>(std::io::Error::other(
            "refused by 10.0.0.7, password=hunter2",
        ))
    });
    let orders = Check::new("orders", async || false)
        .readiness()
        .with_depends_on("database");
    let secret = Check::new("secret", async || Outcome::unhealthy("it is")).readiness();
    health([
        database
            .readiness()
            .with_tag("storage")
            .with_description("Orders are kept here."),
        orders,
        secret
            .with_visibility(Visibility::Full)
            .with_critical(false),
    ])
}

#[actix_web::test]
async fn who_may_not_know_is_not_told() {
    let health = many();
    let address = serve(move || {
        let details = Details::decide(|request| {
            match request.headers().get("x-level").map(HeaderValue::as_bytes) {
                Some(b"full") => Level::Full,
                Some(b"summary") => Level::Summary,
                _ => Level::StatusOnly,
            }
        });
        HealthService::new(&health)
            .service_name("shop")
            .dashboard(details)
    });
    // Twice, so that there is a history.
    get(address, "/health/ready").await;
    let told = async |level: &str| state(address, &format!("X-Level: {level}\r\n")).await;
    let status_only = told("status_only").await;
    let names = |told: &Value| told["names"].clone();
    assert_eq!(names(&status_only), json!([]));
    assert_eq!(status_only["checks"], json!([]));
    assert!(status_only["service"].is_null());
    let verdicts: Vec<_> = status_only["probes"].as_array().unwrap().iter().collect();
    assert_eq!(verdicts[1]["status"], "unhealthy");
    assert!(verdicts[1]["causes"].is_null());
    let text = status_only.to_string();
    for private in ["database", "orders", "secret", "check failed"] {
        assert!(!text.contains(private), "{private} in {text}");
    }

    let summary = told("summary").await;
    assert_eq!(names(&summary), json!(["database", "orders"]));
    assert_eq!(summary["service"], "shop");
    let cause = json!([{ "check": "database", "text": "check failed", "affects": ["orders"] }]);
    assert_eq!(summary["probes"][1]["causes"], cause);
    let text = summary.to_string();
    for private in [
        "secret",
        "refused",
        "storage",
        "timeout_ms",
        "source",
        "depends_on",
    ] {
        assert!(!text.contains(private), "{private} in {text}");
    }

    let full = told("full").await;
    assert_eq!(names(&full), json!(["database", "orders", "secret"]));
    let database = &full["checks"][0];
    assert_eq!(
        database["internal_error"],
        "refused by 10.0.0.7, password=***"
    );
    assert_eq!(database["tags"], json!(["storage"]));
    assert_eq!(database["description"], "Orders are kept here.");
    assert_eq!(database["timeout_ms"], 800);
    assert_eq!(full["checks"][1]["depends_on"], json!(["database"]));
    assert!(!full.to_string().contains("hunter2"));
}

#[actix_web::test]
async fn what_has_happened_to_a_check_is_hidden_with_it() {
    let database = Check::new("database", async || Outcome::unhealthy("down"));
    let health = health([database.readiness()]);
    let own = health.clone();
    let address = serve(move || everybody(&own));
    assert!(state(address, "").await.to_string().contains("database"));
    let config = json!({ "checks": { "database": { "visibility": "full" } } });
    let config = serde_json::from_value(config).unwrap();
    health.apply(&config).unwrap();
    let told = state(address, "").await;
    assert!(!told.to_string().contains("database"), "{told}");
}

#[actix_web::test]
async fn of_a_long_history_the_last_runs_are_told() {
    let check = Check::new("a", async || ()).readiness();
    let builder = HealthBuilder::empty().history(1_000);
    let health = builder.check(check.with_cache(Duration::ZERO)).build();
    let health = health.unwrap();
    let own = health.clone();
    let address = serve(move || everybody(&own));
    for _ in 0..70 {
        health.probe(Probe::Readiness, Caller::nobody()).await;
    }
    let told = state(address, "").await;
    let runs = told["checks"][0]["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 60);
    let times: Vec<_> = runs.iter().map(|run| run[0].as_u64().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(
        runs.iter().all(|run| run[1].is_number() && run[2] == "h"),
        "{runs:?}"
    );
}

#[actix_web::test]
async fn what_operators_say_is_told() {
    let health = health([fine("a"), fine("b")]);
    let own = health.clone();
    let address = serve(move || HealthService::new(&own).dashboard(Details::full()));
    health.start_maintenance(Maintenance::new("moving racks"));
    health
        .force("a", Override::new(Status::Degraded, "INC-42"))
        .unwrap();
    health.disable("b").unwrap();
    let told = state(address, "").await;
    assert_eq!(told["phase"]["name"], "maintenance");
    assert_eq!(told["phase"]["text"], "moving racks");
    assert!(told["phase"]["since"].as_u64().is_some(), "{told}");
    let forced = json!({ "status": "degraded", "reason": "INC-42" });
    assert_eq!(told["checks"][0]["override"], forced);
    assert_eq!(told["checks"][1]["disabled"], true);
    let events = told["events"].as_array().unwrap().iter();
    let said: Vec<_> = events
        .map(|event| {
            (
                event["kind"].as_str().unwrap(),
                event["to"].as_str().unwrap(),
            )
        })
        .collect();
    for event in [
        ("maintenance", "maintenance"),
        ("override", "degraded"),
        ("roster", "disabled"),
        ("probe", "unhealthy"),
    ] {
        assert!(said.contains(&event), "{event:?} in {said:?}");
    }
    health.end_maintenance();
    health.start_draining();
    let told = state(address, "").await;
    assert_eq!(told["phase"]["name"], "draining");
}

#[actix_web::test]
async fn a_credential_is_asked_for_by_the_page_and_wanted_by_what_it_is_told() {
    let health = many();
    let address = serve(move || {
        let access = bearer("7Xf2rQm0vTz9kLpA").or(api_key("Q9dV3sXw5tRzK2nE"));
        HealthService::new(&health).dashboard(access)
    });
    for path in ["/health/ui", "/health/ui/style.css", "/health/ui/app.js"] {
        let (head, body) = page(address, path).await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{path} {head}");
        assert!(!body.contains("database"), "{path} {body}");
    }
    for path in ["/health/ui/state", "/health/ui/events"] {
        let (head, body) = page(address, path).await;
        assert!(head.starts_with("HTTP/1.1 401 "), "{path} {head}");
        assert!(
            head.contains("\nwww-authenticate: Bearer realm=\"health\""),
            "{head}"
        );
        assert!(!body.contains("database"), "{path} {body}");
    }
    let told = state(address, "Authorization: Bearer 7Xf2rQm0vTz9kLpA\r\n").await;
    assert_eq!(told["level"], "full");
    let told = state(address, "X-Api-Key: Q9dV3sXw5tRzK2nE\r\n").await;
    assert_eq!(told["level"], "full");
}

#[actix_web::test]
async fn from_the_wrong_place_there_is_not_even_the_page() {
    let health = many();
    let address = serve(move || HealthService::new(&health).dashboard(networks(["10.0.0.0/8"])));
    for path in [
        "/health/ui",
        "/health/ui/app.js",
        "/health/ui/state",
        "/health/ui/events",
    ] {
        assert_eq!(code(address, "GET", path).await, 403, "{path}");
    }
}

#[actix_web::test]
async fn a_rate_limit_holds_for_it() {
    let health = many();
    let limit = RateLimit::per_second(1);
    let address = serve(move || everybody(&health).rate_limit(limit.clone()));
    let mut codes = Vec::new();
    for _ in 0..40 {
        codes.push(code(address, "GET", "/health/ui/state").await);
    }
    assert_eq!(codes[0], 200);
    assert!(codes.contains(&429), "{codes:?}");
}

#[actix_web::test]
async fn guards_let_it_pass_and_the_layer_has_it() {
    let health = health([Check::new("database", async || false)
        .readiness()
        .with_tag("database")]);
    let server = HttpServer::new(move || {
        App::new()
            .wrap(health.guard("database"))
            .wrap(everybody(&health).prefix("/outermost").layer())
            .service(everybody(&health))
    });
    let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    run(server.run());
    get(address, "/health/ready").await;
    for path in [
        "/health/ui",
        "/health/ui/state",
        "/outermost/ui",
        "/outermost/ui/state",
    ] {
        assert_eq!(code(address, "GET", path).await, 200, "{path}");
    }
    assert_eq!(
        code(address, "GET", "/elsewhere").await,
        503,
        "the guard is there"
    );
}

#[actix_web::test]
async fn mistakes_of_its_access_are_told() {
    let service = HealthService::new(&health([])).dashboard(bearer(""));
    assert!(service.validate().is_err());
}

/// A connection on which a stream was asked for, and what has come of it.
struct Open {
    connection: TcpStream,
    text: String,
}

impl Open {
    async fn new(address: SocketAddr) -> Self {
        Self::at(address, "").await
    }

    async fn at(address: SocketAddr, scope: &str) -> Self {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let head = format!("GET {scope}/health/ui/events HTTP/1.1\r\nHost: x\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        Self {
            connection,
            text: String::new(),
        }
    }

    /// Reads until this has come.
    async fn until(&mut self, wanted: &str) {
        while !self.text.contains(wanted) {
            let mut bytes = [0; 4096];
            let count = self.connection.read(&mut bytes).await.unwrap();
            assert!(count > 0, "{wanted} has not come: {}", self.text);
            self.text
                .push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    }
}

#[actix_web::test]
async fn streams_are_told_at_once_and_bounded() {
    let health = health([fine("a")]);
    let own = health.clone();
    let address = serve(move || everybody(&own));
    let mut open = Vec::new();
    for _ in 0..16 {
        let mut stream = Open::new(address).await;
        stream.until("event: state").await;
        open.push(stream);
    }
    assert!(
        open[0].text.starts_with("HTTP/1.1 200 OK\r\n"),
        "{}",
        open[0].text
    );
    assert!(
        open[0]
            .text
            .contains("\r\ncontent-type: text/event-stream\r\n")
    );
    assert!(open[0].text.contains("\r\nx-accel-buffering: no\r\n"));
    let (head, _) = page(address, "/health/ui/events").await;
    assert!(head.starts_with("HTTP/1.1 429 "), "{head}");
    assert!(head.contains("\nretry-after: 30"), "{head}");
    // Probes do not wait for them.
    assert_eq!(code(address, "GET", "/health/ready").await, 200);
    health.start_draining();
    for stream in &mut open {
        stream.until("{\"reason\":\"draining\"}").await;
        assert!(
            stream.text.contains("\"name\":\"draining\""),
            "{}",
            stream.text
        );
    }
}

#[actix_web::test]
async fn a_server_that_stops_does_not_wait_for_who_looks() {
    let health = health([fine("a")]);
    let server = HttpServer::new(move || App::new().service(everybody(&health)));
    let server = server.workers(1).disable_signals();
    let server = server.shutdown_timeout(60).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    run(server);
    let mut stream = Open::new(address).await;
    stream.until("event: state").await;
    // Gracefully: it would wait for a minute.
    handle.stop(true).await;
    stream.until("event: end").await;
}

#[actix_web::test]
async fn who_knows_no_chunks_is_sent_none() {
    let health = health([fine("a")]);
    let own = health.clone();
    let address = serve(move || everybody(&own));
    health.start_draining();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = b"GET /health/ui/events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    connection.write_all(head).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert!(body.starts_with("id: "), "{body}");
    assert!(
        body.ends_with("data: {\"reason\":\"draining\"}\n\n"),
        "{body}"
    );
}

#[actix_web::test]
async fn applications_that_differ_do_not_keep_each_other_busy() {
    let health = crate::data::builder().build().unwrap();
    let own = health.clone();
    let address = serve(move || {
        let app = |path: &str, up| {
            let service = everybody(&own).prefix("/health");
            web::scope(path)
                .app_data(crate::data::Pool::new(up))
                .service(service)
        };
        web::scope("")
            .service(app("/up", true))
            .service(app("/down", false))
    });
    let mut streams = [
        Open::at(address, "/up").await,
        Open::at(address, "/down").await,
    ];
    for stream in &mut streams {
        stream.until("event: end").await;
    }
    // Each finds another verdict than the other, but looks once a second.
    let told = health.timeline().len();
    assert!(told < 40, "{told}");
}
