//! What other frameworks call things, and what they are here.

use crate::kind::Kind;
use crate::milliseconds::unit_of;
use crate::visibility::Visibility;

/// What somebody else's argument is here.
#[derive(Clone, Copy)]
pub(crate) enum Here {
    /// An argument of another name.
    Called(&'static str),
    /// An argument that says the opposite.
    Opposite(&'static str),
    /// No argument: what to do instead.
    Told(&'static str),
}

use Here::{Called, Opposite, Told};

/// Names in lower case, without what separates their words, and without their unit.
pub(crate) const ARGUMENTS: &[(&str, Here)] = &[
    ("probe probes type kinds for purpose", Called("kind")),
    ("id key title checkname as rename", Called("name")),
    (
        "timeout deadline timelimit maxduration",
        Called("timeout_ms"),
    ),
    (
        "abortafter cancelafter hardtimeout killafter",
        Called("cancel_after_ms"),
    ),
    (
        "slow slowafter slowthreshold warnafter degradedtimeout degradedafter",
        Called("degraded_after_ms"),
    ),
    (
        "ttl cache cached cacheduration cachettl cachetime cachefor",
        Called("cache_ms"),
    ),
    (
        "maxage minimumcached healthyttl lifetime",
        Called("cache_ms"),
    ),
    (
        "failurettl unhealthyttl negativettl cachefailure",
        Called("cache_failure_ms"),
    ),
    (
        "period interval refresh schedule cron every inter checkinterval",
        Called("interval_ms"),
    ),
    (
        "refreshinterval refreshperiod executionperiod frequency",
        Called("interval_ms"),
    ),
    (
        "downtimeinterval downinterval retryinterval",
        Called("down_interval_ms"),
    ),
    (
        "initialdelay delay startperiod graceperiod startupdelay",
        Called("initial_delay_ms"),
    ),
    (
        "stale staleafter expires expireafter",
        Called("stale_after_ms"),
    ),
    (
        "maxcontiguousfails retries retry attempts fall unhealthythreshold",
        Called("failure_threshold"),
    ),
    (
        "failures failureattempts failuresbeforecritical minfailures",
        Called("failure_threshold"),
    ),
    (
        "healthythreshold rise successattempts successbeforepassing minsuccesses",
        Called("success_threshold"),
    ),
    (
        "required fatal iscritical mandatory essential severity failurestatus",
        Called("critical"),
    ),
    (
        "optional skiponerr skiponerror noncritical informational ignorefailure",
        Opposite("critical"),
    ),
    ("global external cluster isshared", Called("shared")),
    (
        "maxtimeinerror failclosed failclosedafter",
        Called("fail_closed_after_ms"),
    ),
    (
        "public visible exposed show showdetails showcomponents access audience",
        Called("visibility"),
    ),
    (
        "private hidden hide internal secret sensitive confidential restricted",
        Opposite("visibility"),
    ),
    (
        "dependencies after requires needs depends prerequisites dependency",
        Called("depends_on"),
    ),
    (
        "group groups tag label labels category categories",
        Called("tags"),
    ),
    ("krate cratepath cratename", Called("crate")),
    (
        "description desc doc docs summary help about comment",
        Told("the doc comment of the function is its description"),
    ),
    (
        "enabled disabled enable disable active ignore skip",
        Told(
            "a check is switched off by the configuration, while the process runs by \
             `Health::disable`, or when building by `#[cfg(...)]` on the function",
        ),
    ),
    (
        "async sync blocking spawnblocking thread isasync",
        Told(
            "write `async fn`, or a plain `fn`, which may block its thread; nothing else is needed",
        ),
    ),
    (
        "state with data context inject args arguments params pool",
        Told(
            "what a check needs is an argument of its function, as in `pool: State<Pool>` or \
             `pool: web::Data<Pool>`",
        ),
    ),
    (
        "path url uri endpoint route port method",
        Told("the paths are those of the health service, and each check has one by its name"),
    ),
    (
        "message error status onfailure onerror",
        Told("what a run found is what the function returns, as in `Outcome::degraded(\"slow\")`"),
    ),
];

const KINDS: &[(&str, Kind)] = &[
    (
        "live livez alive liveliness livenessprobe lives",
        Kind::Liveness,
    ),
    (
        "ready readyz readinessprobe health healthz healthy healthcheck",
        Kind::Readiness,
    ),
    (
        "started startupz startz startupprobe start starting boot init",
        Kind::Startup,
    ),
];

const VISIBILITIES: &[(&str, Visibility)] = &[
    (
        "public visible shown open all any everyone anyone anybody anonymous always default",
        Visibility::Summary,
    ),
    (
        "private hidden internal secret sensitive confidential restricted protected never",
        Visibility::Full,
    ),
    (
        "admin operator authorized authenticated whenauthorized details",
        Visibility::Full,
    ),
];

/// What an argument is here, and how many milliseconds its name says that a number counts.
pub(crate) fn argument(name: &str) -> Option<(Here, Option<f64>)> {
    let words = words(name);
    let unit = words.last().and_then(|word| unit_of(word));
    let stem = match &*words {
        [stem @ .., _] if unit.is_some() => stem.concat(),
        words => words.concat(),
    };
    let here = found(ARGUMENTS, &stem).or_else(|| found(ARGUMENTS, &words.concat()));
    let probe = || kind(name).map(|kind| Called(kind.name()));
    here.or_else(probe).map(|here| (here, unit))
}

/// What a probe is here.
pub(crate) fn kind(name: &str) -> Option<Kind> {
    found(KINDS, &words(name).concat())
}

/// Who is told of a check here.
pub(crate) fn visibility(name: &str) -> Option<Visibility> {
    found(VISIBILITIES, &words(name).concat())
}

fn found<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    let mut rows = table.iter();
    let row = rows.find(|(names, _)| names.split(' ').any(|name| name == word));
    row.map(|(_, here)| *here)
}

/// `["initial", "delay", "seconds"]` of `initialDelaySeconds` and `initial_delay_seconds`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let is_separator = !c.is_alphanumeric();
        if is_separator || c.is_uppercase() && was_lower {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !is_separator) {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}
