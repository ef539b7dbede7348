//! What those who probe see of a storm, and what it costs the dependencies and the process.

use std::time::Duration;

use super::service::{MARGIN, Service, Sort, TIMEOUT, status};
use crate::Result;
use crate::bench::Bench;
use crate::process::{Memory, forget_peak};
use crate::servers::storm::Endpoint;
use crate::storm::dependency::{Dependency, Visits};
use crate::storm::{Pace, Run, Storm, Tally};
use crate::table::{Goal, Row};

const FEW: usize = 200;

struct Situation {
    name: &'static str,
    frozen: usize,
}

/// Further memory that may stay once a storm is over, of 1: what the allocator keeps for the next.
const STAYS: f64 = 1.1;

/// The same where a storm follows a storm: nothing but noise.
const GROWS: f64 = 1.05;

/// Kilobytes that a probe that waits may need besides its connection.
const PER_PROBE: f64 = 8.0;

pub(super) fn run(bench: &mut Bench, many: usize) -> Result {
    let blocking = Sort {
        blocking: Some(2),
        ..Sort::HEALTH
    };
    let uncached = Sort {
        cache: Duration::ZERO,
        ..Sort::HEALTH
    };
    floor(bench, many)?;
    let situation = |name, frozen| Situation { name, frozen };
    for (sort, situations) in [
        (
            Sort::HEALTH,
            vec![
                situation("healthy", 0),
                situation("one frozen", 1),
                situation("all frozen", 3),
            ],
        ),
        (blocking, vec![situation("one blocks", 1)]),
        (
            uncached,
            vec![
                situation("healthy, cache 0", 0),
                situation("one frozen, cache 0", 1),
            ],
        ),
    ] {
        if bench.quick && sort.cache.is_zero() {
            continue;
        }
        measure(bench, sort, &situations, many)?;
    }
    Ok(())
}

/// What it takes to answer so many at once, whatever the answer is.
fn floor(bench: &mut Bench, many: usize) -> Result {
    let service = Service::start(Sort {
        endpoint: Endpoint::Static,
        ..Sort::HEALTH
    })?;
    let mut crowd = Storm::gather(service.crowd(many))?;
    crowd.run(warming())?;
    let tally = crowd.run(storm(bench))?;
    for (whose, times) in [("server", tally.server), ("client", tally.client)] {
        bench.add(
            Row::value(
                format!("static bytes, {many} probes: slowest answer, {whose}"),
                times.max * 1e3,
                "ms",
            )
            .note(format!(
                "p50 {:.1}, p99 {:.1}; {:.0} a second",
                times.p50 * 1e3,
                times.p99 * 1e3,
                tally.answers() as f64 / tally.elapsed
            )),
        );
    }
    Ok(())
}

fn measure(bench: &mut Bench, sort: Sort, situations: &[Situation], many: usize) -> Result {
    let service = Service::start(sort)?;
    service.freeze(0)?;
    let bare = Memory::of(service.id())?;
    let mut few = Storm::gather(service.crowd(FEW))?;
    let mut crowd = Storm::gather(service.crowd(many))?;
    // The first question brings each connection's buffers.
    crowd.run(warming())?;
    let base = Memory::of(service.id())?;
    for situation in situations {
        service.freeze(situation.frozen)?;
        let asked = (situation, sort);
        tell(bench, asked, FEW, &service, &few.run(storm(bench))?);
        service.dependencies.iter().for_each(Dependency::forget);
        forget_peak(service.id())?;
        let tally = crowd.run(storm(bench))?;
        let held = tally.held as f64;
        tell(bench, asked, many, &service, &tally);
        let peak = Memory::of(service.id())?.peak;
        let name = situation.name;
        bench.add(
            Row::value(
                format!("{name}, {many} probes: memory per probe"),
                (peak - base.now).max(0.0) / held,
                "kB",
            )
            .goal(Goal::AtMost(PER_PROBE))
            .note(format!(
                "RSS {:.1} MB at first, {:.1} with the connections open, {:.1} at its peak",
                bare.now / 1e3,
                base.now / 1e3,
                peak / 1e3
            )),
        );
    }
    let names: Vec<_> = situations.iter().map(|one| one.name).collect();
    let names = names.join("; ");
    let first = Memory::of(service.id())?;
    crowd.run(storm(bench))?;
    let second = Memory::of(service.id())?;
    bench.add(
        Row::value(
            format!("memory after one more storm, of that before it ({names})"),
            second.now / first.now,
            "",
        )
        .goal(Goal::AtMost(GROWS)),
    );
    service.freeze(0)?;
    bench.add(
        Row::value(
            format!("memory after all, of that before ({names})"),
            Memory::of(service.id())?.now / base.now,
            "",
        )
        .goal(Goal::AtMost(STAYS))
        .note("the allocator keeps what held probes needed for the next that are held"),
    );
    Ok(())
}

/// Each asks once.
fn warming() -> Run {
    Run {
        time: Duration::ZERO,
        pace: Pace::AtOnce,
        limit: TIMEOUT + MARGIN,
    }
}

fn storm(bench: &Bench) -> Run {
    Run {
        time: Duration::from_millis(if bench.quick { 700 } else { 3000 }),
        pace: Pace::AtOnce,
        limit: TIMEOUT + MARGIN,
    }
}

/// How often a check may run at most in such a storm, if that is bounded: where nothing is kept and
/// nothing hangs, a run follows the other.
fn most_runs(situation: &Situation, sort: Sort, elapsed: f64) -> Option<f64> {
    let bounded = (elapsed / TIMEOUT.as_secs_f64()).ceil() + 1.0;
    match (sort.blocking, situation.frozen, sort.cache) {
        // The one that was under way before.
        (Some(_), ..) => Some(0.0),
        (None, 0, Duration::ZERO) => None,
        _ => Some(bounded),
    }
}

fn tell(
    bench: &mut Bench,
    (situation, sort): (&Situation, Sort),
    probes: usize,
    service: &Service,
    tally: &Tally,
) {
    // Those that are frozen are the last.
    let concerned = service.dependencies.iter().rev();
    let concerned = concerned.take(match situation.frozen {
        0 => usize::MAX,
        frozen => frozen,
    });
    let visits: Vec<Visits> = concerned.map(Dependency::visits).collect();
    let most = |of: fn(&Visits) -> usize| visits.iter().map(of).max().unwrap_or_default() as f64;
    let what = |what| format!("{}, {probes} probes: {what}", situation.name);
    let bounded = |row: Row| match most_runs(situation, sort, tally.elapsed) {
        Some(most) => row.goal(Goal::AtMost(most)),
        None => row,
    };
    let limit = (TIMEOUT + MARGIN).as_secs_f64() * 1e3;
    let (client, server) = (tally.client, tally.server);
    let answers = tally.answers();
    bench.add(
        Row::value(
            what("most calls of a check in flight"),
            most(|v| v.most_under_way),
            "",
        )
        .goal(Goal::AtMost(1.0)),
    );
    let calls = Row::value(what("calls of a check"), most(|v| v.calls), "").note(format!(
        "while {answers} probes were answered in {:.1} s",
        tally.elapsed
    ));
    bench.add(bounded(calls));
    let connections = Row::value(what("connections opened"), most(|v| v.connections), "");
    bench.add(bounded(connections));
    bench.add(
        Row::value(what("slowest answer, server"), server.max * 1e3, "ms")
            .goal(Goal::AtMost(limit))
            .note(format!(
                "p50 {:.1}, p99 {:.1}; {} late",
                server.p50 * 1e3,
                server.p99 * 1e3,
                server.late
            )),
    );
    bench.add(
        Row::value(what("slowest answer, client"), client.max * 1e3, "ms")
            .goal(Goal::AtMost(limit))
            .note(format!(
                "p50 {:.1}, p99 {:.1}; {} late; the client was busy for {:.0} % of the time",
                client.p50 * 1e3,
                client.p99 * 1e3,
                client.late,
                tally.busy * 1e2
            )),
    );
    bench.add(
        Row::value(
            what("unanswered, or of another status"),
            (tally.unanswered + tally.other_than(status(situation.frozen))) as f64,
            "",
        )
        .goal(Goal::AtMost(0.0))
        .note(format!("{:?}", tally.statuses)),
    );
}
