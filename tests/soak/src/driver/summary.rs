//! What a soak came to.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::court::Verdicts;
use super::growth::Growth;
use super::life::Ended;

#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    seed: u64,
    seconds: u64,
    runs: u64,
    hostile_connections: u64,
    event_streams: u64,
    faults: BTreeMap<&'static str, u64>,
    verdicts: Verdicts,
    growth: Vec<Growth>,
    violation: Option<String>,
}

impl Summary {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            seconds: 0,
            runs: 0,
            hostile_connections: 0,
            event_streams: 0,
            faults: BTreeMap::new(),
            verdicts: Verdicts::default(),
            growth: Vec::new(),
            violation: None,
        }
    }

    pub(crate) const fn is_violated(&self) -> bool {
        self.violation.is_some()
    }

    pub(crate) fn add(&mut self, seconds: u64, life: Ended) {
        self.seconds += seconds;
        self.runs += life.runs;
        self.hostile_connections += life.hostile;
        self.event_streams += life.streams;
        for (kind, count) in life.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        let (all, more) = (&mut self.verdicts, life.verdicts);
        for (asked, answers) in more.answers {
            let all = all.answers.entry(asked).or_default();
            for (answer, count) in answers {
                *all.entry(answer).or_default() += count;
            }
        }
        all.judged += more.judged;
        all.excused += more.excused;
        all.worst_late_us = all.worst_late_us.max(more.worst_late_us);
        all.worst_late_when_quiet_us = all
            .worst_late_when_quiet_us
            .max(more.worst_late_when_quiet_us);
        self.growth.extend(life.growth);
        self.violation = self.violation.take().or(life.violation);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdicts = &self.verdicts;
        writeln!(
            f,
            "seed {}: {} s, {} answers judged ({} excused by the machine's lateness), {} runs, \
             {} hostile connections, {} streams",
            self.seed,
            self.seconds,
            verdicts.judged,
            verdicts.excused,
            self.runs,
            self.hostile_connections,
            self.event_streams,
        )?;
        for (asked, answers) in &verdicts.answers {
            let answers: Vec<_> = answers
                .iter()
                .map(|(answer, count)| format!("{answer}: {count}"))
                .collect();
            writeln!(f, "  {asked:<16} {}", answers.join(", "))?;
        }
        let faults: Vec<_> = self
            .faults
            .iter()
            .map(|(kind, count)| format!("{kind}: {count}"))
            .collect();
        writeln!(f, "  faults           {}", faults.join(", "))?;
        let ms = |us: u64| format!("{:.1} ms", us as f64 / 1000.0);
        writeln!(
            f,
            "  worst lateness   {}; on a quiet machine {}",
            ms(verdicts.worst_late_us),
            ms(verdicts.worst_late_when_quiet_us)
        )?;
        for growth in &self.growth {
            writeln!(
                f,
                "  growth           memory {} -> {} KiB (most {}), threads {} -> {} (most {}), \
                 descriptors {} -> {} (most {}), {} samples",
                growth.warm.kibibytes,
                growth.end.kibibytes,
                growth.most.kibibytes,
                growth.warm.threads,
                growth.end.threads,
                growth.most.threads,
                growth.warm.descriptors,
                growth.end.descriptors,
                growth.most.descriptors,
                growth.samples,
            )?;
        }
        let verdict = if self.is_violated() { "FAILED" } else { "ok" };
        write!(f, "  {verdict}")
    }
}
