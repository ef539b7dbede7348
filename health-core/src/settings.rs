//! What is said of a check besides what it does, and what follows from it.

use std::time::Duration;

use crate::{Probe, ProbeSet, Status, Visibility};

/// What an annotation or a builder says of a check. Everything unsaid has its default here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) probes: ProbeSet,
    pub(crate) timeout: Duration,
    pub(crate) cancel_after: Option<Duration>,
    pub(crate) degraded_after: Option<Duration>,
    pub(crate) cache: Option<Duration>,
    pub(crate) cache_failure: Option<Duration>,
    pub(crate) interval: Option<Duration>,
    pub(crate) initial_delay: Option<Duration>,
    pub(crate) down_interval: Option<Duration>,
    pub(crate) jitter: Option<bool>,
    pub(crate) stale_after: Option<Duration>,
    pub(crate) failure_threshold: u32,
    pub(crate) success_threshold: u32,
    pub(crate) critical: bool,
    pub(crate) shared: bool,
    pub(crate) fail_closed_after: Option<Duration>,
    pub(crate) visibility: Visibility,
    /// What differs for one probe, in the order of [`Probe::ALL`].
    pub(crate) own: [Own; 3],
}

/// What differs for one probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) timeout: Option<Duration>,
    pub(crate) critical: Option<bool>,
}

/// How old a result may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// It is the answer.
    Fresh,
    /// Whoever asks wants a newer one.
    Old,
    /// The schedule should have brought a newer one.
    Stale,
}

impl Settings {
    /// kubelet itself waits 1 s.
    pub(crate) const TIMEOUT: Duration = Duration::from_millis(800);

    pub(crate) const CACHE: Duration = Duration::from_secs(1);

    /// A higher threshold is a mistake.
    pub(crate) const MOST_RUNS: u32 = 1000;

    pub(crate) const fn new() -> Self {
        const NOTHING: Own = Own {
            timeout: None,
            critical: None,
        };
        Self {
            probes: ProbeSet::new(),
            timeout: Self::TIMEOUT,
            cancel_after: None,
            degraded_after: None,
            cache: None,
            cache_failure: None,
            interval: None,
            initial_delay: None,
            down_interval: None,
            jitter: None,
            stale_after: None,
            failure_threshold: 1,
            success_threshold: 1,
            critical: true,
            shared: false,
            fail_closed_after: None,
            visibility: Visibility::Summary,
            own: [NOTHING; 3],
        }
    }

    pub(crate) fn timeout_for(&self, probe: Probe) -> Duration {
        self.own[probe as usize].timeout.unwrap_or(self.timeout)
    }

    pub(crate) const fn critical_for(&self, probe: Probe) -> bool {
        match self.own[probe as usize].critical {
            Some(critical) => critical,
            None => self.critical,
        }
    }

    /// When a run has failed: at the longest timeout among its probes.
    pub(crate) fn longest_timeout(&self) -> Duration {
        let timeouts = self.probes.iter().map(|probe| self.timeout_for(probe));
        timeouts.max().unwrap_or(self.timeout)
    }

    /// When a run that can be is cancelled.
    pub(crate) fn cancelled_after(&self) -> Duration {
        let longest = self.longest_timeout();
        self.cancel_after
            .map_or(longest, |after| after.max(longest))
    }

    /// How long a result is kept, by a check that runs by itself or not.
    pub(crate) fn kept(&self, probe: Probe, raw: Status, scheduled: bool) -> Duration {
        self.said_to_be_kept(raw).unwrap_or_else(|| match probe {
            _ if scheduled => self.stale_after(),
            Probe::Liveness => Duration::ZERO,
            Probe::Readiness | Probe::Startup => Self::CACHE,
        })
    }

    fn said_to_be_kept(&self, raw: Status) -> Option<Duration> {
        let failure = self.cache_failure.filter(|_| !raw.is_passing());
        failure.or(self.cache)
    }

    /// What a result of this age is to a probe.
    pub(crate) fn age(&self, probe: Probe, raw: Status, age: Duration, scheduled: bool) -> Age {
        if age < self.kept(probe, raw, scheduled) {
            return Age::Fresh;
        }
        let by_schedule = scheduled && self.said_to_be_kept(raw).is_none();
        if by_schedule && probe != Probe::Liveness {
            Age::Stale
        } else {
            Age::Old
        }
    }

    pub(crate) fn stale_after(&self) -> Duration {
        self.stale_after.unwrap_or_else(|| {
            let three = self.longer_interval().saturating_mul(3);
            three.saturating_add(self.longest_timeout())
        })
    }

    fn longer_interval(&self) -> Duration {
        self.interval.max(self.down_interval).unwrap_or_default()
    }

    /// The longest time between two results of the schedule: by jitter an interval is up to 10 %
    /// longer. Whole milliseconds, as an attribute has them.
    fn longest_gap(&self) -> Duration {
        let interval = self.longer_interval();
        let tenth = u64::try_from(interval.as_millis() / 10).unwrap_or(u64::MAX);
        let longest = interval.saturating_add(Duration::from_millis(tenth));
        longest.saturating_add(self.longest_timeout())
    }

    /// How long after the start of a run the next one is due.
    pub(crate) fn pause_after(&self, raw: Status) -> Option<Duration> {
        let down = self.down_interval.filter(|_| !raw.is_passing());
        self.interval.map(|interval| down.unwrap_or(interval))
    }

    /// What is absurd in itself, each with how to mend it.
    pub(crate) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = self.mistakes_in_spans();
        mistakes.extend(self.mistakes_in_relations());
        mistakes.extend(self.mistakes_in_words());
        mistakes
    }

    fn mistakes_in_spans(&self) -> Vec<String> {
        let spans = [
            ("timeout", Some(self.timeout)),
            ("liveness timeout", self.own[0].timeout),
            ("readiness timeout", self.own[1].timeout),
            ("startup timeout", self.own[2].timeout),
            ("time until cancellation", self.cancel_after),
            ("time until it is degraded", self.degraded_after),
            ("interval", self.interval),
            ("interval while it fails", self.down_interval),
            ("time until a result is stale", self.stale_after),
            ("time until it fails closed", self.fail_closed_after),
        ];
        let from_zero = [
            ("cache", self.cache),
            ("cache for failures", self.cache_failure),
            ("initial delay", self.initial_delay),
        ];
        let absurd = |what: &str, span: Duration, least: &str| {
            format!("its {what} of {span:?} makes no sense; that must be {least} and at most a day")
        };
        let above_zero = spans.into_iter().filter_map(|(what, span)| {
            let span = span.filter(|span| span.is_zero() || *span > A_DAY)?;
            Some(absurd(what, span, "above 0"))
        });
        let from_zero = from_zero.into_iter().filter_map(|(what, span)| {
            Some(absurd(what, span.filter(|span| *span > A_DAY)?, "from 0"))
        });
        above_zero.chain(from_zero).collect()
    }

    /// Spans that do not go together.
    fn mistakes_in_relations(&self) -> Vec<String> {
        let timeout = self.longest_timeout();
        let mut mistakes = Vec::new();
        let mut compare = |wrong: bool, text: String| {
            if wrong {
                mistakes.push(text);
            }
        };
        if let Some(after) = self.degraded_after {
            compare(
                after >= timeout,
                format!(
                    "it is to be degraded after {after:?}, but times out after {timeout:?} \
                     already; the former must be less"
                ),
            );
        }
        if let Some(after) = self.cancel_after {
            compare(
                after < timeout,
                format!(
                    "it is to be cancelled after {after:?}, but may take {timeout:?}; the former \
                     must not be less"
                ),
            );
        }
        if let Some(interval) = self.interval.min(self.down_interval).or(self.interval) {
            compare(
                interval < timeout,
                format!(
                    "it is to run every {interval:?}, but may take {timeout:?}; the interval must \
                     not be less than the timeout"
                ),
            );
            let stale = self.stale_after();
            let gap = self.longest_gap();
            compare(
                stale.as_millis() < gap.as_millis(),
                format!(
                    "its results are stale after {stale:?}, but there may be {gap:?} between two \
                     of them; the former must not be less"
                ),
            );
            for cache in self.cache.into_iter().chain(self.cache_failure) {
                compare(
                    cache > stale,
                    format!(
                        "its results are kept for {cache:?}, but stale after {stale:?}; the \
                         former must not be more"
                    ),
                );
            }
        }
        mistakes
    }

    /// What has no effect without something else.
    fn mistakes_in_words(&self) -> Vec<String> {
        let no_interval = self.interval.is_none();
        let own = |probe: Probe| {
            let own = self.own[probe as usize];
            own.timeout.is_some() || own.critical.is_some()
        };
        let unserved = Probe::ALL
            .into_iter()
            .filter(|probe| own(*probe) && !self.probes.contains(*probe))
            .map(|probe| format!("something is said for {probe}, which it does not serve"));
        let idle = [
            (
                no_interval && self.initial_delay.is_some(),
                "an initial delay",
            ),
            (
                no_interval && self.down_interval.is_some(),
                "an interval while it fails",
            ),
            (no_interval && self.jitter.is_some(), "jitter"),
            (
                no_interval && self.stale_after.is_some(),
                "a time until results are stale",
            ),
        ];
        let idle = idle
            .into_iter()
            .filter(|(wrong, _)| *wrong)
            .map(|(_, what)| {
                format!("{what} has no effect without an interval; give it one, or leave that out")
            });
        let threshold = |runs: u32| !(1..=Self::MOST_RUNS).contains(&runs);
        let others = [
            (
                threshold(self.failure_threshold) || threshold(self.success_threshold),
                "a threshold counts runs, so it must be from 1 to 1000",
            ),
            (
                self.fail_closed_after.is_some() && !self.shared,
                "only a shared check can fail closed; make it shared, or leave the time out",
            ),
            (
                self.shared && !self.probes.contains(Probe::Readiness),
                "what is shared is said for readiness, which it does not serve",
            ),
        ];
        let others = others.into_iter().filter(|(wrong, _)| *wrong);
        let others = others.map(|(_, text)| text.to_owned());
        unserved.chain(idle).chain(others).collect()
    }
}

/// Longer than any span can sensibly be; keeps the arithmetic of time from overflow.
pub(crate) const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: Duration = Duration::from_nanos(1);

    type Set = fn(&mut Settings, Duration);

    #[test]
    fn a_span_may_be_a_day_and_not_more() {
        let above_zero: [Set; 10] = [
            |it, span| it.timeout = span,
            |it, span| it.own[0].timeout = Some(span),
            |it, span| it.own[1].timeout = Some(span),
            |it, span| it.own[2].timeout = Some(span),
            |it, span| it.cancel_after = Some(span),
            |it, span| it.degraded_after = Some(span),
            |it, span| it.interval = Some(span),
            |it, span| it.down_interval = Some(span),
            |it, span| it.stale_after = Some(span),
            |it, span| it.fail_closed_after = Some(span),
        ];
        let from_zero: [Set; 3] = [
            |it, span| it.cache = Some(span),
            |it, span| it.cache_failure = Some(span),
            |it, span| it.initial_delay = Some(span),
        ];
        let mistakes = |set: Set, span| {
            let mut settings = Settings::new();
            set(&mut settings, span);
            settings.mistakes_in_spans()
        };
        let none = Vec::<String>::new();
        for set in above_zero.into_iter().chain(from_zero) {
            assert_eq!(mistakes(set, A_DAY), none);
            assert_eq!(mistakes(set, A_DAY + LEAST).len(), 1);
        }
        for set in above_zero {
            assert_eq!(mistakes(set, LEAST), none);
            assert_eq!(mistakes(set, Duration::ZERO).len(), 1);
        }
        for set in from_zero {
            assert_eq!(mistakes(set, Duration::ZERO), none);
        }
    }

    #[test]
    fn spans_go_together_up_to_their_limits() {
        let ms = Duration::from_millis;
        let (timeout, gap, stale) = (Settings::TIMEOUT, ms(11_800), ms(60_000));
        let hold = |limit, beyond, text: &str, set: Set| {
            let mistakes = |span| {
                let mut settings = Settings::new();
                settings.interval = Some(ms(10_000));
                settings.stale_after = Some(stale);
                set(&mut settings, span);
                settings.mistakes_in_relations()
            };
            assert_eq!(mistakes(limit), Vec::<String>::new(), "{text}");
            let refused = mistakes(beyond);
            let [mistake] = &refused[..] else {
                panic!("{text}: {refused:?}")
            };
            assert!(mistake.contains(text), "{text}: {mistake}");
        };
        let below = |span| span - LEAST;
        let above = |span| span + LEAST;
        hold(below(timeout), timeout, "degraded after", |it, span| {
            it.degraded_after = Some(span);
        });
        hold(timeout, below(timeout), "cancelled after", |it, span| {
            it.cancel_after = Some(span);
        });
        hold(timeout, below(timeout), "run every", |it, span| {
            it.interval = Some(span);
        });
        hold(timeout, below(timeout), "run every", |it, span| {
            it.down_interval = Some(span);
        });
        hold(gap, below(gap), "stale after", |it, span| {
            it.stale_after = Some(span);
        });
        hold(stale, above(stale), "kept for", |it, span| {
            it.cache = Some(span);
        });
        hold(stale, above(stale), "kept for", |it, span| {
            it.cache_failure = Some(span);
        });
    }
}
