use std::fmt;

use serde::{Deserialize, Serialize};

/// Who is told that there is a check, and how it is doing.
///
/// A check counts in every verdict, whoever is told of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Visibility {
    /// Whoever is told more than a verdict: its name, its status and its public message.
    #[default]
    Summary,
    /// Callers with full access alone.
    Full,
}

impl Visibility {
    /// All of them, from those whom more callers see.
    pub(crate) const ALL: [Self; 2] = [Self::Summary, Self::Full];

    /// `summary` or `full`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
