//! Pods of Kubernetes and Cloud Run, and revisions of Container Apps.

use health_core::Probe as Kind;

use super::{Asks, Container, Located, Platform, Pod, PreStop, Probe, Scene, Setting};
use super::{Scenes, clipped, located, present, what, words};
use crate::command::lint::yaml::View;
use crate::command::plan::duration;

/// Where a document has its pod, by its kind.
const PODS: [(&str, &[&str]); 8] = [
    ("Pod", &["spec"]),
    ("Deployment", &["spec", "template", "spec"]),
    ("StatefulSet", &["spec", "template", "spec"]),
    ("DaemonSet", &["spec", "template", "spec"]),
    ("ReplicaSet", &["spec", "template", "spec"]),
    ("ReplicationController", &["spec", "template", "spec"]),
    ("Job", &["spec", "template", "spec"]),
    (
        "CronJob",
        &["spec", "jobTemplate", "spec", "template", "spec"],
    ),
];

pub(super) fn read(document: View<'_>, scenes: &mut Scenes) {
    let kind = document.get("kind").and_then(View::text);
    let pod = PODS.iter().find(|(name, _)| Some(*name) == kind);
    let pod = pod.and_then(|(_, path)| document.at(path));
    if let (Some(pod), Some(kind)) = (pod, kind) {
        let serves = !matches!(kind, "Job" | "CronJob");
        add(pod, Platform::Kubernetes, what(document), serves, scenes);
    } else if let Some(pod) = cloud_run(document, kind) {
        add(pod, Platform::CloudRun, what(document), true, scenes);
    } else {
        container_apps(document, scenes);
    }
}

/// A service of Cloud Run is one of Knative.
fn cloud_run<'t>(document: View<'t>, kind: Option<&str>) -> Option<View<'t>> {
    let version = document.get("apiVersion").and_then(View::text)?;
    let is_knative = kind == Some("Service") && version.starts_with("serving.knative.dev/");
    document
        .at(&["spec", "template", "spec"])
        .filter(|_| is_knative)
}

/// A Container App as YAML, or resources of a template of ARM.
fn container_apps(document: View<'_>, scenes: &mut Scenes) {
    let resources = document.get("resources").into_iter();
    let resources = resources.flat_map(|list| {
        let named = list.entries().into_iter().map(|(_, view)| view);
        list.items().chain(named).collect::<Vec<_>>()
    });
    for app in std::iter::once(document).chain(resources) {
        let Some(template) = app.at(&["properties", "template"]) else {
            continue;
        };
        if template.get("containers").is_some_and(View::is_sequence) {
            let name = app.get("name").and_then(View::text);
            let name = name.map(|name| clipped(&format!("ContainerApp {name}")));
            let what = name.unwrap_or_else(|| "ContainerApp".to_owned());
            add(template, Platform::ContainerApps, what, true, scenes);
        }
    }
}

fn add(view: View<'_>, platform: Platform, what: String, serves: bool, scenes: &mut Scenes) {
    let containers = present(view, "containers")
        .into_iter()
        .flat_map(View::items);
    // Others end before the containers start; they have no probes.
    let sidecars = present(view, "initContainers")
        .into_iter()
        .flat_map(View::items);
    let sidecars =
        sidecars.filter(|one| one.get("restartPolicy").and_then(View::text) == Some("Always"));
    let all = containers.chain(sidecars).filter(|one| one.is_mapping());
    let all = all.take_while(|_| scenes.take_room());
    let containers: Vec<_> = all.map(|one| container(one, platform)).collect();
    if !containers.is_empty() {
        scenes.scenes.push(Scene::Pod(Pod {
            platform,
            what,
            grace: Setting::seconds(view, "terminationGracePeriodSeconds"),
            serves,
            replaces: false,
            containers,
        }));
    }
}

fn container(view: View<'_>, platform: Platform) -> Container {
    let probes = match platform {
        Platform::ContainerApps => typed_probes(view),
        _ => named_probes(view),
    };
    let ports = present(view, "ports").into_iter().flat_map(View::items);
    let ports = ports.filter_map(|port| port.get("containerPort")?.text());
    Container {
        name: view
            .get("name")
            .and_then(View::text)
            .map_or_else(|| "(no name)".to_owned(), clipped),
        line: view.line,
        ours: false,
        ports: ports.take(20).map(clipped).collect(),
        probes,
        pre_stop: pre_stop(view).unwrap_or_default(),
    }
}

fn named_probes(container: View<'_>) -> Vec<Probe> {
    let named = [
        ("livenessProbe", Kind::Liveness),
        ("readinessProbe", Kind::Readiness),
        ("startupProbe", Kind::Startup),
    ];
    let read = |(name, kind)| {
        let view = present(container, name).filter(|view| view.is_mapping())?;
        Some(probe(view, kind, name.to_owned()))
    };
    named.into_iter().filter_map(read).collect()
}

/// Container Apps list them, each with its type.
fn typed_probes(container: View<'_>) -> Vec<Probe> {
    let read = |view: View<'_>| {
        let called = view.get("type").and_then(View::text)?;
        let kind = match &*called.to_ascii_lowercase() {
            "liveness" => Kind::Liveness,
            "readiness" => Kind::Readiness,
            "startup" => Kind::Startup,
            _ => return None,
        };
        Some(probe(view, kind, format!("{called} probe")))
    };
    let probes = present(container, "probes")
        .into_iter()
        .flat_map(View::items);
    probes.filter_map(read).take(6).collect()
}

fn probe(view: View<'_>, kind: Kind, called: String) -> Probe {
    Probe {
        kind: Some(kind),
        called,
        line: view.line,
        asks: asks(view),
        timeout: Setting::seconds(view, "timeoutSeconds"),
        period: Setting::seconds(view, "periodSeconds"),
        failures: Setting::count(view, "failureThreshold"),
        successes: Setting::count(view, "successThreshold"),
        initial_delay: Setting::seconds(view, "initialDelaySeconds"),
        grace: Setting::seconds(view, "terminationGracePeriodSeconds"),
    }
}

fn asks(view: View<'_>) -> Asks {
    if let Some(http) = present(view, "httpGet") {
        let path = http
            .get("path")
            .map(located)
            .filter(|path| !path.text.is_empty());
        let root = || Located {
            text: "/".to_owned(),
            line: http.line,
        };
        let port = http.get("port").map(located).unwrap_or_default();
        return Asks::Http {
            path: path.unwrap_or_else(root),
            port,
        };
    }
    if let Some(exec) = present(view, "exec") {
        let words = exec.get("command").map(words).unwrap_or_default();
        let text = words.join(" ");
        let line = exec.line;
        return Asks::Program {
            command: Located { text, line },
            words,
        };
    }
    let others = [
        ("tcpSocket", Asks::Tcp as fn(usize) -> Asks),
        ("grpc", Asks::Grpc),
    ];
    let mut others = others.into_iter();
    let found = others.find_map(|(name, asks)| Some(asks(present(view, name)?.line)));
    found.unwrap_or(Asks::Nothing)
}

/// How long a hook takes: a sleep, `health drain --wait`, or another program that sleeps.
fn pre_stop(container: View<'_>) -> Option<PreStop> {
    let hook = container.at(&["lifecycle", "preStop"])?;
    if let Some(sleep) = hook.get("sleep") {
        let ms = Setting::seconds(sleep, "seconds").or(0)?;
        return Some(PreStop { ms, drains: false });
    }
    let words = words(hook.at(&["exec", "command"])?);
    let joined = words.join(" ");
    Some(PreStop {
        ms: waits_ms(&words).or_else(|| sleeps_ms(&joined))?,
        drains: joined.contains("health drain") || joined.contains("USR1"),
    })
}

/// A list has `1m 30s` as one word, a line for a shell has none.
fn waits_ms(words: &[String]) -> Option<u64> {
    let words = words.iter().flat_map(|word| {
        let is_line = !word.starts_with("--wait") && word.contains("--wait");
        word.split(move |c: char| is_line && c.is_whitespace())
    });
    let mut words = words.skip_while(|word| !word.starts_with("--wait"));
    let wait = match words.next()?.strip_prefix("--wait=") {
        Some(wait) => wait,
        None => words.next()?,
    };
    u64::try_from(duration(wait).ok()?.as_millis()).ok()
}

fn sleeps_ms(line: &str) -> Option<u64> {
    let mut words = line
        .split([' ', ';', '&'])
        .skip_while(|word| !word.ends_with("sleep"));
    let seconds = words.nth(1)?.trim_end_matches('s');
    Some(super::number(seconds)?.saturating_mul(1000))
}
