//! The life of a pod.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{LONG, OK, path_of};
use crate::kubelet::pod::Pod;
use crate::kubelet::toy::{Toy, say};
use crate::kubelet::worker::Spec;
use crate::observe::until;

/// What a pod is asked, in which order, and what is told of it. Liveness fails once readiness has
/// been asked for.
#[test]
fn it_starts_is_asked_for_the_rest_and_restarted() {
    let was_asked = AtomicBool::new(false);
    let toy = Toy::new(move |request, stream| {
        let path = path_of(request);
        was_asked.fetch_or(path == "/ready", Ordering::SeqCst);
        let fails = path == "/live" && was_asked.load(Ordering::SeqCst);
        let refusal = "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n";
        say(stream, if fails { refusal } else { OK });
    });
    let address = toy.address;
    let pod = Pod::start(specs(3), move || address);
    let is_start = |request: &&String| path_of(request) == "/started";
    let starts = || toy.requests().iter().filter(is_start).count();
    assert!(until(|| starts() > 1), "{:?}", pod.status());
    let status = pod.status();
    drop(pod);

    let failed = "Liveness probe failed: HTTP probe failed with statuscode: 503";
    let killed = "Container app failed liveness probe, will be restarted";
    assert_eq!(status.events[..4], [failed, failed, failed, killed]);
    assert!(status.restarts > 0);
    let requests = toy.requests();
    let mut asked = requests.iter().map(|request| path_of(request));
    assert_eq!(asked.next(), Some("/started"));
    let rest: Vec<_> = asked.take_while(|path| *path != "/started").collect();
    assert!(rest.contains(&"/ready"), "{rest:?}");
    assert!(rest.contains(&"/live"), "{rest:?}");
}

/// A body that cannot be read is tried three times, and then changes nothing.
#[test]
fn a_result_that_is_thrown_away_changes_nothing() {
    let toy = Toy::new(|request, stream| match path_of(request) {
        "/live" => say(stream, "HTTP/1.1 503 X\r\nContent-Length: 9\r\n\r\n"),
        _ => say(stream, OK),
    });
    let address = toy.address;
    let pod = Pod::start(specs(1), move || address);
    assert!(
        until(|| pod.status().events.len() > 1),
        "{:?}",
        pod.status()
    );
    let status = pod.status();
    drop(pod);
    let error = "Liveness probe errored and resulted in failure state: unexpected EOF";
    assert_eq!(status.events[..2], [error, error]);
    assert_eq!(status.restarts, 0);
    let requests = toy.requests();
    let asked = requests
        .iter()
        .filter(|request| path_of(request) == "/live");
    assert!(asked.count() >= 3 * 2);
}

/// Three probes that are asked in quick succession.
fn specs(failure_threshold: u32) -> [Spec; 3] {
    ["/live", "/ready", "/started"].map(|path| Spec {
        period: Duration::from_millis(20),
        timeout: LONG,
        failure_threshold,
        ..Spec::new(path)
    })
}
