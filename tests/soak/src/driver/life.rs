//! One life of the service, from its start to its end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::Signal;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::child::Service;
use super::court::{Court, Verdicts, Violation};
use super::growth::{Growth, Sample, waits_of};
use super::http::Connection;
use super::load::Load;
use super::plan::{Config, Fault};
use super::stand_in::StandIn;
use crate::Result;
use crate::catalogue::{self, CHECKS, DEPENDENCIES};
use crate::clock::{self, MILLISECOND, Moment, SECOND};
use crate::model::{Effect, Model, NEVER, Said, Statuses};
use crate::sabotage::Sabotage;
use crate::service::DRAIN;

/// The override file is read every two seconds.
const READ_WITHIN: Moment = 2500 * MILLISECOND;

pub(crate) struct Life<'a> {
    runtime: &'a Runtime,
    model: Arc<Mutex<Model>>,
    service: Service,
    stand_ins: Vec<StandIn>,
    wrong: Receiver<String>,
    court: JoinHandle<(Verdicts, Option<Violation>)>,
    load: Load,
    tasks: JoinSet<()>,
    faults: BTreeMap<&'static str, u64>,
    samples: Vec<Sample>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) verdicts: Verdicts,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    pub(crate) runs: u64,
    pub(crate) hostile: u64,
    pub(crate) streams: u64,
    pub(crate) growth: Option<Growth>,
    pub(crate) violation: Option<String>,
}

impl<'a> Life<'a> {
    pub(crate) fn begin(
        runtime: &'a Runtime,
        sabotage: Option<Sabotage>,
        seed: u64,
    ) -> Result<Self> {
        let start = clock::now();
        let model = Arc::new(Mutex::new(Model::new(start)));
        let feels = Arc::downgrade(&model);
        clock::canary(move |due, woke| {
            let Some(model) = feels.upgrade() else {
                return false;
            };
            lock(&model).lateness.add(due, woke, false);
            true
        });
        let stand_ins = runtime.block_on(async {
            let mut stand_ins = Vec::new();
            for number in 0..DEPENDENCIES {
                stand_ins.push(StandIn::start(number).await?);
            }
            std::io::Result::Ok(stand_ins)
        })?;
        let addresses: Vec<_> = stand_ins.iter().map(StandIn::address).collect();
        let (tells, wrong) = channel();
        let service = Service::start(&addresses, sabotage, &model, tells)?;
        lock(&model).is_up(start, clock::now());
        watch_scheduler(&model, service.id());
        let (sends, answers) = channel();
        let court = Court {
            model: Arc::clone(&model),
            answers,
            verdicts: Verdicts::default(),
        };
        let load = Load {
            main: service.main,
            management: service.management,
            answers: sends,
            stop: Arc::new(AtomicBool::new(false)),
            hostile: Arc::new(AtomicU64::new(0)),
            streams: Arc::new(AtomicU64::new(0)),
        };
        let tasks = {
            let _entered = runtime.enter();
            load.start(seed)
        };
        Ok(Self {
            runtime,
            model,
            service,
            stand_ins,
            wrong,
            court: thread::spawn(|| court.sit()),
            load,
            tasks,
            faults: BTreeMap::new(),
            samples: Vec::new(),
        })
    }

    /// Injects the faults at their times, and ends the service.
    pub(crate) fn live(mut self, plan: &[(u64, Fault)], seconds: u64) -> Result<Ended> {
        let start = lock(&self.model).start;
        let mut violation = None;
        for (at, fault) in plan {
            violation = self.wait_until(start + at * MILLISECOND)?;
            if violation.is_some() {
                break;
            }
            violation = self.inject(*fault)?;
            *self.faults.entry(fault.kind()).or_default() += 1;
            if violation.is_some() {
                break;
            }
        }
        if violation.is_none() {
            violation = self.wait_until(start + seconds * SECOND)?;
        }
        self.load.stop.store(true, Ordering::Relaxed);
        let runs = if self.court.is_finished() {
            0
        } else {
            self.service.runs()?
        };
        let tasks = std::mem::take(&mut self.tasks);
        self.runtime.block_on(tasks.join_all());
        let growth = Growth::of(&self.samples);
        if violation.is_none() {
            violation = self.end()?;
        }
        let (hostile, streams) = (&self.load.hostile, &self.load.streams);
        let (hostile, streams) = (
            hostile.load(Ordering::Relaxed),
            streams.load(Ordering::Relaxed),
        );
        drop(self.load);
        let (verdicts, found) = self.court.join().map_err(|_| "the judge panicked")?;
        let found = found.map(|found| {
            let model = lock(&self.model);
            let moment = found.at.saturating_sub(model.start) / MILLISECOND;
            let faults = model.faults_before(found.at).join("\n    ");
            format!("at {moment} ms: {}\n  faults:\n    {faults}", found.what)
        });
        let grown = growth.and_then(|growth| growth.violation());
        Ok(Ended {
            verdicts,
            faults: self.faults,
            runs,
            hostile,
            streams,
            growth,
            violation: found.or(violation).or(grown),
        })
    }

    /// Measures meanwhile; what is wrong, if something is.
    fn wait_until(&mut self, moment: Moment) -> Result<Option<String>> {
        loop {
            let now = clock::now();
            let lived = (now - lock(&self.model).start) / SECOND;
            if self.samples.len() < usize::try_from(lived)? {
                self.samples.extend(Sample::of(self.service.id()));
            }
            if let Ok(wrong) = self.wrong.try_recv() {
                return Ok(Some(self.told(&wrong)));
            }
            if self.court.is_finished() {
                return Ok(Some("an answer is wrong".to_owned()));
            }
            if self.service.has_ended()? {
                return Ok(Some(self.told("the service has ended by itself")));
            }
            if now >= moment {
                return Ok(None);
            }
            thread::sleep(Duration::from_micros((moment - now).min(20 * MILLISECOND)));
        }
    }

    fn told(&self, wrong: &str) -> String {
        let model = lock(&self.model);
        let now = clock::now();
        let moment = (now - model.start) / MILLISECOND;
        let faults = model.faults_before(now).join("\n    ");
        format!("at {moment} ms: {wrong}\n  faults:\n    {faults}")
    }

    fn inject(&mut self, fault: Fault) -> Result<Option<String>> {
        let sent = clock::now();
        lock(&self.model).note(sent, fault.to_string());
        match fault {
            Fault::Behave(check, what) => {
                let Some(index) = catalogue::find(check) else {
                    return Ok(None);
                };
                let effect = Effect::of_behaviour(what, &CHECKS[index]);
                let change = lock(&self.model).checks[index].effects.begin(sent, effect);
                let failed = self.command(&format!("behave {check} {what}"))?;
                let mut model = lock(&self.model);
                model.checks[index].effects.end(change, clock::now());
                return Ok(failed);
            }
            Fault::Mode(number, mode) => {
                // What is connected breaks, and a run that is under way fails: then the mode is another.
                let concerned = || {
                    let specs = CHECKS.iter().enumerate();
                    specs.filter(|(_, spec)| Effect::depends_on(spec, number))
                };
                let mut breaks = Vec::new();
                for (index, _) in concerned() {
                    let effects = &mut lock(&self.model).checks[index].effects;
                    breaks.push(effects.begin(sent, Effect::breaking()));
                }
                self.runtime.block_on(self.stand_ins[number].set(mode))?;
                let done = clock::now();
                for ((index, spec), breaks) in concerned().zip(breaks) {
                    let effects = &mut lock(&self.model).checks[index].effects;
                    effects.end(breaks, done);
                    let change = effects.begin(done, Effect::of_mode(mode, spec));
                    effects.end(change, done);
                }
            }
            Fault::Drain | Fault::Undrain => {
                let drains = fault == Fault::Drain;
                let change = lock(&self.model).draining.begin(sent, drains);
                let failed = self.command(if drains { "drain" } else { "undrain" })?;
                lock(&self.model).draining.end(change, clock::now());
                return Ok(failed);
            }
            Fault::Maintain(_) | Fault::Serve => {
                let (begins, command) = match fault {
                    Fault::Maintain(ms) => (true, format!("maintain {ms}")),
                    _ => (false, "serve".to_owned()),
                };
                let change = lock(&self.model).maintenance.begin(sent, begins);
                let failed = self.command(&command)?;
                lock(&self.model).maintenance.end(change, clock::now());
                return Ok(failed);
            }
            Fault::Force(check, status, ms) => return self.force(sent, check, status, ms),
            Fault::File(status) => self.write_overrides(sent, status)?,
            Fault::Configure(config) => return self.configure(sent, config),
            Fault::Pause(ms) => {
                self.service.signal(Signal::STOP)?;
                thread::sleep(Duration::from_millis(ms));
                lock(&self.model).lateness.pause(sent, clock::now());
                self.service.signal(Signal::CONT)?;
            }
            Fault::BlockWorker(ms) => self.block_worker(sent, ms),
            Fault::PanicInHandler => {
                let mut connection = Connection::new(self.service.main);
                self.runtime.spawn(async move {
                    // The connection is what the panic costs.
                    let _ = connection.ask("GET", "/app/panic").await;
                });
            }
        }
        Ok(None)
    }

    /// What is wrong, if the service cannot do it.
    fn command(&mut self, what: &str) -> Result<Option<String>> {
        let done = self.service.command(what)?;
        Ok(done.err().map(|error| format!("{what}: {error}")))
    }

    fn force(
        &mut self,
        sent: Moment,
        check: &str,
        status: &str,
        ms: u64,
    ) -> Result<Option<String>> {
        let Some(index) = catalogue::find(check) else {
            return Ok(None);
        };
        lock(&self.model).checks[index].said.push(Said {
            forced: Statuses::named(status),
            begins: (sent, NEVER),
            ends: (NEVER, NEVER),
        });
        let failed = self.command(&format!("force {check} {status} {ms}"))?;
        let (done, lasts) = (clock::now(), ms * MILLISECOND);
        if let Some(said) = lock(&self.model).checks[index].said.last_mut() {
            said.begins.1 = done;
            said.ends = (sent + lasts, done + lasts);
        }
        Ok(failed)
    }

    fn write_overrides(&self, sent: Moment, status: Option<&str>) -> Result {
        let Some(index) = catalogue::find("bogus") else {
            return Ok(());
        };
        let forced = status.and_then(Statuses::named);
        let said = |model: &mut Model, change: &mut dyn FnMut(&mut Said)| {
            model.checks[index].said.last_mut().map(change)
        };
        // A disk may take its time, and the service may read at once.
        if forced.is_some() {
            lock(&self.model).checks[index].said.push(Said {
                forced,
                begins: (sent, NEVER),
                ends: (NEVER, NEVER),
            });
        } else {
            said(&mut lock(&self.model), &mut |said| said.ends.0 = sent);
        }
        let text = status.map_or_else(String::new, |status| format!("bogus {status} # told\n"));
        self.service.write("overrides", &text)?;
        let read = clock::now() + READ_WITHIN;
        said(&mut lock(&self.model), &mut |said| match forced {
            Some(_) => said.begins.1 = read,
            None => said.ends.1 = read,
        });
        Ok(())
    }

    fn configure(&mut self, sent: Moment, config: Config) -> Result<Option<String>> {
        self.service.write("health.toml", config.text())?;
        let queue = catalogue::find("queue").unwrap_or(0);
        let mut model = lock(&self.model);
        let critical = &mut model.checks[queue].critical;
        let is_critical = match config {
            Config::Mistaken => None,
            Config::Critical => Some(true),
            Config::Nothing | Config::Disabled => Some(false),
        };
        let change = is_critical.map(|is_critical| critical.begin(sent, is_critical));
        let switched = ["orders", "steady"].map(|check| catalogue::find(check).unwrap_or(0));
        for index in switched {
            let said = &mut model.checks[index].said;
            if config == Config::Disabled {
                said.push(Said {
                    forced: None,
                    begins: (sent, NEVER),
                    ends: (NEVER, NEVER),
                });
            } else if let Some(said) = said.last_mut()
                && said.ends.0 == NEVER
            {
                said.ends.0 = sent;
            }
        }
        drop(model);
        let failed = self.command("reload")?;
        let done = clock::now();
        let mut model = lock(&self.model);
        if let Some(change) = change {
            model.checks[queue].critical.end(change, done);
        }
        for index in switched {
            if let Some(said) = model.checks[index].said.last_mut() {
                if config == Config::Disabled {
                    said.begins.1 = done;
                } else if said.ends.1 == NEVER {
                    said.ends.1 = done;
                }
            }
        }
        Ok(match (config, failed) {
            (Config::Mistaken, None) => Some("a configuration with a mistake was applied".into()),
            (Config::Mistaken, Some(_)) => None,
            (_, failed) => failed,
        })
    }

    fn block_worker(&self, sent: Moment, ms: u64) {
        let mut connection = Connection::new(self.service.main);
        let model = Arc::clone(&self.model);
        let mut locked = lock(&model);
        let number = locked.blocked.len();
        locked.blocked.push((sent, NEVER));
        drop(locked);
        self.runtime.spawn(async move {
            // Whatever comes of it, it is over then.
            let _ = connection.ask("GET", &format!("/app/block?ms={ms}")).await;
            lock(&model).blocked[number].1 = clock::now();
        });
    }

    /// Asks it to stop, which it does without hurry: readiness fails first.
    fn end(&mut self) -> Result<Option<String>> {
        self.service.signal(Signal::TERM)?;
        let mut connection = Connection::new(self.service.management);
        let asked = clock::now();
        loop {
            let answer = self
                .runtime
                .block_on(connection.ask("GET", "/health/ready"));
            let told = answer.map(|(_, body)| String::from_utf8_lossy(&body).into_owned());
            if told.as_deref().unwrap_or("").contains("draining") {
                break;
            }
            if clock::now() > asked + SECOND {
                return Ok(Some(format!("SIGTERM: readiness says {told:?}")));
            }
        }
        Ok(match self.service.wait(DRAIN + Duration::from_secs(6))? {
            Some(0) => None,
            other => Some(format!("SIGTERM: it ended with {other:?}")),
        })
    }
}

/// Takes note of how long threads wait for a processor, for as long as there is the model.
fn watch_scheduler(model: &Arc<Mutex<Model>>, service: u32) {
    let started = lock(model).start;
    let model = Arc::downgrade(model);
    thread::spawn(move || {
        let mut before = (started, BTreeMap::new());
        loop {
            thread::sleep(Duration::from_millis(40));
            let mut waits = waits_of(service);
            waits.extend(waits_of(std::process::id()));
            let now = clock::now();
            let waited = waits.iter().map(|(thread, waited)| {
                // A thread that is new has waited since it was there.
                let so_far = before.1.get(thread).copied().unwrap_or(0);
                waited.saturating_sub(so_far)
            });
            let most = waited.max().unwrap_or(0);
            let Some(model) = model.upgrade() else {
                return;
            };
            lock(&model).lateness.waited(before.0, now, most);
            before = (now, waits);
        }
    });
}

fn lock(model: &Mutex<Model>) -> MutexGuard<'_, Model> {
    model.lock().unwrap_or_else(PoisonError::into_inner)
}
