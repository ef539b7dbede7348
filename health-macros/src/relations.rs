//! Arguments that do not go together, as far as the attribute can tell.

use syn::Error;

use crate::args::Args;
use crate::kind::Kind;
use crate::numbers::Ms;
use crate::said::Said;

/// The timeout where nothing else is said.
const TIMEOUT_MS: u64 = 800;

/// Notes what does not go together, at the argument that is to blame. Whatever is a mistake in
/// itself is left alone: who knows what was meant.
pub(crate) fn check(args: &Args, function: Option<&str>, mistakes: &mut Vec<Error>) {
    mistakes.extend(unserved(args));
    mistakes.extend(out_of_bounds(args));
    mistakes.extend(without_interval(args));
    mistakes.extend(sharing(args));
    mistakes.extend(idle_reason(args));
    mistakes.extend(itself(args, function));
}

/// What is said for a probe that does not ask.
fn unserved(args: &Args) -> impl Iterator<Item = Error> {
    let served = args.kind.value().map(|kinds| &kinds.0);
    Kind::ALL.into_iter().filter_map(move |(name, kind)| {
        let place = args.own(kind).name()?;
        let is_served = served.is_none_or(|served| served.contains(&kind));
        let text = format!(
            "the check does not serve {name}, so nothing can be said for it: add it to `kind`"
        );
        (!is_served).then(|| Error::new(place, text))
    })
}

fn out_of_bounds(args: &Args) -> impl Iterator<Item = Error> {
    let timeout = longest_timeout(args);
    let interval = longer_interval(args);
    // Without an interval, it is that alone which is at fault.
    let is_scheduled = !args.interval_ms.is_unsaid();
    let stale = stale_after(args, interval, timeout).filter(|_| is_scheduled);
    let scheduled = timeout.filter(|_| is_scheduled);
    let mistakes = [
        DEGRADED.broken("degraded_after_ms", &args.degraded_after_ms, timeout),
        CANCEL.broken("cancel_after_ms", &args.cancel_after_ms, timeout),
        INTERVAL.broken("interval_ms", &args.interval_ms, timeout),
        INTERVAL.broken("down_interval_ms", &args.down_interval_ms, scheduled),
        STALE.broken(
            "stale_after_ms",
            &args.stale_after_ms,
            gap(interval, timeout),
        ),
        CACHE.broken("cache_ms", &args.cache_ms, stale),
        CACHE.broken("cache_failure_ms", &args.cache_failure_ms, stale),
    ];
    mistakes.into_iter().flatten()
}

/// The longest time that a probe of the check waits for a run.
fn longest_timeout(args: &Args) -> Option<u64> {
    let general = args.timeout_ms.ms_or(Some(TIMEOUT_MS));
    let timeout = |kind: &Kind| {
        let own = args.own(*kind);
        own.or(general, |own| own.timeout_ms.ms_or(general))
    };
    let timeouts: Option<Vec<_>> = args.kind.value()?.0.iter().map(timeout).collect();
    timeouts?.into_iter().max()
}

fn longer_interval(args: &Args) -> Option<u64> {
    let interval = args.interval_ms.ms_or(None);
    let down = args.down_interval_ms.ms_or(interval);
    Some(interval?.max(down?))
}

/// The longest time between two results: by jitter the interval is up to 10 % longer.
fn gap(interval: Option<u64>, timeout: Option<u64>) -> Option<u64> {
    let interval = interval?;
    Some(interval + interval / 10 + timeout?)
}

fn stale_after(args: &Args, interval: Option<u64>, timeout: Option<u64>) -> Option<u64> {
    let derived = interval.zip(timeout);
    let derived = derived.map(|(interval, timeout)| 3 * interval + timeout);
    args.stale_after_ms.ms_or(derived)
}

/// How a span has to compare with something else.
struct Bound {
    fits: fn(&u64, &u64) -> bool,
    /// How it has to be, and what the limit is.
    wanted: &'static str,
    limit: &'static str,
    mend: &'static str,
}

const DEGRADED: Bound = Bound {
    fits: u64::lt,
    wanted: "less than",
    limit: "the longest timeout, at which a run fails",
    mend: "write less, or a longer `timeout_ms`",
};

const CANCEL: Bound = Bound {
    fits: u64::ge,
    wanted: "at least",
    limit: "the longest timeout, until which a run is waited for",
    mend: "write more, or leave it out",
};

const INTERVAL: Bound = Bound {
    fits: u64::ge,
    wanted: "at least",
    limit: "the longest timeout, which a run may take",
    mend: "write more, or a shorter `timeout_ms`",
};

const STALE: Bound = Bound {
    fits: u64::ge,
    wanted: "at least",
    limit: "the longest time between two results (the longer interval, 10 % more by jitter, and \
            the longest timeout)",
    mend: "write more, or leave it out",
};

const CACHE: Bound = Bound {
    fits: u64::le,
    wanted: "at most",
    limit: "the age from which a result is stale",
    mend: "write less, or a longer `stale_after_ms`",
};

impl Bound {
    /// The mistake of not keeping it, where both sides are known.
    fn broken<const LEAST: u64>(
        &self,
        name: &str,
        said: &Said<Ms<LEAST>>,
        limit: Option<u64>,
    ) -> Option<Error> {
        let (given, limit) = (said.given()?, limit?);
        let Self {
            wanted,
            limit: what,
            mend,
            ..
        } = self;
        let text = format!("`{name}` must be {wanted} {limit}, {what}: {mend}");
        let fits = (self.fits)(&given.value.0, &limit);
        (!fits).then(|| Error::new(given.at, text))
    }
}

impl<const LEAST: u64> Said<Ms<LEAST>> {
    fn ms_or(&self, default: Option<u64>) -> Option<u64> {
        self.or(default, |ms| Some(ms.0))
    }
}

/// What only a schedule gives a meaning.
fn without_interval(args: &Args) -> impl Iterator<Item = Error> {
    let idle = [
        ("down_interval_ms", args.down_interval_ms.name()),
        ("initial_delay_ms", args.initial_delay_ms.name()),
        ("jitter", args.jitter.name()),
        ("stale_after_ms", args.stale_after_ms.name()),
    ];
    let is_idle = args.interval_ms.is_unsaid();
    let idle = idle.into_iter().filter(move |_| is_idle);
    idle.filter_map(|(name, place)| {
        let text = format!(
            "`{name}` has no effect without an interval: add `interval_ms`, or leave it out"
        );
        Some(Error::new(place?, text))
    })
}

/// What is said of a check that all replicas share.
fn sharing(args: &Args) -> impl Iterator<Item = Error> {
    let is_shared = args.shared.or(Some(false), |shared| Some(*shared));
    let closes = args.fail_closed_after_ms.name();
    let closes = closes.filter(|_| is_shared == Some(false)).map(|place| {
        let text = "only a shared check can fail closed: add `shared = true`, or leave it out";
        Error::new(place, text)
    });
    let kinds = args.kind.value();
    let is_ready = kinds.is_none_or(|kinds| kinds.0.contains(&Kind::Readiness));
    let shared = args.shared.given();
    let shared = shared
        .filter(|shared| shared.value && !is_ready)
        .map(|shared| {
            let text = "what is shared is said for readiness, which the check does not serve: add \
                    `\"readiness\"` to `kind`, or leave it out";
            Error::new(shared.at, text)
        });
    closes.into_iter().chain(shared)
}

/// A reason for what the check does not do.
fn idle_reason(args: &Args) -> Option<Error> {
    let place = args.liveness_reason.name()?;
    let is_idle = !args.kind.value()?.0.contains(&Kind::Liveness);
    let text = "the check does not serve liveness, so there is nothing to give a reason for: leave \
                it out";
    is_idle.then(|| Error::new(place, text))
}

/// A check that depends on itself, by the name that is given or else the function's.
fn itself(args: &Args, function: Option<&str>) -> Option<Error> {
    let name = args.name.or(function, |name| Some(&name.0))?;
    let names = &args.depends_on.value()?.0;
    let (_, place) = names.iter().find(|(other, _)| other == name)?;
    let text = "the check cannot depend on itself: name another one, or leave it out";
    Some(Error::new(*place, text))
}
