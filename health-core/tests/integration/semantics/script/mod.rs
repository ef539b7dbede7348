//! What happens in each row before the probe is asked.

mod changes;
mod children;
mod runs;
mod service;
mod signs;

use health_core::{Probe, Status};

use self::Step::Ask;

/// What a run does.
#[derive(Clone, Copy)]
pub(super) enum Does {
    Passes,
    Fails,
    Hangs,
    Takes(u64),
    Panics,
    /// It passes, with these children.
    Returns(&'static [(&'static str, Status)]),
}

/// What there is besides `c`, or instead.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum World {
    Plain,
    /// `c` blocks its thread.
    Blocking,
    Deadline(u64),
    Gate,
    NetworkHidden,
    NetworkNotCritical,
    OneAtATime,
    /// `c` is a heartbeat that may be silent for this long.
    Heartbeat(u64),
    LastSuccess(u64),
    Reload(u64),
    /// `c` has to run.
    Task,
    /// `c` is a queue of at most so many.
    Queue(usize),
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
    /// As `Wait`, and nobody runs `c` meanwhile.
    Idle(u64),
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
    Sign(Sign),
    Change(Change),
}

/// What is seen of that of which `c` is a sign of life.
#[derive(Clone, Copy)]
pub(super) enum Sign {
    Beat,
    Succeeded,
    ReloadRequested,
    ReloadFailed,
    ReloadApplied,
    Ended,
    Queued(usize),
}

/// How the checks change while the process runs.
#[derive(Clone, Copy)]
pub(super) enum Change {
    Disable(&'static str),
    Enable(&'static str),
    Rename(&'static str, &'static str),
    Remove(&'static str),
    /// `c` is added.
    Add,
    /// This JSON is applied.
    Configure(&'static str),
    /// This JSON has mistakes, and is refused.
    Mistake(&'static str),
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

pub(super) fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    let groups = [
        runs::FRESHNESS,
        runs::RUNS,
        runs::THRESHOLDS,
        service::SCHEDULE,
        service::PREREQUISITES,
        service::SHARED,
        service::LIFECYCLE,
        signs::SIGNS,
        children::CHILDREN,
        changes::SWITCHED,
        changes::CHANGED,
        changes::CONFIGURED,
    ];
    groups.into_iter().flatten()
}
