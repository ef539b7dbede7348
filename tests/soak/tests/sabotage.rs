//! That the model notices a service that lies.

use std::process::{Command, Output};

const WAYS: [&str; 10] = [
    "keep",
    "early",
    "twice",
    "late",
    "undrained",
    "blind",
    "silent",
    "descriptors",
    "memory",
    "impatient",
];

fn soak(arguments: &[&str]) -> Output {
    let folder = std::env::temp_dir();
    let name = format!("health-soak-test-{}.json", std::process::id());
    let mut soak = Command::new(env!("CARGO_BIN_EXE_health-soak"));
    soak.args(arguments).arg("--json").arg(folder.join(&name));
    let output = soak.output().expect("it runs");
    std::fs::remove_file(folder.join(name)).expect("the summary was written");
    output
}

#[test]
#[ignore = "takes two minutes: cargo test -p health-soak -- --ignored"]
fn each_way_to_lie_is_noticed() {
    for way in WAYS {
        let output = soak(&["--seconds", "60", "--seed", "4", "--sabotage", way]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{way}: {text}");
        for told in ["VIOLATION, seed 4: ", "faults:"] {
            let grows = ["descriptors", "memory"].contains(&way);
            assert!(text.contains(told) || grows, "{way}: {text}");
        }
    }
}
