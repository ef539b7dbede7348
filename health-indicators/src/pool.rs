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

    /// What it will be once one of those in use has been given back: sqlx takes a moment for that.
    pub(crate) fn with_one_given_back(self) -> Self {
        Self {
            in_use: self.in_use.saturating_sub(1),
            idle: self.idle + 1,
            ..self
        }
    }

    pub(crate) fn exhausted(self) -> Failure {
        Failure::new(format!(
            "pool exhausted: {} of {} in use",
            self.in_use, self.most
        ))
    }
}
