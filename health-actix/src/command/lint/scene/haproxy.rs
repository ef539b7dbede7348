//! Configuration of HAProxy, as far as it says what is asked and how often.

use std::collections::HashMap;

use super::{Balancer, Located, Scene, Scenes, clipped, number};

/// A section that has servers, or the defaults for those that follow.
#[derive(Clone, Debug, Default)]
struct Section {
    what: String,
    /// The name of those that are defaults, empty if they have none.
    defaults: Option<String>,
    /// What `option httpchk` or `http-check send` asks, the latter going before.
    asks: Option<Located>,
    sent: Option<Located>,
    servers: Vec<Server>,
    default_server: Server,
}

#[derive(Clone, Debug)]
struct Server {
    line: usize,
    checked: bool,
    inter_ms: u64,
    /// Between a failure and the next request, if that is not the same.
    fast_ms: Option<u64>,
    fall: u64,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            line: 0,
            checked: false,
            inter_ms: 2000,
            fast_ms: None,
            fall: 3,
        }
    }
}

pub(in crate::command::lint) fn read(text: &str, scenes: &mut Scenes) {
    let mut defaults = Defaults::new();
    let mut section = Section::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["defaults", ..] => {
                finish(std::mem::take(&mut section), &mut defaults, scenes);
                let from = after(&words, "from").and_then(|from| defaults.get(from));
                section = from.cloned().unwrap_or_default();
                section.defaults = Some(clipped(words.get(1).unwrap_or(&LAST)));
            }
            [
                "global" | "frontend" | "backend" | "listen" | "userlist" | "peers",
                ..,
            ] => {
                finish(std::mem::take(&mut section), &mut defaults, scenes);
                let from = defaults.get(after(&words, "from").unwrap_or(LAST));
                section = from.cloned().unwrap_or_default();
                section.what = clipped(&words.join(" "));
            }
            _ => section.take(&words, index + 1),
        }
    }
    finish(section, &mut defaults, scenes);
}

/// Sections of defaults by their names, and the last one.
type Defaults = HashMap<String, Section>;

const LAST: &str = "";

fn finish(mut section: Section, defaults: &mut Defaults, scenes: &mut Scenes) {
    if let Some(name) = section.defaults.take() {
        defaults.insert(LAST.to_owned(), section.clone());
        defaults.insert(name, section);
        return;
    }
    let asks = section.sent.or(section.asks.clone());
    let checked = section.asks.is_some() && !section.servers.is_empty();
    let Some(path) = asks.filter(|_| checked && scenes.take_room()) else {
        return;
    };
    let slowest = section
        .servers
        .iter()
        .max_by_key(|server| server.notices_ms());
    scenes.scenes.push(Scene::Balancer(Balancer {
        what: section.what,
        path,
        ours: false,
        container: None,
        notices_ms: slowest.map(|server| (server.line, server.notices_ms())),
    }));
}

impl Section {
    fn take(&mut self, words: &[&str], line: usize) {
        match words {
            ["option", "httpchk", asked @ ..] => {
                let text = match asked {
                    [] => "/",
                    [path] | [_, path, ..] => path,
                };
                let text = clipped(text);
                self.asks = Some(Located { text, line });
            }
            ["no", "option", "httpchk", ..] => self.asks = None,
            ["http-check", "send", asked @ ..] => {
                if let Some(path) = after(asked, "uri") {
                    let text = clipped(path);
                    self.sent = Some(Located { text, line });
                }
            }
            ["default-server", settings @ ..] => {
                self.default_server = self.default_server.with(settings, line);
            }
            ["server" | "server-template", settings @ ..] => {
                let server = self.default_server.with(settings, line);
                self.servers
                    .extend(Some(server).filter(|server| server.checked));
            }
            _ => {}
        }
    }
}

impl Server {
    fn with(&self, settings: &[&str], line: usize) -> Self {
        let inter = after(settings, "inter").and_then(time_ms);
        let fast = after(settings, "fastinter").and_then(time_ms);
        let fall = after(settings, "fall").and_then(number);
        let off = settings.contains(&"no-check");
        Self {
            line,
            checked: !off && (self.checked || settings.contains(&"check")),
            inter_ms: inter.unwrap_or(self.inter_ms),
            fast_ms: fast.or(self.fast_ms),
            fall: fall.unwrap_or(self.fall),
        }
    }

    fn notices_ms(&self) -> u64 {
        let others = self.fall.saturating_sub(1);
        let fast = self.fast_ms.unwrap_or(self.inter_ms);
        self.inter_ms.saturating_add(fast.saturating_mul(others))
    }
}

fn after<'t>(words: &[&'t str], name: &str) -> Option<&'t str> {
    let mut words = words.iter().skip_while(|word| **word != name);
    words.nth(1).copied()
}

/// A number alone is of milliseconds.
fn time_ms(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some(number(digits)?.saturating_mul(unit))
}
