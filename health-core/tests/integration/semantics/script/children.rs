//! Checks that return several named results.

use health_core::Status;
use health_core::Status::{Degraded, Healthy, Unhealthy};

use super::Does::{Hangs, Returns};
use super::Step::{Is, Run};
use super::{Scenario, play};

type Children = &'static [(&'static str, Status)];

const BOTH_PASS: Children = &[("a", Healthy), ("b", Healthy)];
const A_FAILS: Children = &[("a", Unhealthy), ("b", Healthy)];
const B_FAILS: Children = &[("a", Healthy), ("b", Unhealthy)];
const B_DEGRADED: Children = &[("a", Healthy), ("b", Degraded)];
const A_ALONE: Children = &[("a", Healthy)];

pub(super) const CHILDREN: &[Scenario] = &[
    play(
        "child fails",
        "",
        "it returns `a`, which passes, and `b`, which fails",
        &[Is(Returns(B_FAILS))],
    ),
    play(
        "child degraded",
        "",
        "it returns `a`, which passes, and `b`, which is degraded",
        &[Is(Returns(B_DEGRADED))],
    ),
    play(
        "child not critical",
        "critical = false",
        "it returns `a`, which passes, and `b`, which fails",
        &[Is(Returns(B_FAILS))],
    ),
    play(
        "child tolerated",
        "failure_threshold = 2, cache_ms = 0",
        "`a` and `b` passed; `b` fails",
        &[Run(Returns(BOTH_PASS)), Is(Returns(B_FAILS))],
    ),
    play(
        "child no longer tolerated",
        "failure_threshold = 2, cache_ms = 0",
        "`a` and `b` passed, and `b` failed once; `b` fails",
        &[
            Run(Returns(BOTH_PASS)),
            Run(Returns(B_FAILS)),
            Is(Returns(B_FAILS)),
        ],
    ),
    play(
        "children in turn",
        "failure_threshold = 2, cache_ms = 0",
        "`a` and `b` passed, then only `a` failed, then only `b`; only `a` fails",
        &[
            Run(Returns(BOTH_PASS)),
            Run(Returns(A_FAILS)),
            Run(Returns(B_FAILS)),
            Is(Returns(A_FAILS)),
        ],
    ),
    play(
        "child never passed",
        "failure_threshold = 2, cache_ms = 0",
        "it returns `a`, which passes, and `b`, which fails",
        &[Is(Returns(B_FAILS))],
    ),
    play(
        "new child",
        "failure_threshold = 2, cache_ms = 0",
        "it returned `a`, which passed; `b` comes, and fails",
        &[Run(Returns(A_ALONE)), Is(Returns(B_FAILS))],
    ),
    play(
        "child not yet recovered",
        "success_threshold = 2, cache_ms = 0",
        "`b` failed; `a` and `b` pass",
        &[Run(Returns(B_FAILS)), Is(Returns(BOTH_PASS))],
    ),
    play(
        "child gone",
        "success_threshold = 2, cache_ms = 0",
        "`b` failed; it returns `a` alone, which passes",
        &[Run(Returns(B_FAILS)), Is(Returns(A_ALONE))],
    ),
    play(
        "children and a timeout",
        "cache_ms = 0",
        "`a` and `b` passed; it hangs",
        &[Run(Returns(BOTH_PASS)), Is(Hangs)],
    ),
    play(
        "children, a timeout between",
        "failure_threshold = 2, cache_ms = 0",
        "`a` and `b` passed, then `b` failed, then it hung; `b` fails",
        &[
            Run(Returns(BOTH_PASS)),
            Run(Returns(B_FAILS)),
            Run(Hangs),
            Is(Returns(B_FAILS)),
        ],
    ),
];
