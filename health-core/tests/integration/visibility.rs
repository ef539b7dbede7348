//! Whose names everyone may read.

use std::future::pending;

use health_core::{
    Caller, Check, Entry, Health, HealthBuilder, Outcome, Probe, Reason, Runtime, Status,
    Visibility,
};
use proptest::prelude::*;
use tokio::time::{advance, sleep};

use crate::any_check::{Runs, Spec, any_check};
use crate::observers::Book;
use crate::support::{entry, health, in_paused_time, ms, ready};

fn hidden(check: Check) -> Check {
    check.with_visibility(Visibility::Full)
}

fn failing(name: &'static str) -> Check {
    Check::new(name, async || Outcome::unhealthy("down")).readiness()
}

#[test]
fn everyone_is_told_of_a_check_unless_it_is_said() {
    let check = failing("c");
    assert_eq!(check.visibility(), Visibility::Summary);
    assert_eq!(hidden(check).visibility(), Visibility::Full);
    assert_eq!(Visibility::default(), Visibility::Summary);
    assert_eq!(Visibility::Full.to_string(), "full");
    let read = serde_json::from_str::<Visibility>("\"summary\"").unwrap();
    assert_eq!(read, Visibility::Summary);
}

#[tokio::test(start_paused = true)]
async fn what_is_hidden_counts_all_the_same() {
    let report = ready(&health([hidden(failing("c"))])).await;
    assert_eq!(report.status(), Status::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn who_is_skipped_names_no_hidden_prerequisite_in_public() {
    let dependent = |name: &'static str, on: &'static str| {
        Check::new(name, async || ())
            .readiness()
            .with_cache(ms(0))
            .with_depends_on(on)
    };
    let health = health([
        dependent("a", "supplier"),
        dependent("b", "network"),
        hidden(failing("supplier")),
        failing("network"),
    ]);
    ready(&health).await;
    advance(ms(1)).await;
    let report = ready(&health).await;
    let a = entry(&report, "a");
    assert_eq!(
        (a.reason(), a.message(), a.error()),
        (
            Some(Reason::Skipped),
            Some("skipped, because a prerequisite is unhealthy"),
            Some("skipped, because `supplier` is unhealthy")
        )
    );
    let cause = a.cause_check().unwrap();
    assert_eq!(
        (cause.name(), cause.visibility()),
        ("supplier", Visibility::Full)
    );
    assert_eq!(a.cause(), Some("supplier"));
    let b = entry(&report, "b");
    assert_eq!(
        (b.message(), b.error()),
        (Some("skipped, because `network` is unhealthy"), None)
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_that_is_hidden_by_a_configuration_is_named_no_more() {
    let dependent = Check::new("a", async || ()).readiness();
    let health = health([
        dependent.with_cache(ms(0)).with_depends_on("network"),
        failing("network"),
    ]);
    ready(&health).await;
    let said = r#"{ "checks": { "network": { "visibility": "full" } } }"#;
    health.apply(&serde_json::from_str(said).unwrap()).unwrap();
    advance(ms(1)).await;
    let report = ready(&health).await;
    assert_eq!(
        entry(&report, "a").message(),
        Some("skipped, because a prerequisite is unhealthy")
    );
}

fn one_at_a_time(checks: impl IntoIterator<Item = Check>, book: Book) -> Health {
    let builder = HealthBuilder::empty()
        .runtime(Runtime::current())
        .concurrency(1)
        .observer(book);
    let builder = checks.into_iter().fold(builder, HealthBuilder::check);
    builder.build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_names_nobody_hidden_in_public_but_to_observers() {
    let hangs = Check::new("a_supplier", pending::<()>).readiness();
    let waits = Check::new("b", async || ()).readiness();
    let book = Book::default();
    let hangs = hidden(hangs.with_timeout(ms(900)));
    let health = one_at_a_time([hangs, waits], book.clone());
    let report = ready(&health).await;
    let waits = entry(&report, "b");
    assert_eq!(
        (waits.message(), waits.error()),
        (
            Some("Timeout after 800ms: it waits for another check"),
            Some("Timeout after 800ms: it waits for `a_supplier`")
        )
    );
    let book = book.read().await.join("\n");
    assert!(book.contains("it waits for `a_supplier`"), "{book}");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_probe_names_nobody_hidden_either() {
    let hangs = Check::new("a_supplier", pending::<()>).readiness();
    let waits = Check::new("b", async || ()).readiness();
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .concurrency(1)
        .deadline(ms(200))
        .check(hidden(hangs))
        .check(waits)
        .build()
        .unwrap();
    let report = ready(&health).await;
    assert_eq!(
        entry(&report, "b").message(),
        Some("no answer within the probe's deadline of 200ms: it waits for another check")
    );
}

/// What every entry says in public, whoever asks.
async fn public_texts(health: &Health) -> Vec<String> {
    let overview = health.everything(Caller::nobody()).await;
    let mut entries = overview.entries().to_vec();
    for asked in Probe::ALL {
        let report = health.probe(asked, Caller::nobody()).await;
        entries.extend_from_slice(report.entries());
    }
    let texts = entries.iter().filter_map(Entry::message);
    texts.map(str::to_owned).collect()
}

/// All public texts of some time, where only these checks are not hidden.
async fn told(specs: &[Spec], pauses: &[u64], shown: &[bool]) -> Vec<String> {
    let runs = Runs::default();
    let checks = specs.iter().zip(shown).enumerate();
    let checks = checks.map(|(index, (spec, shown))| {
        let check = spec.check(index, &runs);
        if *shown { check } else { hidden(check) }
    });
    let health = one_at_a_time(checks, Book::default());
    let mut texts = Vec::new();
    for pause in pauses {
        sleep(ms(*pause)).await;
        texts.extend(public_texts(&health).await);
    }
    texts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_public_text_names_who_is_hidden(
        specs in prop::collection::vec(any_check(), 2..5),
        pauses in prop::collection::vec(0_u64..1500, 1..4),
        shown in prop::collection::vec(any::<bool>(), 5),
    ) {
        let texts = in_paused_time(told(&specs, &pauses, &shown));
        for (index, _) in shown.iter().enumerate().filter(|(_, shown)| !**shown) {
            let name = format!("c{index}");
            for text in &texts {
                prop_assert!(!text.contains(&name), "{}", text);
            }
        }
    }
}
