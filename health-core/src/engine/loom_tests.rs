//! What threads do to the kept result of a check and to the run that makes it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::batch::Batch;
use super::instance::{Answer, Core, Instance, Question, RunId};
use crate::finding::{Finding, Kept};
use crate::interleavings::{Bell, explore};
use crate::lasting::Changes;
use crate::lifecycle::Lifecycle;
use crate::measurements::RunResult;
use crate::observe::Teller;
use crate::sample::{Asked, Sample};
use crate::sync::thread;
use crate::tally::Tally;
use crate::{Check, Outcome, Probe, Reason};

const TIMEOUT: Duration = Duration::from_secs(1);

/// A check whose results are kept for so long, and what was counted of it.
struct Model {
    instance: Instance,
    tally: Arc<Tally>,
    changes: Arc<Changes>,
    start: Instant,
}

impl Model {
    fn new(start: Instant, cache: Duration) -> Arc<Self> {
        let tally = Arc::<Tally>::default();
        let lifecycle = Arc::<Lifecycle>::default();
        let changes = Arc::clone(&lifecycle.changes);
        let teller = Arc::new(Teller::new(lifecycle, 10));
        let core = Core::new(Vec::new(), teller, Arc::clone(&tally));
        let check = Check::new("one", async || ()).readiness();
        let check = check.with_timeout(TIMEOUT).with_cache(cache);
        Arc::new(Self {
            instance: Instance::new(Arc::new(check), Arc::new(core)),
            tally,
            changes,
            start,
        })
    }

    fn asked(&self) -> Asked {
        Asked {
            instant: self.start,
            at: SystemTime::UNIX_EPOCH,
        }
    }

    fn question<'a>(&self, batch: &'a Arc<Batch>) -> Question<'a> {
        Question {
            asked: self.asked(),
            probe: Some(Probe::Readiness),
            path: None,
            batch,
            hint: &|_| None,
        }
    }

    /// As an executor does.
    fn run(&self, run: RunId) {
        let sample = Sample::of(Outcome::healthy(), self.asked(), Duration::ZERO);
        self.instance.end(run, self.start, Some(sample));
    }

    /// As a probe does: it runs what it is told to start, and waits for the result.
    fn probe(&self) -> Finding {
        let batch = Arc::new(Batch::new());
        let run = match self.instance.ask(self.question(&batch)) {
            Answer::Known(finding) => return finding,
            Answer::PassedBy(_) => panic!("it comes by way of nobody"),
            Answer::Joined(run) => run,
            Answer::Start(run) => {
                self.run(run);
                run
            }
        };
        batch.settle();
        Arc::<Bell>::default().block_on(batch.settled());
        self.instance.result(run).expect("it has settled")
    }

    fn counted(&self, result: RunResult) -> u64 {
        self.tally.counts().runs[result as usize]
    }
}

/// Those who ask at once get what one run found, and nobody waits for ever.
#[test]
fn what_is_kept_is_found_by_one_run_for_all_who_ask() {
    let start = Instant::now();
    explore(3, move || {
        let model = Model::new(start, TIMEOUT);
        let others = [(); 2].map(|()| {
            let model = Arc::clone(&model);
            thread::spawn(move || model.probe())
        });
        let finding = model.probe();
        for other in others {
            let other = other.join().unwrap();
            assert!(Arc::ptr_eq(&finding, &other), "all are told the same");
        }
        assert_eq!(model.counted(RunResult::Healthy), 1);
    });
}

/// What is found to be the answer for some time to come is that until a change is counted, though the
/// end of a run counts none.
#[test]
fn what_may_be_told_again_is_what_no_run_has_changed_uncounted() {
    let start = Instant::now();
    explore(3, move || {
        let model = Model::new(start, Duration::ZERO);
        let known = model.probe();
        let runs = {
            let model = Arc::clone(&model);
            thread::spawn(move || {
                let batch = Arc::new(Batch::new());
                let Answer::Start(run) = model.instance.ask(model.question(&batch)) else {
                    panic!("nothing is kept");
                };
                model.instance.count_change();
                model.run(run);
            })
        };
        let before = model.changes.so_far();
        let kept = model.instance.kept(Probe::Readiness, &known);
        runs.join().unwrap();
        assert!(kept == Kept::Not || model.changes.so_far() != before);
    });
}

/// Without a cache each who comes too late for a run starts one, and none is counted twice.
#[test]
fn what_is_not_kept_is_found_by_as_many_runs_as_were_started() {
    let start = Instant::now();
    explore(3, move || {
        let model = Model::new(start, Duration::ZERO);
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.probe())
        };
        let same = Arc::ptr_eq(&model.probe(), &other.join().unwrap());
        // Who was woken late is told what a later run has found, as the other is.
        match model.counted(RunResult::Healthy) {
            1 => assert!(same),
            runs => assert_eq!(runs, 2),
        }
    });
}

/// A run ends while its time runs out: it is counted as the one or the other, and the waiter is woken
/// once, with that.
#[test]
fn a_run_that_ends_as_its_time_runs_out_is_counted_once() {
    let start = Instant::now();
    explore(3, move || {
        let model = Model::new(start, TIMEOUT);
        let batch = Arc::new(Batch::new());
        let Answer::Start(run) = model.instance.ask(model.question(&batch)) else {
            panic!("nothing is known");
        };
        let (runner, watcher) = (Arc::clone(&model), Arc::clone(&model));
        let threads = [
            thread::spawn(move || runner.run(run)),
            thread::spawn(move || watcher.instance.expire(start + TIMEOUT, &|_| None)),
        ];
        batch.settle();
        let bell = Arc::<Bell>::default();
        bell.block_on(batch.settled());
        assert!(bell.rung() <= 1);
        let finding = model.instance.result(run).expect("it has settled");
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        let is_overdue = finding.sample.reason == Some(Reason::TimedOut);
        let (healthy, overdue) = if is_overdue { (0, 1) } else { (1, 0) };
        assert_eq!(model.counted(RunResult::Healthy), healthy);
        assert_eq!(model.counted(RunResult::TimedOut), overdue);
        let ended = model.instance.result(run).expect("it stays known");
        assert!(
            Arc::ptr_eq(&finding, &ended),
            "nobody is told another result"
        );
    });
}

/// Somebody gives up a run that ends meanwhile: either its result is theirs, or their leaving keeps
/// nobody else waiting.
#[test]
fn who_gives_up_a_run_as_it_ends_keeps_nobody_waiting() {
    let start = Instant::now();
    explore(3, move || {
        let model = Model::new(start, TIMEOUT);
        let (stays, leaves) = (Arc::new(Batch::new()), Arc::new(Batch::new()));
        let Answer::Start(run) = model.instance.ask(model.question(&stays)) else {
            panic!("nothing is known");
        };
        let joined = model.instance.ask(model.question(&leaves));
        assert!(matches!(joined, Answer::Joined(joined) if joined == run));
        let (runner, leaver) = (Arc::clone(&model), Arc::clone(&model));
        let threads = [
            thread::spawn(move || runner.run(run)),
            thread::spawn(move || {
                let sample = leaver
                    .asked()
                    .failed(Reason::TimedOut, "given up".to_owned());
                let finding = leaver.instance.give_up(run, &leaves, sample);
                let known = leaver.instance.result(run);
                let is_own = finding.sample.reason == Some(Reason::TimedOut);
                assert!(is_own || known.is_some_and(|known| Arc::ptr_eq(&known, &finding)));
            }),
        ];
        stays.settle();
        Arc::<Bell>::default().block_on(stays.settled());
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!(model.counted(RunResult::Healthy), 1);
    });
}
