//! The schedule of faults, from the seed alone.

use std::fmt;

use super::random::Random;
use super::stand_in::Mode;
use crate::behaviour::Behaviour;
use crate::catalogue::{CHECKS, DEPENDENCIES, Kind, Source, Spec};

/// Milliseconds since the life began.
type Time = u64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Behave(&'static str, Behaviour),
    Mode(usize, Mode),
    Drain,
    Undrain,
    Maintain(u64),
    Serve,
    Force(&'static str, &'static str, u64),
    /// What the override file says of `bogus`.
    File(Option<&'static str>),
    Configure(Config),
    Pause(u64),
    BlockWorker(u64),
    PanicInHandler,
}

/// What the configuration file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Config {
    Nothing,
    /// `orders` and `steady` are switched off.
    Disabled,
    /// The failure of `queue` counts.
    Critical,
    /// A check that is not there, so that nothing changes.
    Mistaken,
}

impl Config {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Disabled => {
                "[checks.orders]\nenabled = false\n[checks.steady]\nenabled = false\n"
            }
            Self::Critical => "[checks.queue]\ncritical = true\n",
            Self::Mistaken => {
                "[checks.database]\nenabled = false\n[checks.databse]\ntimeout_ms = 1\n"
            }
        }
    }
}

impl Fault {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Behave(..) => "check told",
            Self::Mode(..) => "dependency",
            Self::Drain | Self::Undrain => "drain",
            Self::Maintain(_) | Self::Serve => "maintenance",
            Self::Force(..) => "override",
            Self::File(_) => "override file",
            Self::Configure(_) => "configuration",
            Self::Pause(_) => "pause of the process",
            Self::BlockWorker(_) => "worker blocked",
            Self::PanicInHandler => "panic in a handler",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Behave(check, what) => write!(f, "{check}: {what}"),
            Self::Mode(number, mode) => write!(f, "dependency {number}: {mode:?}"),
            Self::Drain => write!(f, "draining starts"),
            Self::Undrain => write!(f, "draining is taken back"),
            Self::Maintain(ms) => write!(f, "maintenance starts, for {ms} ms"),
            Self::Serve => write!(f, "maintenance ends"),
            Self::Force(check, status, ms) => write!(f, "{check} is forced {status} for {ms} ms"),
            Self::File(Some(status)) => write!(f, "the file forces bogus {status}"),
            Self::File(None) => write!(f, "the file forces nothing"),
            Self::Configure(config) => write!(f, "configuration: {config:?}"),
            Self::Pause(ms) => write!(f, "the process is suspended for {ms} ms"),
            Self::BlockWorker(ms) => write!(f, "a worker is blocked for {ms} ms"),
            Self::PanicInHandler => write!(f, "a handler panics"),
        }
    }
}

/// Storms of faults, and between them calm, in which all has to be well again.
const STORM: Time = 9000;
const CALM: Time = 3000;

/// The faults of a life of so many milliseconds, in their order.
pub(crate) fn plan(random: &mut Random, length: Time) -> Vec<(Time, Fault)> {
    let mut planner = Planner::new(random);
    planner.boot();
    let mut storm = 2500;
    while storm < length {
        let end = (storm + STORM).min(length);
        let mut time = storm;
        while time < end {
            planner.add_at(time, end);
            time += planner.random.within(20..220);
        }
        storm = end + CALM;
    }
    let mut faults = planner.faults;
    faults.sort_by_key(|(at, _)| *at);
    faults.retain(|(at, _)| *at < length);
    faults
}

struct Planner<'a> {
    random: &'a mut Random,
    faults: Vec<(Time, Fault)>,
    checks: Vec<Time>,
    dependencies: Vec<Time>,
    drain: Time,
    maintenance: Time,
    file: Time,
    config: Time,
    pause: Time,
    worker: Time,
}

impl<'a> Planner<'a> {
    fn new(random: &'a mut Random) -> Self {
        Self {
            random,
            faults: Vec::new(),
            checks: vec![0; CHECKS.len()],
            dependencies: vec![0; DEPENDENCIES],
            drain: 0,
            maintenance: 0,
            file: 0,
            config: 0,
            pause: 0,
            worker: 0,
        }
    }

    /// The startup check fails in one way or another, then passes for ever.
    fn boot(&mut self) {
        let first = self.random.within(100..600);
        let ways = [Behaviour::Hang, Behaviour::Panic, Behaviour::PanicInDrop];
        let way = self.random.of(&ways);
        self.faults.push((first, Fault::Behave("boot", way)));
        let opens = first + self.random.within(500..1500);
        self.faults
            .push((opens, Fault::Behave("boot", Behaviour::Pass)));
    }

    fn add_at(&mut self, now: Time, end: Time) {
        match self.random.within(0..20) {
            0..=9 => self.tell(now, end),
            10..=12 => self.break_dependency(now, end),
            13 => {
                let until = self.until(now, end, 200..1500);
                if free(&mut self.drain, now, until + 300) {
                    self.faults.push((now, Fault::Drain));
                    self.faults.push((until, Fault::Undrain));
                }
            }
            14 => {
                let until = self.until(now, end, 200..1500);
                if free(&mut self.maintenance, now, until + 300) {
                    self.faults.push((now, Fault::Maintain(until - now)));
                    self.faults.push((until, Fault::Serve));
                }
            }
            15 => self.force(now, end),
            16 => self.configure(now, end),
            17 if self.random.one_in(2) => {
                let ms = self.random.within(100..1200);
                if now + ms + 500 < end && free(&mut self.pause, now, now + 8000) {
                    self.faults.push((now, Fault::Pause(ms)));
                }
            }
            18 => {
                let ms = self.random.within(50..700);
                if free(&mut self.worker, now, now + 2000) {
                    self.faults.push((now, Fault::BlockWorker(ms)));
                }
            }
            19 => self.faults.push((now, Fault::PanicInHandler)),
            _ => self.write_file(now),
        }
    }

    fn until(&mut self, now: Time, end: Time, range: std::ops::Range<u64>) -> Time {
        (now + self.random.within(range)).min(end.max(now + 1))
    }

    fn tell(&mut self, now: Time, end: Time) {
        let index = usize::try_from(self.random.within(0..CHECKS.len() as u64)).unwrap_or(0);
        let spec = &CHECKS[index];
        if matches!(spec.source, Source::Dependency(_)) || spec.kind == Kind::Startup {
            return;
        }
        let what = self.behaviour(spec);
        let until = self.until(now, end, 100..3000);
        // Fewer failing runs than the threshold are to be followed by passing ones.
        let rest = match what {
            Behaviour::FailRuns(_) => 2000,
            _ => self.random.within(1..1500),
        };
        if free(&mut self.checks[index], now, until + rest) {
            self.faults.push((now, Fault::Behave(spec.name, what)));
            self.faults
                .push((until, Fault::Behave(spec.name, Behaviour::Pass)));
        }
    }

    fn behaviour(&mut self, spec: &Spec) -> Behaviour {
        let delay = self.random.within(80..150);
        let block = self.random.within(600..1200);
        let counted = [
            Behaviour::FailRuns(u64::from(spec.failures) - 1),
            Behaviour::FailRuns(u64::from(spec.failures) - 1),
            Behaviour::Fail,
            Behaviour::Hang,
            Behaviour::Panic,
            Behaviour::Block(block),
        ];
        let all = [
            Behaviour::Fail,
            Behaviour::Degraded,
            Behaviour::Delay(delay),
            Behaviour::Hang,
            Behaviour::Panic,
            Behaviour::PanicInDrop,
            Behaviour::PanicWhenCancelled,
            Behaviour::PanicInDisplay,
            Behaviour::Block(block),
            Behaviour::Block(delay),
            Behaviour::Huge,
            Behaviour::Children,
            Behaviour::Leak,
        ];
        match (spec.source, spec.failures) {
            // What holds its own thread cannot hang for ever.
            (Source::ToldBlocking, _) => {
                let own = [all[0], all[1], all[4], all[5], all[8], all[9], all[11]];
                self.random.of(&own)
            }
            (_, 1) => self.random.of(&all),
            _ => self.random.of(&counted),
        }
    }

    fn break_dependency(&mut self, now: Time, end: Time) {
        let number = usize::try_from(self.random.within(0..DEPENDENCIES as u64)).unwrap_or(0);
        let slow = Mode::Slow(self.random.within(50..150));
        let mode = self
            .random
            .of(&[Mode::Dead, Mode::Frozen, Mode::Garbage, slow]);
        let until = self.until(now, end, 200..3000);
        let rest = self.random.within(1..1000);
        if free(&mut self.dependencies[number], now, until + rest) {
            self.faults.push((now, Fault::Mode(number, mode)));
            self.faults.push((until, Fault::Mode(number, Mode::Up)));
        }
    }

    fn force(&mut self, now: Time, end: Time) {
        let check = self.random.of(&["ticker", "slow", "plain", "uncached"]);
        let status = self.random.of(&["healthy", "degraded", "unhealthy"]);
        let until = self.until(now, end, 300..2000);
        let busy = crate::catalogue::find(check).unwrap_or(0);
        if free(&mut self.checks[busy], now, until + 200) {
            self.faults
                .push((now, Fault::Force(check, status, until - now)));
        }
    }

    fn configure(&mut self, now: Time, end: Time) {
        let config = self
            .random
            .of(&[Config::Disabled, Config::Critical, Config::Mistaken]);
        let until = self.until(now, end, 300..2500);
        if free(&mut self.config, now, until + 500) {
            self.faults.push((now, Fault::Configure(config)));
            self.faults.push((until, Fault::Configure(Config::Nothing)));
        }
    }

    /// The file is read every two seconds.
    fn write_file(&mut self, now: Time) {
        let status = self.random.of(&["healthy", "degraded", "unhealthy"]);
        let until = now + self.random.within(6000..9000);
        if free(&mut self.file, now, until + 6000) {
            self.faults.push((now, Fault::File(Some(status))));
            self.faults.push((until, Fault::File(None)));
        }
    }
}

/// Takes what is free, until some time.
const fn free(taken: &mut Time, now: Time, until: Time) -> bool {
    if *taken > now {
        return false;
    }
    *taken = until;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_schedule() {
        let of = |seed| plan(&mut Random::new(seed), 60_000);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        let kinds: std::collections::BTreeSet<_> =
            of(1).iter().map(|(_, fault)| fault.kind()).collect();
        assert_eq!(kinds.len(), 10, "{kinds:?}");
    }
}
