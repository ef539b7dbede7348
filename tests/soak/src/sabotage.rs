//! Ways in which the service can lie, so that the model is seen to catch them.

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sabotage {
    /// Keeps results for ever.
    Keep,
    /// Passes before the first result.
    Early,
    /// Runs checks twice at once.
    Twice,
    /// Answers late.
    Late,
    /// Does not drain.
    Undrained,
    /// Does not count runs in a row.
    Impatient,
    /// Leaks descriptors.
    Descriptors,
    /// Leaks memory.
    Memory,
    /// Never answers some requests.
    Silent,
    /// Lets a check that hangs pass.
    Blind,
}

impl Sabotage {
    pub(crate) fn word(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}
