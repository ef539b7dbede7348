#!/usr/bin/env bash
# The service in each dialect against its own OpenAPI document: redocly says whether it is a good one,
# and schemathesis sends what it allows, and what it does not, and compares every answer with what it
# says.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/service.sh

tools=target/conformance
[ -x "$tools/bin/st" ] || {
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet schemathesis==4.32.5 openapi-spec-validator==0.9.0
}
redocly=$tools/redocly-2.77.0 documents=$tools/documents
[ -x "$redocly/node_modules/.bin/redocly" ] ||
    npm install --silent --no-fund --no-audit --no-update-notifier --prefix "$redocly" \
        "@redocly/cli@${redocly##*-}"
rm -rf "$documents"
mkdir -p "$documents"
cargo build --quiet -p dialects -p openapi

# A dialect, the level of details, and how the second check is doing. While it is unhealthy, 503 is
# what the document says, though schemathesis takes any 5xx for a bug of the server.
conforms() {
    # A stream of events goes on for seconds: it is asked for a few times, below.
    local document=$documents/$1-$2.json flags=(--exclude-path /health/ui/events)
    [ "${4:-}" != events ] || flags=(--include-path /health/ui/events --phases examples,fuzzing)
    [ "$3" != unhealthy ] || flags+=(--exclude-checks not_a_server_error)
    start dialects DIALECT="$1" DETAILS="$2"
    switch second "$3"
    fetch /health/openapi.json "$document"
    "$tools/bin/openapi-spec-validator" "$document"
    echo "--- $1, $2, second is $3${4:+, $4}"
    (cd "$tools" && bin/st run "$address/health/openapi.json" --max-examples "${5:-10}" --seed 1 \
        --generation-database none "${flags[@]}" | tail -n 12)
    stop
}

# What redocly recommends, with no warning either: the rules left out, then the documents.
lint() {
    local skipped=() output
    while [[ $1 == --skip-rule=* ]]; do
        skipped+=("$1")
        shift
    done
    output=$(REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
        "$redocly/node_modules/.bin/redocly" lint --extends=recommended-strict --format=stylish \
        "${skipped[@]}" "$@" 2>&1) || {
        echo "$output"
        return 1
    }
    echo "redocly: $# documents, all recommended rules${skipped[*]:+ (${skipped[*]})}, no warning"
}

for dialect in default components kubernetes microprofile spring aspnet ietf; do
    conforms "$dialect" summary healthy
    conforms "$dialect" full unhealthy
done
conforms default status_only degraded
conforms default full healthy events 3
lint "$documents"/*.json

start openapi
fetch /openapi.json "$documents/merged.json"
stop
"$tools/bin/openapi-spec-validator" "$documents/merged.json"
# The list of all orders takes nothing that could be wrong.
lint --skip-rule=operation-4xx-response "$documents/merged.json"
