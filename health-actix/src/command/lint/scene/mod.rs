//! What of a file the rules look at, whatever notation it has.

mod balancer;
mod compose;
mod haproxy;
mod pod;

use health_core::Probe as Kind;

pub(super) use self::haproxy::read as read_haproxy;
use super::yaml::View;

/// What rules look at, one at a time.
#[derive(Debug)]
pub(super) enum Scene {
    /// The registered checks alone.
    Checks,
    Pod(Pod),
    Balancer(Balancer),
}

/// Whose rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    Kubernetes,
    ContainerApps,
    CloudRun,
    Compose,
}

/// Containers that start and stop together.
#[derive(Debug)]
pub(super) struct Pod {
    pub(super) platform: Platform,
    /// As in `Deployment orders`.
    pub(super) what: String,
    /// How long it may take to stop.
    pub(super) grace: Setting,
    /// Whether traffic comes to it.
    pub(super) serves: bool,
    /// Whether what is unhealthy is replaced, of a HEALTHCHECK.
    pub(super) replaces: bool,
    pub(super) containers: Vec<Container>,
}

#[derive(Debug)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) line: usize,
    /// Whether our service runs in it.
    pub(super) ours: bool,
    pub(super) ports: Vec<String>,
    pub(super) probes: Vec<Probe>,
    pub(super) pre_stop: PreStop,
}

/// A preStop hook, as far as its time can be told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PreStop {
    /// How long it takes.
    pub(super) ms: u64,
    /// Whether the service drains meanwhile.
    pub(super) drains: bool,
}

impl PreStop {
    /// What it adds to a stop: a drain that it begins is over sooner after SIGTERM.
    pub(super) const fn before(self, drain_ms: u64) -> u64 {
        if self.drains {
            self.ms.saturating_sub(drain_ms)
        } else {
            self.ms
        }
    }
}

#[derive(Debug)]
pub(super) struct Probe {
    /// None of a HEALTHCHECK.
    pub(super) kind: Option<Kind>,
    /// As it is called there.
    pub(super) called: String,
    pub(super) line: usize,
    pub(super) asks: Asks,
    pub(super) timeout: Setting,
    pub(super) period: Setting,
    pub(super) failures: Setting,
    pub(super) successes: Setting,
    pub(super) initial_delay: Setting,
    pub(super) grace: Setting,
}

/// What a probe asks.
#[derive(Debug)]
pub(super) enum Asks {
    Http {
        path: Located,
        port: Located,
    },
    /// A program, with all words of its command.
    Program {
        command: Located,
        words: Vec<String>,
    },
    Tcp(usize),
    Grpc(usize),
    Nothing,
}

/// What pulls a service in and out of traffic.
#[derive(Debug)]
pub(super) struct Balancer {
    /// As in `Ingress orders` or `backend app`.
    pub(super) what: String,
    /// Where it says what is asked.
    pub(super) path: Located,
    /// Whether it asks our service.
    pub(super) ours: bool,
    /// The container whose labels say so.
    pub(super) container: Option<String>,
    /// How long it takes to notice, and where that is said.
    pub(super) notices_ms: Option<(usize, u64)>,
}

/// A text, and its line.
#[derive(Clone, Debug, Default)]
pub(super) struct Located {
    pub(super) text: String,
    pub(super) line: usize,
}

/// A number that may have been left to its default. Times are in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// Where it is, or where it ought to be.
    pub(super) line: usize,
    pub(super) number: Number,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Absent,
    Known(u64),
    /// Written otherwise than as a number, perhaps by a template.
    Unknown,
}

impl Setting {
    fn new(of: View<'_>, key: &str, read: impl Fn(&str) -> Option<u64>) -> Self {
        let Some(view) = of.get(key).filter(|view| !view.is_null()) else {
            return Self::absent(of.line);
        };
        let number = view.text().and_then(read);
        Self {
            line: view.line,
            number: number.map_or(Number::Unknown, Number::Known),
        }
    }

    /// A number of seconds, as milliseconds.
    fn seconds(of: View<'_>, key: &str) -> Self {
        Self::new(of, key, |text| Some(number(text)?.saturating_mul(1000)))
    }

    fn count(of: View<'_>, key: &str) -> Self {
        Self::new(of, key, number)
    }

    const fn absent(line: usize) -> Self {
        Self {
            line,
            number: Number::Absent,
        }
    }

    /// What holds, unless it is unknown.
    pub(super) const fn or(self, default: u64) -> Option<u64> {
        match self.number {
            Number::Absent => Some(default),
            Number::Known(number) => Some(number),
            Number::Unknown => None,
        }
    }

    pub(super) const fn is_said(self) -> bool {
        matches!(self.number, Number::Known(_))
    }
}

/// A whole number; one that is too big is the biggest.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

impl Platform {
    /// The defaults of timeout and period in milliseconds, and of failures.
    const fn defaults(self) -> (u64, u64, u64) {
        match self {
            Self::Compose => (30_000, 30_000, 3),
            _ => (1000, 10_000, 3),
        }
    }

    /// How long a process has between the signal and being killed, if nothing is said.
    pub(super) const fn grace_ms(self) -> Option<u64> {
        match self {
            Self::Kubernetes | Self::ContainerApps => Some(30_000),
            Self::Compose => Some(10_000),
            Self::CloudRun => None,
        }
    }

    /// How a time is written, by its name in Kubernetes.
    pub(super) fn time(self, name: &str, seconds: u64) -> String {
        match (self, name) {
            (Self::Compose, _) => format!("{}: {seconds}s", self.called(name)),
            _ => format!("{name}: {seconds}"),
        }
    }

    /// What a setting of Kubernetes is called.
    pub(super) fn called(self, name: &str) -> &str {
        match (self, name) {
            (Self::Compose, "timeoutSeconds") => "timeout",
            (Self::Compose, "periodSeconds") => "interval",
            (Self::Compose, "failureThreshold") => "retries",
            (Self::Compose, "terminationGracePeriodSeconds") => "stop_grace_period",
            _ => name,
        }
    }
}

impl Pod {
    pub(super) fn timeout_ms(&self, probe: &Probe) -> Option<u64> {
        probe.timeout.or(self.platform.defaults().0)
    }

    pub(super) fn period_ms(&self, probe: &Probe) -> Option<u64> {
        probe.period.or(self.platform.defaults().1)
    }

    pub(super) fn failures(&self, probe: &Probe) -> Option<u64> {
        probe.failures.or(self.platform.defaults().2)
    }

    /// How long a probe fails before something comes of it.
    pub(super) fn lasts_ms(&self, probe: &Probe) -> Option<u64> {
        let failures = self.failures(probe)?;
        Some(self.period_ms(probe)?.saturating_mul(failures))
    }

    /// What a finding is about.
    pub(super) fn container(&self, container: &Container) -> String {
        match self.platform {
            Platform::Compose => self.what.clone(),
            _ => format!("{}, container {}", self.what, container.name),
        }
    }

    pub(super) fn probe(&self, container: &Container, probe: &Probe) -> String {
        format!("{}, {}", self.container(container), probe.called)
    }

    /// Every probe of our service.
    pub(super) fn own_probes(&self) -> impl Iterator<Item = (&Container, &Probe)> {
        self.probes().filter(|(container, _)| container.ours)
    }

    pub(super) fn probes(&self) -> impl Iterator<Item = (&Container, &Probe)> {
        let containers = self.containers.iter();
        containers
            .flat_map(|container| container.probes.iter().map(move |probe| (container, probe)))
    }
}

impl Container {
    pub(super) fn probe(&self, kind: Kind) -> Option<&Probe> {
        self.probes.iter().find(|probe| probe.kind == Some(kind))
    }
}

impl Asks {
    /// Whether it is the command line of this crate.
    pub(super) fn is_our_program(&self) -> bool {
        let Self::Program { command, .. } = self else {
            return false;
        };
        command.text.contains("health probe")
    }

    /// What the command line of this crate asks where it is given no URL, and the command.
    pub(super) fn kind(&self) -> Option<(&Located, Kind)> {
        let Self::Program { command, .. } = self else {
            return None;
        };
        let (_, options) = command.text.split_once("health probe")?;
        let mut options = options.split([' ', '=']);
        if options.clone().any(|option| option == "--url") {
            return None;
        }
        let kind = match options.find(|option| *option == "--probe") {
            Some(_) => Kind::named(options.next()?)?,
            None => Kind::Liveness,
        };
        Some((command, kind))
    }

    /// The path that is asked, also by a program that is given a URL.
    pub(super) fn path(&self) -> Option<Located> {
        match self {
            Self::Http { path, .. } => Some(path.clone()),
            Self::Program { command, words } => {
                let text = words.iter().find_map(|word| path_of_url(word))?;
                let line = command.line;
                Some(Located { text, line })
            }
            _ => None,
        }
    }
}

/// The path of the first URL in a text. Curl takes one without a scheme; that is none without a path.
fn path_of_url(text: &str) -> Option<String> {
    let after = |start| text.split_once(start).map(|(_, rest)| rest);
    let whole = after("http://").or_else(|| after("https://"));
    let rest = whole.or_else(|| after("localhost:").or_else(|| after("127.0.0.1:")))?;
    let end = rest.find(|c: char| c.is_whitespace() || "'\"|;&)".contains(c));
    let url = &rest[..end.unwrap_or(rest.len())];
    let path = url.find('/').map(|slash| &url[slash..]);
    path.or(whole.and(Some("/"))).map(ToOwned::to_owned)
}

/// What has been found in a file. Aliases can make any number of few, so that it is counted.
#[derive(Debug)]
pub(super) struct Scenes {
    scenes: Vec<Scene>,
    room: usize,
}

/// How many containers and balancers a file may have.
const MOST: usize = 1000;

impl Default for Scenes {
    fn default() -> Self {
        Self {
            scenes: Vec::new(),
            room: MOST + 1,
        }
    }
}

impl Scenes {
    /// Makes room for one more, if there is any.
    fn take_room(&mut self) -> bool {
        self.room = self.room.saturating_sub(1);
        self.room > 0
    }

    pub(super) fn all(self) -> Result<Vec<Scene>, String> {
        match self.room {
            0 => Err(format!(
                "there are more than {MOST} containers and balancers"
            )),
            _ => Ok(self.scenes),
        }
    }
}

/// All that there is to look at in a document.
pub(super) fn read(document: View<'_>, scenes: &mut Scenes) {
    let items = document.get("items").filter(|items| items.is_sequence());
    let kind = document
        .get("kind")
        .and_then(View::text)
        .unwrap_or_default();
    match items.filter(|_| kind.ends_with("List")) {
        Some(items) => items
            .items()
            .take(MOST)
            .for_each(|item| read_one(item, scenes)),
        None => read_one(document, scenes),
    }
}

fn read_one(document: View<'_>, scenes: &mut Scenes) {
    pod::read(document, scenes);
    balancer::read(document, scenes);
    if document.get("kind").is_none() {
        compose::read(document, scenes);
    }
}

/// What and whose a document is, as in `Deployment orders`.
fn what(document: View<'_>) -> String {
    let kind = document.get("kind").and_then(View::text).unwrap_or("the");
    let name = document.at(&["metadata", "name"]).and_then(View::text);
    match name {
        Some(name) => clipped(&format!("{kind} {name}")),
        None => clipped(kind),
    }
}

/// As much of a text as is worth keeping.
fn clipped(text: &str) -> String {
    text.chars().take(500).collect()
}

/// As many words as a command may have.
fn words(view: View<'_>) -> Vec<String> {
    let words = view.items().filter_map(View::text);
    words.take(20).map(clipped).collect()
}

fn located(view: View<'_>) -> Located {
    Located {
        text: clipped(view.text().unwrap_or_default()),
        line: view.line,
    }
}

/// What is there, and not null.
fn present<'t>(view: View<'t>, key: &str) -> Option<View<'t>> {
    view.get(key).filter(|found| !found.is_null())
}
