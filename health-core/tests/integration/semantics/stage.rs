//! Plays one cell.

use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant as RealInstant, SystemTime};

use health_core::{
    Caller, Check, Health, HealthBuilder, History, Maintenance, Override, Probe, Report, Runtime,
    Status, Visibility,
};
use tokio::task::yield_now;
use tokio::time::{Instant, advance, sleep_until};

use super::actor::{Actor, with_attributes};
use super::change;
use super::script::World::{
    Blocking, Deadline, Gate, Mistakes, NetworkHidden, NetworkNotCritical, NoChecks, OneAtATime,
};
use super::script::{Change, Does, Scenario, Step, World};
use super::sign::Work;
use crate::support::{ms, probe};

/// How long a run may take to begin, in real time: one that blocks waits for its thread.
const LONGEST: Duration = Duration::from_secs(3);

/// One cell while it is played.
struct Stage {
    health: Health,
    c: Actor,
    network: Actor,
    work: Option<Work>,
    attributes: &'static str,
    world: World,
    suspended: bool,
    /// Dropped, it releases the run that blocks.
    _release: mpsc::Sender<()>,
}

impl Stage {
    fn new(scenario: &Scenario, asked: Probe) -> Self {
        let (c, network) = (Actor::new(), Actor::new());
        let (release, released) = mpsc::channel();
        let work = Work::of(scenario.world);
        let check = match (&work, scenario.world) {
            (Some(work), _) => work.check("c"),
            (None, Blocking) => c.blocking(released),
            _ => c.check("c"),
        };
        let check = as_the_table_has_it(check, scenario.attributes);
        let mut builder = HealthBuilder::empty().runtime(Runtime::current());
        if check.depends_on().len() > 0 {
            let critical = scenario.world != NetworkNotCritical;
            let seen_by = match scenario.world {
                NetworkHidden => Visibility::Full,
                _ => Visibility::Summary,
            };
            let network = network.check("network").readiness();
            let network = network.with_critical(critical).with_visibility(seen_by);
            builder = builder.check(network);
        }
        Self {
            health: match scenario.world {
                Mistakes => Health::misconfigured(),
                NoChecks => builder.build().unwrap(),
                world => fit_out(builder.check(check), world, asked),
            },
            c,
            network,
            work,
            attributes: scenario.attributes,
            world: scenario.world,
            suspended: false,
            _release: release,
        }
    }

    /// An error if what is to have happened cannot happen.
    async fn take(&mut self, step: Step) -> Result<(), String> {
        let health = &self.health;
        match step {
            Step::Is(does) => self.c.is(does),
            Step::NetworkIs(does) => self.network.is(does),
            Step::Run(does) => return self.run(does).await,
            Step::Begin(does) => return self.begin(does).await,
            Step::Scheduled(does) => return self.scheduled(does).await,
            Step::Network(does) => return self.network(does).await,
            Step::Ask(asked) => drop(probe(health, asked).await),
            Step::Wait(time) => self.wait(ms(time)).await,
            Step::Idle(time) => return self.idle(ms(time)).await,
            Step::Suspend(time) => {
                self.suspended = true;
                assert!(poll(pin!(advance(ms(time)))).is_pending());
            }
            Step::OtherHangs => {
                drop(health.check("other", Caller::nobody()).unwrap());
                settle().await;
            }
            Step::OpenGate => health.startup_gate("gate").unwrap().open(),
            Step::Drain => health.start_draining(),
            Step::StopDraining => health.stop_draining(),
            Step::Maintain => health.start_maintenance(Maintenance::new("disk")),
            Step::EndMaintenance => health.end_maintenance(),
            Step::Force(status, time) => self.force(status, time),
            Step::TakeBack => assert!(health.end_override("c").unwrap()),
            Step::Sign(sign) => self.work.as_ref().expect("it is one").show(sign),
            Step::Change(change) => self.change(change),
        }
        Ok(())
    }

    /// Liveness asks, since it keeps nothing.
    async fn run(&self, does: Does) -> Result<(), String> {
        self.c.is(does);
        let calls = self.c.calls.now();
        probe(&self.health, Probe::Liveness).await;
        one_more("c", calls, &self.c)
    }

    async fn begin(&self, does: Does) -> Result<(), String> {
        self.c.is(does);
        let calls = self.c.calls.now();
        drop(self.health.probe(Probe::Liveness, Caller::nobody()));
        let start = RealInstant::now();
        while self.c.calls.now() == calls && start.elapsed() < LONGEST {
            yield_now().await;
        }
        one_more("c", calls, &self.c)
    }

    async fn scheduled(&self, does: Does) -> Result<(), String> {
        self.c.is(does);
        let calls = self.c.calls.now();
        settle().await;
        one_more("c", calls, &self.c)
    }

    async fn network(&self, does: Does) -> Result<(), String> {
        self.network.is(does);
        let calls = self.network.calls.now();
        let asked = self.health.check("network", Caller::nobody());
        asked.unwrap().await;
        one_more("network", calls, &self.network)
    }

    async fn idle(&self, time: Duration) -> Result<(), String> {
        let calls = self.c.calls.now();
        self.wait(time).await;
        so_many_more(0, "c", calls, &self.c)
    }

    async fn wait(&self, time: Duration) {
        let end = Instant::now() + time;
        // A thread that hangs stops the paused clock.
        while self.world == Blocking && Instant::now() < end {
            advance(ms(100)).await;
            settle().await;
        }
        sleep_until(end).await;
        assert_eq!(Instant::now(), end);
    }

    fn force(&self, status: Status, time: Option<u64>) {
        let forced = Override::new(status, "INC-42");
        let forced = match time {
            Some(time) => forced.until(self.health.wall_clock() + ms(time)),
            None => forced,
        };
        self.health.force("c", forced).unwrap();
    }

    fn change(&self, change: Change) {
        let c = || as_the_table_has_it(self.c.check("c"), self.attributes);
        change::make(&self.health, change, c);
    }

    async fn ask(&self, asked: Probe) -> String {
        let (start, at) = (Instant::now(), self.health.wall_clock());
        let before = (self.c.calls.now(), self.runs_since(at));
        let report = answer(self.health.probe(asked, Caller::nobody())).await;
        let waited = Instant::now() > start;
        // What the schedule makes up for afterwards was not asked for.
        if !self.suspended {
            settle().await;
        }
        let ran = (self.c.calls.now(), self.runs_since(at)) != before;
        let how = match (ran, waited) {
            (true, _) => "runs",
            (false, true) => "joins",
            (false, false) => "kept",
        };
        seen(&report, how)
    }

    /// The verdict on everything, and what is wrong if `c` is not there once or ran twice.
    async fn ask_everything(&self) -> String {
        let calls = self.c.calls.now();
        let overview = answer(self.health.everything(Caller::nobody())).await;
        let entries = overview.entries().iter();
        let named = entries.filter(|entry| entry.name() == "c").count();
        let checks = self.health.checks();
        let known = checks.iter().filter(|check| check.name() == "c").count();
        let calls = self.c.calls.now() - calls;
        if named != known || calls > 1 {
            return format!("`c` is there {named} times, and ran {calls} times");
        }
        verdict(overview.status()).to_owned()
    }

    /// Also counts a run that never had its turn, and so made no call.
    fn runs_since(&self, at: SystemTime) -> usize {
        let history = self.health.history("c", Caller::nobody());
        let runs = history.iter().flat_map(History::runs);
        runs.filter(|run| run.started_at() >= at).count()
    }
}

fn fit_out(builder: HealthBuilder, world: World, asked: Probe) -> Health {
    let builder = match world {
        Deadline(time) => builder.deadline(ms(time)),
        Gate => builder.startup_gate("gate"),
        OneAtATime => builder.concurrency(1).check(other(asked)),
        _ => builder,
    };
    builder.build().unwrap()
}

/// Takes no part in the probe that is asked.
fn other(asked: Probe) -> Check {
    let serves = match asked {
        Probe::Liveness => Probe::Readiness,
        Probe::Readiness | Probe::Startup => Probe::Liveness,
    };
    Check::new("other", std::future::pending::<()>)
        .serving(serves)
        .with_timeout(ms(60_000))
}

fn as_the_table_has_it(check: Check, attributes: &str) -> Check {
    let check = Probe::ALL.into_iter().fold(check, Check::serving);
    with_attributes(check, attributes)
}

fn one_more(name: &str, calls: usize, actor: &Actor) -> Result<(), String> {
    so_many_more(1, name, calls, actor)
}

fn so_many_more(times: usize, name: &str, calls: usize, actor: &Actor) -> Result<(), String> {
    match actor.calls.now() - calls {
        more if more == times => Ok(()),
        more => Err(format!(
            "cannot be played: `{name}` is to run {times} times, but ran {more} times"
        )),
    }
}

/// Lets the tasks do what they can do without time.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Moves the clock by hand as long as there is no answer.
async fn answer<T>(asked: impl Future<Output = T>) -> T {
    let mut asked = pin!(asked);
    let start = Instant::now();
    while start.elapsed() < ms(10_000) {
        for _ in 0..20 {
            if let Poll::Ready(report) = poll(asked.as_mut()) {
                return report;
            }
            yield_now().await;
        }
        advance(ms(1)).await;
    }
    panic!("no answer within 10 s")
}

/// A cell as it would have to stand in the table.
fn seen(report: &Report, how: &str) -> String {
    let verdict = verdict(report.status());
    let c = report.entries().iter().find(|entry| entry.name() == "c");
    match c.and_then(|c| c.message()) {
        Some(text) => format!("{verdict}, {how}: {text}"),
        None => format!("{verdict}, {how}"),
    }
}

fn verdict(status: Status) -> &'static str {
    match status {
        Status::Healthy => "passes",
        Status::Degraded => "degraded",
        Status::Unhealthy => "fails",
    }
}

pub(super) fn observe(scenario: &Scenario, asked: Probe) -> String {
    play(scenario, asked, async |stage| stage.ask(asked).await)
}

/// What all probes together say.
pub(super) fn observe_everything(scenario: &Scenario) -> String {
    let other_is_of = Probe::Readiness;
    play(scenario, other_is_of, async |stage| {
        stage.ask_everything().await
    })
}

fn play(scenario: &Scenario, asked: Probe, ask: impl AsyncFnOnce(&Stage) -> String) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut stage = Stage::new(scenario, asked);
        for step in scenario.steps {
            if let Err(text) = stage.take(*step).await {
                return text;
            }
        }
        ask(&stage).await
    })
}
