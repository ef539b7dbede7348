//! What decides whether a probe is sent and what its result means: `pkg/kubelet/prober/worker.go`
//! of Kubernetes. It knows no time and no network.

use std::time::Duration;

use health_actix::Probe;

/// A probe of a manifest.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) path: &'static str,
    pub(crate) initial_delay: Duration,
    pub(crate) period: Duration,
    pub(crate) timeout: Duration,
    pub(crate) failure_threshold: u32,
    pub(crate) success_threshold: u32,
}

impl Spec {
    /// With the defaults of Kubernetes.
    pub(crate) const fn new(path: &'static str) -> Self {
        Self {
            path,
            initial_delay: Duration::ZERO,
            period: Duration::from_secs(10),
            timeout: Duration::from_secs(1),
            failure_threshold: 3,
            success_threshold: 1,
        }
    }
}

/// What is known of a container as to one probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Success,
    Failure,
    Unknown,
}

/// A container, as a worker is told of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Container {
    /// Another one has another number.
    pub(crate) id: u64,
    /// Since when it runs, if it does.
    pub(crate) running_for: Option<Duration>,
    /// Whether it has started, as its startup probe says, if it has one.
    pub(crate) started: bool,
    /// Whether the pod is to be deleted.
    pub(crate) deleted: bool,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Probe,
    Wait,
    /// Never again.
    End,
}

/// The state of one probe of one container.
#[derive(Debug)]
pub(crate) struct Worker {
    probe: Probe,
    spec: Spec,
    container: Option<u64>,
    /// The last result, and how many in a row were the same.
    last: Option<bool>,
    in_a_row: u32,
    on_hold: bool,
}

impl Worker {
    pub(crate) const fn new(probe: Probe, spec: Spec) -> Self {
        Self {
            probe,
            spec,
            container: None,
            last: None,
            in_a_row: 0,
            on_hold: false,
        }
    }

    pub(crate) const fn spec(&self) -> &Spec {
        &self.spec
    }

    pub(crate) const fn probe(&self) -> Probe {
        self.probe
    }

    /// What is to be done, and the verdict that is set by that alone.
    pub(crate) fn next(&mut self, container: &Container) -> (Next, Option<Verdict>) {
        let mut verdict = None;
        if self.container != Some(container.id) {
            self.container = Some(container.id);
            self.on_hold = false;
            verdict = Some(self.initial());
        }
        if self.on_hold {
            return (Next::Wait, verdict);
        }
        let Some(running_for) = container.running_for else {
            return (Next::Wait, Some(Verdict::Failure));
        };
        let is_readiness = self.probe == Probe::Readiness;
        if container.deleted && !is_readiness {
            return (Next::End, Some(Verdict::Success));
        }
        let is_its_turn = container.started != (self.probe == Probe::Startup);
        if running_for < self.spec.initial_delay || !is_its_turn {
            return (Next::Wait, verdict);
        }
        (Next::Probe, verdict)
    }

    /// The verdict that a result leads to, if it does. One that is thrown away is not recorded.
    pub(crate) fn record(&mut self, success: bool) -> Option<Verdict> {
        if self.last == Some(success) {
            self.in_a_row += 1;
        } else {
            self.last = Some(success);
            self.in_a_row = 1;
        }
        let (threshold, verdict) = if success {
            (self.spec.success_threshold, Verdict::Success)
        } else {
            (self.spec.failure_threshold, Verdict::Failure)
        };
        if self.in_a_row < threshold {
            return None;
        }
        if self.restarts() && !success {
            self.on_hold = true;
            self.in_a_row = 0;
        }
        Some(verdict)
    }

    /// Whether its failure restarts the container.
    pub(crate) fn restarts(&self) -> bool {
        self.probe != Probe::Readiness
    }

    fn initial(&self) -> Verdict {
        match self.probe {
            Probe::Liveness => Verdict::Success,
            Probe::Readiness => Verdict::Failure,
            Probe::Startup => Verdict::Unknown,
        }
    }
}
