//! No crate promises an older compiler than its dependencies need.

use std::collections::HashMap;
use std::process::Command;

use serde_json::Value;

#[test]
fn dependencies_keep_the_promised_compiler() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--all-features",
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    for member in metadata["workspace_members"].as_array().unwrap() {
        let member = member.as_str().unwrap();
        let promised = rust_version(packages[member]);
        assert!(promised > (0, 0), "{member} promises nothing");
        let mut seen = vec![member];
        let mut next = 0;
        while next < seen.len() {
            let needed = rust_version(packages[seen[next]]);
            assert!(
                needed <= promised,
                "{member} needs {}: Rust {needed:?}",
                seen[next]
            );
            for dependency in normal_dependencies(nodes[seen[next]]) {
                if !seen.contains(&dependency) {
                    seen.push(dependency);
                }
            }
            next += 1;
        }
    }
}

fn by_id(list: &Value) -> HashMap<&str, &Value> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| (item["id"].as_str().unwrap(), item))
        .collect()
}

fn normal_dependencies(node: &Value) -> impl Iterator<Item = &str> {
    let is_normal = |dependency: &&Value| {
        let kinds = dependency["dep_kinds"].as_array().unwrap();
        kinds
            .iter()
            .any(|kind| kind["kind"].is_null() && kind["target"].is_null())
    };
    let dependencies = node["deps"].as_array().unwrap().iter().filter(is_normal);
    dependencies.map(|dependency| dependency["pkg"].as_str().unwrap())
}

/// Major and minor; nothing promised is nothing needed.
fn rust_version(package: &Value) -> (u32, u32) {
    let version = package["rust_version"].as_str().unwrap_or("0.0");
    let mut parts = version.split('.').map(|part| part.parse().unwrap());
    (parts.next().unwrap(), parts.next().unwrap_or(0))
}
