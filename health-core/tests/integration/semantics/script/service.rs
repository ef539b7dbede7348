//! Schedules, what `c` depends on, and what operations do.

use health_core::Status;

use super::Does::{Fails, Passes, Takes};
use super::Step::{
    Drain, EndMaintenance, Force, Is, Maintain, Network, NetworkIs, OpenGate, OtherHangs, Run,
    Scheduled, StopDraining, Suspend, TakeBack, Wait,
};
use super::World::{Gate, Mistakes, NetworkHidden, NetworkNotCritical, NoChecks, OneAtATime};
use super::{READINESS, Scenario, play};

const HOUR: u64 = 3_600_000;

pub(super) const SCHEDULE: &[Scenario] = &[
    play(
        "not yet run",
        "interval_ms = 10000, initial_delay_ms = 5000",
        "4.9 s went by",
        &[Wait(4900)],
    ),
    play(
        "first scheduled run",
        "interval_ms = 10000, initial_delay_ms = 5000",
        "5.1 s went by; it takes 0.3 s",
        &[Is(Takes(300)), Wait(5100)],
    ),
    play(
        "scheduled",
        "interval_ms = 10000, jitter = false",
        "19.9 s went by",
        &[Wait(19_900)],
    ),
    play(
        "scheduled and failing",
        "interval_ms = 10000, jitter = false",
        "it failed at 0 s, passed later; 9.9 s went by",
        &[Scheduled(Fails), Is(Passes), Wait(9900)],
    ),
    play(
        "scheduled sooner",
        "interval_ms = 10000, down_interval_ms = 2000, jitter = false",
        "it failed at 0 s, passed later; 2.1 s went by",
        &[Scheduled(Fails), Is(Passes), Wait(2100)],
    ),
    play(
        "scheduled, asked for more",
        "interval_ms = 10000, cache_ms = 1000, jitter = false",
        "9.9 s went by",
        &[Wait(9900)],
    ),
    play(
        "stale",
        "interval_ms = 30000, stale_after_ms = 90000",
        "it failed; the process was suspended for 93 s; it passes",
        &[Scheduled(Fails), Suspend(93_000), Is(Passes)],
    ),
    play(
        "stale after passing",
        "interval_ms = 30000, stale_after_ms = 90000",
        "it passed; the process was suspended for 93 s; it fails",
        &[Scheduled(Passes), Suspend(93_000), Is(Fails)],
    ),
];

pub(super) const PREREQUISITES: &[Scenario] = &[
    play(
        "skipped",
        "depends_on = [\"network\"]",
        "`network` failed 0.5 s ago",
        &[Network(Fails), Wait(500)],
    ),
    play(
        "skipped, not critical",
        "depends_on = [\"network\"], critical = false",
        "`network`, which is not critical either, failed 0.5 s ago",
        &[Network(Fails), Wait(500)],
    )
    .on(NetworkNotCritical),
    play(
        "skipped, the cause hidden",
        "depends_on = [\"network\"]",
        "`network`, of which only callers with full access are told, failed 0.5 s ago",
        &[Network(Fails), Wait(500)],
    )
    .on(NetworkHidden),
    play(
        "not skipped",
        "depends_on = [\"network\"]",
        "nothing; `network` fails, and so does it",
        &[NetworkIs(Fails), Is(Fails)],
    ),
    play(
        "prerequisite recovered",
        "depends_on = [\"network\"]",
        "`network` failed 1 s ago, and passes again",
        &[Network(Fails), Wait(1000), NetworkIs(Passes)],
    ),
    play(
        "schedule skipped",
        "depends_on = [\"network\"], interval_ms = 10000, initial_delay_ms = 500, jitter = false",
        "`network` failed 0.6 s ago",
        &[Network(Fails), Wait(600)],
    ),
];

pub(super) const SHARED: &[Scenario] = &[
    play(
        "shared, never passed",
        "shared = true",
        "it fails",
        &[Is(Fails)],
    ),
    play(
        "shared",
        "shared = true",
        "it passed 1 s ago, and fails",
        &[Run(Passes), Wait(1000), Is(Fails)],
    ),
    play(
        "shared, not yet closed",
        "shared = true, fail_closed_after_ms = 60000",
        "it passed, and fails since 59 s",
        &[
            Run(Passes),
            Run(Fails),
            Wait(30_000),
            READINESS,
            Wait(29_000),
        ],
    ),
    play(
        "shared, closed",
        "shared = true, fail_closed_after_ms = 60000",
        "it passed, and fails since 60 s",
        &[
            Run(Passes),
            Run(Fails),
            Wait(30_000),
            READINESS,
            Wait(30_000),
        ],
    ),
    play(
        "shared, stale",
        "shared = true, fail_closed_after_ms = 60000, interval_ms = 30000, stale_after_ms = 90000",
        "it passed; the process was suspended for 93 s; it fails",
        &[Scheduled(Passes), Suspend(93_000), Is(Fails)],
    ),
    play(
        "shared, long stale",
        "shared = true, fail_closed_after_ms = 60000, interval_ms = 30000, stale_after_ms = 90000",
        "it passed; the process was suspended for 151 s; it fails",
        &[Scheduled(Passes), Suspend(151_000), Is(Fails)],
    ),
    play(
        "shared, forced to fail",
        "shared = true",
        "it passed; `unhealthy` was forced, because of `INC-42`",
        &[Run(Passes), Force(Status::Unhealthy, None)],
    ),
];

pub(super) const LIFECYCLE: &[Scenario] = &[
    play("gate closed", "", "a startup gate is not open", &[]).on(Gate),
    play("gate opened", "", "a startup gate was opened", &[OpenGate]).on(Gate),
    play(
        "startup tried again",
        "cache_ms = 0",
        "it failed, and passes",
        &[Run(Fails), Is(Passes)],
    ),
    play("draining", "", "draining was started", &[Drain]),
    play(
        "drained and back",
        "",
        "draining was started and taken back",
        &[Drain, StopDraining],
    ),
    play("maintenance", "", "maintenance was started", &[Maintain]),
    play(
        "maintenance over",
        "",
        "maintenance was started and ended",
        &[Maintain, EndMaintenance],
    ),
    play(
        "forced to pass",
        "",
        "it fails; `healthy` was forced for an hour, because of `INC-42`",
        &[Is(Fails), Force(Status::Healthy, Some(HOUR))],
    ),
    play(
        "forced to fail",
        "",
        "`unhealthy` was forced, because of `INC-42`",
        &[Force(Status::Unhealthy, None)],
    ),
    play(
        "override expired",
        "",
        "it fails; `healthy` was forced for an hour, an hour ago",
        &[Is(Fails), Force(Status::Healthy, Some(HOUR)), Wait(HOUR)],
    ),
    play(
        "override taken back",
        "",
        "it fails; `healthy` was forced, and taken back",
        &[Is(Fails), Force(Status::Healthy, None), TakeBack],
    ),
    play(
        "waits for others",
        "",
        "the engine runs one check at a time, and another, which nobody cancels, hangs",
        &[OtherHangs],
    )
    .on(OneAtATime),
    play("no checks", "", "`c` is not there", &[]).on(NoChecks),
    play("mistakes", "", "the registry has mistakes", &[]).on(Mistakes),
];
