//! What is kept, what becomes of runs, and how they are counted.

use health_core::Probe;

use super::Does::{Fails, Hangs, Panics, Passes, Takes};
use super::Step::{Ask, Begin, Is, Run, Suspend, Wait};
use super::World::{Blocking, Deadline};
use super::{READINESS, Scenario, play};

pub(super) const FRESHNESS: &[Scenario] = &[
    play("first", "", "nothing", &[]),
    play(
        "kept",
        "",
        "readiness asked 0.999 s ago",
        &[READINESS, Wait(999)],
    ),
    play(
        "no longer kept",
        "",
        "readiness asked 1 s ago",
        &[READINESS, Wait(1000)],
    ),
    play(
        "kept for all",
        "cache_ms = 3000",
        "readiness asked 2.999 s ago",
        &[READINESS, Wait(2999)],
    ),
    play(
        "failure kept",
        "",
        "it failed 0.999 s ago, and passes again",
        &[Run(Fails), Wait(999), Is(Passes)],
    ),
    play(
        "failure kept shorter",
        "cache_failure_ms = 200",
        "it failed 0.2 s ago, and passes again",
        &[Run(Fails), Wait(200), Is(Passes)],
    ),
    play(
        "failure kept longer",
        "cache_failure_ms = 5000",
        "it failed 4.999 s ago, and passes again",
        &[Run(Fails), Wait(4999), Is(Passes)],
    ),
];

pub(super) const RUNS: &[Scenario] = &[
    play("hangs", "", "it hangs", &[Is(Hangs)]),
    play(
        "joined",
        "",
        "a run that takes 0.5 s began 0.2 s ago",
        &[Begin(Takes(500)), Wait(200)],
    ),
    play(
        "hangs on",
        "",
        "a blocking run began 12 s ago and hangs",
        &[Begin(Hangs), Wait(12_000)],
    )
    .on(Blocking),
    play(
        "cancelled",
        "",
        "a run began 12 s ago and hung",
        &[Begin(Hangs), Wait(12_000), Is(Passes)],
    ),
    play(
        "not yet cancelled",
        "cancel_after_ms = 5000",
        "a run began 4.9 s ago and hangs",
        &[Begin(Hangs), Wait(4900)],
    ),
    play(
        "cancelled later",
        "cancel_after_ms = 5000",
        "a run began 5.1 s ago and hung",
        &[Begin(Hangs), Wait(5100), Is(Passes)],
    ),
    play(
        "own timeout",
        "readiness(timeout_ms = 300)",
        "it takes 0.5 s",
        &[Is(Takes(500))],
    ),
    play(
        "own timeout, hangs",
        "readiness(timeout_ms = 300)",
        "it hangs",
        &[Is(Hangs)],
    ),
    play(
        "probe deadline",
        "",
        "the probe's deadline is 0.2 s, and it takes 0.5 s",
        &[Is(Takes(500))],
    )
    .on(Deadline(200)),
    play(
        "slow",
        "degraded_after_ms = 100",
        "it takes 0.3 s",
        &[Is(Takes(300))],
    ),
    play("panics", "", "it panics", &[Is(Panics)]),
    play("not critical", "critical = false", "it fails", &[Is(Fails)]),
    play(
        "not critical for one",
        "readiness(critical = false)",
        "it passed 1 s ago, and fails",
        &[Run(Passes), Wait(1000), Is(Fails)],
    ),
];

pub(super) const THRESHOLDS: &[Scenario] = &[
    play(
        "tolerated",
        "failure_threshold = 3, cache_ms = 0",
        "it passed, failed once, and fails",
        &[Run(Passes), Run(Fails), Is(Fails)],
    ),
    play(
        "no longer tolerated",
        "failure_threshold = 3, cache_ms = 0",
        "it passed, failed twice, and fails",
        &[Run(Passes), Run(Fails), Run(Fails), Is(Fails)],
    ),
    play(
        "not in a row",
        "failure_threshold = 3, cache_ms = 0",
        "it passed, failed twice, passed, failed once, and fails",
        &[
            Run(Passes),
            Run(Fails),
            Run(Fails),
            Run(Passes),
            Run(Fails),
            Is(Fails),
        ],
    ),
    play(
        "never passed",
        "failure_threshold = 3, cache_ms = 0",
        "it failed once, and fails",
        &[Run(Fails), Is(Fails)],
    ),
    play(
        "never passed, often",
        "failure_threshold = 3, cache_ms = 0",
        "it failed twice, and fails",
        &[Run(Fails), Run(Fails), Is(Fails)],
    ),
    play(
        "probes do not count",
        "failure_threshold = 3, cache_ms = 5000",
        "it passed 6 s ago, failed 1 s ago and was asked five times since",
        &[
            Run(Passes),
            Wait(5000),
            Run(Fails),
            Wait(500),
            Ask(Probe::Liveness),
            READINESS,
            Ask(Probe::Startup),
            READINESS,
            Ask(Probe::Liveness),
            Wait(500),
        ],
    ),
    play(
        "not yet recovered",
        "success_threshold = 2, cache_ms = 0",
        "it failed, and passes",
        &[Run(Fails), Is(Passes)],
    ),
    play(
        "recovered",
        "success_threshold = 2, cache_ms = 0",
        "it failed, passed once, and passes",
        &[Run(Fails), Run(Passes), Is(Passes)],
    ),
    play("first success", "success_threshold = 2", "nothing", &[]),
    play(
        "overdue once",
        "failure_threshold = 2",
        "it passed, then a blocking run began 1.5 s ago and hangs",
        &[Run(Passes), Begin(Hangs), Wait(1500)],
    )
    .on(Blocking),
    play(
        "overdue twice",
        "failure_threshold = 2",
        "it passed, then a blocking run began 1.6 s ago and hangs",
        &[Run(Passes), Begin(Hangs), Wait(1600)],
    )
    .on(Blocking),
    play(
        "suspended",
        "failure_threshold = 3",
        "it passed, then a run that takes 0.5 s began 0.1 s before the process was suspended for \
         92.9 s",
        &[Run(Passes), Begin(Takes(500)), Wait(100), Suspend(92_900)],
    ),
];
