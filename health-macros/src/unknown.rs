//! The mistake of a name that no argument has.

use syn::Error;

use crate::args::Args;
use crate::argument::Argument;
use crate::arguments::{Arguments, assignment};
use crate::foreign::{self, Here};
use crate::meant::flag;
use crate::nearest::nearest;
use crate::visibility::Visibility;

/// What is wrong with a name, and the argument that may have been meant.
pub(crate) struct Unknown {
    text: String,
    pub(crate) meant: Option<&'static str>,
}

impl Unknown {
    /// `probe` is what the arguments are of, if they do not stand on top.
    pub(crate) fn new<A: Arguments>(argument: &Argument, probe: Option<&str>) -> Self {
        let name = argument.called();
        let (answer, meant) = answer::<A>(argument, probe);
        let whose = probe.map_or_else(String::new, |probe| format!(" of `{probe}`"));
        let text = format!("unknown argument `{name}`{whose}; {answer}");
        Self { text, meant }
    }

    pub(crate) fn error(&self, argument: &Argument) -> Error {
        let mut error = Error::new(argument.name.span(), &self.text);
        if let Some(nonsense) = argument.nonsense() {
            error.combine(nonsense);
        }
        error
    }
}

fn answer<A: Arguments>(
    argument: &Argument,
    probe: Option<&str>,
) -> (String, Option<&'static str>) {
    let name = argument.called();
    let foreign = foreign::argument(&name);
    let meant = match foreign {
        Some((Here::Told(text), _)) => return (text.to_owned(), None),
        Some((Here::Called(meant) | Here::Opposite(meant), _)) => Some(meant),
        None => meant::<A>(&name),
    };
    let Some(meant) = meant else {
        return (format!("there are {}", listed(A::NAMES)), None);
    };
    let elsewhere = probe.filter(|_| !A::NAMES.contains(&meant));
    let answer = match (elsewhere, foreign) {
        (Some(probe), _) => of_all(&name, meant, probe),
        (None, Some((here, unit))) => called_here::<A>(&argument.renamed(meant, unit), here),
        (None, None) => format!("did you mean `{meant}`?"),
    };
    (answer, Some(meant))
}

/// The argument that is meant by a name that is nearly right, also if it stands elsewhere.
fn meant<A: Arguments>(name: &str) -> Option<&'static str> {
    let nearest = |names: &'static [&'static str]| nearest(name, names.iter().copied());
    let known = Args::NAMES.iter().copied().find(|known| *known == name);
    known
        .or_else(|| nearest(A::NAMES))
        .or_else(|| nearest(Args::NAMES))
}

/// What is said of a check, and not for one probe.
fn of_all(name: &str, meant: &str, probe: &str) -> String {
    let which = if name == meant {
        "it".to_owned()
    } else {
        format!("`{meant}`")
    };
    format!("{which} cannot differ for one probe: write it beside `{probe}(...)`")
}

fn called_here<A: Arguments>(argument: &Argument, here: Here) -> String {
    let meant = argument.called();
    let (value, example) = A::written(argument);
    let what = match here {
        Here::Opposite(_) => ", the opposite",
        _ if meant.ends_with("_ms") => ", a number of milliseconds",
        _ => "",
    };
    let value = match here {
        Here::Opposite(_) => Some(opposite(example, flag(argument) == Some(false))),
        _ => value,
    };
    let (lead, value) = match value {
        Some(value) => (": write", value),
        None => (", as in", example.to_owned()),
    };
    let assignment = assignment(&meant, &value);
    format!("it is `{meant}` here{what}{lead} `{assignment}`")
}

/// What a flag of the opposite name says, where it is not false.
fn opposite(example: &'static str, is_false: bool) -> String {
    let value = match example {
        _ if !is_false => example,
        "false" => "true",
        _ => Visibility::Summary.written(),
    };
    value.to_owned()
}

fn listed(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match &*names {
        [others @ .., last] if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        names => names.join(""),
    }
}
