//! A kubelet, emulated: what it asks, how it judges the answers, and what it does then.

mod exchange;
mod pod;
mod tests;
mod toy;
mod worker;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use health_actix::Probe;

use self::pod::{Pod, Status};
use self::worker::Spec;
use crate::observe::{ENOUGH, steady, until};
use crate::server::{LIVE, READY, Server, Situation};
use crate::table::{Row, Table};

const PERIOD: Duration = Duration::from_millis(100);

/// Long enough for a busy machine: what kubelets do by default has tests of its own.
const TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) const NAME: &str = "emulated";

/// Always there.
#[allow(clippy::unnecessary_wraps, reason = "the others may not be")]
pub(crate) fn run(expected: &Table) -> Option<Vec<Row>> {
    let rows = thread::scope(|scope| {
        let rows = Probe::ALL.map(|probe| scope.spawn(move || observe(expected, probe)));
        rows.map(|row| row.join().unwrap())
    });
    Some(rows.into())
}

/// The row of a probe: each situation befalls a pod of its own, all at once.
fn observe(expected: &Table, probe: Probe) -> Row {
    let client = format!("kubelet: {probe}");
    let expected = expected.row(&client);
    let requests = Mutex::new(BTreeSet::new());
    let cells = thread::scope(|scope| {
        let cells = Situation::ALL.map(|situation| {
            let requests = &requests;
            scope.spawn(move || {
                let scene = Scene::set(probe, situation);
                let observed = scene.observe(expected.cell(situation));
                requests.lock().unwrap().insert(scene.server.request());
                observed
            })
        });
        cells.map(|cell| cell.join().unwrap())
    });
    // Empty where nothing was ever asked.
    let requests = requests.into_inner().unwrap();
    let requests: Vec<_> = requests
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    Row {
        client,
        request: requests.join("; "),
        cells,
    }
}

struct Scene {
    probe: Probe,
    situation: Situation,
    server: Arc<Server>,
    pod: Pod,
}

impl Scene {
    /// A pod that is ready, unless it is its start that is befallen.
    fn set(probe: Probe, situation: Situation) -> Self {
        let at_start = match probe {
            Probe::Startup => situation,
            Probe::Liveness | Probe::Readiness => Situation::Healthy,
        };
        let server = Arc::new(Server::befallen(probe, at_start));
        let (container, is_first) = (Arc::clone(&server), AtomicBool::new(true));
        let start = move || {
            if is_first.swap(false, Ordering::SeqCst) {
                return container.address();
            }
            container.restart()
        };
        let pod = Pod::start(probes(), start);
        Self {
            probe,
            situation,
            server,
            pod,
        }
    }

    fn observe(&self, expected: &str) -> String {
        let Self {
            probe,
            situation,
            server,
            pod,
        } = self;
        if *probe == Probe::Startup {
            return self.look(expected);
        }
        if !until(|| pod.status().ready()) {
            return format!("never ready: {:?}", pod.status());
        }
        let is_deleted = (*probe, *situation) == (Probe::Liveness, Situation::Draining);
        if is_deleted {
            pod.delete();
        }
        let asked = server.answers_at(LIVE);
        server.put_into(*situation);
        let observed = self.look(expected);
        // One may have been under way.
        if is_deleted && server.answers_at(LIVE) > asked + 1 {
            return format!("{observed}, asked for liveness");
        }
        if *probe == Probe::Readiness && *situation != Situation::Gone {
            server.put_into(Situation::Healthy);
            if !until(|| pod.status().ready()) {
                return format!("{observed}, and not ready afterwards");
            }
        }
        observed
    }

    fn look(&self, expected: &str) -> String {
        if !until(|| self.server.is_in_effect()) {
            return format!("never {}", self.situation);
        }
        // What never listens, and what was started anew, can give no more answers of that kind.
        let enough = if self.situation == Situation::Gone {
            0
        } else {
            ENOUGH
        };
        let answers = || match (self.probe, self.situation) {
            (Probe::Startup, _) => self.server.answers(),
            (Probe::Liveness, Situation::Draining) | (Probe::Readiness, _) => {
                self.server.answers_at(READY)
            }
            (Probe::Liveness, _) => self.server.answers_at(LIVE),
        };
        steady(expected, enough, answers, || self.said())
    }

    fn said(&self) -> String {
        let status = self.pod.status();
        let mut words = Vec::new();
        if status.restarts > 0 {
            words.push("RESTARTED");
        }
        words.push(match (status.started(), status.ready()) {
            (false, _) => "Starting",
            (true, false) => "NotReady",
            (true, true) => "Ready",
        });
        words.extend(failure(&status, self.probe));
        words.join(" ")
    }
}

/// Those of a manifest, in the order of `Probe::ALL`.
fn probes() -> [Spec; 3] {
    ["/health/live", "/health/ready", "/health/started"].map(|path| Spec {
        period: PERIOD,
        timeout: TIMEOUT,
        ..Spec::new(path)
    })
}

/// Why a probe failed when it last did.
fn failure(status: &Status, probe: Probe) -> Option<&str> {
    let name = probe.as_str();
    let mut events = status.events.iter().rev();
    let (_, why) = events.find_map(|event| {
        let (who, why) = event.split_once(" probe failed: ")?;
        who.eq_ignore_ascii_case(name).then_some((who, why))
    })?;
    Some(match why {
        "HTTP probe failed with statuscode: 503" => "503",
        _ if why.ends_with("connect: connection refused") => "refused",
        _ => why,
    })
}
