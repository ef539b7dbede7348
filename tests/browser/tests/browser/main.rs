//! The dashboard in Chromium, driven by `page/run.mjs` through what can befall a service.
//!
//! The script has services started, with checks whose behaviour it says, by asking [`stage`].
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod behaviour;
mod installed;
mod service;
mod stage;

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use crate::installed::Installed;

/// Where pictures go.
const SCREENSHOTS: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../browser/screenshots");

#[test]
fn the_page_shows_people_how_the_service_is_doing() {
    let installed = match Installed::find() {
        Ok(installed) => installed,
        Err(missing) => return tell(format_args!("SKIPPED browser: {missing}\n")),
    };
    let mut script = command(&installed, stage::start()).spawn().unwrap();
    let said = BufReader::new(script.stdout.take().unwrap());
    let told = thread::spawn(move || said.lines().map(Result::unwrap).map(retell).collect());
    let status = script.wait().unwrap();
    let lines: Vec<String> = told.join().unwrap();
    let failed: Vec<_> = lines.iter().filter(|line| is_failed(line)).collect();
    assert!(
        status.success() && failed.is_empty(),
        "{status}: {failed:#?}"
    );
}

fn command(installed: &Installed, stage: impl Display) -> Command {
    let mut command = Command::new(&installed.node);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("page/run.mjs"))
        .env("STAGE", format!("http://{stage}"))
        .env("CHROMIUM", &installed.chromium)
        .env("SCREENSHOTS", SCREENSHOTS)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

fn retell(line: String) -> String {
    tell(format_args!("{line}\n"));
    line
}

fn is_failed(line: &str) -> bool {
    line.starts_with("not ok ")
}

/// Prints, even if the test passes: what `print!` says would be captured.
fn tell(text: impl Display) {
    let _ = write!(io::stdout(), "{text}");
}
