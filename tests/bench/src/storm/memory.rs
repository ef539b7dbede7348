//! The memory of a process, as the kernel counts it.

use std::fs;

use crate::Result;

/// What is resident, in kilobytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) now: f64,
    /// The most since [`forget_peak`], or since it began.
    pub(crate) peak: f64,
}

impl Memory {
    pub(crate) fn of(process: u32) -> Result<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            number.ok_or_else(|| format!("no {name} of process {process}"))
        };
        Ok(Self {
            now: field("VmRSS:")?,
            peak: field("VmHWM:")?,
        })
    }
}

/// From now on the peak is that of what comes.
pub(crate) fn forget_peak(process: u32) -> Result {
    Ok(fs::write(format!("/proc/{process}/clear_refs"), "5")?)
}
