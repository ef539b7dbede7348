//! `health list`.

mod described;
mod table;

use std::process::ExitCode;

use clap::Args;
use health_core::{Caller, ClosedGate, Health};

use self::described::Listed;
use super::ensure_configured;
use super::output::{UNKNOWN, WELL, fail, json, print};
use crate::HealthService;

#[derive(Args, Clone, Debug)]
pub(super) struct List {
    /// Prints JSON in place of a table
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn execute(self, service: &HealthService) -> ExitCode {
        match ensure_configured(service) {
            Ok(()) => print(&self.text(service.health()), WELL),
            Err(problem) => fail(&problem, UNKNOWN),
        }
    }

    fn text(&self, health: &Health) -> String {
        let (checks, disabled) = (health.checks(), health.disabled());
        let glance = health.glance(Caller::nobody());
        let gates = glance.overview().closed_gates().iter();
        let listed = Listed::new(&checks, &disabled, gates.map(ClosedGate::name));
        if self.json {
            json(&listed)
        } else {
            table::text(&listed)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use health_core::{Check, HealthBuilder, Probe, Visibility};

    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn health() -> Health {
        let database = Check::new("database", async || true)
            .liveness()
            .readiness()
            .with_timeout(ms(500))
            .with_timeout_for(Probe::Liveness, ms(300))
            .with_critical_for(Probe::Liveness, false)
            .with_failure_threshold(3)
            .with_tag("db")
            .with_tag("sql")
            .with_description("The orders database answers a query, which is told at such length here that a line cannot hold it.");
        let queue = Check::new(
            "queue.with-a-name-that-no-column-has-room-for",
            async || true,
        )
        .readiness()
        .with_interval(ms(10_000))
        .with_jitter(false)
        .with_depends_on("database")
        .with_critical(false)
        .with_shared(true)
        .with_visibility(Visibility::Full);
        let builder = HealthBuilder::empty().check(database).check(queue);
        let builder = builder.startup_gate("model").startup_gate("cache");
        let health = builder.build().unwrap();
        health.disable("database").unwrap();
        health
    }

    fn text(json: bool) -> String {
        let text = List { json }.text(&health());
        // Where this very file ends up is not the point.
        let lines = text.replace(file!(), "src/checks.rs");
        regex_lite::Regex::new(r"checks\.rs:\d+")
            .unwrap()
            .replace_all(&lines, "checks.rs:7")
            .into_owned()
    }

    #[test]
    fn the_table_is_aligned_and_fits() {
        let text = text(false);
        let expected = "\
CHECK                PROBES               CRITICAL  TIMEOUT  INTERVAL  CACHE
database (disabled)  liveness, readiness  yes       500ms    -         0s, 1s
    The orders database answers a query, which is told at such length here that a line cannot hold
    it.
    tags: db, sql; liveness: not critical, timeout 300ms; fails after 3 runs in a row
    src/checks.rs:7
queue.with-a-name-that-no-column-has-room-for
                     readiness            no        800ms    10s       30s 800ms
    depends on: database; no jitter; shared by all replicas; told to full access alone
    src/checks.rs:7

Startup gates that are closed: cache, model
";
        assert_eq!(text, expected);
        assert!(text.lines().all(|line| line.chars().count() <= 100));
    }

    #[test]
    fn json_has_members_to_rely_on() {
        let expected = concat!(
            r#"{"checks":[{"name":"database","enabled":false,"probes":["liveness","readiness"],"#,
            r#""critical":{"liveness":false,"readiness":true},"#,
            r#""timeout_ms":{"liveness":300,"readiness":500},"#,
            r#""cache_ms":{"liveness":0,"readiness":1000},"#,
            r#""cache_failure_ms":{"liveness":0,"readiness":1000},"#,
            r#""cancel_after_ms":500,"degraded_after_ms":null,"interval_ms":null,"#,
            r#""down_interval_ms":null,"initial_delay_ms":null,"jitter":null,"#,
            r#""stale_after_ms":null,"failure_threshold":3,"success_threshold":1,"#,
            r#""shared":false,"fail_closed_after_ms":null,"visibility":"summary","#,
            r#""depends_on":[],"tags":["db","sql"],"#,
            r#""description":"The orders database answers a query, which is told at such "#,
            r#"length here that a line cannot hold it.","source":"src/checks.rs:7"},"#,
            r#"{"name":"queue.with-a-name-that-no-column-has-room-for","enabled":true,"#,
            r#""probes":["readiness"],"critical":{"readiness":false},"#,
            r#""timeout_ms":{"readiness":800},"cache_ms":{"readiness":30800},"#,
            r#""cache_failure_ms":{"readiness":30800},"cancel_after_ms":800,"#,
            r#""degraded_after_ms":null,"interval_ms":10000,"down_interval_ms":10000,"#,
            r#""initial_delay_ms":0,"jitter":false,"stale_after_ms":30800,"#,
            r#""failure_threshold":1,"success_threshold":1,"shared":true,"#,
            r#""fail_closed_after_ms":null,"visibility":"full","depends_on":["database"],"#,
            r#""tags":[],"description":"","source":"src/checks.rs:7"}],"#,
            r#""closed_startup_gates":["cache","model"]}"#,
            "\n"
        );
        assert_eq!(text(true), expected);
    }

    #[test]
    fn nothing_is_run_and_nothing_drives_the_terminal() {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let check = Check::blocking("database", move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let check = check
            .readiness()
            .with_description("a\x1b[2Jb")
            .with_tag("\u{9b}x");
        let health = HealthBuilder::empty().check(check).build().unwrap();
        let text = List { json: false }.text(&health);
        assert!(text.contains("a\\u{1b}[2Jb"), "{text}");
        assert!(text.contains("tags: \\u{9b}x"), "{text}");
        let empty = HealthBuilder::empty().build().unwrap();
        let text = List { json: false }.text(&empty);
        assert_eq!(text, "There are no health checks.\n");
        let gated = HealthBuilder::empty()
            .startup_gate("model")
            .build()
            .unwrap();
        let text = List { json: false }.text(&gated);
        assert!(
            text.ends_with("\n\nStartup gates that are closed: model\n"),
            "{text}"
        );
        assert_eq!(runs.load(Ordering::SeqCst), 0);
    }
}
