#!/usr/bin/env bash
# The service in each dialect against its own OpenAPI document: schemathesis sends what the document
# allows, and what it does not, and compares every answer with what the document says.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=target/conformance
[ -x "$tools/bin/st" ] || {
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet schemathesis==4.32.5 openapi-spec-validator==0.9.0
}
cargo build --quiet -p dialects
program=
trap '[ -z "$program" ] || kill "$program"' EXIT

# A dialect, the level of details, and how the second check is doing. While it is unhealthy, 503 is
# what the document says, though schemathesis takes any 5xx for a bug of the server.
conforms() {
    local output address flags=()
    [ "$3" != unhealthy ] || flags=(--exclude-checks not_a_server_error)
    output=$(mktemp)
    DIALECT=$1 DETAILS=$2 PORT=0 RUST_LOG=off target/debug/dialects >"$output" 2>/dev/null &
    program=$!
    until address=$(sed -n 's/^listening on //p' "$output") && [ -n "$address" ]; do
        kill -0 "$program"
        sleep 0.05
    done
    curl --silent --fail --output /dev/null --request POST "$address/demo/second/$3"
    curl --silent --fail --output "$output" "$address/health/openapi.json"
    "$tools/bin/openapi-spec-validator" "$output"
    echo "--- $1, $2, second is $3"
    (cd "$tools" && bin/st run "$address/health/openapi.json" --max-examples 10 --seed 1 \
        --generation-database none "${flags[@]}" | tail -n 12)
    kill "$program"
    wait "$program" 2>/dev/null || true
    program=
    rm "$output"
}

for dialect in default components kubernetes microprofile spring aspnet ietf; do
    conforms "$dialect" summary healthy
    conforms "$dialect" full unhealthy
done
conforms default status_only degraded
