//! `health probe`: a client of plain HTTP/1.1, for images that have no other.

mod answer;
mod exchange;
#[cfg(test)]
mod tests;
mod url;

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use health_core::{Probe as Asked, mask};
use serde_json::Value;

use self::answer::Answer;
use self::exchange::exchange;
use self::url::Url;
use super::output::{NOT_WELL, WELL, escaped, print, warn};
use super::plan::duration;
use super::run::probes;
use crate::HealthService;

#[derive(Args, Clone)]
pub(super) struct Probe {
    /// What to ask
    #[arg(
        long,
        help = "What to ask, as in http://127.0.0.1:8000/health/ready; without a path, that \
                        of the probe [default: this machine, at the port in $PORT, else 8000]"
    )]
    url: Option<String>,
    /// Within which the whole answer has to be there
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = timeout)]
    timeout: Duration,
    /// Which probe to ask [default: liveness]
    #[arg(long, value_parser = probes())]
    probe: Option<String>,
    /// A header to send
    #[arg(
        long,
        value_name = "HEADER",
        help = "A header to send, as in 'X-Tenant: 7'; one that holds \
        a secret goes into $HEALTH_PROBE_HEADER, which no list of processes shows"
    )]
    header: Vec<String>,
}

/// What the environment says.
#[derive(Default)]
struct Environment {
    port: Option<OsString>,
    header: Option<OsString>,
}

/// The longest line that is printed, in bytes.
const LONGEST_LINE: usize = 200;

/// The longest URL that is printed as it is, in bytes.
const LONGEST_URL: usize = 100;

/// The longest header that is sent, in bytes.
const LONGEST_HEADER: usize = 8 << 10;

fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = duration(text)?;
    if timeout.is_zero() {
        return Err("it must be above 0".to_owned());
    }
    Ok(timeout)
}

impl Probe {
    pub(super) fn execute(self, service: &HealthService) -> ExitCode {
        let environment = Environment {
            port: env::var_os("PORT"),
            header: env::var_os("HEALTH_PROBE_HEADER"),
        };
        match self.ask(service, &environment) {
            Ok(line) => {
                // That it cannot be told is no reason to restart what is well.
                let _ = print(&(line + "\n"), WELL);
                WELL.into()
            }
            Err(line) => {
                warn(&line);
                NOT_WELL.into()
            }
        }
    }

    /// The line to print, of an answer that passes or of anything else.
    fn ask(&self, service: &HealthService, environment: &Environment) -> Result<String, String> {
        let deadline = Instant::now() + self.timeout;
        let told = |what: &str| line(None, what);
        let url = self
            .url(service, environment)
            .map_err(|problem| told(&problem))?;
        let headers = self
            .headers(environment)
            .map_err(|problem| told(&problem))?;
        let answered = exchange(&url, &headers, deadline);
        let answer = answered.map_err(|error| line(Some(&url), &error.text(self.timeout)))?;
        let says = line(Some(&url), &words(&answer));
        if (200..300).contains(&answer.code) {
            Ok(says)
        } else {
            Err(says)
        }
    }

    fn url(&self, service: &HealthService, environment: &Environment) -> Result<Url, String> {
        let probe = self.probe.as_deref().and_then(Asked::named);
        let path = |asked: Asked| {
            let path = service.path_of(asked);
            path.ok_or_else(|| format!("nothing answers {asked}: say what to ask with --url"))
        };
        let Some(url) = &self.url else {
            let address = format!("http://127.0.0.1:{}", port(environment)?);
            return Url::parse(&(address + &path(probe.unwrap_or(Asked::Liveness))?));
        };
        let mut url = Url::parse(url)?;
        match (url.path.is_empty(), probe) {
            (true, _) => url.path = path(probe.unwrap_or(Asked::Liveness))?,
            (false, None) => {}
            (false, Some(_)) => {
                return Err("--url has a path, so --probe says nothing: leave one out".to_owned());
            }
        }
        Ok(url)
    }

    /// The headers, each with the end of its line.
    fn headers(&self, environment: &Environment) -> Result<String, String> {
        let said = self
            .header
            .iter()
            .map(|header| ("--header", Some(&**header)));
        let own = environment.header.iter().map(|header| header.to_str());
        let own = own.map(|header| ("HEALTH_PROBE_HEADER", header));
        let checked = said.chain(own).map(|(origin, header)| {
            let header = header.filter(|header| is_header(header));
            let mistake = || format!("what {origin} says is no header: write `Name: value`");
            header
                .map(|header| format!("{header}\r\n"))
                .ok_or_else(mistake)
        });
        checked.collect()
    }
}

/// Without the URL and the headers, in which there may be secrets.
impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("timeout", &self.timeout)
            .field("probe", &self.probe)
            .finish_non_exhaustive()
    }
}

/// Whether it is one header, of printable ASCII, that the request does not have already.
fn is_header(text: &str) -> bool {
    let Some((name, value)) = text.split_once(':') else {
        return false;
    };
    let token = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    let taken = ["connection", "content-length", "host", "transfer-encoding"];
    !name.is_empty()
        && name.bytes().all(token)
        && value.bytes().all(|c| matches!(c, b' '..=b'~' | b'\t'))
        && text.len() <= LONGEST_HEADER
        && !taken.iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn port(environment: &Environment) -> Result<u16, String> {
    let Some(port) = &environment.port else {
        return Ok(8000);
    };
    let number = port.to_str().and_then(|port| port.parse().ok());
    let number = number.filter(|port| *port != 0);
    let problem = "PORT is no number from 1 to 65535: mend it, or say what to ask with --url";
    number.ok_or_else(|| problem.to_owned())
}

/// What the dialects say.
const WORDS: [&str; 24] = [
    "DOWN",
    "Degraded",
    "Healthy",
    "OUT_OF_SERVICE",
    "UNKNOWN",
    "UP",
    "Unhealthy",
    "alive",
    "degraded",
    "down",
    "draining",
    "error",
    "fail",
    "healthy",
    "maintenance",
    "misconfigured",
    "not_ready",
    "ok",
    "pass",
    "ready",
    "started",
    "starting",
    "unhealthy",
    "warn",
];

/// The code, and the status in the body, if that is one of the words that are known.
fn words(answer: &Answer) -> String {
    let code = answer.code;
    if (300..400).contains(&code) {
        return format!("{code}, a redirect, which is not followed: ask where it leads");
    }
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let status = body.as_ref().and_then(|body| body.get("status")?.as_str());
    match WORDS.into_iter().find(|word| Some(*word) == status) {
        Some(word) => format!("{code} {word}"),
        None => code.to_string(),
    }
}

/// One line, in which there is no secret, and nothing that drives a terminal.
fn line(url: Option<&Url>, what: &str) -> String {
    let mut line = "health probe: ".to_owned();
    if let Some(url) = url {
        // A query may hold a token.
        let path = url.path.split('?').next().unwrap_or_default();
        let asked = format!("http://{}{path}", url.authority);
        line.push_str(cut(&escaped(&mask(&asked)), LONGEST_URL));
        line.push_str(": ");
    }
    line.push_str(&escaped(&mask(what)));
    cut(&line, LONGEST_LINE).to_owned()
}

/// At most `longest` bytes, never splitting a character.
fn cut(text: &str, longest: usize) -> &str {
    let end = (0..=longest.min(text.len())).rev();
    let end = end.into_iter().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}
