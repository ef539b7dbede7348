# Sourced by scripts that ask a running example; ends it when the script ends.
program=

# The program, and its environment; leaves its address in `address`.
start() {
    local name=$1 output
    shift
    output=$(mktemp)
    env "$@" PORT=0 RUST_LOG=off "target/debug/$name" >"$output" 2>/dev/null &
    program=$!
    until address=$(sed -n 's|^listening on \(http://[0-9.:]*[0-9]\).*|\1|p' "$output") &&
        [ -n "$address" ]; do
        kill -0 "$program"
        sleep 0.05
    done
    rm "$output"
}

stop() {
    [ -n "$program" ] || return 0
    kill "$program"
    wait "$program" 2>/dev/null || true
    program=
}
trap stop EXIT

# The path, to which file.
fetch() { curl --silent --fail --output "$2" "$address$1"; }

switch() { curl --silent --fail --output /dev/null --request POST "$address/demo/$1/$2"; }
