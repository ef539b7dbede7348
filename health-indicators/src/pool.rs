use crate::failure::Failure;

/// How much of a pool is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolUse {
    pub(crate) most: usize,
    pub(crate) in_use: usize,
    pub(crate) idle: usize,
}

impl PoolUse {
    /// Whether nobody gets a connection before another gives one back.
    pub(crate) fn is_exhausted(self) -> bool {
        self.in_use >= self.most
    }

    pub(crate) fn exhausted(self) -> Failure {
        Failure::new(format!(
            "pool exhausted: {} of {} in use",
            self.in_use, self.most
        ))
    }
}
