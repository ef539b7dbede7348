//! `c` as a sign of life.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use health_core::{Check, Heartbeat, LastSuccess, Reload};

use super::script::{Sign, World};
use crate::support::ms;

/// What `c` is a sign of.
pub(super) enum Work {
    Beating(Heartbeat),
    Succeeding(LastSuccess),
    Reloading(Reload),
    Running(Arc<AtomicBool>),
    Queueing(Arc<AtomicUsize>, usize),
}

impl Work {
    pub(super) fn of(world: World) -> Option<Self> {
        Some(match world {
            World::Heartbeat(longest) => Self::Beating(Heartbeat::new(ms(longest))),
            World::LastSuccess(longest) => Self::Succeeding(LastSuccess::new(ms(longest))),
            World::Reload(longest) => Self::Reloading(Reload::new(ms(longest))),
            World::Task => Self::Running(Arc::new(AtomicBool::new(true))),
            World::Queue(most) => Self::Queueing(Arc::default(), most),
            _ => return None,
        })
    }

    pub(super) fn check(&self, name: &'static str) -> Check {
        match self {
            Self::Beating(heartbeat) => heartbeat.check(name),
            Self::Succeeding(success) => success.check(name),
            Self::Reloading(reload) => reload.check(name),
            Self::Running(runs) => {
                let runs = Arc::clone(runs);
                Check::running(name, move || runs.load(Ordering::SeqCst))
            }
            Self::Queueing(depth, most) => {
                let depth = Arc::clone(depth);
                Check::depth(name, *most, move || depth.load(Ordering::SeqCst))
            }
        }
    }

    pub(super) fn show(&self, sign: Sign) {
        match (self, sign) {
            (Self::Beating(heartbeat), Sign::Beat) => heartbeat.beat(),
            (Self::Succeeding(success), Sign::Succeeded) => success.succeeded(),
            (Self::Reloading(reload), Sign::ReloadRequested) => reload.requested(),
            (Self::Reloading(reload), Sign::ReloadFailed) => reload.failed("line 7"),
            (Self::Reloading(reload), Sign::ReloadApplied) => reload.applied(),
            (Self::Running(runs), Sign::Ended) => runs.store(false, Ordering::SeqCst),
            (Self::Queueing(depth, _), Sign::Queued(n)) => depth.store(n, Ordering::SeqCst),
            _ => panic!("nobody needs that"),
        }
    }
}
