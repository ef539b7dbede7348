#!/usr/bin/env bash
# peers.sh [rust|python|node]...: builds and installs below target what the benchmark compares with, at the
# versions that are pinned in tests/bench/peers; all of it where nothing is named.
set -euo pipefail
cd "$(dirname "$0")/../.."
pinned=$PWD/tests/bench/peers root=$PWD/target/peers

rust() {
    cargo build --quiet --release --locked --manifest-path "$pinned/Cargo.toml" --target-dir target
}

python() {
    ! cmp -s "$pinned/requirements.txt" "$root/python/requirements.txt" || return 0
    python3 -m venv "$root/python"
    "$root/python/bin/pip" install --quiet --disable-pip-version-check -r "$pinned/requirements.txt"
    # Last, so that it says that all is there.
    cp "$pinned/requirements.txt" "$root/python"
}

node() {
    ! cmp -s "$pinned/package-lock.json" "$root/node/package-lock.json" || return 0
    rm -rf "$root/node"
    mkdir -p "$root/node.part"
    cp "$pinned"/package{,-lock}.json "$root/node.part"
    npm ci --prefix "$root/node.part" --silent --no-audit --no-fund
    mv "$root/node.part" "$root/node"
}

[ $# -gt 0 ] || set -- rust python node
for what; do "$what"; done
