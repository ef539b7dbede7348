#!/usr/bin/env bash
# What the attribute costs when a program is built: prints a table of medians, in seconds. Each
# pair is measured in turn, so that what else the machine does falls on both.
set -euo pipefail
cd "$(dirname "$0")/../.."
# As in a clean build: nothing is kept from the last one.
export CARGO_INCREMENTAL=0
rounds=${1:-5} functions=1000
root=$PWD/target/bench
mkdir -p "$root"

# A library of so many functions, annotated or not.
library() {
    local name=$1 attribute=$2 number
    mkdir -p "$root/$name/src"
    cat >"$root/$name/Cargo.toml" <<TOML
[package]
name = "$name"
version = "0.0.0"
edition = "2024"
[workspace]
[dependencies]
health-core = { path = "$PWD/health-core" }
[profile.dev]
debug = "line-tables-only"
TOML
    for ((number = 0; number < functions; number++)); do
        echo "$attribute pub async fn check_$number() -> Result<(), std::io::Error> { Ok(()) }"
    done >"$root/$name/src/lib.rs"
}

seconds() {
    local begun=$EPOCHREALTIME
    "$@" >/dev/null 2>&1
    echo "$begun $EPOCHREALTIME" | awk '{ printf "%.2f\n", $2 - $1 }'
}

median() { sort -n | awk '{ line[NR] = $1 } END { print line[int((NR + 1) / 2)] }'; }

build() { cargo build --target-dir "$root/target" --manifest-path "$@"; }

library plain ''
library annotated '#[health_core::health_check(kind = "readiness", timeout_ms = 2000)]'
build "$root/plain/Cargo.toml" >/dev/null 2>&1
build "$root/annotated/Cargo.toml" >/dev/null 2>&1
for ((round = 0; round < rounds; round++)); do
    touch health-macros/src/lib.rs
    seconds build "$root/annotated/Cargo.toml" -p health-macros >>"$root/macros.$$"
    build "$root/annotated/Cargo.toml" >/dev/null 2>&1
    build "$root/plain/Cargo.toml" >/dev/null 2>&1
    touch "$root/plain/src/lib.rs" "$root/annotated/src/lib.rs"
    seconds build "$root/plain/Cargo.toml" >>"$root/plain.$$"
    seconds build "$root/annotated/Cargo.toml" >>"$root/annotated.$$"
done
row() { printf '%-48s %6s\n' "$1" "$(median <"$root/$2.$$")"; }
row 'health-macros itself, over syn and quote' macros
row "a library of $functions functions" plain
row "the same, all of them annotated" annotated
rm -f "$root"/*."$$"
