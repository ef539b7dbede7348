//! Files: what is in them, whose it is, and what the rules say of it.

use super::allowed::Allowed;
use super::finding::{Finding, Found, quoted};
use super::output::{Note, Report};
use super::own::Own;
use super::rules::RULES;
use super::scene::{Balancer, Container, Pod, Scene, Scenes, read, read_haproxy};
use super::yaml::{NotYaml, Tree};

/// How containers of the service are told from others.
#[derive(Clone, Debug, Default)]
pub(super) struct Ours {
    pub(super) containers: Vec<String>,
    pub(super) port: Option<u16>,
}

/// A file that has been read.
#[derive(Debug)]
pub(super) struct Manifest {
    name: String,
    scenes: Vec<Scene>,
    allowed: Allowed,
}

impl Manifest {
    pub(super) fn read(name: &str, text: &str) -> Result<Self, NotYaml> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Ok(Self {
            name: name.to_owned(),
            scenes: scenes(text)?,
            allowed: Allowed::read(text),
        })
    }

    fn findings(&self, own: &Own) -> Vec<Finding> {
        let mut findings = rules(own, &self.name, &self.scenes);
        findings.retain(|finding| !self.allowed.allows(finding));
        findings.sort_by_key(|finding| finding.line);
        findings
    }

    fn notes(&self) -> Vec<Note> {
        let nothing = "there is nothing here that says how health is asked".to_owned();
        let nothing = self.scenes.is_empty().then_some((0, nothing));
        let notes = self.allowed.mistakes.iter().cloned().chain(nothing);
        notes
            .map(|(line, message)| Note::new(&self.name, line, message))
            .collect()
    }
}

/// What is wrong with some files that belong together.
pub(super) fn judge(own: &Own, ours: &Ours, files: &mut [Manifest], report: &mut Report) {
    let taken = claim(own, ours, files);
    for file in files {
        report.findings.extend(file.findings(own));
        report.notes.extend(file.notes());
    }
    report.notes.extend(taken);
}

/// What is wrong with the registered checks.
pub(super) fn judge_checks(own: &Own) -> Vec<Finding> {
    rules(own, "", &[Scene::Checks])
}

fn rules(own: &Own, file: &str, scenes: &[Scene]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in &RULES {
        let mut found = Found {
            rule: rule.id,
            severity: rule.severity,
            file,
            findings: &mut findings,
        };
        for scene in scenes {
            (rule.look)(own, scene, &mut found);
        }
    }
    findings
}

fn scenes(text: &str) -> Result<Vec<Scene>, NotYaml> {
    let mut scenes = Scenes::default();
    if is_haproxy(text) {
        read_haproxy(text, &mut scenes);
    } else if !asks_nobody(text) {
        let tree = tree(text).map_err(|error| if_a_template(text, error))?;
        for document in tree.documents() {
            read(document, &mut scenes);
        }
    }
    scenes.all().map_err(|message| NotYaml { line: 0, message })
}

/// Whether the first line is that of a section.
fn is_haproxy(text: &str) -> bool {
    const SECTIONS: [&str; 7] = [
        "global", "defaults", "frontend", "backend", "listen", "userlist", "peers",
    ];
    let first = first_line(text).split_whitespace().next();
    first.is_some_and(|word| SECTIONS.contains(&word))
}

/// Whether it is of systemd or nginx, which are told how the service is, or learn it from requests.
fn asks_nobody(text: &str) -> bool {
    const SECTIONS: [&str; 3] = ["[Unit]", "[Service]", "[Install]"];
    const BLOCKS: [&str; 4] = ["upstream", "server", "http", "events"];
    let first = first_line(text);
    let word = first.split_whitespace().next().unwrap_or_default();
    SECTIONS.contains(&first) || (BLOCKS.contains(&word) && first.ends_with('{'))
}

/// The first that says something.
fn first_line(text: &str) -> &str {
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    first.unwrap_or_default()
}

/// What a template writes between braces is YAML by chance: a mapping as a key.
fn tree(text: &str) -> Result<Tree<'_>, NotYaml> {
    let tree = Tree::read(text)?;
    match tree.strange_key.filter(|_| text.contains("{{")) {
        Some(line) => Err(NotYaml {
            line,
            message: "a key is no text".to_owned(),
        }),
        None => Ok(tree),
    }
}

fn if_a_template(text: &str, error: NotYaml) -> NotYaml {
    if !text.contains("{{") {
        return error;
    }
    let message = format!(
        "{}; it looks like a template: render it first, as in `helm template … | health lint -`",
        error.message
    );
    NotYaml { message, ..error }
}

/// Finds out what is ours, and says so where it was guessed.
fn claim(own: &Own, ours: &Ours, files: &mut [Manifest]) -> Option<Note> {
    for container in containers(files) {
        container.ours = match &ours.containers[..] {
            [] => asks_us(own, container),
            names => names.contains(&container.name),
        };
    }
    let note = if ours.containers.is_empty() {
        if let Some(port) = ours.port {
            claim_by_port(files, &port.to_string());
        }
        claim_the_only_one(files)
    } else {
        let all = containers(files);
        let missing = !all.is_empty() && !all.iter().any(|one| one.ours);
        let names = quoted(&ours.containers.join(", "));
        missing.then(|| Note::new("", 0, format!("there is no container {names}")))
    };
    claim_balancers(own, files);
    note
}

fn scenes_of(files: &mut [Manifest]) -> impl Iterator<Item = &mut Scene> {
    files.iter_mut().flat_map(|file| &mut file.scenes)
}

fn pods(files: &mut [Manifest]) -> impl Iterator<Item = &mut Pod> {
    scenes_of(files).filter_map(|scene| match scene {
        Scene::Pod(pod) => Some(pod),
        _ => None,
    })
}

fn containers(files: &mut [Manifest]) -> Vec<&mut Container> {
    pods(files).flat_map(|pod| &mut pod.containers).collect()
}

fn asks_us(own: &Own, container: &Container) -> bool {
    container.probes.iter().any(|probe| {
        let path = probe.asks.path();
        path.is_some_and(|path| own.target(&path.text).is_some()) || probe.asks.is_our_program()
    })
}

/// In each pod, if only one has the port.
fn claim_by_port(files: &mut [Manifest], port: &str) {
    for pod in pods(files) {
        let has_port = |container: &&mut Container| container.ports.iter().any(|own| own == port);
        if pod.containers.iter().any(|container| container.ours) {
            continue;
        }
        let mut having: Vec<_> = pod.containers.iter_mut().filter(has_port).collect();
        if let [one] = &mut having[..] {
            one.ours = true;
        }
    }
}

/// The only container of all files that may serve anything is ours, whatever it asks.
fn claim_the_only_one(files: &mut [Manifest]) -> Option<Note> {
    if containers(files).iter().any(|container| container.ours) {
        return None;
    }
    let serving = pods(files).filter(|pod| pod.serves);
    let mut all: Vec<_> = serving.flat_map(|pod| &mut pod.containers).collect();
    if all.is_empty() {
        return None;
    }
    let [only] = &mut all[..] else {
        let message = "no container asks a path of this service: name it with `--container`";
        return Some(Note::new("", 0, message.to_owned()));
    };
    only.ours = true;
    let (line, name) = (only.line, quoted(&only.name));
    let mut files = files.iter();
    let file = files.find(|file| {
        file.scenes
            .iter()
            .any(|scene| matches!(scene, Scene::Pod(pod) if pod.serves))
    });
    let file = file.map_or("", |file| &file.name);
    let message = format!("container {name}, the only one, is taken for this service");
    Some(Note::new(file, line, message))
}

/// Balancers that ask a path of ours; and where nothing but ours is in the files, all of them.
fn claim_balancers(own: &Own, files: &mut [Manifest]) {
    let all = containers(files);
    let ours = all.iter().filter(|one| one.ours);
    let names: Vec<_> = ours.map(|one| one.name.clone()).collect();
    let alone = match all.len() {
        0 => scenes_of(files).count() == 1,
        count => names.len() == count,
    };
    let is_ours = |balancer: &Balancer| match &balancer.container {
        Some(name) => names.contains(name),
        None => alone || own.target(&balancer.path.text).is_some(),
    };
    for scene in scenes_of(files) {
        if let Scene::Balancer(balancer) = scene {
            balancer.ours = is_ours(balancer);
        }
    }
}
