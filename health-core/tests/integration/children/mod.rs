//! One function, several named results.

mod model;
mod told;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use health_core::{
    Caller, Check, Child, Entry, Health, HealthBuilder, History, Outcome, Override, Probe, Reason,
    Runtime, Status, Value,
};
use tokio::time::{advance, sleep};

use crate::support::{entry, health, ms, probe, ready};

use Status::{Degraded, Healthy, Unhealthy};

/// What the runs of a check are to do, one after the other; the last one for ever.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<VecDeque<Run>>>);

#[derive(Clone, Debug)]
enum Run {
    Hangs,
    Says(Said),
}

/// The status of the check itself, and of its children.
type Said = (Status, Vec<(&'static str, Status)>);

impl Script {
    fn then(&self, run: Run) {
        self.0.lock().unwrap().push_back(run);
    }

    fn says(&self, own: Status, children: &[(&'static str, Status)]) {
        self.then(Run::Says((own, children.to_vec())));
    }

    fn check(&self) -> Check {
        let script = self.clone();
        let check = Check::new("shards", move || {
            let mut runs = script.0.lock().unwrap();
            let run = if runs.len() > 1 {
                runs.pop_front()
            } else {
                runs.front().cloned()
            };
            async move {
                match run.expect("it is said what the run does") {
                    Run::Hangs => std::future::pending().await,
                    Run::Says(said) => outcome(said),
                }
            }
        });
        check.readiness().with_cache(ms(0))
    }
}

fn outcome((own, children): Said) -> Outcome {
    let own = Outcome::new(own);
    children
        .into_iter()
        .fold(own, |own, (name, status)| own.with_child(name, status))
}

/// The check's entry after each of these runs, in which only children are spoken of.
async fn after(check: impl Fn(Check) -> Check, runs: &[&[(&'static str, Status)]]) -> Vec<Entry> {
    let script = Script::default();
    runs.iter().for_each(|run| script.says(Healthy, run));
    let health = health([check(script.check())]);
    let mut entries = Vec::new();
    for _ in runs {
        entries.push(only_entry(&health).await);
    }
    entries
}

async fn only_entry(health: &Health) -> Entry {
    ready(health).await.entries()[0].clone()
}

fn statuses(entries: &[Entry]) -> Vec<Status> {
    entries.iter().map(Entry::status).collect()
}

fn children(entry: &Entry) -> Vec<(&str, Status)> {
    let children = entry.children();
    children
        .map(|child| (child.name(), child.status()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_worst_child_is_the_status_and_each_is_told() {
    let check = Check::new("shards", async || {
        Outcome::healthy()
            .with_child(
                "b",
                Outcome::degraded("lag 12 s").with_data("lag_seconds", 12),
            )
            .with_child("a", Err::<(), _>("refused by mysql://u:hunter2@h"))
            .with_child("password=hunter2", ())
            .with_child("shards", ())
    });
    let health = health([check.readiness()]);
    let report = ready(&health).await;
    assert!(!report.is_passing());
    let entry = entry(&report, "shards");
    assert_eq!((entry.status(), entry.raw_status()), (Unhealthy, Unhealthy));
    assert_eq!(entry.message(), Some("failing: a"));
    assert_eq!((entry.error(), entry.reason()), (None, None));
    let [b, a, masked, namesake] = entry.children().collect::<Vec<_>>()[..] else {
        panic!("in the order in which they were returned: {entry:?}");
    };
    assert_eq!(
        (b.name(), b.status(), b.raw_status()),
        ("b", Degraded, Degraded)
    );
    assert_eq!((b.message(), b.error()), (Some("lag 12 s"), None));
    let data: Vec<_> = b.data().collect();
    assert_eq!(data, [("lag_seconds", &Value::Integer(12))]);
    assert_eq!((a.name(), a.status()), ("a", Unhealthy));
    assert_eq!(
        (a.message(), a.error()),
        (None, Some("refused by mysql://u:***@h"))
    );
    assert_eq!((a.consecutive_failures(), a.since()), (1, entry.since()));
    assert_eq!((masked.name(), masked.status()), ("password=***", Healthy));
    assert_eq!((namesake.name(), namesake.status()), ("shards", Healthy));
}

#[tokio::test(start_paused = true)]
async fn a_vector_of_named_results_is_enough() {
    async fn shards() -> Vec<(String, Result<(), std::io::Error>)> {
        let refused = std::io::Error::other("connection refused");
        vec![("1".to_owned(), Ok(())), ("2".to_owned(), Err(refused))]
    }
    let blocking = || Ok::<_, String>(BTreeMap::from([("x", Degraded), ("y", Healthy)]));
    let health = health([
        Check::new("shards", shards).readiness(),
        Check::blocking("replicas", blocking).readiness(),
    ]);
    let report = ready(&health).await;
    assert_eq!(
        children(entry(&report, "shards")),
        [("1", Healthy), ("2", Unhealthy)]
    );
    let replicas = entry(&report, "replicas");
    assert_eq!(children(replicas), [("x", Degraded), ("y", Healthy)]);
    assert_eq!(
        (replicas.status(), replicas.message()),
        (Degraded, Some("degraded: x"))
    );
}

#[tokio::test(start_paused = true)]
async fn each_child_has_runs_in_a_row_of_its_own() {
    let three = |check: Check| check.with_failure_threshold(3);
    let (up, down): (&[_], &[_]) = (
        &[("a", Healthy), ("b", Healthy), ("c", Healthy)],
        &[("a", Unhealthy), ("b", Healthy), ("c", Healthy)],
    );
    let entries = after(three, &[up, down, down, down]).await;
    assert_eq!(statuses(&entries), [Healthy, Healthy, Healthy, Unhealthy]);
    assert_eq!(entries[2].message(), None, "it is tolerated");
    assert_eq!(entries[3].message(), Some("failing: a"));
    let in_turn: [&[_]; 4] = [
        up,
        down,
        &[("a", Healthy), ("b", Unhealthy), ("c", Healthy)],
        &[("a", Healthy), ("b", Healthy), ("c", Unhealthy)],
    ];
    let entries = after(three, &in_turn).await;
    assert_eq!(
        statuses(&entries),
        [Healthy; 4],
        "none of them failed thrice"
    );
    assert_eq!(entries[3].raw_status(), Unhealthy);
    assert_eq!(
        entries[3].consecutive_failures(),
        3,
        "some child did in each"
    );
    let failures = entries[3].children().map(Child::consecutive_failures);
    assert_eq!(failures.collect::<Vec<_>>(), [0, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_child_passes_again_after_runs_of_its_own() {
    let two = |check: Check| check.with_success_threshold(2);
    let runs: [&[_]; 5] = [
        &[("a", Unhealthy), ("b", Healthy)],
        &[("a", Healthy), ("b", Unhealthy)],
        &[("a", Healthy), ("b", Healthy)],
        &[("a", Healthy), ("b", Healthy)],
        &[("a", Degraded), ("b", Healthy)],
    ];
    let entries = after(two, &runs).await;
    let expected = [Unhealthy, Unhealthy, Unhealthy, Healthy, Degraded];
    assert_eq!(statuses(&entries), expected);
    let messages: Vec<_> = entries.iter().map(Entry::message).collect();
    let (a, b) = (Some("failing: a"), Some("failing: b"));
    assert_eq!(
        messages,
        [a, Some("failing: a, b"), b, None, Some("degraded: a")]
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_child_of_which_nothing_is_decided_leaves_the_check_as_it_was() {
    let three = |check: Check| check.with_failure_threshold(3).liveness();
    let new: [&[_]; 3] = [
        &[("a", Healthy)],
        &[("a", Healthy), ("b", Unhealthy)],
        &[("a", Degraded), ("b", Unhealthy)],
    ];
    let entries = after(three, &new).await;
    assert_eq!(statuses(&entries), [Healthy, Healthy, Degraded]);
    assert_eq!(children(&entries[1]), [("a", Healthy), ("b", Unhealthy)]);
    let first = after(three, &[&[("a", Unhealthy), ("b", Healthy)]]).await;
    assert_eq!(
        statuses(&first),
        [Unhealthy],
        "nothing is known of the whole"
    );
    assert_eq!(first[0].since(), None);

    let script = Script::default();
    script.says(Healthy, &[("a", Unhealthy)]);
    let health = health([three(script.check())]);
    let report = probe(&health, Probe::Liveness).await;
    assert!(report.is_passing(), "liveness holds");
    assert_eq!(children(&report.entries()[0]), [("a", Healthy)]);
    assert!(!ready(&health).await.is_passing());
    assert!(
        !probe(&health, Probe::Liveness).await.is_passing(),
        "the third"
    );
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_known_to_fail_fails_a_check_that_is_not_known_yet() {
    let two = |check: Check| check.with_failure_threshold(2);
    let (a, b) = (("a", Unhealthy), ("b", Unhealthy));
    let entries = after(two, &[&[a], &[a, b]]).await;
    assert_eq!(statuses(&entries), [Unhealthy, Unhealthy]);
    assert!(entries[0].since().is_none() && entries[1].since().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_says_nothing_of_children_neither_counts_nor_forgets_them() {
    let script = Script::default();
    let all = [("a", Healthy), ("b", Unhealthy)];
    script.says(Healthy, &all);
    script.then(Run::Hangs);
    script.says(Unhealthy, &[]);
    script.says(Healthy, &all);
    script.says(Healthy, &all[..1]);
    script.says(Healthy, &all);
    let check = script
        .check()
        .with_failure_threshold(2)
        .with_success_threshold(2);
    let health = health([check]);
    let ask = async || only_entry(&health).await;
    let history = || health.history("shards", Caller::nobody()).unwrap();
    assert_eq!(ask().await.children().len(), 2);
    for expected in [Some(Reason::TimedOut), None] {
        let silent = ask().await;
        assert_eq!((silent.reason(), silent.children().len()), (expected, 0));
        let runs = history()
            .children()
            .map(|(_, child)| child.runs().len())
            .collect::<Vec<_>>();
        assert_eq!(runs, [1, 1]);
    }
    let second = ask().await;
    assert_eq!(children(&second), [("a", Healthy), ("b", Unhealthy)]);
    assert_eq!(
        second.consecutive_failures(),
        4,
        "of the check, one by its children"
    );
    let third = ask().await;
    assert_eq!(children(&third), [("a", Healthy)]);
    assert_eq!(
        third.status(),
        Healthy,
        "what is not there any more does not fail"
    );
    assert_eq!(history().children().len(), 1);
    let again = ask().await;
    let b = again.children().last().unwrap();
    assert_eq!(b.consecutive_failures(), 1, "it was forgotten");
}

#[tokio::test(start_paused = true)]
async fn each_child_has_a_history_of_its_own() {
    let script = Script::default();
    script.says(Healthy, &[("a", Healthy), ("b", Healthy)]);
    script.says(Unhealthy, &[("b", Unhealthy), ("a", Healthy)]);
    script.says(Healthy, &[("a", Degraded), ("b", Unhealthy)]);
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(script.check())
        .history(2)
        .build()
        .unwrap();
    let start = health.wall_clock();
    for _ in 0..3 {
        ready(&health).await;
        advance(ms(1000)).await;
    }
    let history = health.history("shards", Caller::nobody()).unwrap();
    let names: Vec<_> = history.children().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "b"], "as they were returned last");
    let [(_, a), (_, b)] = history.children().collect::<Vec<_>>()[..] else {
        panic!("{history:?}");
    };
    let of = |history: &History| {
        let runs = history.runs().iter();
        runs.map(|run| (run.started_at(), run.status()))
            .collect::<Vec<_>>()
    };
    let (second, third) = (start + ms(1000), start + ms(2000));
    assert_eq!(of(a), [(second, Healthy), (third, Degraded)]);
    assert_eq!(of(b), [(second, Unhealthy), (third, Unhealthy)]);
    assert_eq!((a.status(), a.since()), (Some(Degraded), Some(third)));
    assert_eq!((b.status(), b.since()), (Some(Unhealthy), Some(second)));
    assert_eq!((a.last_success(), a.first_failure()), (Some(third), None));
    assert_eq!(
        (b.last_success(), b.first_failure()),
        (Some(start), Some(second))
    );
    assert_eq!((a.consecutive_failures(), b.consecutive_failures()), (0, 2));
    assert!(b.runs()[0].latency().is_some() && b.children().len() == 0);
    assert_eq!(history.consecutive_failures(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_overdue_run_that_counts_again_leaves_children_alone() {
    let script = Script::default();
    script.says(Healthy, &[("a", Unhealthy), ("b", Healthy)]);
    script.then(Run::Hangs);
    let check = script.check().with_failure_threshold(2);
    let health = health([check.with_cancel_after(ms(10_000))]);
    ready(&health).await;
    ready(&health).await;
    assert_eq!(
        only_entry(&health).await.status(),
        Unhealthy,
        "nothing is decided"
    );
    sleep(ms(1700)).await;
    let entry = only_entry(&health).await;
    assert_eq!((entry.status(), entry.children().len()), (Unhealthy, 0));
    assert_eq!(
        entry.consecutive_failures(),
        4,
        "one run, and three timeouts"
    );
    let history = health.history("shards", Caller::nobody()).unwrap();
    let failures = history
        .children()
        .map(|(_, child)| child.consecutive_failures());
    assert_eq!(failures.collect::<Vec<_>>(), [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_override_says_nothing_of_children_and_changes_nothing_for_them() {
    let script = Script::default();
    script.says(Healthy, &[("a", Unhealthy)]);
    let health = health([script.check()]);
    ready(&health).await;
    let forced = Override::new(Healthy, "INC-42");
    health.force("shards", forced).unwrap();
    let entry = only_entry(&health).await;
    assert_eq!((entry.status(), entry.children().len()), (Healthy, 0));
    health.end_override("shards").unwrap();
    let entry = only_entry(&health).await;
    assert_eq!(entry.children().next().unwrap().consecutive_failures(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slow_run_degrades_what_is_said_of_the_check_itself() {
    let slow = |child: Status| {
        let check = Check::new("shards", move || async move {
            sleep(ms(300)).await;
            Outcome::healthy().with_child("a", child)
        });
        health([check.readiness().with_degraded_after(ms(100))])
    };
    let took = Some("took 300 ms, more than 100 ms");
    for child in [Healthy, Degraded] {
        let entry = only_entry(&slow(child)).await;
        assert_eq!(
            (entry.status(), entry.reason()),
            (Degraded, Some(Reason::Slow))
        );
        assert_eq!(
            (entry.message(), children(&entry)),
            (took, vec![("a", child)])
        );
    }
    let entry = only_entry(&slow(Unhealthy)).await;
    assert_eq!((entry.status(), entry.reason()), (Unhealthy, None));
    assert_eq!(entry.message(), Some("failing: a"));
}

#[tokio::test(start_paused = true)]
async fn startup_is_latched_once_all_children_have_passed() {
    let script = Script::default();
    script.says(Healthy, &[("a", Healthy), ("b", Unhealthy)]);
    script.says(Healthy, &[("a", Unhealthy), ("b", Healthy)]);
    script.says(Healthy, &[("a", Unhealthy), ("b", Unhealthy)]);
    let check = script.check().with_failure_threshold(2).startup();
    let health = health([check]);
    let started = async || probe(&health, Probe::Startup).await.is_passing();
    assert!(!started().await, "nothing is known of `b`");
    assert!(started().await, "`a` may fail once");
    assert!(!ready(&health).await.is_passing(), "but not twice");
    assert!(started().await, "it is latched");
}

#[tokio::test(start_paused = true)]
async fn a_shared_check_is_forgiven_for_its_children_once_it_has_passed() {
    let shared = |check: Check| check.with_shared(true).with_fail_closed_after(ms(60_000));
    let script = Script::default();
    script.says(Healthy, &[("a", Unhealthy), ("b", Healthy)]);
    script.says(Healthy, &[("a", Healthy), ("b", Healthy)]);
    script.says(Healthy, &[("a", Unhealthy), ("b", Healthy)]);
    script.says(Healthy, &[("a", Healthy), ("b", Unhealthy)]);
    let health = health([shared(script.check())]);
    assert!(!ready(&health).await.is_passing(), "it has never passed");
    for expected in [Healthy, Degraded, Degraded] {
        assert_eq!(ready(&health).await.status(), expected);
        sleep(ms(30_000)).await;
    }
    let entry = only_entry(&health).await;
    assert_eq!(
        entry.counts_as(),
        Unhealthy,
        "for a minute, whichever child it was"
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_that_panics_when_told_is_that_childs_failure() {
    #[derive(Debug)]
    struct Rude;
    impl fmt::Display for Rude {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("pwd=hunter2")
        }
    }
    impl std::error::Error for Rude {}
    impl Drop for Rude {
        fn drop(&mut self) {
            panic!("rude to the end");
        }
    }
    let check = Check::new("shards", async || {
        Outcome::healthy()
            .with_child("rude", Outcome::healthy().with_error(Rude))
            .with_child("ruder", Err::<(), _>(Rude))
            .with_child("fine", ())
    });
    let health = health([check.readiness()]);
    let entry = only_entry(&health).await;
    assert_eq!(entry.reason(), None);
    assert_eq!(
        children(&entry),
        [("rude", Unhealthy), ("ruder", Unhealthy), ("fine", Healthy)]
    );
    let errors = entry.children().map(Child::error);
    let expected = Some("panicked: pwd=***");
    assert_eq!(errors.collect::<Vec<_>>(), [expected, expected, None]);

    let both = Check::new("shards", async || {
        let outcome = Outcome::healthy().with_error(Rude);
        outcome
            .with_child("a", Err::<(), _>(Rude))
            .with_child("b", Err::<(), _>(Rude))
    });
    let entry = only_entry(&crate::support::health([both.readiness()])).await;
    assert_eq!(
        (entry.reason(), entry.children().len()),
        (Some(Reason::Panicked), 0)
    );
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_children_are_a_thousand_and_the_others() {
    let check = Check::new("shards", async || {
        let name = |index: usize| (format!("shard_{index}"), index < 9_999);
        (0..10_000).map(name).collect::<Vec<_>>()
    });
    let health = health([check.readiness()]);
    let entry = only_entry(&health).await;
    assert_eq!(
        (entry.status(), entry.message()),
        (Unhealthy, Some("failing: others"))
    );
    assert_eq!(entry.children().len(), 1001);
    let others = entry.children().last().unwrap();
    assert_eq!((others.name(), others.status()), ("others", Unhealthy));
    assert_eq!(others.message(), Some("9000 more than are listed"));
}

#[tokio::test(start_paused = true)]
async fn odd_names_stay_apart_and_texts_name_a_few() {
    let long = "ü".repeat(300);
    let names = [
        "",
        "a\"b\n",
        "token=1",
        "token=2",
        "token=*** (2)",
        "token=3",
    ];
    let names: Vec<_> = names.into_iter().map(str::to_owned).chain([long]).collect();
    let check = Check::new("shards", move || {
        let children: Vec<_> = names.iter().map(|name| (name.clone(), false)).collect();
        async move { children }
    });
    let health = health([check.readiness()]);
    let entry = only_entry(&health).await;
    let mut told: Vec<_> = entry.children().map(Child::name).collect();
    assert!(told.pop().unwrap().starts_with("üüü"));
    assert_eq!(
        told,
        [
            "",
            "a\"b\n",
            "token=***",
            "token=*** (2)",
            "token=*** (2) (2)",
            "token=*** (3)"
        ]
    );
    assert_eq!(
        entry.message(),
        Some("failing: , a\"b\n, token=***, token=*** (2), token=*** (2) (2) and 2 more")
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_author_says_is_what_is_told() {
    let check = |message: Option<&'static str>, own: Status| {
        let check = Check::new("shards", move || async move {
            let outcome = Outcome::new(own).with_child("a", false);
            match message {
                Some(message) => outcome.with_message(message),
                None => outcome,
            }
        });
        health([check.readiness()])
    };
    let said = async |health: Health| only_entry(&health).await.message().map(str::to_owned);
    assert_eq!(
        said(check(Some("1 of 3"), Healthy)).await.as_deref(),
        Some("1 of 3")
    );
    assert_eq!(
        said(check(None, Unhealthy)).await,
        None,
        "that is not the cause alone"
    );
    assert_eq!(
        said(check(None, Degraded)).await.as_deref(),
        Some("failing: a")
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_before_a_gap_counts_no_more_for_children() {
    let script = Script::default();
    script.says(Healthy, &[("a", Healthy)]);
    script.says(Healthy, &[("a", Unhealthy)]);
    let check = script.check().liveness().with_failure_threshold(2);
    let check = check.with_interval(ms(30_000)).with_stale_after(ms(90_000));
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(check)
        .build()
        .unwrap();
    sleep(ms(10)).await;
    let tolerated = probe(&health, Probe::Liveness).await;
    assert_eq!(tolerated.entries()[0].consecutive_failures(), 1);
    advance(ms(93_000)).await;
    sleep(ms(10)).await;
    let history = health.history("shards", Caller::nobody()).unwrap();
    let (_, a) = history.children().next().unwrap();
    assert_eq!((a.status(), a.consecutive_failures()), (None, 1));
    assert_eq!(a.runs().len(), 3, "what happened is remembered");
}
