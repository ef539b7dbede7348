//! Signs of life of what works in the background.

use super::Sign::{Beat, Ended, Queued, ReloadApplied, ReloadFailed, ReloadRequested, Succeeded};
use super::Step::{Sign, Wait};
use super::World::{Heartbeat, LastSuccess, Queue, Reload, Task};
use super::{Scenario, play};

pub(super) const SIGNS: &[Scenario] = &[
    play(
        "heartbeat",
        "",
        "`c` is a heartbeat of 30 s, and beat 30 s ago",
        &[Wait(1000), Sign(Beat), Wait(30_000)],
    )
    .on(Heartbeat(30_000)),
    play(
        "heartbeat too old",
        "",
        "`c` is a heartbeat of 30 s, and beat 31 s ago",
        &[Wait(1000), Sign(Beat), Wait(31_000)],
    )
    .on(Heartbeat(30_000)),
    play(
        "success in time",
        "",
        "`c` is a last success of 60 s, and it succeeded 60 s ago",
        &[Wait(1000), Sign(Succeeded), Wait(60_000)],
    )
    .on(LastSuccess(60_000)),
    play(
        "success too old",
        "",
        "`c` is a last success of 60 s, and it succeeded 61 s ago",
        &[Wait(1000), Sign(Succeeded), Wait(61_000)],
    )
    .on(LastSuccess(60_000)),
    play(
        "reload under way",
        "",
        "`c` is a reload of 60 s, asked for 60 s ago",
        &[Wait(1000), Sign(ReloadRequested), Wait(60_000)],
    )
    .on(Reload(60_000)),
    play(
        "reload not applied",
        "",
        "`c` is a reload of 60 s, asked for 61 s ago",
        &[Wait(1000), Sign(ReloadRequested), Wait(61_000)],
    )
    .on(Reload(60_000)),
    play(
        "reload failed",
        "",
        "`c` is a reload of 60 s, asked for 61 s ago, which failed",
        &[Sign(ReloadRequested), Wait(61_000), Sign(ReloadFailed)],
    )
    .on(Reload(60_000)),
    play(
        "reload applied",
        "",
        "`c` is a reload of 60 s, asked for 61 s ago, and was applied",
        &[Sign(ReloadRequested), Wait(61_000), Sign(ReloadApplied)],
    )
    .on(Reload(60_000)),
    play("ended", "", "`c` has to run, and has ended", &[Sign(Ended)]).on(Task),
    play(
        "deep",
        "",
        "`c` is a queue of at most 10, and 10 are queued",
        &[Sign(Queued(10))],
    )
    .on(Queue(10)),
    play(
        "too deep",
        "",
        "`c` is a queue of at most 10, and 11 are queued",
        &[Sign(Queued(11))],
    )
    .on(Queue(10)),
];
