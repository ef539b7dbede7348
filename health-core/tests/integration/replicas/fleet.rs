//! The instances, who asks them, and who needs them.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use health_core::{Health, Probe};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::dependency::{Dependency, Fault, Link, REQUEST, SLOT};
use super::figures::Figures;
use super::ways::{PERIOD, Runs, TIMEOUT, Way};
use crate::support::{health, ms, probe};

pub(super) const INSTANCES: usize = 200;

/// How many requests come in a slot, of all instances.
pub(super) const REQUESTS: u64 = 100;

/// Of a hundred requests, those that need the dependency.
const NEEDING: u64 = 40;

/// What an instance has waiting at most; it serves one a slot.
const QUEUE: u32 = 20;

/// For how long a pool that got no connection does not try again: slots.
const BACKOFF: u32 = 10;

/// The slots that are observed.
pub(super) const OBSERVED: (u32, u32) = (200, 1200);

struct Instance {
    in_rotation: bool,
    connected: bool,
    tries_again: u32,
    waiting: u32,
}

struct World {
    slot: u32,
    dependency: Dependency,
    instances: Vec<Instance>,
    figures: Figures,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<World>>);

/// What becomes of a fleet that asks in this way.
pub(super) async fn observe(fault: Fault, way: Way) -> Figures {
    let shared = Shared(Arc::new(Mutex::new(World::new(
        fault,
        way.runs == Runs::Never,
    ))));
    let start = Instant::now();
    for index in 0..INSTANCES {
        if way.runs == Runs::Never {
            break;
        }
        // Spread evenly over the period, in no order, and at no beginning of a slot.
        let place = index * 73 % INSTANCES;
        let phase = PERIOD * u32::try_from(place).unwrap() / INSTANCES as u32;
        let asks = shared.clone();
        let check = way.check(phase + ms(13), move || asks.clone().check(index));
        let service = shared.clone();
        tokio::spawn(service.route(index, health([check]), way, start + phase + ms(27)));
    }
    for slot in 0..OBSERVED.1 {
        sleep_until(start + SLOT * slot).await;
        shared.lock().pass(slot);
    }
    std::mem::take(&mut shared.lock().figures)
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// What the check of an instance does: it takes a connection of the pool, and asks.
    async fn check(self, instance: usize) -> bool {
        let answered = self.lock().check(instance);
        match answered {
            Answered::After(latency) => {
                sleep(latency).await;
                true
            }
            Answered::Refused => false,
            Answered::Never => std::future::pending().await,
        }
    }

    /// A kubelet asks the instance, and its Service routes by what that says.
    async fn route(self, index: usize, health: Health, way: Way, mut due: Instant) {
        let mut failures = 0;
        loop {
            sleep_until(due).await;
            due += PERIOD;
            let asked = timeout(TIMEOUT, probe(&health, Probe::Readiness)).await;
            let ready = asked.is_ok_and(|report| report.is_passing());
            failures = if ready { 0 } else { failures + 1 };
            let instance = &mut self.lock().instances[index];
            instance.in_rotation =
                ready || instance.in_rotation && failures < way.failure_threshold;
        }
    }
}

enum Answered {
    After(Duration),
    Refused,
    Never,
}

impl World {
    fn new(fault: Fault, in_rotation: bool) -> Self {
        let instance = |_| Instance {
            in_rotation,
            connected: true,
            tries_again: 0,
            waiting: 0,
        };
        Self {
            slot: 0,
            dependency: Dependency::new(fault),
            instances: (0..INSTANCES).map(instance).collect(),
            figures: Figures::default(),
        }
    }

    fn check(&mut self, instance: usize) -> Answered {
        self.figures.checked(self.slot);
        if !self.instances[instance].connected {
            self.connect(instance);
        }
        match self.dependency.link() {
            Link::Silent => Answered::Never,
            Link::Up if self.instances[instance].connected => {
                let latency = self.dependency.query(1);
                latency.map_or(Answered::Never, Answered::After)
            }
            Link::Up | Link::Refuses => Answered::Refused,
        }
    }

    fn connect(&mut self, instance: usize) {
        self.figures.tried_to_connect(self.slot);
        self.instances[instance].connected = self.dependency.connect();
    }

    fn pass(&mut self, slot: u32) {
        self.slot = slot;
        self.dependency.begin(slot);
        let is_up = self.dependency.link() == Link::Up;
        for instance in &mut self.instances {
            instance.waiting = instance.waiting.saturating_sub(1);
            instance.connected &= is_up;
        }
        let all = 0..INSTANCES;
        let ready: Vec<_> = all.filter(|one| self.instances[*one].in_rotation).collect();
        let served = (0..REQUESTS).filter(|request| {
            let random = mixed(u64::from(slot) * REQUESTS + request);
            let chosen = ready.get(random as usize % ready.len().max(1));
            chosen.is_some_and(|one| self.serve(*one, (random >> 32) % 100 < NEEDING))
        });
        let served = served.count() as u64;
        self.figures.passed(slot, served, INSTANCES - ready.len());
    }

    /// Whether this instance can serve a request.
    fn serve(&mut self, index: usize, needs_dependency: bool) -> bool {
        let instance = &mut self.instances[index];
        if instance.waiting >= QUEUE {
            return false;
        }
        instance.waiting += 1;
        if !needs_dependency {
            return true;
        }
        if !instance.connected && instance.tries_again <= self.slot {
            instance.tries_again = self.slot + BACKOFF;
            self.connect(index);
        }
        self.instances[index].connected && self.dependency.query(REQUEST).is_some()
    }
}

/// Splitmix64.
const fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
