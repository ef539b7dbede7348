//! What a service needs, and whether that grows.

use std::collections::BTreeMap;
use std::fs;

use serde::Serialize;

use crate::clock::Moment;

/// What a process had at one moment.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Sample {
    pub(crate) kibibytes: u64,
    pub(crate) threads: u64,
    pub(crate) descriptors: u64,
}

impl Sample {
    pub(crate) fn of(process: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let value = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches(" kB").parse().ok()
        };
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).ok()?.count();
        Some(Self {
            kibibytes: value("VmRSS:")?,
            threads: value("Threads:")?,
            descriptors: u64::try_from(descriptors).ok()?,
        })
    }
}

/// Growth from after the first fifth, and [`WARM`] at least, which warms it up, to the end: medians of a
/// quarter of the rest each.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Growth {
    pub(crate) samples: usize,
    pub(crate) warm: Sample,
    pub(crate) end: Sample,
    pub(crate) most: Sample,
}

/// So many samples, one each second, until every kind of thing was done for the first time.
const WARM: usize = 20;

/// Allocators keep what they were given, and what checks leak on purpose is far less.
const KIBIBYTES: u64 = 6 * 1024;
const THREADS: u64 = 12;
const DESCRIPTORS: u64 = 32;

impl Growth {
    /// None from fewer samples than tell anything.
    pub(crate) fn of(samples: &[Sample]) -> Option<Self> {
        let warm = samples.get(WARM.max(samples.len() / 5)..)?;
        let quarter = warm.len() / 4;
        if quarter < 2 {
            return None;
        }
        Some(Self {
            samples: samples.len(),
            warm: each(&warm[..quarter], median),
            end: each(&warm[warm.len() - quarter..], median),
            most: each(samples, |values| values.iter().copied().max().unwrap_or(0)),
        })
    }

    /// What grew beyond its bound.
    pub(crate) fn violation(&self) -> Option<String> {
        let grew = |from: u64, to: u64, most: u64, what: &str| {
            (to > from + most)
                .then(|| format!("{what} grew from {from} to {to}, by more than {most}"))
        };
        let (warm, end) = (self.warm, self.end);
        grew(warm.kibibytes, end.kibibytes, KIBIBYTES, "memory in KiB")
            .or_else(|| grew(warm.threads, end.threads, THREADS, "the number of threads"))
            .or_else(|| {
                grew(
                    warm.descriptors,
                    end.descriptors,
                    DESCRIPTORS,
                    "the number of descriptors",
                )
            })
    }
}

fn each(samples: &[Sample], of: impl Fn(&mut [u64]) -> u64) -> Sample {
    let all = |value: fn(&Sample) -> u64| of(&mut samples.iter().map(value).collect::<Vec<_>>());
    Sample {
        kibibytes: all(|sample| sample.kibibytes),
        threads: all(|sample| sample.threads),
        descriptors: all(|sample| sample.descriptors),
    }
}

fn median(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// How long each thread of a process has waited for a processor so far, as the scheduler counts it.
pub(crate) fn waits_of(process: u32) -> BTreeMap<String, Moment> {
    let tasks = fs::read_dir(format!("/proc/{process}/task"));
    let tasks = tasks.into_iter().flatten().flatten();
    let wait = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        let waited = text.split_whitespace().nth(1)?.parse::<Moment>().ok()? / 1000;
        Some((task.path().display().to_string(), waited))
    };
    tasks.filter_map(wait).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growing(from: u64, each: u64, seconds: u64) -> Vec<Sample> {
        let sample = |second| Sample {
            kibibytes: from + each * second,
            ..Sample::default()
        };
        (0..seconds).map(sample).collect()
    }

    #[test]
    fn what_only_warms_up_is_no_growth() {
        assert!(Growth::of(&growing(20_000, 1000, 27)).is_none());
        let warm = growing(20_000, 500, 20);
        let then = vec![warm[19]; 30];
        let growth = Growth::of(&[warm, then].concat()).expect("it lives long enough");
        assert_eq!(growth.violation(), None);
    }

    #[test]
    fn what_goes_on_growing_is_told() {
        let growth = Growth::of(&growing(20_000, 400, 60)).expect("it lives long enough");
        let told = growth.violation().expect("it grows");
        assert_eq!(
            told,
            "memory in KiB grew from 30000 to 42000, by more than 6144"
        );
    }
}
