use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Everything that is wrong with a registry, found in one go.
///
/// Its text lists every mistake with the places in the source code and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    mistakes: Arc<[Mistake]>,
}

impl BuildError {
    /// All mistakes as one error, or none if there are none.
    ///
    /// # Errors
    /// If there is a mistake.
    pub fn unless_empty(mistakes: Vec<Mistake>) -> Result<(), Self> {
        if mistakes.is_empty() {
            return Ok(());
        }
        Err(Self {
            mistakes: mistakes.into(),
        })
    }

    /// The mistakes, in the order in which they are listed; at least one.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.mistakes.len();
        let noun = if count == 1 { "mistake" } else { "mistakes" };
        write!(f, "{count} {noun} in the health checks:")?;
        for mistake in &*self.mistakes {
            write!(f, "\n  - {mistake}")?;
        }
        Ok(())
    }
}

impl Error for BuildError {}

/// One mistake of a [`BuildError`]: what is wrong, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake(String);

impl Mistake {
    /// A mistake; the text says what is wrong, where, and how to mend it, on one line.
    pub fn new(text: impl Into<String>) -> Self {
        Self(on_one_line(text.into()))
    }
}

/// The text with all control characters escaped: names may come from anywhere, and end up in logs.
pub(crate) fn on_one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names as a mistake lists them.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
