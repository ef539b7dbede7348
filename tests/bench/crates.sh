#!/usr/bin/env bash
# What each feature of health-indicators adds to a program that has health-core: prints a table.
#
#   tests/bench/crates.sh             the table of the documentation
#   tests/bench/crates.sh --write     puts it there
#   tests/bench/crates.sh --check     fails if another one stands there
#   tests/bench/crates.sh --seconds [FEATURE..]
#                                     with the seconds that `cargo check` takes when nothing is built
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never
page=health-indicators/src/docs/features.md
manifest=health-indicators/Cargo.toml
target=$PWD/target/bench/crates

# Each feature with what its comment says of it.
features() {
    awk '/^\[/ { in_features = $0 == "[features]" }
        !in_features { next }
        /^## / { about = substr($0, 4) }
        /^[a-z][a-z0-9-]* = / && $1 != "default" { sub(/\.$/, "", about); print $1 "\t" about; about = "" }' "$manifest"
}

# The crates that a package needs when it runs, the way everybody counts them: on one platform.
tree() {
    cargo tree --quiet --locked --target x86_64-unknown-linux-gnu --edges normal --prefix none \
        --format '{p}' "$@" | sed 's/ (.*//' | grep -v '^health-indicators ' | LC_ALL=C sort -u
}

added() {
    tree -p health-indicators --no-default-features --features "$1" |
        LC_ALL=C comm -13 <(echo "$base") - | wc -l
}

seconds() {
    local begun
    rm -rf "$target"
    cargo fetch --quiet --locked
    begun=$EPOCHREALTIME
    cargo check --quiet --locked --target-dir "$target" -p health-indicators --no-default-features \
        --features "$1" >&2
    echo "$begun $EPOCHREALTIME" | awk '{ printf "%.0f\n", $2 - $1 }'
}

table() {
    local feature about number
    echo "| feature | what it checks | crates |"
    echo "|---|---|---:|"
    while IFS=$'\t' read -r feature about; do
        # A command that fails inside of a longer one does not end a script by itself.
        number=$(added "$feature")
        echo "| \`$feature\` | $about | $number |"
    done <<<"$(features)"
}

# Of these features, or else of all, and of none.
timed_table() {
    local feature number time
    [ $# -gt 0 ] || mapfile -t all <<<"$(features | cut -f1)"
    echo "| feature | crates | seconds |"
    echo "|---|---:|---:|"
    echo "| none | 0 | $(seconds '') |"
    for feature in "${@:-${all[@]}}"; do
        number=$(added "$feature")
        time=$(seconds "$feature")
        echo "| \`$feature\` | $number | $time |"
    done
}

# The page with the table between its marks.
renewed() {
    local table
    table=$(table)
    awk -v table="$table" '/^<!-- table -->$/ { print; print table; skipped = 1 }
        /^<!-- end of table -->$/ { skipped = 0; ended = 1 }
        !skipped { print }
        END { exit !ended }' "$page"
}

base=$(tree -p health-core)
case ${1:-} in
'') table ;;
--seconds) timed_table "${@:2}" ;;
--write)
    new=$(renewed)
    echo "$new" >"$page"
    ;;
--check)
    new=$(renewed)
    diff -u "$page" - <<<"$new" || {
        echo "$page is out of date: tests/bench/crates.sh --write" >&2
        exit 1
    }
    ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
