#!/usr/bin/env bash
# Whether the libraries compile with the oldest versions that their manifests allow.
#
#   tests/supply-chain/minimal-versions.sh           with those that were found last
#   tests/supply-chain/minimal-versions.sh --write   finds them anew, for manifests that have changed
#
# health-indicators is left out: the oldest clients of all features at once contradict each other.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TERM_COLOR=never
crates=(health-macros health-core health-actix)
lock=$PWD/tests/supply-chain/minimal-versions.lock
root=$PWD/target/minimal-versions
copy=$root/workspace

# A workspace of the libraries alone: what only tests need does not count.
rm -rf "$copy"
mkdir -p "$copy"
cp -r --parents "${crates[@]/%//src}" README.md LICENSE-* "$copy"
for crate in "${crates[@]}"; do
    awk '/^\[/ { skipped = /dev-dependencies/ } !skipped' "$crate/Cargo.toml" >"$copy/$crate/Cargo.toml"
done
awk -v crates="${crates[*]}" '/^members = \[/ { gsub(" ", "\", \"", crates); print "members = [\"" crates "\"]"; skipped = 1 }
    /^exclude = / { next }
    !skipped { print }
    /^\]/ { skipped = 0 }' Cargo.toml >"$copy/Cargo.toml"
cd "$copy"

if [ "${1:-}" = --write ]; then
    # The flag is of nightly compilers, and only chooses versions.
    RUSTC_BOOTSTRAP=1 cargo update -Z direct-minimal-versions
    # With the oldest tokio goes an actix-server that newer releases of actix-rt do not compile with.
    cargo update -p actix-rt --precise 2.11.0
    cp Cargo.lock "$lock"
else
    cp "$lock" Cargo.lock
fi
cargo check --locked --all-features --target-dir "$root/target" || {
    echo "if a manifest has changed: tests/supply-chain/minimal-versions.sh --write" >&2
    exit 1
}
