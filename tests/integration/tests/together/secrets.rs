//! Secrets come out nowhere: not in a body, a header, a log, a span or what observers hear, at no
//! level and in no dialect.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, rt};
use health_actix::{
    Check, Details, Dialect, FinishedRun, Health, HealthBuilder, HealthService, Maintenance,
    Observer, Outcome, Override, Status, Transition, api_key, bearer,
};
use proptest::prelude::*;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// How a secret gets into a text; `{}` is where.
const TEXTS: [&str; 17] = [
    "cannot connect to postgres://app:{}@db.internal:5432/orders",
    "redis://:{}@cache/0 refused",
    "amqps://{}@broker: closed",
    "password={}",
    "Server=db;Uid=app;Pwd={};Timeout=3",
    "login failed: Password: {}",
    "AccountName=x;AccountKey={};EndpointSuffix=core.windows.net",
    "SharedAccessKeyName=root;SharedAccessKey={}",
    "GET https://api.example/v1?api_key={}&page=2: 401",
    "GET https://maps.example/?key={}&page=2: 403",
    "InstrumentationKey={};IngestionEndpoint=https://a.example/",
    "Ocp-Apim-Subscription-Key: {}",
    "Authorization: Bearer {}",
    "sent x-api-key: {}",
    "refused {\"user\":\"app\",\"token\":\"{}\"}",
    "{\"client_secret\": \"{}\"}",
    "Cookie: session={}",
];

const DIALECTS: [&str; 7] = [
    "default",
    "components",
    "kubernetes",
    "microprofile",
    "spring",
    "aspnet",
    "ietf",
];

/// All that is logged in this process.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn of_the_process() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_span_events(FmtSpan::FULL)
                .with_ansi(false)
                .with_writer(log.clone())
                .init();
            log
        })
    }

    fn write(&self, text: &str) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend(text.bytes());
    }

    fn take(&self) -> String {
        let log = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8_lossy(&log).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::write(self, &String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Writes down what it hears.
struct Eavesdropper(Log);

impl Observer for Eavesdropper {
    fn run_finished(&self, run: &FinishedRun) {
        self.0.write(&format!("heard {run:?}\n"));
    }

    fn transition(&self, transition: &Transition) {
        self.0.write(&format!("heard {transition:?}\n"));
    }
}

/// Checks that say the text in every way in which a check can say something.
fn leaking(text: &str, log: &Log) -> Health {
    let all = |check: Check| check.liveness().readiness().startup().with_tag("leaking");
    let said = |name: &'static str, say: fn(String) -> Outcome| {
        let text = text.to_owned();
        all(Check::new(name, move || {
            let text = text.clone();
            async move { say(text) }
        }))
    };
    let error = text.to_owned();
    let health = HealthBuilder::empty()
        .check(all(Check::new("error", move || {
            let error = error.clone();
            async move { Err::<(), _>(error) }
        })))
        .check(said("panic", |text| panic!("{text}")))
        .check(said("message", Outcome::unhealthy))
        .check(said("degraded", Outcome::degraded))
        .check(said("by_the_way", |text| {
            Outcome::healthy().with_message(text)
        }))
        .check(said("data", |text| {
            Outcome::healthy().with_data("url", text)
        }))
        .check(said("child", |text| {
            let child = Outcome::unhealthy(text.clone()).with_data("url", text.clone());
            Outcome::healthy()
                .with_child("shard", child.with_error(text.clone()))
                .with_child(text, Outcome::healthy())
        }))
        .check(all(Check::new("forced", async || ())))
        .check(all(Check::new("after", async || ())).with_depends_on("error"))
        .startup_gate("model")
        .observer(Eavesdropper(log.clone()))
        .build()
        .unwrap();
    let forced = Override::new(Status::Unhealthy, text.to_owned());
    health.force("forced", forced).unwrap();
    health
        .startup_gate("model")
        .unwrap()
        .progress(text.to_owned());
    health
}

/// Asks every path of the document with this token, and writes down all that comes back.
async fn ask(health: &Health, dialect: &str, details: Details, token: &str, log: &Log) {
    let dialect: Dialect = dialect.parse().unwrap();
    let service = HealthService::new(health)
        .dialects([dialect])
        .details(details.clone())
        .dashboard(details.clone())
        .metrics(details);
    let document: serde_json::Value = serde_json::from_str(&service.openapi_json()).unwrap();
    let app = init_service(App::new().service(service)).await;
    let paths = document["paths"].as_object().unwrap().keys();
    // A stream says what the state does, but for seconds.
    for path in paths.filter(|path| !path.ends_with("/ui/events")) {
        let names = [
            "leaking",
            "error",
            "panic",
            "message",
            "data",
            "child",
            "child/shard",
        ];
        let paths = match path.split_once('{') {
            Some((before, _)) => names.map(|name| format!("{before}{name}")).to_vec(),
            None => vec![path.clone(), format!("{path}?verbose")],
        };
        for path in paths {
            let request = TestRequest::get()
                .uri(&path)
                .insert_header(("authorization", format!("Bearer {token}")));
            let request = request.to_request();
            let response = call_service(&app, request).await;
            log.write(&format!("{path} {:?}\n", response.headers()));
            let body = read_body(response).await;
            log.write(&format!("{}\n", String::from_utf8_lossy(&body)));
        }
    }
}

/// What was written down in every situation in which something is said.
async fn said_of(text: &str, secret: &str) -> String {
    let log = Log::of_the_process();
    let health = leaking(text, log);
    for dialect in DIALECTS {
        let when = Details::when(bearer(secret).or(api_key(secret)));
        log.write(&format!("{when:?}\n"));
        for (details, token) in [
            (Details::status_only(), "wrong"),
            (when.clone(), "wrong"),
            (when, secret),
        ] {
            ask(&health, dialect, details, token, log).await;
        }
    }
    health.start_maintenance(Maintenance::new(text.to_owned()));
    for dialect in DIALECTS {
        ask(&health, dialect, Details::full(), "wrong", log).await;
    }
    log.write(&format!("{health:?}"));
    drop(health);
    log.take()
}

proptest! {
    // Each case is every text, which takes seconds.
    #![proptest_config(ProptestConfig { cases: 1, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_secret_that_a_check_says_comes_out_nowhere(
        secret in "[A-Z][A-Za-z0-9]{3}Q7[A-Za-z0-9]{8,20}",
    ) {
        for template in TEXTS {
            let text = template.replace("{}", &secret);
            let said = rt::System::new().block_on(said_of(&text, &secret));
            for name in ["error", "panic", "message", "by_the_way", "shard"] {
                prop_assert!(said.contains(name), "{name} is written down");
            }
            let line = said.lines().find(|line| line.contains(&secret));
            prop_assert_eq!(line, None, "{}", text);
        }
    }
}
