//! A readiness with three real dependencies, against the same one that was written by hand.

use std::error::Error;
use std::time::Duration;

use super::Section;
use crate::Result;
use crate::bench::Bench;
use crate::dependencies::Dependencies;
use crate::load::{Connections, Load};
use crate::paired::{pairs, quartiles};
use crate::pin::{Half, pin, unpin};
use crate::process::{Memory, cpu_time};
use crate::server::Server;
use crate::table::{Goal, Row};

pub(crate) const SECTION: Section = Section {
    name: "dependencies",
    about: "a readiness that asks PostgreSQL, Redis and an HTTP service, against one written by hand",
    is_quick: true,
    run,
};

const MANY: usize = 32;

/// Why one who asks alone waits longer than by hand.
const WAKES: &str = "; no check can hold the worker, for threads of the engine's own run them: these have to be woken \
     at the start and the worker at the end, which by hand nobody has. A batch of one check that does nothing \
     (engine) is two such wake-ups";

fn run(bench: &mut Bench) -> Result {
    unpin();
    let measured = match Dependencies::find()? {
        Ok(dependencies) => compare(bench, &dependencies),
        Err(why) => {
            bench.add(Row::skipped("a readiness with three dependencies", why));
            Ok(())
        }
    };
    pin(Half::Load);
    measured
}

fn compare(bench: &mut Bench, dependencies: &Dependencies) -> Result {
    let start = |name: &str, more: &[&str]| {
        let arguments = [&["--spread", "--workers", "2"], more].concat();
        Server::start_with(name, &arguments, &dependencies.variables())
    };
    let by_hand = start("by-hand", &[])?;
    let uncached = start("dependencies", &["--cache-ms", "0"])?;
    let one = Pair::measure(bench, &by_hand, &uncached, 1, bench.round())?;
    bench.add(
        one.row_noting(
            "cache_ms = 0, 1 connection: p50",
            Measured::p50,
            "us",
            WAKES,
        )
        .goal(Goal::AtMost(1.10)),
    );
    bench.add(one.row(
        "cache_ms = 0, 1 connection: CPU per request",
        Measured::cpu,
        "us",
    ));
    let many = Pair::measure(bench, &by_hand, &uncached, MANY, bench.round())?;
    bench.add(
        many.row(
            "cache_ms = 0, 32 connections: requests per second",
            Measured::per_second,
            "/s",
        )
        .goal(Goal::AtLeast(3.0)),
    );
    bench.add(many.row("cache_ms = 0, 32 connections: p99", Measured::p99, "us"));
    bench.add(many.row(
        "cache_ms = 0, 32 connections: CPU per request",
        Measured::cpu,
        "us",
    ));
    bench.add(in_memory("cache_ms = 0: memory", &by_hand, &uncached)?);
    drop(uncached);

    let cached = start("dependencies", &[])?;
    let half = bench.round() / 2;
    let one = Pair::measure(bench, &by_hand, &cached, 1, half)?;
    bench.add(one.row(
        "cache_ms by default, 1 connection: p50",
        Measured::p50,
        "us",
    ));
    let many = Pair::measure(bench, &by_hand, &cached, MANY, half)?;
    bench.add(many.row(
        "cache_ms by default, 32 connections: requests per second",
        Measured::per_second,
        "/s",
    ));
    bench.add(many.row(
        "cache_ms by default, 32 connections: p99",
        Measured::p99,
        "us",
    ));
    bench.add(many.row(
        "cache_ms by default, 32 connections: CPU per request",
        Measured::cpu,
        "us",
    ));
    bench.add(in_memory("cache_ms by default: memory", &by_hand, &cached)?);
    Ok(())
}

/// What came of a round.
struct Measured {
    per_second: f64,
    p50: f64,
    p99: f64,
    /// Of the server, for each request, in microseconds.
    cpu: f64,
}

impl Measured {
    fn of(server: &Server, connections: &mut Connections, time: Duration) -> Result<Self> {
        let before = cpu_time(server.id())?;
        let run = connections.run(time)?;
        let cpu = cpu_time(server.id())? - before;
        run.all_were(200)?;
        Ok(Self {
            per_second: run.per_second(),
            p50: run.quantile(0.5) * 1e6,
            p99: run.quantile(0.99) * 1e6,
            cpu: cpu.as_secs_f64() * 1e6 / run.latencies.len() as f64,
        })
    }

    const fn per_second(&self) -> f64 {
        self.per_second
    }

    const fn p50(&self) -> f64 {
        self.p50
    }

    const fn p99(&self) -> f64 {
        self.p99
    }

    const fn cpu(&self) -> f64 {
        self.cpu
    }
}

/// Rounds of both, in pairs.
struct Pair(Vec<(Measured, Measured)>);

impl Pair {
    fn measure(
        bench: &Bench,
        by_hand: &Server,
        ours: &Server,
        connections: usize,
        round: Duration,
    ) -> Result<Self> {
        let connect =
            |server: &Server| Load::get(server.address, "/health/ready").connect(connections);
        let (mut a, mut b) = (connect(by_hand)?, connect(ours)?);
        let rounds = pairs(
            bench.rounds(),
            || Measured::of(by_hand, &mut a, round),
            || Measured::of(ours, &mut b, round),
        )?;
        Ok(Self(rounds))
    }

    /// The ratio of ours to the other.
    fn row(&self, what: &str, of: fn(&Measured) -> f64, unit: &str) -> Row {
        self.row_noting(what, of, unit, "")
    }

    /// The same with something to add.
    fn row_noting(&self, what: &str, of: fn(&Measured) -> f64, unit: &str, more: &str) -> Row {
        let ratios: Vec<_> = self.0.iter().map(|(a, b)| of(b) / of(a)).collect();
        let median = |values: Vec<f64>| quartiles(&values).median;
        let by_hand = median(self.0.iter().map(|(a, _)| of(a)).collect());
        let ours = median(self.0.iter().map(|(_, b)| of(b)).collect());
        Row::ratio(what, quartiles(&ratios)).note(format!(
            "{ours:.0} {unit}, by hand {by_hand:.0} {unit}{more}"
        ))
    }
}

fn in_memory(what: &str, by_hand: &Server, ours: &Server) -> Result<Row> {
    let bytes = |server: &Server| Ok::<_, Box<dyn Error>>(Memory::of(server.id())?.now * 1024.0);
    let (by_hand, ours) = (bytes(by_hand)?, bytes(ours)?);
    let note = format!("{:.1} MB, by hand {:.1} MB", ours / 1e6, by_hand / 1e6);
    Ok(Row::value(what, ours / by_hand, "").note(note))
}
