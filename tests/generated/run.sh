#!/usr/bin/env bash
# Clients that openapi-generator makes of the documents at full access: one in Rust for each dialect,
# and one in Python. They have to compile, and to understand what the service answers.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/service.sh

root=$PWD/target/generated dialects=(default components kubernetes microprofile spring aspnet ietf)
tools=$root/tools
[ -x "$tools/bin/openapi-generator-cli" ] || {
    command -v java >/dev/null || apt-get install -qq openjdk-17-jre-headless
    python3 -m venv "$tools"
    # The generator, and what the client in Python needs.
    "$tools/bin/pip" install --quiet openapi-generator-cli==7.26.0 \
        pydantic==2.14.3 python-dateutil==4.0.0 typing_extensions==4.16.0 urllib3==2.8.0
}
cargo build --quiet -p dialects

# The name of the generator, the dialect, the folder of the client, and what else is to be said.
generate() {
    local language=$1 document=$root/$2.json client=$3
    shift 3
    rm -rf "$client"
    "$tools/bin/openapi-generator-cli" generate --generator-name "$language" \
        --input-spec "$document" --output "$client" "$@" >"$client.log" 2>&1 || {
        cat "$client.log"
        return 1
    }
}

for dialect in "${dialects[@]}"; do
    start dialects DIALECT="$dialect" DETAILS=full
    fetch /health/openapi.json "$root/$dialect.json"
    stop
    generate rust "$dialect" "$root/$dialect" --library reqwest \
        --additional-properties=packageName="$dialect",packageVersion=0.0.0
done
generate python default "$root/python" --additional-properties=packageName=health_client

cargo build --quiet --locked --manifest-path tests/generated/Cargo.toml --target-dir "$root/target"
for dialect in "${dialects[@]}"; do
    start dialects DIALECT="$dialect" DETAILS=full
    "$root/target/debug/generated" "$dialect" "$address"
    stop
done
echo "openapi-generator, rust: ${#dialects[@]} clients compile and understand the service"

start dialects DIALECT=default DETAILS=full
PYTHONPATH=$root/python "$tools/bin/python" tests/generated/client.py "$address"
stop
echo "openapi-generator, python: the client of the default dialect understands the service"
