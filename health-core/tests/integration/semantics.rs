//! Reads the table of `src/docs/semantics.md`, plays every row, and compares every cell.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant as RealInstant, SystemTime};

use health_core::{
    Caller, Check, Health, HealthBuilder, History, Maintenance, Outcome, Override, Probe, Report,
    Runtime, Status,
};
use tokio::task::yield_now;
use tokio::time::{Instant, advance, sleep, sleep_until};

use self::Does::{Fails, Hangs, Panics, Passes, Takes};
use self::Step::{
    Ask, Begin, Drain, EndMaintenance, Force, Is, Maintain, Network, NetworkIs, OpenGate,
    OtherHangs, Run, Scheduled, StopDraining, Suspend, TakeBack, Wait,
};
use self::World::{
    Blocking, Deadline, Gate, Mistakes, NetworkNotCritical, NoChecks, OneAtATime, Plain,
};
use crate::support::{Count, ms, probe};

const SEMANTICS: &str = include_str!("../../src/docs/semantics.md");
const COLUMNS: [&str; 6] = [
    "row",
    "attributes",
    "what happened",
    "liveness",
    "readiness",
    "startup",
];
const HOUR: u64 = 3_600_000;

/// How long a run may take to begin, in real time: one that blocks waits for its thread.
const LONGEST: Duration = Duration::from_secs(3);

/// What a run does.
#[derive(Clone, Copy)]
enum Does {
    Passes,
    Fails,
    Hangs,
    Takes(u64),
    Panics,
}

/// What there is besides `c`, or instead.
#[derive(Clone, Copy, PartialEq)]
enum World {
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
enum Step {
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
struct Scenario {
    row: &'static str,
    attributes: &'static str,
    happened: &'static str,
    world: World,
    steps: &'static [Step],
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
        world: Plain,
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

fn scenarios() -> impl Iterator<Item = &'static Scenario> {
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

/// A row of the table.
struct Row {
    name: &'static str,
    attributes: &'static str,
    happened: &'static str,
    cells: [&'static str; 3],
}

fn table() -> Vec<Row> {
    let mut lines = SEMANTICS.lines().filter_map(cells_of);
    assert_eq!(lines.next().as_deref(), Some(&COLUMNS[..]));
    assert!(
        lines
            .next()
            .is_some_and(|line| line.iter().all(|c| *c == "---"))
    );
    lines.map(|cells| row_of(&cells)).collect()
}

fn cells_of(line: &'static str) -> Option<Vec<&'static str>> {
    let cells = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(cells.split('|').map(str::trim).collect())
}

fn row_of(cells: &[&'static str]) -> Row {
    let &[name, attributes, happened, ref cells @ ..] = cells else {
        panic!("too few columns: {cells:?}");
    };
    Row {
        name,
        attributes: attributes.trim_matches('`'),
        happened,
        cells: cells.try_into().expect("there are three probes"),
    }
}

/// `c`, or its prerequisite.
#[derive(Clone)]
struct Actor {
    calls: Count,
    does: Arc<Mutex<Does>>,
}

impl Actor {
    fn new() -> Self {
        Self {
            calls: Count::default(),
            does: Arc::new(Mutex::new(Passes)),
        }
    }

    fn is(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }

    fn called(&self) -> Does {
        self.calls.one_more();
        *self.does.lock().unwrap()
    }

    fn check(&self, name: &'static str) -> Check {
        let actor = self.clone();
        Check::new(name, move || act(actor.called()))
    }

    /// A run that hangs does so until the other end of `release` is dropped.
    fn blocking(&self, release: mpsc::Receiver<()>) -> Check {
        let (actor, release) = (self.clone(), Mutex::new(release));
        Check::blocking("c", move || match actor.called() {
            Passes => (),
            Hangs => drop(release.lock().unwrap().recv()),
            Fails | Takes(_) | Panics => panic!("nobody needs that"),
        })
    }
}

async fn act(does: Does) -> Outcome {
    match does {
        Passes => {}
        Fails => return Outcome::unhealthy("down"),
        Hangs => std::future::pending().await,
        Takes(time) => sleep(ms(time)).await,
        Panics => panic!("as it was told"),
    }
    Outcome::healthy()
}

/// The check with the attributes as they stand in the table.
fn with_attributes(check: Check, attributes: &str) -> Check {
    let attributes = attributes.split(", ").filter(|a| !a.is_empty());
    attributes.fold(check, with_attribute)
}

fn with_attribute(check: Check, attribute: &str) -> Check {
    if let Some(own) = attribute.strip_prefix("readiness(") {
        return with_own(check, own.trim_end_matches(')'));
    }
    let (name, value) = halves(attribute);
    match name {
        "cache_ms" => check.with_cache(span(value)),
        "cache_failure_ms" => check.with_cache_failure(span(value)),
        "cancel_after_ms" => check.with_cancel_after(span(value)),
        "degraded_after_ms" => check.with_degraded_after(span(value)),
        "failure_threshold" => check.with_failure_threshold(value.parse().unwrap()),
        "success_threshold" => check.with_success_threshold(value.parse().unwrap()),
        "interval_ms" => check.with_interval(span(value)),
        "initial_delay_ms" => check.with_initial_delay(span(value)),
        "down_interval_ms" => check.with_down_interval(span(value)),
        "stale_after_ms" => check.with_stale_after(span(value)),
        "jitter" => check.with_jitter(value == "true"),
        "critical" => check.with_critical(value == "true"),
        "shared" => check.with_shared(value == "true"),
        "fail_closed_after_ms" => check.with_fail_closed_after(span(value)),
        "depends_on" => {
            let name = value.trim_matches(['[', ']', '"']);
            check.with_depends_on(name.to_owned())
        }
        _ => panic!("what is `{attribute}`?"),
    }
}

fn with_own(check: Check, attribute: &str) -> Check {
    match halves(attribute) {
        ("timeout_ms", value) => check.with_timeout_for(Probe::Readiness, span(value)),
        ("critical", value) => check.with_critical_for(Probe::Readiness, value == "true"),
        _ => panic!("what is `{attribute}`?"),
    }
}

fn halves(attribute: &str) -> (&str, &str) {
    attribute
        .split_once(" = ")
        .expect("an attribute has a value")
}

fn span(value: &str) -> Duration {
    ms(value.parse().unwrap())
}

/// One cell while it is played.
struct Stage {
    health: Health,
    c: Actor,
    network: Actor,
    world: World,
    suspended: bool,
    /// Dropped, it releases the run that blocks.
    _release: mpsc::Sender<()>,
}

impl Stage {
    fn new(scenario: &Scenario, asked: Probe) -> Self {
        let (c, network) = (Actor::new(), Actor::new());
        let (release, released) = mpsc::channel();
        let check = match scenario.world {
            Blocking => c.blocking(released),
            _ => c.check("c"),
        };
        let check = Probe::ALL.into_iter().fold(check, Check::serving);
        let check = with_attributes(check, scenario.attributes);
        let mut builder = HealthBuilder::empty().runtime(Runtime::current());
        if check.depends_on().len() > 0 {
            let critical = scenario.world != NetworkNotCritical;
            let network = network.check("network").readiness();
            builder = builder.check(network.with_critical(critical));
        }
        Self {
            health: match scenario.world {
                Mistakes => Health::misconfigured(),
                NoChecks => builder.build().unwrap(),
                world => fit_out(builder.check(check), world, asked),
            },
            c,
            network,
            world: scenario.world,
            suspended: false,
            _release: release,
        }
    }

    /// An error if what is to have happened cannot happen.
    async fn take(&mut self, step: Step) -> Result<(), String> {
        let health = &self.health;
        match step {
            Is(does) => self.c.is(does),
            NetworkIs(does) => self.network.is(does),
            Run(does) => return self.run(does).await,
            Begin(does) => return self.begin(does).await,
            Scheduled(does) => return self.scheduled(does).await,
            Network(does) => {
                self.network.is(does);
                let calls = self.network.calls.now();
                drop(health.check("network", Caller::nobody()).unwrap().await);
                return one_more("network", calls, &self.network);
            }
            Ask(asked) => drop(probe(health, asked).await),
            Wait(time) => self.wait(ms(time)).await,
            Suspend(time) => {
                self.suspended = true;
                assert!(poll(pin!(advance(ms(time)))).is_pending());
            }
            OtherHangs => {
                drop(health.check("other", Caller::nobody()).unwrap());
                settle().await;
            }
            OpenGate => health.startup_gate("gate").open(),
            Drain => health.start_draining(),
            StopDraining => health.stop_draining(),
            Maintain => health.start_maintenance(Maintenance::new("disk")),
            EndMaintenance => health.end_maintenance(),
            Force(status, time) => self.force(status, time),
            TakeBack => assert!(health.end_override("c").unwrap()),
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

fn one_more(name: &str, calls: usize, actor: &Actor) -> Result<(), String> {
    match actor.calls.now() - calls {
        1 => Ok(()),
        more => Err(format!(
            "cannot be played: `{name}` is to run once, but ran {more} times"
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
async fn answer(asked: impl Future<Output = Report>) -> Report {
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
    let verdict = match report.status() {
        Status::Healthy => "passes",
        Status::Degraded => "degraded",
        Status::Unhealthy => "fails",
    };
    let c = report.entries().iter().find(|entry| entry.name() == "c");
    match c.and_then(|c| c.message()) {
        Some(text) => format!("{verdict}, {how}: {text}"),
        None => format!("{verdict}, {how}"),
    }
}

fn observe(scenario: &Scenario, asked: Probe) -> String {
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
        stage.ask(asked).await
    })
}

fn differences(scenario: &Scenario, row: &Row) -> Vec<String> {
    let name = row.name;
    let mut found = Vec::new();
    let mut compare = |what: &dyn Display, table: &str, other: &str| {
        if table != other {
            found.push(format!(
                "{name} / {what}:\n    table: {table}\n    test:  {other}"
            ));
        }
    };
    compare(&"attributes", row.attributes, scenario.attributes);
    compare(&"what happened", row.happened, scenario.happened);
    for (asked, cell) in Probe::ALL.into_iter().zip(row.cells) {
        compare(&asked, cell, &observe(scenario, asked));
    }
    found
}

fn unmatched(table: &[Row]) -> Vec<String> {
    let rows: Vec<_> = table.iter().map(|row| row.name).collect();
    let played: Vec<_> = scenarios().map(|scenario| scenario.row).collect();
    let mut found = Vec::new();
    for (names, others, lack) in [
        (&rows, &played, "a row without a scenario, or twice there"),
        (&played, &rows, "a scenario without a row, or twice there"),
    ] {
        let mut left: BTreeSet<_> = others.iter().collect();
        let lacking = names.iter().filter(|name| !left.remove(name));
        found.extend(lacking.map(|name| format!("{name}: {lack}")));
    }
    found
}

#[test]
fn every_cell_of_the_table_is_true() {
    let table = table();
    let mut found = unmatched(&table);
    for row in &table {
        if let Some(scenario) = scenarios().find(|scenario| scenario.row == row.name) {
            found.extend(differences(scenario, row));
        }
    }
    assert!(
        found.is_empty(),
        "{} differences from src/docs/semantics.md:\n\n{}\n",
        found.len(),
        found.join("\n")
    );
}
