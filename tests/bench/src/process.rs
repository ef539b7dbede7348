//! What the system knows of a process.

use std::fs;
use std::time::Duration;

use crate::Result;

/// How long all its threads have been on a core so far, by its own account of 10 ms at a time.
pub(crate) fn cpu_time(id: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let ticks = ticks(&stat).ok_or_else(|| format!("no times in {stat}"))?;
    Ok(Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second())?)
}

/// What of a process is resident, in KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) now: f64,
    /// The most since [`forget_peak`], or since it began.
    pub(crate) peak: f64,
}

impl Memory {
    pub(crate) fn of(id: u32) -> Result<Self> {
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            number.ok_or_else(|| format!("no {name} of process {id}"))
        };
        Ok(Self {
            now: field("VmRSS:")?,
            peak: field("VmHWM:")?,
        })
    }
}

/// From now on the peak is that of what comes.
pub(crate) fn forget_peak(id: u32) -> Result {
    Ok(fs::write(format!("/proc/{id}/clear_refs"), "5")?)
}

/// Those of `utime` and `stime`: proc(5) counts them from 1, and the name before them may have spaces.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(14 - 3);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_behind_any_name() {
        let stat = "1 (a) b (c) S 0 1 1 0 -1 4194560 9 9 9 9 30 12 9 9 20 0 1 0 5";
        assert_eq!(ticks(stat), Some(42));
    }
}
