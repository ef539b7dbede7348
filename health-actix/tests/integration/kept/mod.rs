//! Answers that are given again are those that would be made anew, byte for byte.
//!
//! A request with a query is always answered anew, and all but one dialect make nothing of it.

mod things;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, Bytes};
use actix_web::{App, Error};
use health_actix::{
    Check, Details, Dialect, Health, HealthBuilder, HealthService, Level, Maintenance, Outcome,
    Override, Runtime, StartupGate, Status, Visibility,
};
use proptest::prelude::*;
use tokio::time::{advance, timeout};

use self::things::{Holder, Things, greeter};

const NAMES: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

/// What the checks find from now on, by their names.
type Script = [Arc<AtomicU8>; NAMES.len()];

fn check(name: &'static str, found: &Arc<AtomicU8>) -> Check {
    let found = Arc::clone(found);
    Check::new(name, move || {
        let found = Arc::clone(&found);
        async move {
            match found.load(Ordering::SeqCst) {
                0..5 => Outcome::healthy().with_message("fine"),
                5 => Outcome::degraded("slow").with_data("lag", 7),
                6 | 7 => Outcome::unhealthy("down").with_error("refused by 10.0.0.7"),
                8 => std::future::pending().await,
                _ => panic!("on purpose"),
            }
        }
    })
}

/// Checks of each kind that has rules of its own, those of them that are wanted; added to a builder.
fn health(script: &Script, wanted: u8, has_gate: bool, builder: HealthBuilder) -> Health {
    let [a, b, c, d, e, f, g] = script;
    let ms = Duration::from_millis;
    let checks = [
        check("a", a).readiness(),
        check("b", b).readiness().liveness().with_cache(ms(300)),
        check("c", c)
            .readiness()
            .with_shared(true)
            .with_fail_closed_after(ms(1500))
            .with_cache(ms(4000))
            .with_cache_failure(ms(2500)),
        check("d", d)
            .readiness()
            .startup()
            .with_failure_threshold(2),
        check("e", e)
            .readiness()
            .with_critical(false)
            .with_depends_on("a")
            .with_cache(ms(2000)),
        check("f", f)
            .readiness()
            .with_interval(ms(900))
            .with_jitter(false)
            .with_visibility(Visibility::Full),
        check("g", g)
            .readiness()
            .liveness()
            .with_cache_failure(ms(5000)),
    ];
    let wanted = checks.into_iter().enumerate().filter(|(place, check)| {
        let is_prerequisite = check.name() == "a";
        is_prerequisite || wanted >> place & 1 == 1
    });
    let mut builder = builder.runtime(Runtime::current());
    for (_, check) in wanted {
        builder = builder.check(check);
    }
    if has_gate {
        builder = builder.startup_gate("model");
    }
    builder.build().unwrap()
}

/// Something that happens, with what it happens to.
type Step = (u8, u8, u8);

/// What is said or found, or that time passes.
async fn happen(health: &Health, script: &Script, things: &Things, (what, whom, how): Step) {
    if what == 18 {
        things.turn(whom, how % 2 == 0);
    } else if what == 19 {
        things.drop_that_of_requests();
    }
    let whom = usize::from(whom) % NAMES.len();
    let name = NAMES[whom];
    let soon = health.wall_clock() + Duration::from_millis(u64::from(how) * 10);
    match what {
        0..=2 => script[whom].store(how % 10, Ordering::SeqCst),
        3..=6 => advance(Duration::from_millis(u64::from(how))).await,
        7 => advance(Duration::from_millis(u64::from(how) * 10)).await,
        8 if how % 2 == 0 => health.start_draining(),
        8 => health.stop_draining(),
        9 if how % 3 == 0 => health.start_maintenance(Maintenance::new("racks").until(soon)),
        9 => health.end_maintenance(),
        10 => {
            let forced = Override::new(Status::Unhealthy, "night");
            let forced = if how % 2 == 0 {
                forced.until(soon)
            } else {
                forced
            };
            drop(health.force(name, forced));
        }
        11 => drop(health.end_override(name)),
        12 => drop(health.disable(name)),
        13 => drop(health.enable(name)),
        14 => drop(health.register(Check::new("new", async || ()).readiness())),
        15 => drop(health.remove("new")),
        16 => {
            let gate = health.startup_gate("model").ok();
            gate.inspect(|gate| gate.progress(format!("{how} %")))
                .filter(|_| how % 4 == 0)
                .inspect(StartupGate::open);
        }
        _ => {}
    }
}

/// What was answered, as a client has it.
struct Answered {
    head: Vec<String>,
    body: Bytes,
}

impl Answered {
    fn is(&self, other: &Self) -> bool {
        (&self.head, &self.body) == (&other.head, &other.body)
    }

    /// Whether it is made of the same bytes in memory, which both hold on to.
    fn is_the_same_as(&self, other: &Self) -> bool {
        self.body.as_ptr() == other.body.as_ptr() && !self.body.is_empty()
    }
}

fn asking(uri: &str, level: u8, brings: bool) -> TestRequest {
    let request = TestRequest::get().uri(uri);
    let request = request.insert_header(("x-level", level.to_string()));
    if brings {
        request.insert_header(("x-brings", "a pool"))
    } else {
        request
    }
}

async fn ask<R>(
    app: &impl Service<R, Response = ServiceResponse<BoxBody>, Error = Error>,
    request: R,
) -> Answered {
    let response = app.call(request).await.unwrap();
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| format!("{name}: {value:?}"));
    let mut head: Vec<_> = headers.collect();
    head.sort();
    head.push(response.status().to_string());
    let body = response.into_body().try_into_bytes().unwrap();
    Answered { head, body }
}

const PREFIXES: [&str; 7] = ["default", "k8s", "spring", "micro", "asp", "ietf", "parts"];

fn service(health: &Health) -> HealthService {
    let details = Details::decide(|request| match request.headers().get("x-level") {
        Some(level) if level == "0" => Level::StatusOnly,
        Some(level) if level == "2" => Level::Full,
        _ => Level::Summary,
    });
    HealthService::new(health)
        .prefix("/default")
        .service_name("orders")
        .envoy_degraded(true)
        .details(details)
        .dialects([
            Dialect::default(),
            Dialect::kubernetes().at("/k8s"),
            Dialect::spring().at("/spring"),
            Dialect::microprofile().at("/micro"),
            Dialect::aspnet().at("/asp"),
            Dialect::ietf().at("/ietf"),
            Dialect::components().at("/parts"),
        ])
}

fn path(dialect: u8, probe: u8) -> String {
    let prefix = PREFIXES[usize::from(dialect) % PREFIXES.len()];
    let probe = usize::from(probe) % 3;
    let probe = match prefix {
        "k8s" => ["livez", "readyz", "startupz"][probe],
        "spring" => ["health/liveness", "health/readiness", "health/startup"][probe],
        _ => ["live", "ready", "started"][probe],
    };
    format!("/{prefix}/{probe}")
}

/// How often each check has run, and those that take something.
fn runs(health: &Health, things: &Things) -> (Vec<usize>, usize) {
    let checks = health.checks();
    let history = |check: &Arc<Check>| {
        let history = health.history(check.name(), health_actix::Caller::nobody());
        history.map_or(0, |history| history.runs().len())
    };
    (checks.iter().map(history).collect(), things.asked())
}

/// What there is, from what a test makes up.
#[derive(Clone, Copy)]
struct Scene {
    wanted: u8,
    has_gate: bool,
    dialects: [u8; 2],
    /// Whether there are checks that take something of whoever asks.
    takes: bool,
    builder_has: bool,
}

/// Who asks what.
#[derive(Clone, Copy, Debug)]
struct Asking {
    dialect: bool,
    probe: u8,
    level: u8,
    /// Of the second application.
    second: bool,
    in_scope: bool,
    brings: bool,
}

/// Plays a history, and asks after each step. Returns how many answers were given again.
async fn play(scene: Scene, steps: Vec<(Step, Asking)>) -> usize {
    let script = Script::default();
    let things = Rc::<Things>::default();
    let builder = match scene {
        Scene { takes: false, .. } => HealthBuilder::empty(),
        Scene {
            builder_has: true, ..
        } => Health::builder().data(things.pool(Holder::Builder)),
        _ => Health::builder(),
    };
    let health = health(&script, scene.wanted, scene.has_gate, builder);
    let app = async |own: Option<Holder>, of_scope: Holder| {
        let things = Rc::clone(&things);
        let scope = web::scope("/in").app_data(things.pool(of_scope));
        let mut app = App::new().app_data(greeter());
        if let Some(own) = own {
            app = app.app_data(things.pool(own));
        }
        let bring = move |mut request, next: &_| {
            things.bring(&mut request);
            Service::call(next, request)
        };
        let scope = scope.service(service(&health));
        init_service(app.wrap_fn(bring).service(scope).service(service(&health))).await
    };
    let apps = [
        app(Some(Holder::One), Holder::Other).await,
        app(None, Holder::One).await,
    ];
    let mut known: Vec<Answered> = Vec::new();
    let mut again = 0;
    for (step, asked) in steps {
        happen(&health, &script, &things, step).await;
        let app = &apps[usize::from(asked.second)];
        if step.0 == 17 {
            // Somebody asks, and goes away: perhaps in the midst of a run.
            let asks = ask(app, asking(&path(0, step.1), 1, asked.brings).to_request());
            drop(timeout(Duration::from_millis(u64::from(step.2)), asks).await);
        }
        let scope = if asked.in_scope { "/in" } else { "" };
        let path = path(scene.dialects[usize::from(asked.dialect)], asked.probe);
        let path = format!("{scope}{path}");
        let request = |path: &str| asking(path, asked.level, asked.brings).to_request();
        let answered = ask(app, request(&path)).await;
        if known.iter().any(|known| answered.is_the_same_as(known)) {
            again += 1;
            let ran = runs(&health, &things);
            let anew = ask(app, request(&format!("{path}?anew"))).await;
            assert!(
                answered.is(&anew),
                "{path} {asked:?}: {:?}\n{:?}",
                answered.body,
                anew.body
            );
            assert!(!answered.is_the_same_as(&anew));
            assert_eq!(runs(&health, &things), ran, "{path}: nothing was to be run");
        }
        known.push(answered);
    }
    again
}

fn steps(takes: bool) -> impl Strategy<Value = Vec<(Step, Asking)>> {
    let step = (0_u8..40, any::<u8>(), any::<u8>());
    // Readiness most of all, where most can happen.
    let what = (any::<bool>(), prop::sample::select(&[1, 0, 1, 2]), 1_u8..3);
    let who = [(); 3].map(|()| prop::bool::weighted(if takes { 0.2 } else { 0.0 }));
    let asked = (what, who).prop_map(|((dialect, probe, level), who)| {
        let [second, in_scope, brings] = who;
        Asking {
            dialect,
            probe,
            level,
            second,
            in_scope,
            brings,
        }
    });
    prop::collection::vec((step, asked), 1..120)
}

fn given_again(takes: bool, cases: u32) -> usize {
    let again = Cell::new(0);
    let cases = ProptestConfig::with_cases(cases);
    let scene = any::<(u8, bool, u8, bool)>();
    proptest!(cases, |((wanted, has_gate, second, builder_has) in scene, steps in steps(takes))| {
        let scene = Scene {
            wanted,
            has_gate,
            dialects: [0, second],
            takes,
            builder_has,
        };
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().start_paused(true).build().unwrap();
        again.set(again.get() + runtime.block_on(play(scene, steps)));
    });
    again.get()
}

#[test]
fn what_is_given_again_is_what_would_be_made_anew() {
    let again = given_again(false, 100);
    assert!(again > 100, "{again}: else nothing was compared");
}

/// Two applications, a scope with something of its own, and requests that bring what is dropped
/// afterwards.
#[test]
fn what_is_given_again_to_who_brings_something_is_what_would_be_made_for_him() {
    let again = given_again(true, 200);
    assert!(again > 50, "{again}: else nothing was compared");
}
