//! What changes while the process runs.

use health_core::{Probe, Status};

use super::Change::{Add, Configure, Disable, Enable, Mistake, Remove, Rename};
use super::Does::{Fails, Passes};
use super::Step::{Ask, Change, Force, Idle, Is, Network, Run, Scheduled, Wait};
use super::World::NoChecks;
use super::{READINESS, Scenario, play};

pub(super) const SWITCHED: &[Scenario] = &[
    play(
        "disabled",
        "",
        "it fails, and was disabled",
        &[Is(Fails), Change(Disable("c"))],
    ),
    play(
        "disabled, and forced",
        "",
        "`unhealthy` was forced, because of `INC-42`, and it was disabled",
        &[Force(Status::Unhealthy, None), Change(Disable("c"))],
    ),
    play(
        "disabled schedule",
        "interval_ms = 10000, jitter = false",
        "it passed; it was disabled 30 s ago",
        &[Scheduled(Passes), Change(Disable("c")), Idle(30_000)],
    ),
    play(
        "enabled",
        "",
        "it failed 0.5 s ago, was disabled and enabled, and passes",
        &[
            Run(Fails),
            Wait(500),
            Change(Disable("c")),
            Change(Enable("c")),
            Is(Passes),
        ],
    ),
    play(
        "enabled, has passed",
        "",
        "it passed 0.5 s ago, was disabled and enabled, and fails",
        &[
            Run(Passes),
            Wait(500),
            Change(Disable("c")),
            Change(Enable("c")),
            Is(Fails),
        ],
    ),
    play(
        "enabled, begins anew",
        "failure_threshold = 2, cache_ms = 0",
        "it passed and failed, was disabled and enabled, and fails",
        &[
            Run(Passes),
            Run(Fails),
            Change(Disable("c")),
            Change(Enable("c")),
            Is(Fails),
        ],
    ),
    play(
        "prerequisite disabled",
        "depends_on = [\"network\"]",
        "`network` failed 0.5 s ago, and was disabled",
        &[Network(Fails), Wait(500), Change(Disable("network"))],
    ),
];

pub(super) const CHANGED: &[Scenario] = &[
    play(
        "prerequisite removed",
        "depends_on = [\"network\"]",
        "`network` failed 0.5 s ago, and was removed",
        &[Network(Fails), Wait(500), Change(Remove("network"))],
    ),
    play(
        "other name",
        "",
        "readiness asked 0.5 s ago; then it got the name `d`, and `c` again",
        &[
            READINESS,
            Wait(500),
            Change(Rename("c", "d")),
            Change(Rename("d", "c")),
        ],
    ),
    play(
        "removed",
        "",
        "it fails, and was removed",
        &[Is(Fails), Change(Remove("c"))],
    ),
    play(
        "added",
        "",
        "the process had started without it; it was added, and fails",
        &[Ask(Probe::Startup), READINESS, Change(Add), Is(Fails)],
    )
    .on(NoChecks),
    play(
        "added, holds readiness back",
        "readiness(critical = false)",
        "the process had started without it; it was added, and fails",
        &[Ask(Probe::Startup), READINESS, Change(Add), Is(Fails)],
    )
    .on(NoChecks),
    play(
        "removed and added",
        "",
        "it passed 0.5 s ago, was removed and added, and fails",
        &[
            Run(Passes),
            Wait(500),
            Change(Remove("c")),
            Change(Add),
            Is(Fails),
        ],
    ),
];

const CACHE: &str = r#"{ "checks": { "c": { "cache_ms": 5000 } } }"#;
const OFF: &str = r#"{ "checks": { "c": { "enabled": false } } }"#;
const INTERVAL: &str = r#"{ "checks": { "c": { "interval_ms": 10000 } } }"#;
const ONE_MISTAKE: &str =
    r#"{ "checks": { "c": { "critical": false }, "absent": { "critical": false } } }"#;

pub(super) const CONFIGURED: &[Scenario] = &[
    play(
        "configured",
        "",
        "readiness asked 4.999 s ago; `cache_ms = 5000` was configured since",
        &[READINESS, Wait(2000), Change(Configure(CACHE)), Wait(2999)],
    ),
    play(
        "configured and back",
        "",
        "readiness asked 1 s ago; `cache_ms = 5000` was configured since, and then nothing",
        &[
            READINESS,
            Wait(300),
            Change(Configure(CACHE)),
            Wait(300),
            Change(Configure("{}")),
            Wait(400),
        ],
    ),
    play(
        "configured off",
        "",
        "it fails; `enabled = false` was configured",
        &[Is(Fails), Change(Configure(OFF))],
    ),
    play(
        "configured with a mistake",
        "",
        "it fails; `critical = false` was configured, and something for a check that is not there",
        &[Is(Fails), Change(Mistake(ONE_MISTAKE))],
    ),
    play(
        "configured schedule",
        "",
        "readiness asked 9.9 s ago; `interval_ms = 10000` was configured 1 s later",
        &[
            READINESS,
            Wait(1000),
            Change(Configure(INTERVAL)),
            Wait(8900),
        ],
    ),
];
