//! Arguments that callers bring: results belong to a check and what is bound to it.

use std::sync::Arc;

use health_core::{
    Caller, Context, FromContext, Health, HealthBuilder, Identity, Probe, Reason, Report,
    Requirement, Runtime, Status, health_check,
};

use crate::support::{Count, entry, ms};

/// What a request carries, as a web framework would have it.
pub(crate) struct Request {
    tenant: Option<Arc<Tenant>>,
}

struct Tenant {
    up: bool,
    asked: Count,
    explosive: bool,
}

/// An argument from the request.
struct OfRequest(Arc<Tenant>);

impl Drop for OfRequest {
    fn drop(&mut self) {
        assert!(!self.0.explosive, "dropped, as it was told");
    }
}

enum ViaTest {}

impl FromContext<ViaTest> for OfRequest {
    fn requirement() -> Requirement {
        Requirement::caller_or_state::<Self>()
    }

    fn from_context(cx: &Context<'_>) -> Option<Self> {
        match cx.caller::<Request>() {
            Some(request) => request.tenant.clone().map(Self),
            None => cx.state::<Self>().map(|state| Self(Arc::clone(&state.0))),
        }
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::of(&self.0))
    }
}

#[health_check(kind = "liveness", cache_ms = 1000)]
async fn tenant(of: OfRequest) -> bool {
    of.0.asked.one_more();
    of.0.up
}

#[health_check(kind = "startup")]
async fn tenant_started(of: OfRequest) -> bool {
    of.0.up
}

pub(crate) fn builder() -> HealthBuilder {
    [
        "annotated::everything_given",
        "annotated::defaults",
        "annotated::one::same",
    ]
    .map(|function| format!("integration::{function}"))
    .into_iter()
    .fold(
        Health::builder().runtime(Runtime::current()),
        HealthBuilder::exclude,
    )
}

pub(crate) fn request(up: bool) -> Request {
    request_of(up, false)
}

/// What is taken from it panics when it is dropped.
pub(crate) fn explosive_request() -> Request {
    request_of(true, true)
}

fn request_of(up: bool, explosive: bool) -> Request {
    let tenant = Tenant {
        up,
        asked: Count::default(),
        explosive,
    };
    Request {
        tenant: Some(Arc::new(tenant)),
    }
}

async fn ask(health: &Health, request: &Request, probe: Probe) -> Report {
    health.probe(probe, Caller::of(request)).await
}

#[tokio::test(start_paused = true)]
async fn callers_with_different_things_never_see_each_others_results() {
    let health = builder().build().unwrap();
    let (up, down) = (request(true), request(false));
    for _ in 0..3 {
        assert!(ask(&health, &up, Probe::Liveness).await.is_passing());
        assert!(!ask(&health, &down, Probe::Liveness).await.is_passing());
    }
    for request in [&up, &down] {
        let asked = request.tenant.as_ref().unwrap().asked.now();
        assert_eq!(asked, 1, "each result is kept for its own");
    }
}

/// Whether this caller may be given what was made of the report to another.
fn is_told_again(health: &Health, report: &Report, request: &Request) -> bool {
    let lasting = report.lasting();
    lasting.is_some_and(|lasting| health.tells_again(lasting, Caller::of(request)))
}

#[tokio::test(start_paused = true)]
async fn what_a_caller_was_told_is_told_again_to_who_brings_the_same() {
    let health = builder().build().unwrap();
    let (one, other) = (request(true), request(true));
    let worker = Request {
        tenant: one.tenant.clone(),
    };
    let nothing = Request { tenant: None };
    for probe in [Probe::Liveness, Probe::Startup] {
        ask(&health, &one, probe).await;
        ask(&health, &other, probe).await;
        let report = ask(&health, &one, probe).await;
        assert!(is_told_again(&health, &report, &one), "{probe}");
        assert!(is_told_again(&health, &report, &worker), "{probe}");
        assert!(!is_told_again(&health, &report, &other), "{probe}");
        assert!(!is_told_again(&health, &report, &nothing), "{probe}");
        let lasting = report.lasting().unwrap();
        assert!(!health.tells_again(lasting, Caller::nobody()), "{probe}");
    }
    let report = ask(&health, &nothing, Probe::Liveness).await;
    assert!(
        report.lasting().is_none(),
        "who brings nothing may yet do so"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_caller_was_told_whose_startup_has_passed_is_not_told_to_another() {
    let health = builder().build().unwrap();
    let (up, down) = (request(true), request(false));
    ask(&health, &up, Probe::Readiness).await;
    let report = ask(&health, &up, Probe::Readiness).await;
    let mut entries = report.entries().iter();
    assert!(entries.all(|entry| entry.name() != "tenant_started"));
    assert!(is_told_again(&health, &report, &up));
    assert!(!is_told_again(&health, &report, &down));
}

#[tokio::test(start_paused = true)]
async fn what_was_told_of_a_thing_that_is_gone_is_not_told_of_another_at_its_address() {
    let health = builder().build().unwrap();
    for _ in 0..100 {
        let gone = request(true);
        ask(&health, &gone, Probe::Liveness).await;
        let report = ask(&health, &gone, Probe::Liveness).await;
        assert!(is_told_again(&health, &report, &gone));
        drop(gone);
        assert!(!is_told_again(&health, &report, &request(true)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_argument_that_panics_is_not_told_again() {
    let health = builder().build().unwrap();
    let explosive = explosive_request();
    ask(&health, &explosive, Probe::Liveness).await;
    let report = ask(&health, &explosive, Probe::Liveness).await;
    assert!(report.lasting().is_some(), "{report:?}");
    assert!(!is_told_again(&health, &report, &explosive));
}

#[tokio::test(start_paused = true)]
async fn callers_with_the_same_thing_share_its_result() {
    let health = builder().build().unwrap();
    let one = request(true);
    let worker = Request {
        tenant: one.tenant.clone(),
    };
    for request in [&one, &worker, &one] {
        assert!(ask(&health, request, Probe::Liveness).await.is_passing());
    }
    assert_eq!(one.tenant.unwrap().asked.now(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_brings_nothing_is_told_the_history_of_the_only_thing_that_others_brought() {
    let health = builder().build().unwrap();
    let told = || health.history("tenant", Caller::nobody()).is_some();
    assert!(!told(), "nobody has brought anything");
    let (up, down) = (request(true), request(false));
    ask(&health, &up, Probe::Liveness).await;
    assert!(told());
    ask(&health, &down, Probe::Liveness).await;
    assert!(!told(), "there are two");
}

#[tokio::test(start_paused = true)]
async fn startup_latches_for_each_by_itself() {
    let health = builder().build().unwrap();
    let (up, down) = (request(true), request(false));
    assert!(ask(&health, &up, Probe::Readiness).await.phase() == &health_core::Phase::Started);
    assert!(!ask(&health, &down, Probe::Startup).await.is_passing());
    assert!(ask(&health, &up, Probe::Startup).await.is_passing());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_that_callers_failure() {
    let health = builder().build().unwrap();
    let nothing = Request { tenant: None };
    let report = ask(&health, &nothing, Probe::Liveness).await;
    let found = entry(&report, "tenant");
    assert_eq!(found.message(), Some("`OfRequest` is not initialised"));
    assert_eq!(
        (found.status(), found.reason()),
        (Status::Unhealthy, Some(Reason::NotInitialised))
    );
    assert!(!ask(&health, &nothing, Probe::Startup).await.is_passing());
    assert!(
        ask(&health, &request(true), Probe::Liveness)
            .await
            .is_passing()
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_bound_is_held_weakly() {
    let health = builder().build().unwrap();
    for _ in 0..100 {
        let short_lived = request(true);
        assert!(
            ask(&health, &short_lived, Probe::Liveness)
                .await
                .is_passing()
        );
        tokio::time::sleep(ms(1)).await;
        let tenant = short_lived.tenant.unwrap();
        assert_eq!(Arc::strong_count(&tenant), 1, "only the request holds it");
        assert!(Arc::weak_count(&tenant) > 0);
        assert_eq!(
            tenant.asked.now(),
            1,
            "an address that is used again is not taken for it"
        );
    }
}

#[test]
fn where_no_request_comes_the_type_is_named_at_start() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _context = runtime.enter();
    let text = builder()
        .build()
        .unwrap()
        .ensure_standalone()
        .unwrap_err()
        .to_string();
    assert!(
        text.starts_with("2 mistakes in the health checks:\n  - check `tenant` ("),
        "{text}"
    );
    assert!(
        text.contains(
            "it takes `OfRequest` from the data of the requesting application, but where it is \
             to be asked no application request ever comes; give the builder one with \
             `.data(value)`, the value being a `integration::binding::OfRequest`"
        ),
        "{text}"
    );
    let tenant = Arc::new(Tenant {
        up: true,
        asked: Count::default(),
        explosive: false,
    });
    let health = builder().data(OfRequest(tenant)).build().unwrap();
    assert_eq!(health.ensure_standalone(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn what_each_caller_got_stays_when_the_name_changes() {
    let health = builder().build().unwrap();
    let (up, down) = (request(true), request(false));
    for request in [&up, &down] {
        ask(&health, request, Probe::Liveness).await;
    }
    health.rename("tenant", "renamed").unwrap();
    for (request, passes) in [(&up, true), (&down, false)] {
        let report = ask(&health, request, Probe::Liveness).await;
        assert_eq!(entry(&report, "renamed").status().is_passing(), passes);
        assert_eq!(request.tenant.as_ref().unwrap().asked.now(), 1, "kept");
    }
    health.disable("renamed").unwrap();
    let nothing = Request { tenant: None };
    let report = ask(&health, &nothing, Probe::Liveness).await;
    assert_eq!(entry(&report, "renamed").reason(), Some(Reason::Disabled));
    health.enable("renamed").unwrap();
    assert!(ask(&health, &up, Probe::Liveness).await.is_passing());
    assert_eq!(up.tenant.as_ref().unwrap().asked.now(), 2, "anew");
}

#[tokio::test(start_paused = true)]
async fn what_has_started_for_a_caller_who_is_gone_has_started_still() {
    let log = crate::log::Log::default();
    let _guard = log.listen();
    let health = builder().build().unwrap();
    let gone = request(true);
    let report = ask(&health, &gone, Probe::Startup).await;
    assert!(report.is_passing(), "{report:?}");
    drop(gone);
    ask(&health, &request(false), Probe::Startup).await;
    let unrelated = health_core::Check::new("unrelated", async || ());
    health.register(unrelated.readiness()).unwrap();
    log.take();
    ask(&health, &request(false), Probe::Liveness).await;
    let told = log.take();
    let failure = told.iter().find(|line| line.contains("check=\"tenant\""));
    assert!(
        failure.is_some_and(|line| line.starts_with("ERROR check fails")),
        "{told:?}"
    );
}
