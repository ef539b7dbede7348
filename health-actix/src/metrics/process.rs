//! What is told of the process: its probes, its threads and its workers. Everybody may know it.

use std::time::Duration;

use health_core::{Phase, Reason, Report, Status};

use super::families::{
    DRAINING, MAINTENANCE, PROBE_DURATION, PROBE_REQUESTS, PROBE_STATUS, STUCK_RUNS, THREADS,
    UPTIME, WORKER_LAG, WORKER_REQUESTS, WORKER_SILENCE, WORKERS_STALLED,
};
use super::{Family, Sample, Source, UNKNOWN, state_set};
use crate::workers::{Measured, Workers};

/// Silence for longer than this is told as that of a worker that is stalled.
const STALLED: Duration = Duration::from_secs(1);

pub(super) fn families(source: &Source<'_>) -> impl Iterator<Item = Family> {
    let workers = source.workers.map(Workers::measured);
    let of_workers = workers.into_iter().flat_map(|all| of_workers(&all));
    let all = probes(source).into_iter().chain(process(source));
    all.chain(of_workers)
}

fn probes(source: &Source<'_>) -> [Family; 3] {
    let reports = source.glance.probes();
    let measured = source.measured.probes();
    [
        PROBE_STATUS.of(reports.flat_map(|(report, _)| {
            let probe = report.probe().as_str();
            state_set(verdict(report), move |each| vec![probe.into(), each.into()])
        })),
        PROBE_REQUESTS.of(measured.iter().flat_map(|probe| {
            Status::ALL.map(|status| {
                let labels = [probe.probe().as_str().into(), status.as_str().into()];
                Sample::new(labels, probe.answers(status))
            })
        })),
        PROBE_DURATION.of(measured.iter().map(|probe| {
            let labels = [probe.probe().as_str().into()];
            Sample::new(labels, probe.durations())
        })),
    ]
}

/// Where nothing but missing results makes the verdict, nothing is known.
fn verdict(report: &Report) -> &'static str {
    let entries = || report.entries().iter();
    let by_checks = matches!(report.phase(), Phase::Started | Phase::Starting)
        && report.closed_gates().is_empty();
    let counted = || entries().filter(|entry| entry.reason() != Some(Reason::Disabled));
    let mut known = counted().filter(|entry| entry.reason() != Some(Reason::NoResult));
    if by_checks && counted().next().is_some() && known.next().is_none() {
        UNKNOWN
    } else {
        report.status().as_str()
    }
}

fn process(source: &Source<'_>) -> [Family; 5] {
    let health = source.health;
    let threads = source.measured.threads();
    let states = [
        ("idle", threads.idle()),
        ("busy", threads.busy()),
        ("held", threads.held()),
        ("blocking", threads.blocking()),
    ];
    [
        DRAINING.of([Sample::new([], health.is_draining())]),
        MAINTENANCE.of([Sample::new([], health.maintenance().is_some())]),
        UPTIME.of([Sample::new([], health.uptime())]),
        THREADS.of(states.map(|(state, count)| Sample::new([state.into()], count))),
        STUCK_RUNS.of([Sample::new([], source.measured.stuck_runs())]),
    ]
}

fn of_workers(workers: &[Measured]) -> [Family; 4] {
    let number = |worker: &Measured| worker.number.to_string().into();
    let time = |worker: &Measured, time: Option<Duration>| {
        time.map(|time| Sample::new([number(worker)], time))
    };
    let stalled = |worker: &&Measured| worker.silence.is_some_and(|it| it > STALLED);
    let all = || workers.iter();
    [
        WORKER_SILENCE.of(all().filter_map(|worker| time(worker, worker.silence))),
        WORKER_LAG.of(all().filter_map(|worker| time(worker, worker.lag))),
        WORKER_REQUESTS.of(all().map(|it| Sample::new([number(it)], it.in_flight))),
        WORKERS_STALLED.of([Sample::new([], all().filter(stalled).count())]),
    ]
}
