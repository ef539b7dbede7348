//! The same readiness with three real dependencies, as others do it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Section;
use crate::Result;
use crate::bench::Bench;
use crate::dependencies::{Dependencies, skipped};
use crate::load::Load;
use crate::paired::quartiles;
use crate::pin::{Half, pin, unpin};
use crate::server::Server;
use crate::table::{Goal, Row};

pub(crate) const SECTION: Section = Section {
    name: "peers",
    about: "a readiness that asks PostgreSQL, Redis and an HTTP service: ours / theirs",
    is_quick: true,
    run,
};

const MANY: usize = 32;

/// One that ours is compared with.
struct Peer {
    name: &'static str,
    by: By,
    /// What has to be known to compare it.
    note: &'static str,
    /// How many times as many requests per second ours answers by default, at least.
    goal: Option<f64>,
}

/// What it is made with, and what that calls it.
#[derive(Clone, Copy)]
enum By {
    Bench(&'static str),
    Rust(&'static str),
    Python(&'static str),
    Node,
}

impl Peer {
    const fn new(name: &'static str, by: By, note: &'static str) -> Self {
        Self {
            name,
            by,
            note,
            goal: None,
        }
    }
}

const PEERS: &[Peer] = &[
    Peer::new(
        "actix-web by hand",
        By::Bench("by-hand"),
        "asks for each request, all at once, with timeouts",
    ),
    Peer::new(
        "axum by hand",
        By::Rust("axum-by-hand"),
        "asks for each request, all at once, with timeouts",
    ),
    Peer::new(
        "axum-health 0.2.1",
        By::Rust("axum-health"),
        "asks for each request, one after the other, no timeouts; its own check of Redis blocks the \
         thread, and that of PostgreSQL compiles only with those of all databases, so these were \
         written by hand",
    ),
    Peer::new(
        "health 0.2.0",
        By::Rust("health"),
        "asks in the background each second: the answer is up to that old, passes before the first run, \
         and costs the dependencies as much when nobody asks; no timeouts; no word about failures",
    ),
    Peer::new(
        "health-checks 0.1.0",
        By::Rust("health-checks"),
        "asks for each request, all at once, with timeouts; over the application's pool, by hand",
    ),
    Peer::new(
        "health-checks 0.1.0, its own checks",
        By::Rust("health-checks-ready-made"),
        "the same with its own check of PostgreSQL, which connects each time",
    ),
    Peer {
        goal: Some(500.0),
        ..Peer::new(
            "FastAPI, as guides show it",
            By::Python("per-request"),
            "one worker; asks for each request, all at once, with timeouts, by a new client for HTTP each time",
        )
    },
    Peer::new(
        "FastAPI, one shared client for HTTP",
        By::Python("shared"),
        "one worker; asks for each request, all at once, with timeouts",
    ),
    Peer::new(
        "@godaddy/terminus 4.12.1",
        By::Node,
        "one process; asks for each request, all at once; does not say which check failed, nor how long \
         each took",
    ),
];

fn run(bench: &mut Bench) -> Result {
    unpin();
    let measured = match Dependencies::find()? {
        Ok(dependencies) => compare_all(bench, &dependencies),
        Err(why) => {
            bench.add(Row::skipped("a readiness with three dependencies", why));
            Ok(())
        }
    };
    pin(Half::Load);
    measured
}

fn compare_all(bench: &mut Bench, dependencies: &Dependencies) -> Result {
    let cached = start(By::Bench("dependencies"), &[], dependencies)?;
    let uncached = start(
        By::Bench("dependencies"),
        &["--cache-ms", "0"],
        dependencies,
    )?;
    for peer in PEERS {
        let compared = install(bench, peer.by)
            .and_then(|()| start(peer.by, &[], dependencies))
            .and_then(|server| compare(bench, peer, [&cached, &uncached, &server]));
        match compared {
            Ok(rows) => rows.into_iter().for_each(|row| bench.add(row)),
            Err(error) => bench.add(Row::skipped(peer.name, skipped(error.to_string())?)),
        }
    }
    Ok(())
}

/// Sees to it that it is there; `--quick` is for what is there already.
fn install(bench: &Bench, by: By) -> Result {
    let (what, there) = match by {
        By::Bench(_) => return Ok(()),
        By::Rust(_) => ("rust", rust()),
        By::Python(_) => ("python", python()),
        By::Node => ("node", modules()),
    };
    if bench.quick {
        if there.exists() {
            return Ok(());
        }
        return Err(format!("not installed; tests/bench/peers.sh {what} installs it").into());
    }
    let done = Command::new(folder().join("../peers.sh"))
        .arg(what)
        .output()?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let last = said.trim().lines().last().unwrap_or_default();
    Err(format!("tests/bench/peers.sh {what}: {last}").into())
}

fn start(by: By, more: &[&str], dependencies: &Dependencies) -> Result<Server> {
    let variables = dependencies.variables();
    let mut command = match by {
        By::Bench(name) => {
            let arguments = [&["--spread", "--workers", "2"], more].concat();
            return Server::start_with(name, &arguments, &variables);
        }
        By::Rust(name) => {
            let mut command = Command::new(rust());
            command.arg(name);
            command
        }
        By::Python(how) => {
            let mut command = Command::new(python());
            command.arg(folder().join("service.py")).arg(how);
            command
        }
        By::Node => {
            let mut command = Command::new("node");
            command
                .arg(folder().join("service.js"))
                .env("NODE_PATH", modules())
                .env("NODE_ENV", "production");
            command
        }
    };
    Server::spawn(command.envs(variables))
}

/// Requests per second on many connections, and the median on one, in seconds.
#[derive(Clone, Copy)]
struct Measured {
    per_second: f64,
    p50: f64,
    /// The share, of 1, of the answers on many connections that were no 200.
    failed: f64,
}

/// Connects anew each time: a connection that waited for a slow peer may be closed.
fn measure(bench: &Bench, server: &Server) -> Result<Measured> {
    let load = Load::get(server.address, "/health/ready");
    let many = load.connect(MANY)?.run(bench.round() * 2 / 5)?;
    let one = load.connect(1)?.run(bench.round() / 5)?;
    one.all_were(200)?;
    if many.latencies.is_empty() {
        return Err(format!("{} answers nothing on {MANY} connections", server.address).into());
    }
    let healthy = many.statuses.get(&200).copied().unwrap_or_default();
    Ok(Measured {
        per_second: many.per_second(),
        p50: one.quantile(0.5),
        failed: 1.0 - healthy as f64 / many.latencies.len() as f64,
    })
}

/// What is ours by default, what is ours without a cache, and the peer, in turn.
fn compare(bench: &Bench, peer: &Peer, servers: [&Server; 3]) -> Result<Vec<Row>> {
    let all = || -> Result<Vec<_>> {
        servers
            .iter()
            .map(|server| measure(bench, server))
            .collect()
    };
    // The first round warms up what there is to warm up.
    all()?;
    let rounds: Vec<Vec<_>> = (0..(bench.rounds() / 3).max(2))
        .map(|_| all())
        .collect::<Result<_>>()?;
    let row = |what: &str, ours: usize, of: fn(&Measured) -> f64| {
        let ratios: Vec<_> = rounds
            .iter()
            .map(|round| of(&round[ours]) / of(&round[2]))
            .collect();
        let median = |place: usize| {
            let values: Vec<_> = rounds.iter().map(|round| of(&round[place])).collect();
            quartiles(&values).median
        };
        let row = Row::ratio(format!("{}: {what}", peer.name), quartiles(&ratios));
        (row, median(ours), median(2))
    };
    let failed = |place: usize| rounds.iter().map(|r| r[place].failed).fold(0.0, f64::max);
    if failed(0) + failed(1) > 0.0 {
        return Err("not all of our own answers were 200".into());
    }
    let mut note = peer.note.to_owned();
    if failed(2) > 0.0 {
        // Such as its own timeouts, where it has more to do than one core can.
        let percent = failed(2) * 100.0;
        note += &format!("; {percent:.0} % of its answers were no 200, with nothing amiss");
    }
    let mut rows = Vec::new();
    for (how, ours) in [("", 0), (", cache_ms = 0", 1)] {
        let (rate, a, b) = row(&format!("requests per second{how}"), ours, |m| m.per_second);
        let rates = format!("{a:.0} /s, theirs {b:.0} /s");
        rows.push(match peer.goal.filter(|_| ours == 0) {
            Some(least) => rate.note(rates).goal(Goal::AtLeast(least)),
            None => rate.note(rates),
        });
        let (p50, a, b) = row(&format!("p50{how}"), ours, |m| m.p50 * 1e6);
        let more = if ours == 0 {
            String::new()
        } else {
            format!("; {note}")
        };
        rows.push(p50.note(format!("{a:.0} us, theirs {b:.0} us{more}")));
    }
    Ok(rows)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")
}

fn rust() -> PathBuf {
    target().join("release/health-bench-peers")
}

fn python() -> PathBuf {
    target().join("peers/python/bin/python")
}

fn modules() -> PathBuf {
    target().join("peers/node/node_modules")
}
