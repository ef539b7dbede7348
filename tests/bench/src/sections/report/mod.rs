//! Bodies of readiness, against `serde_json` of a plain derived struct that holds the same facts.
//!
//! The struct is read from our own body, and has to be written as the same bytes. All its texts are
//! there already; ours are made anew for each body, points in time too. Nothing of HTTP is included:
//! what was found is there, and the body is a vector of bytes.

mod plain;

use std::hint::black_box;

use health_actix::{
    Check, Dialect, Health, HealthBuilder, Level, Outcome, Probe, Runtime, Status, Unsent,
};

use rustix::time::{ClockId, clock_gettime};

use self::plain::Plain;
use super::Section;
use crate::Result;
use crate::bench::Bench;
use crate::paired::paired;
use crate::table::{Goal, Row};

pub(crate) const SECTION: Section = Section {
    name: "report",
    about: "bodies in every dialect",
    is_quick: true,
    run,
};

/// What is looked up and put into form for each check must not cost more than half of what it costs
/// to write it. The text for Kubernetes says the same in half of the bytes: it has to be the faster.
const GOAL: f64 = 1.5;
const GOAL_OF_TEXT: f64 = 1.0;

const DIALECTS: [&str; 7] = [
    "default",
    "components",
    "kubernetes",
    "microprofile",
    "spring",
    "aspnet",
    "ietf",
];

fn run(bench: &mut Bench) -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    for checks in [10, 1000] {
        let (report, overview) = runtime.block_on(found(checks))?;
        for name in DIALECTS {
            // There, probes list no checks.
            let found = match name {
                "components" => &overview,
                _ => &report,
            };
            for level in [Level::Summary, Level::Full] {
                compare(bench, name, checks, level, found)?;
            }
        }
    }
    Ok(())
}

fn compare(bench: &mut Bench, name: &str, checks: usize, level: Level, found: &Unsent) -> Result {
    let dialect: Dialect = name.parse()?;
    let ours = || found.body(&dialect, level, "verbose");
    let body = ours();
    let plain = Plain::read(name, &body)?;
    let length = plain.write().len();
    let times = times_within(bench.round().as_secs_f64() / 50.0, || plain.write());
    let ratio = paired(
        bench.rounds(),
        || Ok(seconds(times, || plain.write())),
        || Ok(seconds(times, ours)),
    )?;
    let what = format!("{name}, {checks} checks, {level:?}");
    let quartiles = ratio.quartiles();
    if length == body.len() {
        let row = Row::ratio(format!("{what}: {length} bytes"), quartiles);
        bench.add(row.goal(Goal::AtMost(GOAL)));
        return Ok(());
    }
    let row = Row::ratio(
        format!("{what}: {} bytes for {length}", body.len()),
        quartiles,
    );
    bench.add(row.goal(Goal::AtMost(GOAL_OF_TEXT)));
    let by_byte = quartiles.median * length as f64 / body.len() as f64;
    bench.add(Row::value(
        format!("{what}: each byte for a byte"),
        by_byte,
        "",
    ));
    Ok(())
}

/// How often a body can be written within this many seconds.
fn times_within(limit: f64, write: impl Fn() -> Vec<u8>) -> u32 {
    let mut times = 1;
    while seconds(times, &write) < limit {
        times *= 2;
    }
    times
}

/// What that takes of the processor: what else the machine does is not counted.
fn seconds(times: u32, write: impl Fn() -> Vec<u8>) -> f64 {
    let begun = clock_gettime(ClockId::ThreadCPUTime);
    for _ in 0..times {
        black_box(write());
    }
    let ended = clock_gettime(ClockId::ThreadCPUTime);
    (ended.tv_sec - begun.tv_sec) as f64 + (ended.tv_nsec - begun.tv_nsec) as f64 / 1e9
}

/// What so many checks find: some have a message, a tag, a value, and every tenth fails, without
/// being critical.
async fn found(checks: usize) -> Result<(Unsent, Unsent)> {
    let mut builder = HealthBuilder::empty().runtime(Runtime::current());
    for number in 0..checks {
        builder = builder.check(check(number));
    }
    let health: Health = builder.build()?;
    let report = Unsent::probe(&health, Probe::Readiness).await;
    Ok((report, Unsent::everything(&health).await))
}

fn check(number: usize) -> Check {
    // In their order they come before `application_uptime`, of the components dialect.
    let check = Check::new(format!("a{number:04}"), move || async move {
        let outcome = match number {
            n if n % 10 == 3 => Outcome::new(Status::Unhealthy).with_error("refused by 10.0.0.1"),
            n if n % 2 == 0 => Outcome::healthy().with_message("connected"),
            _ => Outcome::healthy(),
        };
        if number.is_multiple_of(5) {
            outcome.with_data("open_connections", number as f64 + 0.5)
        } else {
            outcome
        }
    });
    let check = check.readiness().with_critical(number % 10 != 3);
    if number.is_multiple_of(4) {
        check.with_tag("storage")
    } else {
        check
    }
}
