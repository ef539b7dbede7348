use std::fmt;
use std::panic;

/// A place in the source code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

impl Location {
    /// Where the function that is `#[track_caller]` was called.
    #[track_caller]
    pub(crate) fn caller() -> Self {
        let caller = panic::Location::caller();
        Self {
            file: caller.file(),
            line: caller.line(),
        }
    }

    /// The file, as the compiler was given it.
    pub const fn file(&self) -> &'static str {
        self.file
    }

    /// The line, from 1.
    pub const fn line(&self) -> u32 {
        self.line
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
