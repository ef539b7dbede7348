//! When a probe is sent, and what its results lead to.

use std::time::Duration;

use health_actix::Probe;

use crate::kubelet::worker::{Container, Next, Spec, Verdict, Worker};

#[test]
fn until_something_is_known_liveness_passes_and_the_others_do_not() {
    for (probe, initial) in [
        (Probe::Liveness, Verdict::Success),
        (Probe::Readiness, Verdict::Failure),
        (Probe::Startup, Verdict::Unknown),
    ] {
        let mut worker = worker(probe, 3, 1);
        assert_eq!(worker.next(&container(0, false)).1, Some(initial));
        assert_eq!(worker.next(&container(0, false)).1, None);
        // What is known of a container says nothing of the next.
        assert_eq!(worker.next(&container(1, false)).1, Some(initial));
    }
}

#[test]
fn startup_comes_before_the_others_and_then_rests() {
    for (probe, before, after) in [
        (Probe::Liveness, Next::Wait, Next::Probe),
        (Probe::Readiness, Next::Wait, Next::Probe),
        (Probe::Startup, Next::Probe, Next::Wait),
    ] {
        let mut worker = worker(probe, 3, 1);
        assert_eq!(worker.next(&container(0, false)).0, before, "{probe}");
        assert_eq!(worker.next(&container(0, true)).0, after, "{probe}");
    }
}

#[test]
fn as_many_results_in_a_row_as_the_threshold_says_are_a_verdict() {
    let mut worker = worker(Probe::Readiness, 3, 2);
    let (yes, no) = (Some(Verdict::Success), Some(Verdict::Failure));
    for (step, (success, verdict)) in [
        (true, None),
        (true, yes),
        (false, None),
        (false, None),
        (true, None),
        (false, None),
        (false, None),
        (false, no),
        (false, no),
        (true, None),
        (true, yes),
        (true, yes),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(worker.record(success), verdict, "{step}");
    }
}

#[test]
fn a_failed_liveness_or_startup_waits_for_the_next_container() {
    for (probe, started, then) in [
        (Probe::Liveness, true, Next::Wait),
        (Probe::Startup, false, Next::Wait),
        (Probe::Readiness, true, Next::Probe),
    ] {
        let mut worker = worker(probe, 1, 1);
        assert_eq!(worker.next(&container(0, started)).0, Next::Probe);
        assert_eq!(worker.record(false), Some(Verdict::Failure));
        assert_eq!(worker.next(&container(0, started)).0, then, "{probe}");
        assert_eq!(
            worker.next(&container(1, started)).0,
            Next::Probe,
            "{probe}"
        );
    }
}

#[test]
fn a_deleted_pod_is_asked_for_readiness_alone() {
    for (probe, next) in [
        (Probe::Liveness, (Next::End, Some(Verdict::Success))),
        (Probe::Startup, (Next::End, Some(Verdict::Success))),
        (Probe::Readiness, (Next::Probe, None)),
    ] {
        let mut worker = worker(probe, 1, 1);
        let mut container = container(0, true);
        worker.next(&container);
        container.deleted = true;
        assert_eq!(worker.next(&container), next, "{probe}");
    }
}

#[test]
fn what_does_not_run_has_failed_and_is_not_asked() {
    let mut worker = worker(Probe::Liveness, 1, 1);
    let mut container = container(0, true);
    container.running_for = None;
    let failed = (Next::Wait, Some(Verdict::Failure));
    assert_eq!(worker.next(&container), failed);
}

#[test]
fn an_initial_delay_counts_from_the_start_of_the_container() {
    let mut spec = Spec::new("/");
    spec.initial_delay = Duration::from_secs(5);
    let mut worker = Worker::new(Probe::Liveness, spec);
    let mut container = container(0, true);
    container.running_for = Some(Duration::from_millis(4_999));
    assert_eq!(worker.next(&container).0, Next::Wait);
    container.running_for = Some(Duration::from_secs(5));
    assert_eq!(worker.next(&container).0, Next::Probe);
}

fn worker(probe: Probe, failure_threshold: u32, success_threshold: u32) -> Worker {
    let spec = Spec {
        failure_threshold,
        success_threshold,
        ..Spec::new("/")
    };
    Worker::new(probe, spec)
}

fn container(id: u64, started: bool) -> Container {
    Container {
        id,
        running_for: Some(Duration::ZERO),
        started,
        deleted: false,
    }
}
