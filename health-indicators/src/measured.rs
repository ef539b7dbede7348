use std::borrow::Cow;
use std::time::Duration;

use health_core::{Outcome, Value};

use crate::failure::Failure;
use crate::pool::PoolUse;

/// What a run has measured so far; it is told of one that failed, too.
#[derive(Debug, Default)]
pub(crate) struct Measured(Vec<(Cow<'static, str>, Value)>);

impl Measured {
    pub(crate) fn add(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        self.0.push((name.into(), value.into()));
    }

    /// What a server says of its version. It may say anything: what is no version is left out.
    pub(crate) fn version(&mut self, said: impl Into<String>) {
        const LONGEST: usize = 64;
        let said = said.into();
        let of_versions = |byte: u8| byte.is_ascii_alphanumeric() || b" .-_+~".contains(&byte);
        if (1..=LONGEST).contains(&said.len()) && said.bytes().all(of_versions) {
            self.add("version", said);
        }
    }

    /// A time in milliseconds, to three places; the name ends in `_ms`.
    pub(crate) fn time(&mut self, name: &'static str, time: Duration) {
        self.add(name, time.as_micros() as f64 / 1000.0);
    }

    /// What is told first counts: it was told while the check had a connection.
    pub(crate) fn pool(&mut self, pool: PoolUse) {
        if self.0.iter().any(|(name, _)| name == "pool_max") {
            return;
        }
        self.add("pool_in_use", pool.in_use);
        self.add("pool_idle", pool.idle);
        self.add("pool_max", pool.most);
    }

    /// The outcome of what was `found`, with all that was measured.
    pub(crate) fn told(self, found: Result<Outcome, Failure>) -> Outcome {
        let outcome = found.unwrap_or_else(Outcome::from);
        let add = |outcome: Outcome, (name, value)| outcome.with_data(name, value);
        self.0.into_iter().fold(outcome, add)
    }
}
