//! Where a configuration says something.

use super::shown;

/// A place that a mistake names.
#[derive(Clone)]
pub(super) enum Place<'a> {
    /// Keys from the top, and whose they are.
    Keys(Vec<&'a str>, &'a str),
    /// An environment variable.
    Variable(&'a str),
}

impl<'a> Place<'a> {
    /// The place of something that is said here under a key.
    pub(super) fn under(&self, key: &'a str) -> Self {
        match self {
            Self::Keys(keys, source) => {
                let keys = keys.iter().copied().chain([key]);
                Self::Keys(keys.collect(), source)
            }
            Self::Variable(name) => Self::Variable(name),
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Keys(keys, source) => format!("{} in {source}", self.path(keys)),
            Self::Variable(name) => format!("the environment variable `{}`", shown(name)),
        }
    }

    fn path(&self, keys: &[&str]) -> String {
        let keys: Vec<_> = keys.iter().map(|key| quoted(key)).collect();
        format!("`{}`", keys.join("."))
    }

    /// How a value is said here.
    pub(super) fn example(&self, value: &str) -> String {
        match self {
            Self::Keys(keys, _) => {
                let key = keys.last().copied().unwrap_or_default();
                format!("`{key} = {value}`")
            }
            Self::Variable(name) => format!("`{}={}`", shown(name), value.trim_matches('"')),
        }
    }
}

/// A key as TOML has it.
fn quoted(key: &str) -> String {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if !key.is_empty() && key.bytes().all(is_bare) {
        shown(key)
    } else {
        format!("\"{}\"", shown(key))
    }
}
