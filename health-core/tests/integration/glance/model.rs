//! What holds for any checks: a glance says what a probe would.

use std::collections::BTreeSet;

use health_core::{Caller, Entry, Probe, Reason, Report, Status};
use proptest::prelude::*;
use tokio::time::sleep;

use super::{glance, report};
use crate::any_check::{Runs, any_check};
use crate::support::{health, in_paused_time, ms, probe};

/// All that counts of what is told of a check.
type Told = (
    String,
    Status,
    Status,
    Status,
    Option<Reason>,
    Option<String>,
);

fn all_told(report: &Report) -> Vec<Told> {
    let entries = report.entries().iter();
    let told = entries.map(|entry| {
        (
            entry.name().to_owned(),
            entry.status(),
            entry.raw_status(),
            entry.counts_as(),
            entry.reason(),
            entry.cause().map(str::to_owned),
        )
    });
    told.collect()
}

fn skipped(report: &Report) -> BTreeSet<&str> {
    let entries = report.entries().iter();
    let skipped = entries.filter(|entry| entry.reason() == Some(Reason::Skipped));
    skipped.map(Entry::name).collect()
}

/// Never at the moment when a schedule runs something.
fn pauses() -> impl Strategy<Value = Vec<(u64, Probe)>> {
    let pause = (0_u64..150).prop_map(|tens| 10 * tens + 1);
    let asked = prop::sample::select(Probe::ALL.to_vec());
    prop::collection::vec((pause, asked), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// But for checks that one of several probes does not wait for; for what is skipped, which may be
    /// another thing when the probe ends than when it began; and for what readiness asks no more
    /// since this very probe.
    #[test]
    fn after_a_probe_a_glance_says_the_same(
        specs in prop::collection::vec(any_check(), 0..5),
        at_once in any::<bool>(),
        pauses in pauses(),
    ) {
        // What a schedule finds while the probe waits is news, and so is what is forgiven no more.
        let specs = specs.into_iter().map(|spec| {
            if at_once { spec.at_once() } else { spec.without_schedule().forgiving_for_ever() }
        });
        let specs: Vec<_> = specs.collect();
        prop_assume!(specs.iter().all(|spec| !spec.is_given_up_early()));
        in_paused_time(async {
            let runs = Runs::default();
            let checks = specs.iter().enumerate();
            let health = health(checks.map(|(index, spec)| spec.check(index, &runs)));
            for (pause, asked) in pauses {
                sleep(ms(pause)).await;
                let found = probe(&health, asked).await;
                let ran = runs.lock().unwrap().clone();
                let glance = glance(&health);
                let again = health.probe(asked, Caller::nobody());
                prop_assert_eq!(&ran, &*runs.lock().unwrap(), "nothing runs");
                let seen = report(&glance, asked);
                prop_assert_eq!(found.phase(), seen.phase());
                let has_just_started = found.entries().len() > seen.entries().len();
                let skips = !skipped(&found).is_empty() || !skipped(seen).is_empty();
                if !has_just_started && !skips {
                    prop_assert_eq!(all_told(&found), all_told(seen));
                    prop_assert_eq!(found.status(), seen.status());
                }
                let again = again.await;
                prop_assert_eq!(skipped(seen), skipped(&again));
            }
            Ok(())
        })?;
    }

    #[test]
    fn it_is_what_a_probe_says_if_all_find_again_what_they_found(
        specs in prop::collection::vec(any_check(), 0..5),
        pause in 0_u64..3000,
    ) {
        in_paused_time(async {
            let runs = Runs::default();
            let checks = specs.iter().enumerate();
            let checks = checks.map(|(index, spec)| spec.clone().at_once().steady().check(index, &runs));
            let health = health(checks);
            for asked in Probe::ALL {
                probe(&health, asked).await;
            }
            sleep(ms(pause)).await;
            let seen = glance(&health);
            prop_assume!(!format!("{seen:?}").contains("NoResult"));
            let [liveness, readiness, startup] =
                Probe::ALL.map(|asked| health.probe(asked, Caller::nobody()));
            let found = tokio::join!(liveness, readiness, startup);
            for found in [found.0, found.1, found.2] {
                let seen = report(&seen, found.probe());
                prop_assert_eq!(all_told(seen), all_told(&found));
                prop_assert_eq!(seen.status(), found.status());
                prop_assert_eq!(seen.phase(), found.phase());
            }
            Ok(())
        })?;
    }
}
