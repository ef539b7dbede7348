//! Why a check gets nowhere: because of other checks, of which not everyone is told.

use std::collections::BTreeSet;

use crate::sample::{Asked, Sample};
use crate::{Check, Reason};

/// How many are named.
const NAMED: usize = 3;

/// The public text, and the whole one if that says more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Why {
    public: String,
    whole: Option<String>,
}

/// What is named, and whether only callers with full access are told of it.
pub(super) type Named<'a> = (&'a str, bool);

impl Why {
    /// The lead, and who it is about.
    pub(super) fn because_of<'a>(lead: &str, those: impl Iterator<Item = Named<'a>>) -> Self {
        let those: BTreeSet<_> = those.collect();
        let all: Vec<_> = those.iter().map(|(name, _)| *name).collect();
        let shown = those.iter().filter(|(_, hidden)| !hidden);
        let shown: Vec<_> = shown.map(|(name, _)| *name).collect();
        let hidden = all.len() - shown.len();
        let whole = format!("{lead} {}", name_some(&all));
        if hidden == 0 {
            return Self {
                public: whole,
                whole: None,
            };
        }
        let public = format!("{lead} {}", name_some_and_others(&shown, hidden));
        let whole = Some(whole);
        Self { public, whole }
    }

    /// Why a check is skipped.
    fn prerequisite(cause: &Check) -> Self {
        let because = |what: &str| format!("skipped, because {what} is unhealthy");
        let whole = because(&format!("`{}`", cause.name()));
        if cause.is_hidden() {
            Self {
                public: because("a prerequisite"),
                whole: Some(whole),
            }
        } else {
            Self {
                public: whole,
                whole: None,
            }
        }
    }

    fn sample(self, asked: Asked, reason: Reason) -> Sample {
        let mut sample = asked.failed(reason, self.public);
        sample.error = self.whole;
        sample
    }

    fn after(self, text: &str) -> Self {
        Self {
            public: format!("{text}: {}", self.public),
            whole: self.whole.map(|whole| format!("{text}: {whole}")),
        }
    }
}

/// A failure that the engine found, and why, if it knows. What the public text leaves out stands
/// where the private text of an error does.
pub(super) fn failed(asked: Asked, reason: Reason, text: String, why: Option<Why>) -> Sample {
    match why {
        Some(why) => why.after(&text).sample(asked, reason),
        None => asked.failed(reason, text),
    }
}

/// A check that is not run because of a prerequisite.
pub(super) fn skipped(asked: Asked, cause: &Check) -> Sample {
    Why::prerequisite(cause).sample(asked, Reason::Skipped)
}

/// `a`, `b`, `c` and 2 more.
fn name_some(names: &[&str]) -> String {
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", quoted(names))
}

/// `a`, `b` and others; how many is not said.
fn name_some_and_others(names: &[&str], others: usize) -> String {
    let is_one = others + names.len().saturating_sub(NAMED) == 1;
    match (names, is_one) {
        ([], true) => "another check".to_owned(),
        ([], false) => "other checks".to_owned(),
        (_, true) => format!("{} and another", quoted(names)),
        (_, false) => format!("{} and others", quoted(names)),
    }
}

fn quoted(names: &[&str]) -> String {
    let quoted = names.iter().take(NAMED).map(|name| format!("`{name}`"));
    quoted.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(those: &[Named<'static>]) -> (String, Option<String>) {
        let why = Why::because_of("it waits for", those.iter().copied());
        (why.public, why.whole)
    }

    #[test]
    fn whom_everyone_may_know_is_named_once_and_in_order() {
        let shown = |name| (name, false);
        let why = waits(&[shown("b"), shown("a"), shown("b")]);
        assert_eq!(why, ("it waits for `a`, `b`".to_owned(), None));
        let many = ["e", "d", "c", "b", "a"].map(shown);
        let why = waits(&many);
        assert_eq!(
            why,
            ("it waits for `a`, `b`, `c` and 2 more".to_owned(), None)
        );
    }

    #[test]
    fn more_than_one_who_is_not_named_are_others() {
        let names = ["a", "b", "c", "d"];
        for (others, text) in [(0, "another"), (1, "others"), (2, "others")] {
            let told = name_some_and_others(&names, others);
            assert_eq!(told, format!("`a`, `b`, `c` and {text}"));
        }
    }

    #[test]
    fn who_is_hidden_is_named_in_the_whole_text_alone() {
        for (those, public, whole) in [
            (&[("x", true)][..], "another check", "`x`"),
            (&[("x", true), ("y", true)], "other checks", "`x`, `y`"),
            (&[("x", true), ("a", false)], "`a` and another", "`a`, `x`"),
            (
                &[("x", true), ("y", true), ("a", false)],
                "`a` and others",
                "`a`, `x`, `y`",
            ),
            (
                &[
                    ("a", false),
                    ("b", false),
                    ("c", false),
                    ("d", false),
                    ("x", true),
                ],
                "`a`, `b`, `c` and others",
                "`a`, `b`, `c` and 2 more",
            ),
        ] {
            let (told, told_in_full) = waits(those);
            assert_eq!(told, format!("it waits for {public}"));
            assert_eq!(told_in_full, Some(format!("it waits for {whole}")));
        }
    }
}
