#!/usr/bin/env bash
# Counts the instructions that each scenario of `health-instructions` takes, and compares them with
# the budget in instructions.txt. BLESS=1 writes the budget.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."
budget=tests/bench/instructions.txt
program=target/release/health-instructions
slack=3 # percent, either way

# How often each is done: the second count is of twice as often.
scenarios() {
    cat <<'END'
static 2000
liveness 2000
readiness-cached 2000
data-cached 2000
readiness-run 500
status-only 2000
report-1000 20
start-1000 5
END
}

# What the counts depend on besides our code and Cargo.lock.
here() {
    echo "$(rustc --version | cut -d' ' -f1,2), $(uname -m), glibc $(getconf GNU_LIBC_VERSION | cut -d' ' -f2)"
}

# In an environment that is always the same: its length moves the stack.
count() {
    env -i valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$@" 2>&1 |
        awk '$2 == "Collected" { print $4 } /^health-instructions: / { print >"/dev/stderr" }'
}

# By how much twice as often takes more: the start of the process falls out.
each() {
    local once twice
    once=$(count "$1" "$2")
    twice=$(count "$1" $((2 * $2)))
    echo $(((twice - once) / $2))
}

skip() {
    echo "SKIPPED instructions: $1"
    exit 0
}

command -v valgrind >/dev/null || skip "there is no valgrind"
# Its processor is always the same one, but for this: memory is copied and compared by it.
grep -qw avx2 /proc/cpuinfo || skip "the processor has no AVX2, by which the budget was counted"
if [ -z "${BLESS:-}" ]; then
    blessed=$(sed -n 's/^# by //p' "$budget")
    [ "$blessed" = "$(here)" ] || skip "the budget is that of $blessed; here is $(here)"
fi
cargo build --release --locked -p health-bench --bin health-instructions

counted=$(mktemp)
trap 'rm -f "$counted"' EXIT
# Counts do not depend on what else runs: as many at once as there are processors.
scenarios | xargs -P "$(nproc)" -L 1 "$BASH" -c "$(declare -f count each)
    set -euo pipefail; shopt -s inherit_errexit; program=$program; number=\$(each \"\$0\" \"\$1\"); echo \"\$0 \$number\"" >"$counted"

if [ -n "${BLESS:-}" ]; then
    {
        echo "# Instructions of one probe, report or start, by tests/bench/instructions.sh; blessed with BLESS=1."
        echo "# by $(here)"
        while read -r name _; do
            awk -v name="$name" '$1 == name { printf "%-18s %10d\n", $1, $2 }' "$counted"
        done < <(scenarios)
    } >"$budget"
fi
awk -v slack="$slack" '
    /^#/ { next }
    FNR == NR { budget[$1] = $2; order[++names] = $1; next }
    { counted[$1] = $2 }
    END {
        for (i = 1; i <= names; i++) {
            name = order[i]
            if (!(name in counted)) { printf "%s: not counted\n", name; bad = 1; continue }
            more = 100 * (counted[name] / budget[name] - 1)
            verdict = more > slack ? "OVER THE BUDGET" : more < -slack ? "WELL BELOW THE BUDGET" : ""
            if (verdict) bad = 1
            printf "%-18s %10d of %10d  %+6.2f %%  %s\n", name, counted[name], budget[name], more, verdict
        }
        for (name in counted) if (!(name in budget)) { printf "%s: has no budget\n", name; bad = 1 }
        if (bad) print "If that is meant to be, say so in the commit: BLESS=1 .ci/run instructions"
        exit bad
    }' "$budget" "$counted"
