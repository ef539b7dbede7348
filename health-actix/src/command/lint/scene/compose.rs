//! Services of Docker Compose.

use super::{Asks, Balancer, Container, Located, Platform, Pod, PreStop, Probe, Scene, Setting};
use super::{Scenes, clipped, located, present, words};
use crate::command::lint::yaml::View;

pub(super) fn read(document: View<'_>, scenes: &mut Scenes) {
    for (name, service) in document.get("services").into_iter().flat_map(View::entries) {
        if service.is_mapping() && scenes.take_room() {
            scenes.scenes.push(Scene::Pod(pod(name, service)));
            let balancer = traefik(name, service).map(Scene::Balancer);
            scenes.scenes.extend(balancer);
        }
    }
}

fn pod(name: &str, service: View<'_>) -> Pod {
    let check = present(service, "healthcheck").filter(|check| !is_off(*check));
    let ports = present(service, "ports").into_iter().flat_map(View::items);
    let ports = ports.chain(present(service, "expose").into_iter().flat_map(View::items));
    let inside = |port: View<'_>| {
        let target = port.get("target").unwrap_or(port).text()?;
        let port = target.rsplit(':').next()?.split('/').next()?;
        Some(clipped(port))
    };
    Pod {
        platform: Platform::Compose,
        what: clipped(&format!("service {name}")),
        grace: Setting::new(service, "stop_grace_period", duration_ms),
        serves: true,
        replaces: is_swarm(service),
        containers: vec![Container {
            name: clipped(name),
            line: service.line,
            ours: false,
            ports: ports.filter_map(inside).take(20).collect(),
            probes: check.map(probe).into_iter().collect(),
            pre_stop: PreStop::default(),
        }],
    }
}

/// Whether it is said how Swarm runs it: Compose itself reads little but resources.
fn is_swarm(service: View<'_>) -> bool {
    let deploy = service.get("deploy");
    let keys = [
        "mode",
        "replicas",
        "update_config",
        "rollback_config",
        "restart_policy",
    ];
    deploy.is_some_and(|deploy| keys.iter().any(|key| deploy.get(key).is_some()))
}

fn is_off(check: View<'_>) -> bool {
    let disabled = check.get("disable").and_then(View::text) == Some("true");
    let none = |test: View<'_>| words(test).first().is_some_and(|word| word == "NONE");
    disabled || check.get("test").is_some_and(none)
}

fn probe(check: View<'_>) -> Probe {
    let absent = Setting::absent(check.line);
    Probe {
        kind: None,
        called: "healthcheck".to_owned(),
        line: check.line,
        asks: check.get("test").map_or(Asks::Nothing, asks),
        timeout: Setting::new(check, "timeout", duration_ms),
        period: Setting::new(check, "interval", duration_ms),
        failures: Setting::count(check, "retries"),
        successes: absent,
        initial_delay: Setting::new(check, "start_period", duration_ms),
        grace: absent,
    }
}

/// A text is given to a shell, a list only if it says so.
fn asks(test: View<'_>) -> Asks {
    let mut words = words(test);
    if let Some(text) = test.text() {
        words = vec!["CMD-SHELL".to_owned(), clipped(text)];
    }
    Asks::Program {
        command: Located {
            text: words.get(1..).unwrap_or_default().join(" "),
            line: test.line,
        },
        words,
    }
}

/// `1m30s`, as Go reads it; a number alone is of seconds.
fn duration_ms(text: &str) -> Option<u64> {
    if let Some(seconds) = super::number(text) {
        return Some(seconds.saturating_mul(1000));
    }
    let duration = humantime::parse_duration(text).ok()?;
    Some(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// What labels tell Traefik to ask.
fn traefik(name: &str, service: View<'_>) -> Option<Balancer> {
    // In Swarm they are those of the service, in Compose those of its containers.
    let deployed = service.get("deploy");
    let labels = [Some(service), deployed].into_iter().flatten();
    let labels = labels.filter_map(|of| present(of, "labels"));
    let mut path = None;
    let mut interval = None;
    for (key, value) in labels.flat_map(pairs) {
        // Traefik reads them in either case.
        let key = key.to_ascii_lowercase();
        let health = key.split_once(".loadbalancer.healthcheck.");
        match health.filter(|_| key.starts_with("traefik.http.services.")) {
            Some((_, "path")) => path = Some(value),
            Some((_, "interval")) => interval = Some(value),
            _ => {}
        }
    }
    let path = path?;
    let default = (path.line, 30_000);
    let notices = interval.map_or(Some(default), |at| Some((at.line, duration_ms(&at.text)?)));
    Some(Balancer {
        what: clipped(&format!("service {name}, labels of Traefik")),
        path,
        ours: false,
        container: Some(clipped(name)),
        notices_ms: notices,
    })
}

/// Labels as a mapping, or as a list of `key=value`.
fn pairs(labels: View<'_>) -> Vec<(String, Located)> {
    let mapped = labels.entries().into_iter().take(200);
    let mapped = mapped.map(|(key, value)| (clipped(key), located(value)));
    let listed = labels.items().take(200).filter_map(|item| {
        let (key, value) = item.text()?.split_once('=')?;
        let text = clipped(value);
        let line = item.line;
        Some((clipped(key), Located { text, line }))
    });
    mapped.chain(listed).collect()
}
