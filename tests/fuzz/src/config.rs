//! What operations say in files and variables.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::{env, fs, process};

use health_actix::{BuildError, Check, Health, HealthBuilder, HealthConfig, load_config, testing};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// What mistakes call the file.
const FILE: &str = "said.conf";

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be made");
}

/// Reads a file as JSON, TOML and YAML, and what stands before an empty line in it as variables, one
/// a line. Returns for each format whether it makes sense, if it can be read.
///
/// # Panics
/// If a promise is broken.
pub fn keep(bytes: &[u8]) -> [Option<bool>; 3] {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return [None; 3];
    };
    let (variables, text) = text.split_once("\n\n").unwrap_or(("", text));
    let variables: Vec<_> = variables
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    RUNTIME.with(|runtime| {
        let _entered = runtime.enter();
        let json = serde_json::from_str(text).ok();
        let toml = toml::from_str(text).ok();
        let yaml = serde_saphyr::from_str(text).ok();
        loaded_is_the_same(text, toml.as_ref());
        let values = [
            serde_json::from_str(text).ok(),
            toml::from_str(text).ok(),
            serde_saphyr::from_str(text).ok(),
        ];
        let mut configs = [json, toml, yaml].into_iter().zip(values);
        std::array::from_fn(|_| {
            let (config, value) = configs.next()?;
            makes_sense(config?, value, &variables)
        })
    })
}

/// Whether it makes sense.
fn makes_sense(
    config: HealthConfig,
    value: Option<Value>,
    variables: &[(&str, &str)],
) -> Option<bool> {
    let all = |config: HealthConfig| {
        let variables = variables.iter().copied();
        config.with_source(FILE).with_variables("HEALTH", variables)
    };
    let result = built(all(config.clone()));
    assert_eq!(built(all(config.clone())), result, "another each time");
    assert_eq!(applied(&all(config)), result, "to the running process");
    // Printed and read again. What prints it has dropped all but the last of a key's values.
    let is_repeated = |mistake: &String| {
        let texts = ["it is there more than once", "picks the same check"];
        texts.iter().any(|text| mistake.contains(text))
    };
    let repeated = matches!(&result, Err(mistakes) if mistakes.iter().any(is_repeated));
    let value = value.filter(|value| value.is_object() && !repeated);
    if let Some(printed) = value.map(|value| value.to_string()) {
        let again: HealthConfig = serde_json::from_str(&printed).expect("it was printed");
        let again = built(all(again));
        assert_eq!(again.is_ok(), result.is_ok(), "{printed}: {again:?}");
        if result.is_ok() {
            assert_eq!(again, result, "{printed}");
        }
    }
    if let Err(mistakes) = &result {
        mistakes.iter().for_each(|mistake| says_where(mistake));
    }
    Some(result.is_ok())
}

/// The checks as they are to be, or all mistakes.
type Result = std::result::Result<Vec<String>, Vec<String>>;

fn built(config: HealthConfig) -> Result {
    let health = builder().config(config).build().map_err(mistakes)?;
    Ok(described(&health))
}

fn applied(config: &HealthConfig) -> Result {
    let health = builder().build().expect("no mistakes");
    let before = described(&health);
    let result = health.apply(config).map_err(mistakes);
    let after = described(&health);
    if result.is_err() {
        assert_eq!(before, after, "changed despite a mistake");
    }
    result.map(|()| after)
}

fn described(health: &Health) -> Vec<String> {
    let checks = health.checks();
    let checks = checks.iter().map(|check| format!("{check:?}"));
    checks.chain(health.disabled()).collect()
}

fn mistakes(error: BuildError) -> Vec<String> {
    let mistakes = error.mistakes().iter().map(ToString::to_string);
    mistakes.collect()
}

fn says_where(mistake: &str) {
    let places = [" in said.conf: ", "the environment variable `", "check `"];
    let is_said = places.iter().any(|place| mistake.contains(place));
    assert!(is_said, "it does not say where: {mistake}");
    assert!(!mistake.contains(char::is_control), "{mistake:?}");
    assert!(mistake.len() < 2048, "{} bytes: {mistake}", mistake.len());
}

/// What reads a file takes what the parser itself takes for TOML, and makes the same of it.
fn loaded_is_the_same(text: &str, parsed: Option<&HealthConfig>) {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path = PATH.get_or_init(|| env::temp_dir().join(format!("fuzz-{}.toml", process::id())));
    fs::write(path, text).expect("it can be written");
    let loaded = load_config(path);
    fs::remove_file(path).expect("it can be removed");
    match (loaded, parsed) {
        (Ok(loaded), Some(parsed)) => {
            let [loaded, parsed] = [loaded, parsed.clone()].map(|it| built(it.with_source(FILE)));
            // A date is a text to the one, and a table to the other.
            if parsed.is_ok() {
                assert_eq!(loaded, parsed, "of a file");
            }
        }
        (Ok(loaded), None) => drop(built(loaded)),
        (Err(error), parsed) => {
            let error = error.to_string();
            // To the one that is no TOML, to the other a number that nothing here can be.
            let is_too_large = error.contains("a number of more than 64 bits");
            assert!(parsed.is_none() || is_too_large, "{error}");
            assert!(error.contains(&*path.to_string_lossy()), "{error}");
        }
    }
}

/// Sorted, as what lists them for the running process has them.
fn builder() -> HealthBuilder {
    testing::builder()
        .check(Check::new("cache", async || ()).readiness())
        .check(Check::new("database", async || ()).readiness())
        .check(Check::new("db.Primary", async || ()).liveness().startup())
        .check(Check::new("readiness", async || ()).readiness())
}
