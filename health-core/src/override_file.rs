//! Overrides from a file that somebody edits while the process runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::time::Duration;

use tokio::time::sleep;

use crate::engine::Engine;
use crate::error::list;
use crate::mask::mask;
use crate::{Override, Status};

/// How often the file is read.
const PAUSE: Duration = Duration::from_secs(2);

/// No override file is longer, so what is longer is none.
const MOST_BYTES: u64 = 64 * 1024;

/// Applies the file whenever it has changed, until the engine is dropped.
pub(crate) async fn watch(path: PathBuf, engine: Weak<Engine>) {
    let mut last = (String::new(), 0);
    let mut told = None;
    let mut told_lines = BTreeSet::new();
    loop {
        let read = {
            let path = path.clone();
            // A file system may hang; the threads that poll checks must not.
            tokio::task::spawn_blocking(move || read(&path)).await
        };
        let Some(engine) = engine.upgrade() else {
            return;
        };
        match read.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(text) => {
                told = None;
                // Another check may have one of its names now.
                let found = (text, engine.revision());
                if found.0 != last.0 {
                    told_lines.clear();
                }
                if found != last {
                    apply(&engine, &path, &found.0, &mut told_lines);
                    last = found;
                }
            }
            // What was in force stays so.
            Err(error) => tell_once(&mut told, &path, &error),
        }
        drop(engine);
        sleep(PAUSE).await;
    }
}

/// The text of the file; empty if it is not there.
fn read(path: &Path) -> io::Result<String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(io::Error::other("it is longer than 64 KiB"));
    }
    Ok(text)
}

fn tell_once(told: &mut Option<String>, path: &Path, error: &io::Error) {
    let text = error.to_string();
    if told.as_ref() != Some(&text) {
        tracing::error!(
            target: "health",
            "the override file {} cannot be read, so nothing in it changes: {text}",
            path.display()
        );
        *told = Some(text);
    }
}

/// Applies the lines, and tells of those with mistakes that were not told already.
fn apply(engine: &Engine, path: &Path, text: &str, told: &mut BTreeSet<usize>) {
    let checks = engine.checks();
    let names: Vec<_> = checks.iter().map(|check| check.name()).collect();
    let (forced, mut mistakes) = parse(text, &names);
    let wrong = mistakes.iter().map(|(line, _)| *line).collect();
    let told = std::mem::replace(told, wrong);
    mistakes.retain(|(line, _)| !told.contains(line));
    // Whatever file this is, it may have many lines, and secrets in them.
    for (line, mistake) in mistakes.iter().take(MOST_TOLD) {
        tracing::error!(
            target: "health",
            "override file {}:{line}: {}; the line has no effect",
            path.display(),
            mask(mistake)
        );
    }
    if mistakes.len() > MOST_TOLD {
        let more = mistakes.len() - MOST_TOLD;
        tracing::error!(target: "health", "override file: {more} further lines have no effect");
    }
    engine
        .lifecycle()
        .overrides
        .replace_by_file(&forced, engine.wall_clock());
}

/// How many mistakes of one reading are told.
const MOST_TOLD: usize = 10;

type Mistakes = Vec<(usize, String)>;

/// What the lines force, and what is wrong with the others, by their numbers.
fn parse(text: &str, names: &[&str]) -> (BTreeMap<String, Override>, Mistakes) {
    let mut forced = BTreeMap::new();
    let mut mistakes = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (said, reason) = line.split_once('#').unwrap_or((line, ""));
        let words: Vec<_> = said.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        match parse_line(&words, reason.trim(), names) {
            Ok((name, _)) if forced.contains_key(name) => {
                mistakes.push((
                    index + 1,
                    format!("`{name}` stands in an earlier line already"),
                ));
            }
            Ok((name, what)) => drop(forced.insert(name.to_owned(), what)),
            Err(mistake) => mistakes.push((index + 1, mistake)),
        }
    }
    (forced, mistakes)
}

fn parse_line<'a>(
    words: &[&'a str],
    reason: &str,
    names: &[&str],
) -> Result<(&'a str, Override), String> {
    const SHAPE: &str = "`database healthy until 2026-11-22T06:00:00Z  # why`";
    let (name, status, until) = match *words {
        [name, status] => (name, status, None),
        [name, status, "until", until] => (name, status, Some(until)),
        _ => return Err(format!("it is not of the shape {SHAPE}")),
    };
    if !names.contains(&name) {
        let names = list(names.iter().copied());
        return Err(format!("there is no check `{name}`; there are: {names}"));
    }
    let Some(status) = Status::ALL.into_iter().find(|s| s.as_str() == status) else {
        let names = list(Status::ALL.iter().map(|status| status.as_str()));
        return Err(format!("`{status}` is no status; there are: {names}"));
    };
    let reason = if reason.is_empty() {
        "by the override file"
    } else {
        reason
    };
    let forced = Override::new(status, reason.to_owned());
    let Some(until) = until else {
        return Ok((name, forced));
    };
    match humantime::parse_rfc3339(until) {
        Ok(until) => Ok((name, forced.until(until))),
        Err(_) => Err(format!(
            "`{until}` is no time in UTC by RFC 3339; write it as in {SHAPE}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_force_and_mistakes_are_told_by_line() {
        let text = "\
            # tonight\n\
            \n\
            database healthy until 1970-01-01T00:00:10Z # INC-42: password=x\n\
            cache   unhealthy\n\
            databse healthy\n\
            cache up\n\
            cache healthy till noon\n\
            database degraded until tomorrow\n\
            cache degraded\n";
        let (forced, mistakes) = parse(text, &["cache", "database"]);
        let database = &forced["database"];
        assert_eq!(database.status(), Status::Healthy);
        assert_eq!(database.reason(), "INC-42: password=***");
        let end = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(10);
        assert_eq!(database.expires_at(), Some(end));
        assert_eq!(
            forced["cache"],
            Override::new(Status::Unhealthy, "by the override file")
        );
        let shape = "`database healthy until 2026-11-22T06:00:00Z  # why`";
        let expected = [
            (
                5,
                "there is no check `databse`; there are: `cache`, `database`".to_owned(),
            ),
            (
                6,
                "`up` is no status; there are: `healthy`, `degraded`, `unhealthy`".to_owned(),
            ),
            (7, format!("it is not of the shape {shape}")),
            (
                8,
                format!("`tomorrow` is no time in UTC by RFC 3339; write it as in {shape}"),
            ),
            (9, "`cache` stands in an earlier line already".to_owned()),
        ];
        assert_eq!(mistakes, expected);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            drop(parse(&text, &["cache"]));
        }
    }

    #[test]
    fn what_is_too_long_is_not_read() {
        let name = format!("health-override-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, "#".repeat(65 * 1024)).expect("a temporary file");
        let read = read(&path);
        std::fs::remove_file(&path).expect("it was made");
        assert_eq!(
            read.expect_err("too long").to_string(),
            "it is longer than 64 KiB"
        );
    }
}
