//! From a report to a body: one file for each wire format.

pub(crate) mod default;
