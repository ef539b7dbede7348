//! What callers bring, and what becomes of it.

use health_core::{Caller, Health, HealthBuilder, Override, Probe, Runtime, Status};

use crate::binding::explosive_request;
use crate::observers::Book;
use crate::support::probe;

fn health(observer: Book) -> Health {
    let others = [
        "annotated::everything_given",
        "annotated::one::same",
        "annotated::other::same",
        "annotated::defaults",
        "binding::tenant_started",
    ];
    let others = others.map(|function| format!("integration::{function}"));
    let builder = Health::builder().runtime(Runtime::current());
    let builder = others.into_iter().fold(builder, HealthBuilder::exclude);
    builder.observer(observer).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn that_a_caller_brings_nothing_is_told_once() {
    let book = Book::default();
    let health = health(book.clone());
    probe(&health, Probe::Liveness).await;
    let expected = [
        "tenant: nothing -> unhealthy, Some(\"`OfRequest` is not initialised\"), \
         Some(NotInitialised)",
    ];
    assert_eq!(book.read().await, expected);
    for _ in 0..5 {
        probe(&health, Probe::Liveness).await;
        assert!(book.read().await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_panics_when_it_is_dropped_harms_no_probe_of_an_override() {
    let health = health(Book::default());
    let forced = Override::new(Status::Healthy, "INC-42");
    health.force("tenant", forced).unwrap();
    let request = explosive_request();
    let asked = health.probe(Probe::Liveness, Caller::of(&request));
    assert!(asked.await.is_passing());
}

#[tokio::test(start_paused = true)]
async fn what_panics_when_it_is_dropped_harms_no_look_at_the_history() {
    let health = health(Book::default());
    let request = explosive_request();
    health.probe(Probe::Liveness, Caller::of(&request)).await;
    let history = health.history("tenant", Caller::of(&request));
    assert_eq!(history.unwrap().runs().len(), 1);
}
