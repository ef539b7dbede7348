//! Of what the rules are made copies: checks and probes with the same thresholds share one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use health_core::{Check, Probe};

use super::{Values, human};
use crate::command::plan::Plan;

/// How long nobody has to have asked for what only probes run before that is told.
const UNASKED: Duration = Duration::from_secs(300);

pub(super) struct Copies<'a> {
    plan: &'a Plan,
    checks: &'a [Arc<Check>],
    /// The matcher of the job.
    job: &'a str,
}

impl<'a> Copies<'a> {
    pub(super) const fn new(plan: &'a Plan, checks: &'a [Arc<Check>], job: &'a str) -> Self {
        Self { plan, checks, job }
    }

    /// The values of each copy.
    pub(super) fn of(&self, kind: &str) -> Vec<Values> {
        match kind {
            "dependency" => self.dependencies(),
            "schedule" => self.schedules(),
            "probed" => self.probed(),
            _ => self.limits(),
        }
    }

    /// Checks by what their failure means.
    fn dependencies(&self) -> Vec<Values> {
        let mut ranks = BTreeMap::<_, Vec<_>>::new();
        for check in self.checks {
            ranks.entry(Rank::of(check)).or_default().push(&**check);
        }
        let rest = ranks.remove(&Rank::NotCritical).unwrap_or_default();
        let known: Vec<_> = ranks.values().flatten().map(|check| check.name()).collect();
        // The last is about all others, so also about what is registered later.
        let last = self.rest(&rest, others("check", &known));
        let copies = ranks.into_iter().map(|(rank, checks)| {
            let names: Vec<_> = checks.iter().map(|check| check.name()).collect();
            let failing = self.each(&checks, |names| self.failing(&matcher("check", names)));
            dependency(rank, matcher("check", &names), &failing)
        });
        copies.chain([last]).collect()
    }

    /// Those that are not critical; without prerequisites, by who they are not.
    fn rest(&self, checks: &[&Check], all: String) -> Values {
        let waits = |check: &&Check| is_of_starts(check) || !self.prerequisites(check).is_empty();
        let waiting: Vec<_> = checks.iter().copied().filter(waits).collect();
        let names: Vec<_> = waiting.iter().map(|check| check.name()).collect();
        let free = self.failing(&format!("{all}{}", others("check", &names)));
        let failing = self.each(&waiting, |names| self.failing(&matcher("check", names)));
        let failing: Vec<_> = [free].into_iter().chain(failing).collect();
        dependency(Rank::NotCritical, all, &failing)
    }

    fn failing(&self, checks: &str) -> String {
        let Self { job, .. } = self;
        format!("health_check_status{{{job}{checks},status=\"unhealthy\"}} == 1")
    }

    /// Checks that run by themselves, by when they are stale.
    fn schedules(&self) -> Vec<Values> {
        let mut limits = BTreeMap::<_, Vec<_>>::new();
        for check in self.checks {
            if let Some(stale) = check.stale_after() {
                limits.entry(stale).or_default().push(&**check);
            }
        }
        let copies = limits.into_iter().map(|(stale, checks)| {
            let overdue = self.each(&checks, |names| self.overdue(names, stale));
            stale_after(stale, &overdue)
        });
        copies.collect()
    }

    /// Checks that only probes run, by how long results are kept. Startup is left out: it asks no more
    /// once it has passed.
    fn probed(&self) -> Vec<Values> {
        let mut limits = BTreeMap::<_, BTreeMap<_, Vec<_>>>::new();
        for check in self.checks {
            let probes = [Probe::Liveness, Probe::Readiness].into_iter();
            let probes: Vec<_> = probes.filter(|p| check.probes().contains(*p)).collect();
            let kept = probes.iter().copied().map(|probe| kept(check, probe)).max();
            if let (None, Some(kept)) = (check.interval(), kept) {
                // Whole, as a range in an expression has to be.
                let stale = Duration::from_secs((UNASKED + kept).as_secs());
                let asked = limits.entry(stale).or_default();
                asked.entry(probes).or_default().push(&**check);
            }
        }
        let copies = limits.into_iter().map(|(stale, asked)| {
            let overdue = asked.iter().flat_map(|(probes, checks)| {
                let asked = self.asked(probes, stale);
                self.each(checks, |names| self.overdue(names, stale) + &asked)
            });
            stale_after(stale, &overdue.collect::<Vec<_>>())
        });
        copies.collect()
    }

    fn overdue(&self, names: &[&str], stale: Duration) -> String {
        let (checks, seconds) = (matcher("check", names), stale.as_secs_f64());
        let Self { job, .. } = self;
        format!("time() - health_check_last_run_timestamp_seconds{{{job}{checks}}} > {seconds}")
    }

    fn asked(&self, probes: &[Probe], within: Duration) -> String {
        let (job, within) = (self.job, within.as_secs());
        let probes: Vec<_> = probes.iter().map(|probe| probe.as_str()).collect();
        let probes = matcher("probe", &probes);
        let asked = format!("increase(health_probe_requests_total{{{job}{probes}}}[{within}s])");
        format!("{DEEPER}and on (job, instance) sum by (job, instance) ({asked}) > 0")
    }

    /// Probes by how long platforms are told to wait for them.
    fn limits(&self) -> Vec<Values> {
        let mut groups = BTreeMap::<_, Vec<_>>::new();
        for probe in Probe::ALL {
            let timeout = self.plan.probe(probe).timeout_seconds;
            groups.entry(timeout).or_default().push(probe.to_string());
        }
        let copies = groups.into_iter().map(|(timeout, probes)| {
            let (limit, bucket) = bucket_within(timeout);
            vec![
                ("probes", matcher("probe", &probes)),
                ("limit_seconds", limit.to_owned()),
                ("bucket", bucket.to_owned()),
                ("timeout_seconds", timeout.to_string()),
            ]
        });
        copies.collect()
    }

    /// An expression for those with the same prerequisites: while one of these fails, it is what has to
    /// be told. Those of startup alone are told apart, for they may fail as long as a start may take.
    fn each(&self, checks: &[&'a Check], expression: impl Fn(&[&str]) -> String) -> Vec<String> {
        let mut groups = BTreeMap::<_, Vec<_>>::new();
        for check in checks {
            let group = (is_of_starts(check), self.prerequisites(check));
            groups.entry(group).or_default().push(check.name());
        }
        let expressions = groups.into_iter().map(|((starts, prerequisites), names)| {
            let mut expression = expression(&names);
            if starts {
                expression += &self.after_the_start();
            }
            if prerequisites.is_empty() {
                return expression;
            }
            let fails = self.failing(&matcher("check", &prerequisites));
            format!("{expression}{DEEPER}unless on (job, instance) {fails}")
        });
        expressions.collect()
    }

    /// That a start is not over yet is no news while it may take its time.
    fn after_the_start(&self) -> String {
        let (job, seconds) = (self.job, self.plan.startup.patience_seconds());
        format!("{DEEPER}and on (job, instance) health_uptime_seconds{{{job}}} > {seconds}")
    }

    /// The names of those that it depends on, which may be named by their functions' paths.
    fn prerequisites(&self, check: &Check) -> Vec<&'a str> {
        let needed: Vec<_> = check.depends_on().collect();
        let is_needed = |known: &&Arc<Check>| {
            needed.contains(&known.name()) || needed.contains(&known.identity())
        };
        let known = self.checks.iter().filter(is_needed);
        known.map(|known| known.name()).collect()
    }
}

/// Where lines go on that are not the first of an expression.
const DEEP: &str = "\n            ";
const DEEPER: &str = "\n              ";

fn is_of_starts(check: &Check) -> bool {
    let mut others = [Probe::Liveness, Probe::Readiness].into_iter();
    check.probes().contains(Probe::Startup) && !others.any(|probe| check.probes().contains(probe))
}

fn dependency(rank: Rank, checks: String, failing: &[String]) -> Values {
    vec![
        ("checks", checks),
        ("failing", any(failing)),
        ("severity", rank.severity().to_owned()),
        ("impact", rank.impact().to_owned()),
        ("means", rank.means().to_owned()),
    ]
}

fn stale_after(stale: Duration, overdue: &[String]) -> Values {
    vec![("stale", human(stale)), ("overdue", any(overdue))]
}

fn any(expressions: &[String]) -> String {
    expressions.join(&format!("{DEEP}or "))
}

/// What the failure of a check means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Critical,
    Shared,
    NotCritical,
}

impl Rank {
    fn of(check: &Check) -> Self {
        let mut probes = Probe::ALL.into_iter();
        if !probes.any(|probe| check.concerns(probe) && check.is_critical_for(probe)) {
            Self::NotCritical
        } else if check.is_shared() {
            Self::Shared
        } else {
            Self::Critical
        }
    }

    const fn severity(self) -> &'static str {
        match self {
            Self::Critical | Self::Shared => "critical",
            Self::NotCritical => "warning",
        }
    }

    const fn impact(self) -> &'static str {
        match self {
            Self::Critical => "fails",
            Self::Shared | Self::NotCritical => "degrades",
        }
    }

    const fn means(self) -> &'static str {
        match self {
            Self::Critical => "It is critical: the probes that ask it fail with it.",
            Self::Shared => {
                "It is critical, but shared: once it has passed, its failure degrades readiness \
                 and does not fail it."
            }
            Self::NotCritical => {
                "It is not critical: the probes that ask it are degraded, and pass."
            }
        }
    }
}

/// The longest bucket of the histograms that ends within so many seconds, and a pattern of its end:
/// between the ends of buckets nothing is known. OpenMetrics writes `1.0` where the text has `1`.
const fn bucket_within(seconds: u64) -> (&'static str, &'static str) {
    match seconds {
        0..=2 => ("1", "1([.]0)?"),
        3..=4 => ("2.5", "2[.]5"),
        5..=9 => ("5", "5([.]0)?"),
        _ => ("10", "10([.]0)?"),
    }
}

fn kept(check: &Check, probe: Probe) -> Duration {
    check.cache(probe).max(check.cache_failure(probe))
}

/// Matches these values of a label, behind other matchers.
fn matcher(label: &str, values: &[impl AsRef<str>]) -> String {
    match values {
        [value] => format!(",{label}=\"{}\"", value.as_ref()),
        _ => format!(",{label}=~\"{}\"", any_of(values)),
    }
}

/// Matches all others; nothing where there are none.
fn others(label: &str, values: &[impl AsRef<str>]) -> String {
    match values {
        [] => String::new(),
        _ => format!(",{label}!~\"{}\"", any_of(values)),
    }
}

fn any_of(values: &[impl AsRef<str>]) -> String {
    // The only letter of names that means something else in an expression.
    let escaped = values
        .iter()
        .map(|value| value.as_ref().replace('.', "[.]"));
    escaped.collect::<Vec<_>>().join("|")
}
