//! What observers and the log are told of children.

use std::sync::{Arc, Mutex};

use health_core::{Check, HealthBuilder, Observer, Runtime, Status, Transition};

use super::{Run, Script};
use crate::log::Log;
use crate::observers::Book;
use crate::support::{health, ms, ready};

use Status::{Degraded, Healthy, Unhealthy};

/// Writes down what is told of children.
struct Children(Book);

impl Observer for Children {
    fn transition(&self, transition: &Transition) {
        let from = transition.from().map_or("nothing", Status::as_str);
        let (child, to) = (transition.child().unwrap_or("itself"), transition.to());
        let cause = transition.cause().unwrap_or_default();
        self.0.write(format!("{child}: {from} -> {to} {cause}"));
    }
}

#[tokio::test(start_paused = true)]
async fn observers_are_told_of_a_check_and_then_of_its_children() {
    let script = Script::default();
    script.says(Healthy, &[("a", Healthy), ("b", Healthy)]);
    script.says(Healthy, &[("a", Unhealthy), ("b", Healthy)]);
    script.says(Healthy, &[("a", Unhealthy), ("b", Degraded)]);
    script.then(Run::Hangs);
    script.says(Healthy, &[("b", Healthy)]);
    script.says(Healthy, &[("a", Healthy), ("b", Healthy)]);
    let book = Book::default();
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(script.check())
        .observer(Children(book.clone()))
        .build()
        .unwrap();
    let told = async || {
        ready(&health).await;
        book.read().await
    };
    let nothing = "itself: nothing -> healthy ";
    let first = [nothing, "a: nothing -> healthy ", "b: nothing -> healthy "];
    assert_eq!(told().await, first);
    let fails = "itself: healthy -> unhealthy failing: a";
    assert_eq!(told().await, [fails, "a: healthy -> unhealthy "]);
    assert_eq!(told().await, ["b: healthy -> degraded "]);
    assert!(told().await.is_empty());
    let passes = "itself: unhealthy -> healthy ";
    assert_eq!(told().await, [passes, "b: degraded -> healthy "]);
    assert_eq!(told().await, ["a: nothing -> healthy "], "it is a new one");
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_first_results_of_children_is_told_in_full() {
    const MANY: usize = 900;
    let many = |name: &'static str| {
        let names = || (0..MANY).map(|index| (format!("c{index}"), true));
        let check = Check::new(name, move || async move { names().collect::<Vec<_>>() });
        check.readiness()
    };
    let book = Book::default();
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(many("a"))
        .check(many("b"))
        .observer(Children(book.clone()))
        .build()
        .unwrap();
    ready(&health).await;
    assert_eq!(book.read().await.len(), 2 * (MANY + 1));
}

#[tokio::test(start_paused = true)]
async fn the_log_has_a_line_when_other_children_fail_and_none_for_each() {
    let log = Log::default();
    let _guard = log.listen();
    let failing = Arc::new(Mutex::new(vec!["b"]));
    let runs = Arc::clone(&failing);
    let check = Check::new("shards", move || {
        let failing = runs.lock().unwrap().clone();
        let shard = move |name| {
            let result = if failing.contains(&name) {
                Err("refused by mysql://u:pw@h")
            } else {
                Ok(())
            };
            (name, result)
        };
        async move { ["c", "b", "a"].map(shard).to_vec() }
    });
    let health = health([check.readiness().with_cache(ms(0))]);
    let told = async |now: &[&'static str]| {
        *failing.lock().unwrap() = now.to_vec();
        ready(&health).await;
        log.take()
    };
    let line = |from: &str, error: &str, children: &str| {
        format!(
            "ERROR check fails check=\"shards\" critical=true{from} to=\"unhealthy\" \
             error=\"{error}\" children=\"{children}\""
        )
    };
    let again = " from=\"unhealthy\"";
    let (a, b) = (
        "a: refused by mysql://u:***@h",
        "b: refused by mysql://u:***@h",
    );
    assert_eq!(told(&["b"]).await, [line("", "failing: b", b)]);
    assert!(told(&["b"]).await.is_empty());
    let both = format!("{a}; {b}");
    assert_eq!(
        told(&["a", "b"]).await,
        [line(again, "failing: b, a", &both)]
    );
    assert_eq!(told(&["a"]).await, [line(again, "failing: a", a)]);
    let passes = "INFO check passes again check=\"shards\" critical=true from=\"unhealthy\" \
                  to=\"healthy\"";
    assert_eq!(told(&[]).await, [passes]);
}

#[tokio::test(start_paused = true)]
async fn of_a_check_that_is_disabled_or_gone_no_child_is_told() {
    for remove in [false, true] {
        let book = Book::default();
        let check = Check::new("shards", async || {
            tokio::time::sleep(ms(200)).await;
            vec![("a".to_owned(), true), ("b".to_owned(), false)]
        });
        let health = health([check.readiness()]);
        health.observe(Children(book.clone()));
        let under_way = tokio::spawn(
            health.probe(health_core::Probe::Readiness, health_core::Caller::nobody()),
        );
        tokio::time::sleep(ms(100)).await;
        if remove {
            health.remove("shards").unwrap();
        } else {
            health.disable("shards").unwrap();
        }
        assert!(!under_way.await.unwrap().is_passing(), "as it was");
        assert_eq!(book.read().await, Vec::<String>::new(), "{remove}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_enabled_again_is_told_anew_with_its_children() {
    let book = Book::default();
    let check = Check::new("shards", async || {
        vec![("a".to_owned(), true), ("b".to_owned(), false)]
    });
    let health = health([check.readiness()]);
    health.observe(Children(book.clone()));
    ready(&health).await;
    let first = book.read().await;
    assert_eq!(first.len(), 3, "{first:?}");
    health.disable("shards").unwrap();
    health.enable("shards").unwrap();
    ready(&health).await;
    assert_eq!(book.read().await, first);
}
