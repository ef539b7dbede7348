//! What a check is told to do.

use std::fmt;
use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Pass,
    Fail,
    Degraded,
    /// Passes after so many milliseconds.
    Delay(u64),
    Hang,
    Panic,
    /// Fails with an error whose `Drop` panics.
    PanicInDrop,
    /// Hangs, and panics when it is cancelled.
    PanicWhenCancelled,
    /// Fails with an error whose text panics.
    PanicInDisplay,
    /// Holds its thread for so many milliseconds, then passes.
    Block(u64),
    /// A healthy result of a size and with texts that nobody can use.
    Huge,
    /// A failing child with a name that nobody can use.
    Children,
    /// Passes, and leaks a little.
    Leak,
    /// Fails for so many runs, then passes.
    FailRuns(u64),
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => write!(f, "pass"),
            Self::Fail => write!(f, "fail"),
            Self::Degraded => write!(f, "degraded"),
            Self::Delay(ms) => write!(f, "delay:{ms}"),
            Self::Hang => write!(f, "hang"),
            Self::Panic => write!(f, "panic"),
            Self::PanicInDrop => write!(f, "panic-in-drop"),
            Self::PanicWhenCancelled => write!(f, "panic-when-cancelled"),
            Self::PanicInDisplay => write!(f, "panic-in-display"),
            Self::Block(ms) => write!(f, "block:{ms}"),
            Self::Huge => write!(f, "huge"),
            Self::Children => write!(f, "children"),
            Self::Leak => write!(f, "leak"),
            Self::FailRuns(runs) => write!(f, "fail-runs:{runs}"),
        }
    }
}

impl FromStr for Behaviour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, number) = text.split_once(':').unwrap_or((text, "0"));
        let number = number.parse().map_err(|_| text.to_owned())?;
        Ok(match word {
            "pass" => Self::Pass,
            "fail" => Self::Fail,
            "degraded" => Self::Degraded,
            "delay" => Self::Delay(number),
            "hang" => Self::Hang,
            "panic" => Self::Panic,
            "panic-in-drop" => Self::PanicInDrop,
            "panic-when-cancelled" => Self::PanicWhenCancelled,
            "panic-in-display" => Self::PanicInDisplay,
            "block" => Self::Block(number),
            "huge" => Self::Huge,
            "children" => Self::Children,
            "leak" => Self::Leak,
            "fail-runs" => Self::FailRuns(number),
            _ => return Err(text.to_owned()),
        })
    }
}
