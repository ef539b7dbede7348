//! Text, as the API server of Kubernetes answers it.
//!
//! Source: kubernetes/apiserver, `pkg/server/healthz/healthz.go` (`handleRootHealth` for a probe,
//! `adaptCheckToHandler` for one check, `formatQuoted` for the warning) and `pkg/server/healthz.go`
//! (`shutdown`), commit 24a394e of July 2026.
//!
//! What is otherwise here, or not said there:
//! - 503 instead of 500, unless `StatusCodes` says otherwise.
//! - Checks come in the order of the report: first those whose failure is the cause of others, and
//!   then by name; there, as they were registered. Nothing is listed that nobody wrote: there,
//!   `ping` always is.
//! - A check that degrades the probe is `[+]NAME degraded: ok`, after `[+]NAME excluded: ok`.
//! - A phase that fails a probe is a check, behind all others: `shutdown`, as there, `maintenance`,
//!   `startup` and `configuration`. They have no paths of their own. While the process drains or is
//!   in maintenance, readiness lists that alone, unless it is left out: no check is asked that
//!   could not change the verdict; there, all are.
//! - `?exclude=` takes the names of checks, and not those of groups, as tags are; there, both.
//! - The reason is withheld, as there; who may know everything reads it, on one line.
//! - Who is told the status alone is told no names: the query is not read, and nothing is listed.
//! - Of names that match nothing the warning has the first 20, each cut to 100 characters.
//! - A pair of the query that cannot be decoded is taken as it stands; there, it is left out.
//! - `X-Content-Type-Options: nosniff` is sent always; there, not with the `ok` of one check.
//! - What is unknown says so, instead of `404 page not found`, and other methods than GET, HEAD and
//!   OPTIONS are 405; there, every method is answered.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write;

use health_core::{Phase, Probe, Status};
use utoipa::openapi::path::Parameter;

use super::format::Format;
use super::problem::Problem;
use super::schema::Body;
use super::schema::{self, About};
use super::view::{Scope, Told, View};
use crate::access::Level;
use crate::target::Target;

const SHUTDOWN: &str = "shutdown";
const MAINTENANCE: &str = "maintenance";
const STARTUP: &str = "startup";
const CONFIGURATION: &str = "configuration";

/// Of the names that match nothing so many are listed, and of each so many characters.
const LISTED: usize = 20;
const LONGEST: usize = 100;

#[derive(Debug)]
pub(super) struct Kubernetes;

impl Format for Kubernetes {
    fn name(&self) -> &'static str {
        "kubernetes"
    }

    fn usual_prefix(&self) -> Option<&'static str> {
        Some("")
    }

    fn paths(&self) -> &'static [(&'static str, Target)] {
        &[
            ("/healthz", Target::Probe(Probe::Liveness)),
            ("/healthz/{name}", Target::CheckOf(Probe::Liveness)),
            ("/livez", Target::Probe(Probe::Liveness)),
            ("/livez/{name}", Target::CheckOf(Probe::Liveness)),
            ("/readyz", Target::Probe(Probe::Readiness)),
            ("/readyz/{name}", Target::CheckOf(Probe::Readiness)),
            ("/startupz", Target::Probe(Probe::Startup)),
            ("/startupz/{name}", Target::CheckOf(Probe::Startup)),
        ]
    }

    fn media_type(&self) -> &'static str {
        "text/plain; charset=utf-8"
    }

    fn problem_media_type(&self) -> &'static str {
        self.media_type()
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("X-Content-Type-Options", "nosniff")]
    }

    fn sets_aside(&self, phase: &Phase, query: &str, level: Level) -> bool {
        Query::new(query, level).excludes(name_of(phase))
    }

    fn verdict(&self, view: &View<'_>) -> Status {
        verdict(view, &Query::of(view))
    }

    fn write(&self, view: &View<'_>) -> Vec<u8> {
        let body = match view.scope {
            Scope::Check(told) | Scope::Child(told, _) => check(view, told),
            _ => list(view, &Query::of(view)),
        };
        body.into_bytes()
    }

    fn body(&self, target: Target, statuses: &[Status], about: &About) -> Body {
        schema::kubernetes::body(target, statuses, about)
    }

    fn parameters(&self, target: Target, about: &About) -> Vec<Parameter> {
        schema::kubernetes::parameters(target, about)
    }

    fn write_problem(&self, problem: &Problem) -> Vec<u8> {
        let known = problem.known.iter().flatten();
        let known: Vec<_> = known.map(|name| quoted(name)).collect();
        let body = if known.is_empty() {
            format!("{}\n", problem.detail)
        } else {
            format!("{}, but of these: {}\n", problem.detail, known.join(","))
        };
        body.into_bytes()
    }
}

/// What a caller asks for besides.
#[derive(Debug, Default)]
struct Query<'a> {
    is_verbose: bool,
    excluded: HashSet<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    fn of(view: &View<'a>) -> Self {
        Self::new(view.asker.query, view.level)
    }

    fn new(query: &'a str, level: Level) -> Self {
        let mut asked = Self::default();
        if level == Level::StatusOnly {
            return asked;
        }
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "verbose" => asked.is_verbose = true,
                "exclude" => {
                    asked.excluded.insert(value);
                }
                _ => {}
            }
        }
        asked
    }

    fn excludes(&self, name: &str) -> bool {
        self.excluded.contains(name)
    }
}

/// The verdict for this caller, without what it leaves out. Of one check nothing is left out.
fn verdict(view: &View<'_>, query: &Query<'_>) -> Status {
    match view.scope {
        Scope::Check(_) | Scope::Child(..) => view.status,
        _ if query.excluded.is_empty() => view.status,
        _ => {
            let phase_counts = !query.excludes(name_of(view.phase));
            view.status_without(|name| query.excludes(name), phase_counts)
        }
    }
}

/// The body of one check's own path.
fn check(view: &View<'_>, told: Told<'_>) -> String {
    if view.is_passing() {
        return "ok".to_owned();
    }
    let reason = told.reason().unwrap_or_default();
    format!("internal server error: {}\n", on_one_line(&reason))
}

/// The body of a probe, or a group: everything in lines, where something fails or that was asked
/// for.
fn list(view: &View<'_>, query: &Query<'_>) -> String {
    let passes = verdict(view, query).is_passing();
    if passes && !query.is_verbose {
        return "ok".to_owned();
    }
    let mut lines = String::with_capacity(32 * (view.entries.len() + 1));
    for told in view.entries() {
        push_check(&mut lines, view, told, query);
    }
    push_phases(&mut lines, view, query);
    lines.extend(warning(view, query));
    let how = if passes { "passed" } else { "failed" };
    push(&mut lines, &[&subject(view), " check ", how, "\n"]);
    lines
}

/// What the last line is about: there, the first segment of the path.
fn subject<'a>(view: &View<'a>) -> Cow<'a, str> {
    match view.scope {
        Scope::Group(tag) => on_one_line(tag),
        _ => view
            .asker
            .path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .into(),
    }
}

fn push_check(lines: &mut String, view: &View<'_>, told: Told<'_>, query: &Query<'_>) {
    let name = told.name();
    let reason = || told.reason().filter(|_| view.is_full());
    match told.counts_as() {
        _ if query.excludes(name) => push_excluded(lines, name),
        Status::Healthy => push(lines, &["[+]", name, " ok\n"]),
        Status::Degraded => match reason() {
            Some(reason) => {
                let reason = on_one_line(&reason);
                push(lines, &["[+]", name, " degraded (", &reason, "): ok\n"]);
            }
            None => push(lines, &["[+]", name, " degraded: ok\n"]),
        },
        Status::Unhealthy => push_failed(lines, name, reason().as_deref()),
    }
}

/// What operators said, and how far the start has come. Whoever leaves a phase out is told so even
/// where it is not in force, as if it were a check that passes.
fn push_phases(lines: &mut String, view: &View<'_>, query: &Query<'_>) {
    let in_force = view.failing_phase().map(name_of);
    for name in phases_of(view) {
        if query.excludes(name) {
            push_excluded(lines, name);
        } else if in_force == Some(*name) {
            let reason = reason_of_phase(view).filter(|_| view.is_full());
            push_failed(lines, name, reason);
        }
    }
}

/// The phases that can fail the probe.
fn phases_of(view: &View<'_>) -> &'static [&'static str] {
    match view.scope {
        _ if !view.lists_checks() => &[],
        Scope::Probe(Probe::Readiness) | Scope::Everything => {
            &[CONFIGURATION, STARTUP, MAINTENANCE, SHUTDOWN]
        }
        Scope::Probe(Probe::Startup) => &[CONFIGURATION, STARTUP],
        _ => &[],
    }
}

fn name_of(phase: &Phase) -> &'static str {
    match phase {
        Phase::Draining => SHUTDOWN,
        Phase::Maintenance(_) => MAINTENANCE,
        Phase::Misconfigured => CONFIGURATION,
        _ => STARTUP,
    }
}

fn reason_of_phase<'a>(view: &View<'a>) -> Option<&'a str> {
    match view.phase {
        Phase::Draining => Some("process is shutting down"),
        _ => view.failing_phase_text(),
    }
}

fn push_excluded(lines: &mut String, name: &str) {
    push(lines, &["[+]", name, " excluded: ok\n"]);
}

fn push_failed(lines: &mut String, name: &str, reason: Option<&str>) {
    let reason = on_one_line(reason.unwrap_or("reason withheld"));
    push(lines, &["[-]", name, " failed: ", &reason, "\n"]);
}

fn push(lines: &mut String, parts: &[&str]) {
    for part in parts {
        lines.push_str(part);
    }
}

/// What was to be left out, but is not there. Where the phase kept the checks from being asked, it
/// is not known what is.
fn warning(view: &View<'_>, query: &Query<'_>) -> Option<String> {
    let are_known = matches!(view.phase, Phase::Started | Phase::Starting);
    if !are_known || query.excluded.is_empty() {
        return None;
    }
    let phases = phases_of(view).iter().copied();
    let known: HashSet<_> = view.entries().map(Told::name).chain(phases).collect();
    let excluded = query.excluded.iter().map(|name| &**name);
    let unknown: Vec<_> = excluded.filter(|name| !known.contains(name)).collect();
    let names = first_of(unknown)?;
    Some(format!(
        "warn: some health checks cannot be excluded: no matches for {names}\n"
    ))
}

/// The first of the names, in their order; none if there are none.
fn first_of(mut names: Vec<&str>) -> Option<String> {
    let more = names.len().saturating_sub(LISTED);
    if more > 0 {
        // Callers may name thousands: only those that are listed are worth sorting.
        names.select_nth_unstable(LISTED);
        names.truncate(LISTED);
    }
    names.sort_unstable();
    let listed: Vec<_> = names.into_iter().map(quoted).collect();
    let listed = Some(listed.join(",")).filter(|listed| !listed.is_empty())?;
    Some(if more > 0 {
        format!("{listed} and {more} more")
    } else {
        listed
    })
}

/// A name as `%q` of Go writes it; a long one is cut, and has three dots behind it.
fn quoted(name: &str) -> String {
    let mut quoted = String::from("\"");
    for c in name.chars().take(LONGEST) {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        push_escaped(&mut quoted, c);
    }
    quoted.push('"');
    if name.chars().nth(LONGEST).is_some() {
        quoted.push_str("...");
    }
    quoted
}

/// A text that cannot end its line, nor be taken for another.
fn on_one_line(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return text.into();
    }
    let mut line = String::new();
    text.chars().for_each(|c| push_escaped(&mut line, c));
    line.into()
}

/// What cannot be printed as `strconv.Quote` of Go escapes it.
fn push_escaped(text: &mut String, c: char) {
    let code = u32::from(c);
    // A `String` takes whatever is written to it.
    let _ = match c {
        c if is_printable(c) => text.write_char(c),
        '\x07' => text.write_str("\\a"),
        '\x08' => text.write_str("\\b"),
        '\t' => text.write_str("\\t"),
        '\n' => text.write_str("\\n"),
        '\x0b' => text.write_str("\\v"),
        '\x0c' => text.write_str("\\f"),
        '\r' => text.write_str("\\r"),
        c if c.is_ascii() => write!(text, "\\x{code:02x}"),
        _ if code < 0x1_0000 => write!(text, "\\u{code:04x}"),
        _ => write!(text, "\\U{code:08x}"),
    };
}

/// Neither a control or a format character, nor a space but the common one, nor unassigned: what
/// Go, and Rust where it shows a text, agree on, but for the version of Unicode.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // Behind a letter, since a text does not begin with what combines.
    let shown = format!("a{c}");
    shown.escape_debug().nth(1) == Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_as_go_does() {
        for (name, expected) in [
            ("", r#""""#),
            ("cache", r#""cache""#),
            ("it's", r#""it's""#),
            (r#"a"b\c"#, r#""a\"b\\c""#),
            (
                "a\nb\r\t\x00\x07\x08\x0b\x0c\x1b\x7f",
                r#""a\nb\r\t\x00\a\b\v\f\x1b\x7f""#,
            ),
            ("größe 大 🦀 \u{fffd}", "\"größe 大 🦀 \u{fffd}\""),
            ("e\u{301}", "\"e\u{301}\""),
            (
                "\u{85}\u{a0}\u{2028}\u{202e}",
                r#""\u0085\u00a0\u2028\u202e""#,
            ),
            ("\u{e000}\u{10ffff}", r#""\ue000\U0010ffff""#),
        ] {
            assert_eq!(quoted(name), expected, "{name:?}");
        }
        let long = "ä".repeat(LONGEST);
        assert_eq!(quoted(&long), format!("\"{long}\""));
        assert_eq!(quoted(&format!("{long}x")), format!("\"{long}\"..."));
    }

    #[test]
    fn a_query_is_read_whatever_it_is() {
        let read = |query| Query::new(query, Level::Summary);
        assert!(!read("").is_verbose);
        for verbose in ["verbose", "verbose=false", "&&verbose&x", "verbose=%ff%zz"] {
            assert!(read(verbose).is_verbose, "{verbose}");
        }
        let several = read("exclude=a&exclude=b%20c&exclude=d+e&exclude=%zz&exclude&exclude=a");
        for name in ["a", "b c", "d e", "%zz", ""] {
            assert!(several.excludes(name), "{name:?}");
        }
        assert_eq!(several.excluded.len(), 5);
        let untold = Query::new("verbose&exclude=a", Level::StatusOnly);
        assert!(!untold.is_verbose && !untold.excludes("a"));
    }

    #[test]
    fn of_many_names_the_first_are_listed() {
        assert_eq!(first_of(Vec::new()), None);
        assert_eq!(first_of(vec!["b", "a"]).as_deref(), Some(r#""a","b""#));
        let names: Vec<_> = (0..1000).rev().map(|i| format!("{i:03}")).collect();
        let of =
            |count: usize| first_of(names[1000 - count..].iter().map(|name| &**name).collect());
        let twenty: Vec<_> = (0..20).map(|i| format!("\"{i:03}\"")).collect();
        let twenty = twenty.join(",");
        assert_eq!(of(20), Some(twenty.clone()));
        assert_eq!(of(21), Some(format!("{twenty} and 1 more")));
        assert_eq!(of(1000), Some(format!("{twenty} and 980 more")));
    }
}
