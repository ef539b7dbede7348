//! Probes over HTTP, against a handler of actix-web that answers static bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::Section;
use crate::Result;
use crate::bench::Bench;
use crate::load::Load;
use crate::paired::paired;
use crate::server::Server;
use crate::table::{Goal, Row};

pub(crate) const SECTION: Section = Section {
    name: "http",
    about: "probes over HTTP: requests per second as a ratio to those of a handler of static bytes",
    is_quick: true,
    run,
};

const CONNECTIONS: usize = 32;

/// What a probe of liveness, and the application's own route, have to reach.
const LIVENESS: Option<Goal> = Some(Goal::AtLeast(0.98));

/// What a probe that is answered from fresh results has to reach.
const FRESH: Option<Goal> = Some(Goal::AtLeast(0.95));

fn run(bench: &mut Bench) -> Result {
    let fixed = Server::start("static", &[])?;
    let same = Server::start("static", &[])?;
    compare(bench, "static bytes, A/A", &fixed, &same, "/", None)?;
    let own = Server::start("own-route", &[])?;
    let what = "the application's own route, health mounted before it";
    compare_noting(bench, what, &fixed, &own, "/", LIVENESS, Some(OWN))?;
    let checks = Server::start("ten-checks", &[])?;
    compare(bench, "liveness", &fixed, &checks, "/health", LIVENESS)?;
    let alive = Server::start("liveness-check", &[])?;
    let what = "liveness with a check, from a fresh result";
    compare(bench, what, &fixed, &alive, "/health", LIVENESS)?;
    let ready = "/health/ready";
    let what = "readiness, from fresh results of 10 checks";
    compare(bench, what, &fixed, &checks, ready, FRESH)?;

    let length = body_length(checks.address, ready)?.to_string();
    let long = Server::start("static", &["--body", &length])?;
    let what = format!("static bytes as many as that readiness has, {length}");
    compare(bench, &what, &fixed, &long, "/", None)?;
    let what = format!("that readiness, to static bytes as many, {length}");
    compare(bench, &what, &long, &checks, ready, None)?;

    let workers = ["--workers", "4"];
    let fixed = Server::start("static", &workers)?;
    let same = Server::start("static", &workers)?;
    compare(
        bench,
        "4 workers: static bytes, A/A",
        &fixed,
        &same,
        "/",
        None,
    )?;
    let checks = Server::start("ten-checks", &workers)?;
    let what = "4 workers: liveness";
    compare(bench, what, &fixed, &checks, "/health", LIVENESS)?;
    let what = "4 workers: readiness, from fresh results of 10 checks";
    compare(bench, what, &fixed, &checks, ready, FRESH)
}

/// Why the application's own route is not as quick as without health: this is how actix-web routes.
const OWN: &str = "the router of actix-web compares each path with all resources that were registered before \
     its own, one by one: ten texts here, and two patterns with parameters, which are regular \
     expressions. Mounted after the application's routes, health costs those nothing";

/// A row: how many requests per second the server answers at this path, to those that the base
/// answers at `/`.
fn compare(
    bench: &mut Bench,
    what: &str,
    base: &Server,
    server: &Server,
    path: &str,
    goal: Option<Goal>,
) -> Result {
    compare_noting(bench, what, base, server, path, goal, None)
}

/// The same with a note.
fn compare_noting(
    bench: &mut Bench,
    what: &str,
    base: &Server,
    server: &Server,
    path: &str,
    goal: Option<Goal>,
    note: Option<&str>,
) -> Result {
    if !bench.wants(what) {
        return Ok(());
    }
    let mut base = Load::get(base.address, "/").connect(CONNECTIONS)?;
    let mut load = Load::get(server.address, path).connect(CONNECTIONS)?;
    let ratio = paired(
        bench.rounds(),
        || Ok(base.run(bench.round())?.per_second()),
        || Ok(load.run(bench.round())?.per_second()),
    )?;
    let row = Row::ratio(what, ratio.quartiles());
    let row = match note {
        Some(note) => row.note(note),
        None => row,
    };
    bench.add(match goal {
        Some(goal) => row.goal(goal),
        None => row,
    });
    Ok(())
}

/// How long the body is that is answered at this path.
fn body_length(address: SocketAddr, path: &str) -> Result<usize> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let head = head.ok_or("an answer without an end of its head")?;
    Ok(answer.len() - head - 4)
}
