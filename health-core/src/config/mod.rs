mod apply;
mod nearest;
mod node;
mod place;
mod setting;
#[cfg(test)]
mod tests;
mod variables;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error};

use self::apply::Configuring;
use self::nearest::nearest;
use self::node::Node;
use self::variables::Variable;
use crate::error::list;
use crate::mask::mask;
use crate::{Check, Mistake};

#[doc = include_str!("../docs/config.md")]
#[derive(Clone, Default)]
pub struct HealthConfig {
    said: Vec<(String, Node)>,
    variables: Vec<Variable>,
    source: Option<String>,
}

/// A check as a configuration wants it.
#[derive(Debug)]
pub(crate) struct Configured {
    /// The very same check, if the configuration changes nothing about it.
    pub(crate) check: Arc<Check>,
    /// Whether it is switched off.
    pub(crate) disabled: bool,
}

impl HealthConfig {
    /// Says where it was read from, as in `health.toml`: mistakes name it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds environment variables, which outrank the rest: of the pairs of a name and a value,
    /// those whose name begins with `prefix` and two underscores.
    ///
    /// They are named as in `HEALTH__CHECKS__DATABASE__TIMEOUT_MS`, for the prefix `HEALTH`, or
    /// `HEALTH__CHECKS__DATABASE__READINESS__TIMEOUT_MS`. Upper and lower case are the same, and
    /// what is no letter or digit in the name of a check is `_`; a name that could mean several
    /// checks is a mistake.
    ///
    /// ```
    /// use health_core::HealthConfig;
    ///
    /// let variables = [("HEALTH__CHECKS__DATABASE__TIMEOUT_MS", "500"), ("HOME", "/root")];
    /// let config = HealthConfig::default().with_variables("HEALTH", variables);
    /// assert!(!config.is_empty());
    /// ```
    #[must_use]
    pub fn with_variables<N, V>(
        mut self,
        prefix: &str,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let added = variables
            .into_iter()
            .filter_map(|(name, value)| Variable::new(prefix, name.into(), value.into()));
        self.variables.extend(added);
        self.variables.sort_by(|a, b| a.name().cmp(b.name()));
        self
    }

    /// Whether it says nothing, and so changes nothing.
    pub fn is_empty(&self) -> bool {
        self.said.is_empty() && self.variables.is_empty()
    }

    /// What becomes of these checks, in their order, or everything that is wrong. They are picked
    /// by the names that they are given here: those of the code.
    pub(crate) fn apply(&self, checks: &[Arc<Check>]) -> Result<Vec<Configured>, Vec<Mistake>> {
        let mut configuring = Configuring::new(checks);
        let source = self.source.as_deref().unwrap_or("the configuration");
        configuring.file(&self.said, source);
        configuring.variables(&self.variables);
        configuring.done()
    }
}

impl<'de> Deserialize<'de> for HealthConfig {
    /// Takes any map; whether it makes sense is found when it is applied.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Node::deserialize(deserializer)? {
            Node::Map(said) => Ok(Self {
                said,
                ..Self::default()
            }),
            other => Err(D::Error::custom(format!(
                "found {}; expected a table, as in `{{ checks.database.timeout_ms = 2000 }}`",
                other.found()
            ))),
        }
    }
}

impl fmt::Debug for HealthConfig {
    /// Says how much there is, but not what: there may be secrets among it by accident.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthConfig")
            .field("source", &self.source)
            .field("sections", &self.said.len())
            .field("variables", &self.variables.len())
            .finish_non_exhaustive()
    }
}

/// A mistaken name, with the one that was meant, or else all that there are.
fn meant<'a>(
    what: &str,
    written: &str,
    names: impl IntoIterator<Item = &'a str, IntoIter: Clone>,
) -> String {
    let names = names.into_iter();
    let written_as = shown(written);
    match nearest(written, names.clone()) {
        Some(near) => format!("there is no {what} `{written_as}`; did you mean `{near}`?"),
        None => format!(
            "there is no {what} `{written_as}`; there are: {}",
            list(names)
        ),
    }
}

/// A text of unknown origin as a mistake may show it: masked, short, and on one line.
fn shown(text: &str) -> String {
    /// In characters.
    const LONGEST: usize = 60;
    let masked = mask(text);
    let mut start: Cow<'_, str> = masked.chars().take(LONGEST).collect();
    if masked.chars().nth(LONGEST).is_some() || masked.is_empty() && !text.is_empty() {
        start += "...";
    }
    start.escape_debug().to_string()
}
