use actix_web::HttpRequest;

/// How much a caller is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The verdict alone.
    StatusOnly,
    /// Names, statuses, latencies and public messages.
    #[default]
    Summary,
    /// Everything that is known; secrets are masked all the same.
    Full,
}

/// Decides how much a caller is told.
#[derive(Clone, Debug, Default)]
pub struct Details(Level);

/// What a caller gets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Decision {
    Level(Level),
}

impl Details {
    /// The verdict alone, for everybody.
    pub const fn status_only() -> Self {
        Self(Level::StatusOnly)
    }

    /// Names, statuses, latencies and public messages, for everybody.
    pub const fn summary() -> Self {
        Self(Level::Summary)
    }

    /// Everything, for everybody.
    pub const fn full() -> Self {
        Self(Level::Full)
    }

    pub(crate) const fn for_everybody(&self) -> Level {
        self.0
    }

    pub(crate) fn decide_for(&self, _request: &HttpRequest) -> Decision {
        Decision::Level(self.0)
    }
}
