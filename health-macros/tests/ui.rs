//! What users see: mistakes and their diagnostics, and uses that have to compile and run.

use std::env;
use std::process::Command;

/// The compiler whose diagnostics are in `tests/ui/fail/*/*.stderr`; others word theirs otherwise.
/// To bless new ones: `TRYBUILD=overwrite cargo test -p health-macros --test ui`.
const BLESSED: &str = "1.95.0";

#[test]
fn ui() {
    let compiler = compiler();
    let cases = trybuild::TestCases::new();
    if compiler == BLESSED {
        cases.compile_fail("tests/ui/fail/**/*.rs");
    } else {
        println!("SKIPPED: tests/ui/fail is for rustc {BLESSED}, and this is {compiler}");
    }
    cases.pass("tests/ui/pass/*.rs");
}

/// The version of the compiler in use, as in `1.95.0` or `1.97.0-nightly`.
fn compiler() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .arg("--version")
        .output()
        .expect("rustc runs");
    let output = String::from_utf8(output.stdout).expect("rustc writes UTF-8");
    output
        .split_whitespace()
        .nth(1)
        .unwrap_or(&output)
        .to_owned()
}
