//! What health takes before anybody asks: time to start, memory, bytes of the program, time to build.

mod programs;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use self::programs::{Program, STARTS, WITH, WITH_CORE, WITHOUT};
use super::Section;
use crate::Result;
use crate::bench::Bench;
use crate::load::Load;
use crate::paired::quartiles;
use crate::process::Memory;
use crate::server::Server;
use crate::table::{Goal, Row};

pub(crate) const SECTION: Section = Section {
    name: "footprint",
    about: "start, memory, size and build",
    // It builds programs.
    is_quick: false,
    run,
};

fn run(bench: &mut Bench) -> Result {
    starts(bench)?;
    idle(bench)?;
    sizes(bench)?;
    cold_builds(bench)
}

/// What a program of [`STARTS`] prints, the medians of several processes.
#[derive(Clone, Copy)]
struct Start {
    /// In a process that has just begun.
    first_ms: f64,
    again_ms: f64,
    /// Of its own, before: with what is written for each check when the program is loaded.
    before_kib: f64,
    grown_kib: f64,
}

fn starts(bench: &mut Bench) -> Result {
    let programs: Vec<_> = STARTS
        .iter()
        .map(|(checks, program)| Ok((*checks, program.release()?)))
        .collect::<Result<_>>()?;
    let mut all = Vec::new();
    for (checks, program) in &programs {
        let runs: Vec<_> = (0..bench.rounds())
            .map(|_| start(program))
            .collect::<Result<_>>()?;
        let median =
            |of: fn(&Start) -> f64| quartiles(&runs.iter().map(of).collect::<Vec<_>>()).median;
        all.push((
            *checks,
            Start {
                first_ms: median(|it| it.first_ms),
                again_ms: median(|it| it.again_ms),
                before_kib: median(|it| it.before_kib),
                grown_kib: median(|it| it.grown_kib),
            },
        ));
    }
    for (checks, start) in &all {
        let row = Row::value(format!("start with {checks} checks"), start.first_ms, "ms");
        let row = row.note(format!(
            "the same again in the process: {:.3} ms",
            start.again_ms
        ));
        bench.add(match checks {
            // So long a rolling update does not notice.
            10_000 => row.goal(Goal::AtMost(20.0)),
            _ => row,
        });
    }
    let [(_, none), (_, few), (_, many)] = all[..] else {
        return Err("there are three starts".into());
    };
    let each = |start: Start, checks: f64| (start.again_ms - none.again_ms) / checks;
    let ratio = each(many, 10_000.0) / each(few, 100.0);
    // What 10,000 take no longer fits in a processor's caches.
    let row = Row::value("start of each of 10,000 against each of 100", ratio, "");
    bench.add(row.goal(Goal::AtMost(3.0)));
    let bytes = |of: fn(&Start) -> f64| (of(&many) - of(&none)) * 1024.0 / 10_000.0;
    bench.add(Row::value(
        "memory of a check",
        bytes(|it| it.grown_kib),
        "bytes",
    ));
    bench.add(Row::value(
        "memory of what the attribute says of it, as loaded",
        bytes(|it| it.before_kib),
        "bytes",
    ));
    Ok(())
}

fn start(program: &Path) -> Result<Start> {
    let output = Command::new(program).output()?;
    let printed = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> = printed
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [first, again, before, after] = numbers[..] else {
        return Err(format!("{} printed {printed:?}", program.display()).into());
    };
    Ok(Start {
        first_ms: first / 1e6,
        again_ms: again / 1e6,
        before_kib: before,
        grown_kib: after - before,
    })
}

/// Processes that were asked once and then have nothing to do.
fn idle(bench: &mut Bench) -> Result {
    let without = resident_kib(&WITHOUT, "/")?;
    let with = resident_kib(&WITH, "/")?;
    let asked = resident_kib(&WITH, "/health/ready")?;
    bench.add(Row::value(
        "resident memory of a server without health",
        without,
        "KiB",
    ));
    bench.add(Row::value(
        "resident memory that health adds to it",
        with - without,
        "KiB",
    ));
    bench.add(Row::value(
        "the same once readiness was asked, with the engine's threads",
        asked - without,
        "KiB",
    ));
    Ok(())
}

fn resident_kib(program: &Program, path: &str) -> Result<f64> {
    let server = Server::spawn(&mut Command::new(program.release()?))?;
    let mut connection = Load::get(server.address, path).connect(1)?;
    connection.run(std::time::Duration::ZERO)?;
    Ok(Memory::of(server.id())?.now)
}

fn sizes(bench: &mut Bench) -> Result {
    let (without, with) = (WITHOUT.release()?, WITH.release()?);
    let kib = |file: &Path| Ok::<_, std::io::Error>(fs::metadata(file)?.len() as f64 / 1024.0);
    let row = |what: &str, without: f64, with: f64| {
        Row::value(what, with - without, "KiB").note(format!("{without:.0} KiB without"))
    };
    bench.add(row("size added to a release", kib(&without)?, kib(&with)?));
    let what = "size added, stripped";
    let stripped = |file: &Path| -> Result<f64> {
        let bare = file.with_extension("stripped");
        let done = Command::new("strip")
            .arg("-o")
            .arg(&bare)
            .arg(file)
            .status()?;
        if !done.success() {
            return Err("strip failed".into());
        }
        Ok(kib(&bare)?)
    };
    bench.add(match (stripped(&without), stripped(&with)) {
        (Ok(without), Ok(with)) => row(what, without, with),
        (Err(why), _) | (_, Err(why)) => Row::skipped(what, why),
    });
    Ok(())
}

/// Debug builds in a folder of their own, which is emptied before each, in turn.
fn cold_builds(bench: &mut Bench) -> Result {
    let programs = [
        (
            WITH_CORE,
            "health-core with its macro",
            Some(Goal::AtMost(3.0)),
        ),
        (WITH, "health-actix", None),
    ];
    let crates = WITHOUT.crates()?;
    for (program, what, _) in &programs {
        let more = program.crates()?.saturating_sub(crates);
        let row = Row::value(
            format!("crates that {what} adds to actix-web"),
            more as f64,
            "",
        );
        bench.add(row.note(format!("{crates} without")));
    }
    if bench.quick {
        let what = "seconds of a cold build that health adds to actix-web";
        bench.add(Row::skipped(
            what,
            "takes minutes; it is measured without --quick",
        ));
        return Ok(());
    }
    let mut added = [Vec::new(), Vec::new()];
    let mut bare = Vec::new();
    for _ in 0..3 {
        let without = cold_seconds(&WITHOUT)?;
        bare.push(without);
        for ((program, ..), added) in programs.iter().zip(&mut added) {
            added.push(cold_seconds(program)? - without);
        }
    }
    let bare = quartiles(&bare).median;
    for ((_, what, goal), added) in programs.into_iter().zip(added) {
        let what = format!("seconds of a cold build that {what} adds to actix-web");
        let row = Row::value(what, quartiles(&added).median, "s");
        let row = row.note(format!(
            "{bare:.1} s without; added in each round: {added:.1?}"
        ));
        bench.add(match goal {
            Some(goal) => row.goal(goal),
            None => row,
        });
    }
    Ok(())
}

fn cold_seconds(program: &Program) -> Result<f64> {
    program.write()?;
    let target = std::env::current_dir()?.join("target/footprint/cold");
    let _ = fs::remove_dir_all(&target);
    let begun = Instant::now();
    program.build(&target, &[])?;
    Ok(begun.elapsed().as_secs_f64())
}
