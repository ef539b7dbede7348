//! What happens in each row before the probe is asked.

use health_core::{Probe, Status};

use self::Does::{Fails, Hangs, Panics, Passes, Takes};
use self::Step::{
    Ask, Begin, Drain, EndMaintenance, Force, Is, Maintain, Network, NetworkIs, OpenGate,
    OtherHangs, Run, Scheduled, StopDraining, Suspend, TakeBack, Wait,
};
use self::World::{Blocking, Deadline, Gate, Mistakes, NetworkNotCritical, NoChecks, OneAtATime};

const HOUR: u64 = 3_600_000;

/// What a run does.
#[derive(Clone, Copy)]
pub(super) enum Does {
    Passes,
    Fails,
    Hangs,
    Takes(u64),
    Panics,
}

/// What there is besides `c`, or instead.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum World {
    Plain,
    /// `c` blocks its thread.
    Blocking,
    Deadline(u64),
    Gate,
    NetworkNotCritical,
    OneAtATime,
    NoChecks,
    Mistakes,
}

/// What happens before the probe is asked; times are in milliseconds.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// From now on `c` does this.
    Is(Does),
    /// `c` was asked, and did this to the end.
    Run(Does),
    /// `c` was asked, and does this.
    Begin(Does),
    /// The schedule runs `c` now, and it does this.
    Scheduled(Does),
    /// From now on `network` does this.
    NetworkIs(Does),
    /// `network` was asked, and did this to the end.
    Network(Does),
    Ask(Probe),
    Wait(u64),
    /// The clock moves, and nobody notices before the probe is asked.
    Suspend(u64),
    OtherHangs,
    OpenGate,
    Drain,
    StopDraining,
    Maintain,
    EndMaintenance,
    Force(Status, Option<u64>),
    TakeBack,
}

/// How a row is played.
pub(super) struct Scenario {
    pub(super) row: &'static str,
    pub(super) attributes: &'static str,
    pub(super) happened: &'static str,
    pub(super) world: World,
    pub(super) steps: &'static [Step],
}

impl Scenario {
    const fn on(mut self, world: World) -> Self {
        self.world = world;
        self
    }
}

const fn play(
    row: &'static str,
    attributes: &'static str,
    happened: &'static str,
    steps: &'static [Step],
) -> Scenario {
    Scenario {
        row,
        attributes,
        happened,
        world: World::Plain,
        steps,
    }
}

const READINESS: Step = Ask(Probe::Readiness);

const FRESHNESS: &[Scenario] = &[
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

const RUNS: &[Scenario] = &[
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

const THRESHOLDS: &[Scenario] = &[
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

const SCHEDULE: &[Scenario] = &[
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

const PREREQUISITES: &[Scenario] = &[
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

const SHARED: &[Scenario] = &[
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

const LIFECYCLE: &[Scenario] = &[
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

pub(super) fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    let groups = [
        FRESHNESS,
        RUNS,
        THRESHOLDS,
        SCHEDULE,
        PREREQUISITES,
        SHARED,
        LIFECYCLE,
    ];
    groups.into_iter().flatten()
}
