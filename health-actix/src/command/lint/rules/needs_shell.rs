use super::Rule;
use crate::command::lint::finding::{Found, Severity, quoted};
use crate::command::lint::own::Own;
use crate::command::lint::scene::{Asks, Platform, Scene};

pub(super) const RULE: Rule = Rule {
    id: "L17",
    severity: Severity::Warning,
    title: "the healthcheck needs a shell, or a program, that the image may not have",
    why: "A healthcheck that is one text, or begins with `CMD-SHELL`, is given to `/bin/sh`; one that \
          calls curl or wget needs these. Images made from scratch, distroless and the like have none \
          of them: the container is then unhealthy for ever, however well the service is.",
    mend: "a list with the program itself: `[\"CMD\", \"/app\", \"health\", \"probe\"]`.",
    source: "podman 4.3.1 was seen to fail with the one form and to work with the other in an image \
             made from scratch.",
    look,
};

const PROGRAMS: [&str; 6] = ["sh", "bash", "ash", "busybox", "curl", "wget"];

fn look(_: &Own, scene: &Scene, found: &mut Found<'_>) {
    let Scene::Pod(pod) = scene else { return };
    if pod.platform != Platform::Compose {
        return;
    }
    for (container, probe) in pod.own_probes() {
        let Asks::Program { command, words } = &probe.asks else {
            continue;
        };
        let needs = match words.first().map(String::as_str) {
            Some("CMD-SHELL") => Some("/bin/sh"),
            _ => words.get(1).and_then(|program| program.rsplit('/').next()),
        };
        let needs = needs.filter(|needs| *needs == "/bin/sh" || PROGRAMS.contains(needs));
        if let Some(needs) = needs {
            let message = format!("it needs {} in the image", quoted(needs));
            let help = "write `[\"CMD\", \"/app\", \"health\", \"probe\"]`, with the program of the service";
            found.say(command.line, &pod.probe(container, probe), &message, help);
        }
    }
}
