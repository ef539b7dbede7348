//! A type is told in one line, however long it is.

use std::collections::BTreeMap;

use health_core::{Health, State, health_check};

#[health_check(kind = "readiness")]
fn long(
    _: State<BTreeMap<String, BTreeMap<String, BTreeMap<String, BTreeMap<String, BTreeMap<u8, u8>>>>>>,
) {
}

fn main() {
    let error = Health::builder().build().unwrap_err().to_string();
    assert!(!error.contains("\\n"), "{error}");
    assert!(error.contains("BTreeMap<String,BTreeMap<u8,u8>>"), "{error}");
}
