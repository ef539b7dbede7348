//! Reads a configuration from a file and from the environment.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::num::ParseIntError;
use std::path::{Path, PathBuf};

use ::config::{ConfigError, FileFormat, Source, Value};
use health_core::{BuildError, HealthConfig, Mistake, mask};

/// What the names of variables begin with, before two underscores.
const PREFIX: &str = "HEALTH";

/// The variable that names the file.
const FILE: &str = "HEALTH_CONFIG";

/// No file is longer, so what is longer is none.
const MOST_BYTES: u64 = 1024 * 1024;

/// Reads a TOML file, and what environment variables say above it.
///
/// Variables are named as in `HEALTH__CHECKS__DATABASE__TIMEOUT_MS=500`; see
/// [`HealthConfig::with_variables`]. They outrank the file setting by setting. For what can be
/// said, see [`HealthConfig`]; whether it makes sense is found when it is applied.
///
/// ```no_run
/// let config = health_actix::load_config("health.toml")?;
/// # Ok::<(), health_actix::BuildError>(())
/// ```
///
/// # Errors
/// If the file is not there, cannot be read, is longer than 1 MiB, or is no TOML, with the line
/// where that is known; and for each variable that is not Unicode.
pub fn load_config(file: impl AsRef<Path>) -> Result<HealthConfig, BuildError> {
    load(Some(file.as_ref()), env::vars_os())
}

/// Reads the TOML file that the environment variable `HEALTH_CONFIG` names, and what other
/// variables say above it, as [`load_config`] does. Where `HEALTH_CONFIG` is empty or not there,
/// the variables are all.
///
/// ```
/// let config = health_actix::load_config_from_env()?;
/// # Ok::<(), health_actix::BuildError>(())
/// ```
///
/// # Errors
/// As those of [`load_config`]: a file that is named has to be there.
pub fn load_config_from_env() -> Result<HealthConfig, BuildError> {
    let file = env::var_os(FILE).filter(|file| !file.is_empty());
    load(file.map(PathBuf::from).as_deref(), env::vars_os())
}

fn load(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<HealthConfig, BuildError> {
    let mut mistakes = Vec::new();
    let config = file.map(read).transpose().unwrap_or_else(|mistake| {
        mistakes.push(mistake);
        None
    });
    let mut said = Vec::new();
    for (name, value) in variables {
        if !is_ours(&name) {
            continue;
        }
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => said.push((name, value)),
            (name, _) => mistakes.push(not_unicode(name)),
        }
    }
    BuildError::unless_empty(mistakes)?;
    Ok(config.unwrap_or_default().with_variables(PREFIX, said))
}

/// Whether a variable's name begins as ours do; others need not even be Unicode.
fn is_ours(name: &OsStr) -> bool {
    let (name, length) = (name.as_encoded_bytes(), PREFIX.len());
    let start = name.get(..length);
    start.is_some_and(|start| start.eq_ignore_ascii_case(PREFIX.as_bytes()))
        && name[length..].starts_with(b"__")
}

fn not_unicode(name: Result<String, OsString>) -> Mistake {
    let (name, what) = match name {
        Ok(name) => (name, "value"),
        Err(name) => (name.to_string_lossy().into_owned(), "name"),
    };
    Mistake::new(format!(
        "the environment variable `{}`: its {what} is not Unicode; write it in UTF-8",
        mask(&name).escape_debug()
    ))
}

fn read(file: &Path) -> Result<HealthConfig, Mistake> {
    let shown = file.display();
    let text = text(file)
        .map_err(|error| Mistake::new(format!("{shown}: this file cannot be read: {error}")))?;
    let config = parse(&text).map_err(|error| Mistake::new(format!("{shown}{}", told(&error))))?;
    Ok(config.with_source(shown.to_string()))
}

/// The text of the file. Not by the crate that parses it: that would take `health.toml` for
/// `health`, and for whatever is not UTF-8 something else.
fn text(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let mut file = File::open(file)?.take(MOST_BYTES + 1);
    file.read_to_string(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    Ok(text)
}

/// The map is collected, not merged into others: merging takes keys such as `a.b[0]` for paths.
fn parse(text: &str) -> Result<HealthConfig, ConfigError> {
    let file = ::config::File::from_str(text, FileFormat::Toml);
    Value::from(file.collect()?).try_deserialize()
}

/// What is wrong with a text, to follow the name of the file. The lines that a parser quotes are
/// left out, for there may be secrets in them.
fn told(error: &ConfigError) -> String {
    let text = match error {
        ConfigError::FileParse { cause, .. } if cause.is::<ParseIntError>() => {
            return ": this is no TOML: it has a number of more than 64 bits".to_owned();
        }
        ConfigError::FileParse { cause, .. } => cause.to_string(),
        other => other.to_string(),
    };
    let mut lines = text.lines();
    let place = lines.next().and_then(place);
    let unquoted = lines.rfind(|line| !line.trim().is_empty() && !line.contains('|'));
    let what = unquoted.unwrap_or("the syntax is wrong");
    let place = place.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
    format!("{place}: this is no TOML: {}", mask(what))
}

/// The line and the column in `TOML parse error at line 2, column 12`.
fn place(text: &str) -> Option<(u32, u32)> {
    let (_, place) = text.split_once(" at line ")?;
    let (line, column) = place.split_once(", column ")?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn mistake_in(text: &str) -> String {
        told(&parse(text).expect_err("it is no TOML"))
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_without_the_text() {
        for (text, expected) in [
            (
                "[checks.database]\npassword = hunter2 x\n",
                ":2:12: this is no TOML: string values must be quoted, expected literal string",
            ),
            ("a = 1\na = 2\n", ":2:1: this is no TOML: duplicate key"),
            (
                "a = 99999999999999999999",
                ": this is no TOML: it has a number of more than 64 bits",
            ),
            (
                "a = 'hunter2\n| hunter2'",
                ":2:3: this is no TOML: key with no value, expected `=`",
            ),
        ] {
            assert_eq!(mistake_in(text), expected, "{text}");
        }
    }

    #[test]
    fn whatever_the_parser_says_no_line_of_the_text_is_shown() {
        let cause = |text: &str| ConfigError::FileParse {
            uri: None,
            cause: text.to_owned().into(),
        };
        for (text, expected) in [
            ("", ": this is no TOML: the syntax is wrong"),
            ("1 | hunter2", ": this is no TOML: the syntax is wrong"),
            (
                "TOML parse error at line 2, column x\n  |\n2 | hunter2\n  | ^",
                ": this is no TOML: the syntax is wrong",
            ),
        ] {
            assert_eq!(told(&cause(text)), expected, "{text}");
        }
    }

    #[test]
    fn keys_stay_as_they_are_written() {
        for text in [
            "",
            "\u{FEFF}a = 1",
            "\"a[99999999999999]\" = 1",
            "\"a[-9]\".b = nan",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_nested_too_deeply_is_a_mistake() {
        let lists = format!("a = {}", "[".repeat(100_000));
        assert!(mistake_in(&lists).contains("no TOML"));
        let keys = format!("{}a = 1", "a.".repeat(100_000));
        assert!(mistake_in(&keys).contains("no TOML"));
    }

    #[cfg(unix)]
    #[test]
    fn variables_of_others_may_be_anything() {
        use std::os::unix::ffi::OsStringExt;

        let os = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let variables = [
            (os(b"HEALTHCARE_KEY"), os(b"\xff")),
            (os(b"HEALTH_CONFIG"), os(b"/etc/\xff.toml")),
            (os(b"HEALTH\xff__A"), os(b"1")),
        ];
        let config = load(None, variables).expect("none of them is ours");
        assert!(config.is_empty());
    }

    #[test]
    fn names_keep_their_case_and_their_dots() {
        use health_core::{Check, HealthBuilder};

        let text = "[checks.\"Tenant.ACME\"]\ntimeout_ms = 500\n[checks.'A-b'.readiness]\ncritical = false\n";
        let health = HealthBuilder::empty()
            .check(Check::new("Tenant.ACME", async || ()).readiness())
            .check(Check::new("A-b", async || ()).readiness());
        let health = health.config(parse(text).expect("it is TOML")).build();
        let checks = health.expect("it makes sense").checks();
        assert_eq!(checks[1].timeout().as_millis(), 500);
        assert!(!checks[0].is_critical_for(health_core::Probe::Readiness));
    }

    #[cfg(unix)]
    #[test]
    fn variables_that_are_not_unicode_are_told_all_at_once() {
        use std::os::unix::ffi::OsStringExt;

        let os = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let variables = [
            (os(b"HEALTH__\xff"), os(b"1")),
            (os(b"HEALTH__A"), os(b"hunter2\xff")),
            (os(b"OTHER\xff"), os(b"\xff")),
            (os(b"\xff"), os(b"1")),
        ];
        let missing = Path::new("/nowhere/health.toml");
        let error = load(Some(missing), variables)
            .expect_err("mistakes")
            .to_string();
        assert_eq!(
            error,
            "3 mistakes in the health checks:\n  \
             - /nowhere/health.toml: this file cannot be read: No such file or directory (os \
             error 2)\n  \
             - the environment variable `HEALTH__\u{FFFD}`: its name is not Unicode; write it in \
             UTF-8\n  \
             - the environment variable `HEALTH__A`: its value is not Unicode; write it in UTF-8"
        );
    }
}
