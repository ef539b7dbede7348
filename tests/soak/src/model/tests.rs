use super::*;
use crate::behaviour::Behaviour;
use crate::catalogue::{Kind, find};
use crate::clock::{MILLISECOND, Moment, SECOND};

/// A service that is up for ten seconds, with one check that is told this at these times.
fn told(check: &str, told: &[(Moment, Behaviour)]) -> (Model, usize) {
    let mut model = Model::new(0);
    model.is_up(0, 0);
    let index = find(check).expect("there is such a check");
    for (at, what) in told {
        let check = &mut model.checks[index];
        let effect = Effect::of_behaviour(*what, &check.spec);
        let change = check.effects.begin(at * MILLISECOND, effect);
        check.effects.end(change, at * MILLISECOND);
    }
    (model, index)
}

fn at(ms: Moment) -> Span {
    Span {
        sent: ms * MILLISECOND,
        received: ms * MILLISECOND,
    }
}

fn answered(ask: Ask, span: Span, code: u16, body: &str) -> Answer {
    Answer {
        ask,
        is_default: true,
        on_management: true,
        request: String::new(),
        span,
        came: Ok((code, body.as_bytes().to_vec())),
    }
}

#[test]
fn a_failure_is_detected_within_what_results_are_kept_for_and_no_later() {
    let (model, orders) = told("orders", &[(5000, Behaviour::Fail)]);
    let allowed = |ms| model.checks[orders].allowed(at(ms), None);
    assert_eq!(allowed(4999), Statuses::HEALTHY);
    assert_eq!(allowed(5100), Statuses::HEALTHY | Statuses::UNHEALTHY);
    assert_eq!(allowed(5251), Statuses::UNHEALTHY, "cache and 50 ms");
}

#[test]
fn thresholds_and_intervals_take_their_time() {
    let (model, steady) = told("steady", &[(5000, Behaviour::Fail)]);
    let allowed = |ms| model.checks[steady].allowed(at(ms), None);
    assert!(allowed(5300).has(Statuses::HEALTHY));
    assert_eq!(allowed(6000), Statuses::UNHEALTHY);
    let (model, ticker) = told("ticker", &[(5000, Behaviour::Fail)]);
    let allowed = |ms| model.checks[ticker].allowed(at(ms), None);
    assert!(allowed(5300).has(Statuses::HEALTHY));
    assert_eq!(allowed(6000), Statuses::UNHEALTHY);
}

#[test]
fn fewer_failing_runs_than_the_threshold_change_nothing() {
    let turns = [(5000, Behaviour::FailRuns(2)), (5500, Behaviour::Pass)];
    let (model, steady) = told("steady", &turns);
    for ms in [5000, 5200, 5600, 9000] {
        let allowed = model.checks[steady].allowed(at(ms), None);
        assert_eq!(allowed, Statuses::HEALTHY, "{ms}");
    }
}

#[test]
fn what_is_forced_is_what_is_answered() {
    let (mut model, orders) = told("orders", &[]);
    model.checks[orders].said.push(Said {
        forced: Some(Statuses::DEGRADED),
        begins: (5 * SECOND, 5 * SECOND),
        ends: (6 * SECOND, 6 * SECOND),
    });
    let allowed = |ms| model.checks[orders].allowed(at(ms), None);
    assert_eq!(allowed(4990), Statuses::HEALTHY);
    assert_eq!(allowed(5500), Statuses::DEGRADED);
    assert!(allowed(6001).has(Statuses::HEALTHY));
    assert_eq!(allowed(8000), Statuses::HEALTHY);
}

#[test]
fn draining_wins_over_all() {
    let (mut model, _) = told("boot", &[(1000, Behaviour::Pass)]);
    let ready = |model: &Model, code, body| {
        let ask = Ask::Probe(Kind::Readiness);
        model.judge(&answered(ask, at(5000), code, body))
    };
    assert_eq!(ready(&model, 200, r#"{"status":"ready"}"#), Judged::Allowed);
    let change = model.draining.begin(4 * SECOND, true);
    model.draining.end(change, 4 * SECOND);
    assert_eq!(
        ready(&model, 200, r#"{"status":"ready"}"#),
        Judged::Wrong("draining".to_owned())
    );
    assert_eq!(
        ready(&model, 503, r#"{"status":"draining"}"#),
        Judged::Allowed
    );
}

#[test]
fn startup_is_latched_and_late_answers_are_excused_by_the_machine_alone() {
    let (mut model, _) = told("boot", &[(1000, Behaviour::Pass)]);
    let ask = Ask::Probe(Kind::Startup);
    let started = r#"{"status":"started"}"#;
    let judge = |model: &Model, span, code, body| model.judge(&answered(ask, span, code, body));
    assert_ne!(judge(&model, at(900), 200, started), Judged::Allowed);
    assert_eq!(judge(&model, at(5000), 200, started), Judged::Allowed);
    let starting = judge(&model, at(5000), 503, r#"{"status":"starting"}"#);
    assert_eq!(starting, Judged::Wrong("started".to_owned()));
    let late = Span {
        sent: 5 * SECOND,
        received: 5 * SECOND + 600 * MILLISECOND,
    };
    assert!(matches!(
        judge(&model, late, 200, started),
        Judged::Wrong(_)
    ));
    model
        .lateness
        .add(late.sent, late.sent + 200 * MILLISECOND, true);
    assert_eq!(judge(&model, late, 200, started), Judged::Excused);
}
