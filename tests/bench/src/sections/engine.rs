//! The engine alone: what it costs to run checks, without HTTP.
//!
//! Asked from a current-thread runtime, as a worker of actix-web is; the checks run on the engine's
//! own threads.

use std::env;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use health_actix::{Caller, Health, Probe};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::Section;
use crate::Result;
use crate::bench::Bench;
use crate::checks::{Kind, SIZES};
use crate::paired::{paired, quartiles};
use crate::pin::{Half, pin, unpin};
use crate::table::{Goal, Row};

pub(crate) const SECTION: Section = Section {
    name: "engine",
    about: "runs of checks without HTTP, on the engine's own threads",
    is_quick: true,
    run,
};

/// What ways of running checks have in common: `None` is what is written by hand.
type Way<'a> = Option<&'a Health>;

fn run(bench: &mut Bench) -> Result {
    // The engine's threads have the cores that they have at users'.
    unpin();
    let done = measure(bench);
    pin(Half::Load);
    done
}

fn measure(bench: &mut Bench) -> Result {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    for kind in Kind::ALL {
        for size in SIZES {
            compare(bench, &runtime, kind, size)?;
        }
    }
    for kind in Kind::ALL {
        growth(bench, &runtime, kind)?;
    }
    allocations(bench);
    Ok(())
}

/// How long each round is.
fn round(bench: &Bench) -> Duration {
    Duration::from_millis(if bench.quick { 80 } else { 130 })
}

/// The engine against what is written by hand.
fn compare(bench: &mut Bench, runtime: &Runtime, kind: Kind, size: usize) -> Result {
    let health = kind.health(size)?;
    let (mut by_hand, mut ours) = (Vec::new(), Vec::new());
    let batch = |way: Way<'_>, kept: &mut Vec<f64>| {
        let took = runtime.block_on(batches(way, kind, size, round(bench)))?;
        kept.push(took);
        Ok(took)
    };
    let ratios = paired(
        bench.rounds(),
        || batch(None, &mut by_hand),
        || batch(Some(&health), &mut ours),
    )?;
    let (by_hand, ours) = (quartiles(&by_hand), quartiles(&ours));
    let per_check = |nanoseconds: f64| nanoseconds / size as f64;
    let note = format!(
        "{:.0} ns a check, by hand {:.0} ns{}",
        per_check(ours.median),
        per_check(by_hand.median),
        if size == 1 {
            ": two threads wake each other for each batch, however small"
        } else {
            ""
        }
    );
    let what = format!("{size} {} checks, against join_all by hand", kind.name());
    bench.add(Row::ratio(what, ratios.quartiles()).note(note));
    if kind == Kind::Trivial && size == 1_000 {
        let row = Row::value("a batch of 1000 trivial checks", ours.median / 1e6, "ms");
        let row = row.note(
            "the thread that asks and those that run the checks write the same lines of memory, so two cores \
             are hardly faster than one",
        );
        bench.add(row.goal(Goal::AtMost(1.0)));
    }
    Ok(())
}

/// The cost of a check among 10,000 against that of one among 100. Sorting or a tree would add a
/// factor of less than 2 and the memory of ten thousand checks is more than caches hold, so 1.5;
/// what is quadratic would add a factor of 100.
fn growth(bench: &mut Bench, runtime: &Runtime, kind: Kind) -> Result {
    let (few, many) = (kind.health(100)?, kind.health(10_000)?);
    let per_check = |health: &Health, size: usize| {
        let batches = batches(Some(health), kind, size, round(bench));
        Ok(runtime.block_on(batches)? / size as f64)
    };
    let ratios = paired(
        bench.rounds(),
        || per_check(&few, 100),
        || per_check(&many, 10_000),
    )?;
    let what = format!("a {} check among 10000, against one among 100", kind.name());
    let note =
        "1 would be linear; caches hold 100 checks and not 10000, and what is quadratic gives 100";
    let row = Row::ratio(what, ratios.quartiles()).note(note);
    bench.add(row.goal(Goal::AtMost(1.5)));
    Ok(())
}

/// Nanoseconds of a batch: the median of those in a round.
async fn batches(way: Way<'_>, kind: Kind, size: usize, round: Duration) -> Result<f64> {
    let begin = Instant::now();
    let mut took = Vec::new();
    while took.len() < 3 || begin.elapsed() < round {
        let start = Instant::now();
        match way {
            Some(health) => {
                let report = health.probe(Probe::Readiness, Caller::nobody()).await;
                if !report.is_passing() || report.entries().len() != size {
                    return Err("a check that does nothing failed: the machine is too busy".into());
                }
            }
            None => by_hand(kind, size).await,
        }
        took.push(start.elapsed().as_nanos() as f64);
    }
    Ok(quartiles(&took).median)
}

/// What a careful hand would write: all at once, each with a timeout, its panics caught, its
/// latency taken.
async fn by_hand(kind: Kind, size: usize) {
    let checks = (0..size).map(|_| async {
        let start = Instant::now();
        let work = async {
            if kind == Kind::Yielding {
                tokio::task::yield_now().await;
            }
        };
        let work = AssertUnwindSafe(Box::pin(work)).catch_unwind();
        let done = timeout(Duration::from_millis(800), work).await;
        (matches!(done, Ok(Ok(()))), start.elapsed())
    });
    let results = join_all(checks).await;
    assert!(results.iter().all(|(passes, _)| *passes));
}

fn allocations(bench: &mut Bench) {
    let counted = match count_allocations() {
        Ok(counted) => counted,
        Err(error) => return bench.add(Row::skipped("allocations of each check", error)),
    };
    for line in counted.lines() {
        let cells: Vec<_> = line.split(' ').collect();
        let [kind, size, count] = cells[..] else {
            continue;
        };
        let Ok(count) = count.parse() else {
            continue;
        };
        let what = format!("allocations of each of {size} {kind} checks");
        let row = Row::value(what, count, "");
        bench.add(if size == "1" {
            row.note("those of the batch itself have only one check to share them")
        } else {
            row.goal(Goal::AtMost(4.0))
        });
    }
}

/// Builds the program that counts, beside this one, and runs it.
fn count_allocations() -> Result<String> {
    let own = env::current_exe()?;
    let target = own.parent().and_then(Path::parent);
    let target = target.ok_or("this program is in no target directory")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let mut command = Command::new(cargo);
    command
        .args(["run", "--quiet", "--bin", "allocations", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("the program that counts ended with {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
