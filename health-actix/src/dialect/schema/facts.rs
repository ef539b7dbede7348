//! What is known of a check besides its name and its text, for those who may know everything.

use std::time::Duration;

use health_core::{Check, Probe, Visibility};
use serde_json::{Map, Value, json};
use utoipa::openapi::extensions::{Extensions, ExtensionsBuilder};

use super::About;

/// The settings of a check as extensions, called as the attribute calls them, but for those of
/// which there is nothing to say.
pub(super) fn facts(check: &Check, about: &About) -> Option<Extensions> {
    let groups = [what_it_is, what_a_run_is, when_it_runs, what_results_mean];
    let facts = groups.into_iter().flat_map(|group| group(check));
    let facts = facts.chain([("disabled", flag(about.is_disabled(check)))]);
    let extensions = facts
        .filter(|(_, fact)| !fact.is_null())
        .fold(ExtensionsBuilder::new(), |all, (name, fact)| {
            all.add(format!("x-health-{name}"), fact)
        });
    about.is_full().then(|| extensions.build())
}

type Facts = Vec<(&'static str, Value)>;

fn what_it_is(check: &Check) -> Facts {
    let reason = Some(check.liveness_reason()).filter(|reason| !reason.is_empty());
    let identity = Some(check.identity()).filter(|identity| *identity != check.name());
    let visibility = Some(check.visibility()).filter(|it| *it != Visibility::Summary);
    vec![
        ("kind", list(check.probes().iter().map(Probe::as_str))),
        ("tags", list(check.tags())),
        ("depends-on", list(check.depends_on())),
        ("source", json!(check.location().to_string())),
        ("identity", json!(identity)),
        ("visibility", json!(visibility)),
        ("external", flag(check.is_external())),
        ("liveness-reason", json!(reason)),
    ]
}

fn what_a_run_is(check: &Check) -> Facts {
    let cancelled = Some(check.cancelled_after()).filter(|after| *after != check.timeout());
    let usual = check.timeout();
    vec![
        ("timeout-ms", ms(usual)),
        (
            "timeout-ms-for",
            by_probe(check, |probe| {
                let own = check.timeout_for(probe);
                (own != usual).then(|| ms(own))
            }),
        ),
        ("cancel-after-ms", json!(cancelled.map(ms))),
        ("degraded-after-ms", json!(check.degraded_after().map(ms))),
    ]
}

fn when_it_runs(check: &Check) -> Facts {
    let delay = Some(check.initial_delay()).filter(|delay| !delay.is_zero());
    let down = check.down_interval();
    let down = down.filter(|_| down != check.interval());
    let jitter = check.interval().map(|_| check.jitters());
    vec![
        ("interval-ms", json!(check.interval().map(ms))),
        ("down-interval-ms", json!(down.map(ms))),
        ("initial-delay-ms", json!(delay.map(ms))),
        ("jitter", json!(jitter)),
        ("stale-after-ms", json!(check.stale_after().map(ms))),
    ]
}

fn what_results_mean(check: &Check) -> Facts {
    let usual = check.is_critical();
    let failures = |probe| {
        let own = check.cache_failure(probe);
        (own != check.cache(probe)).then(|| ms(own))
    };
    vec![
        ("critical", json!(usual)),
        (
            "critical-for",
            by_probe(check, |probe| {
                let own = check.is_critical_for(probe);
                (own != usual).then(|| json!(own))
            }),
        ),
        ("shared", flag(check.is_shared())),
        (
            "fail-closed-after-ms",
            json!(check.fail_closed_after().map(ms)),
        ),
        ("failure-threshold", json!(check.failure_threshold())),
        ("success-threshold", json!(check.success_threshold())),
        (
            "cache-ms",
            by_probe(check, |probe| Some(ms(check.cache(probe)))),
        ),
        ("cache-failure-ms", by_probe(check, failures)),
    ]
}

/// What there is to say of each probe that it serves.
fn by_probe(check: &Check, said: impl Fn(Probe) -> Option<Value>) -> Value {
    let probes = check.probes();
    let said = probes
        .iter()
        .filter_map(|probe| Some((probe.as_str().to_owned(), said(probe)?)));
    let said: Map<_, _> = said.collect();
    if said.is_empty() {
        Value::Null
    } else {
        said.into()
    }
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    let texts: Vec<_> = texts.collect();
    if texts.is_empty() {
        Value::Null
    } else {
        texts.into()
    }
}

/// Said only where it is so.
fn flag(flag: bool) -> Value {
    json!(flag.then_some(true))
}

fn ms(span: Duration) -> Value {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).into()
}
