//! The children of an outcome, before it is taken apart.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::sync::discard;
use crate::{Outcome, Status};

/// How many are kept by name.
const MOST: usize = 1000;

/// The name of what stands for the rest.
const OTHERS: &str = "others";

/// Named outcomes in the order in which they were added; none of them has children of its own.
#[derive(Debug)]
pub(crate) struct Children {
    list: Vec<(Cow<'static, str>, Outcome)>,
    places: BTreeMap<Cow<'static, str>, usize>,
    worst: Status,
    /// The place of what stands for the rest: it has no name that could be given again.
    others: Option<usize>,
    left_out: usize,
}

impl Children {
    pub(crate) const fn none() -> Self {
        Self {
            list: Vec::new(),
            places: BTreeMap::new(),
            worst: Status::Healthy,
            others: None,
            left_out: 0,
        }
    }

    /// Adds a child, and then its own children under its name.
    pub(crate) fn add(&mut self, name: Cow<'static, str>, mut outcome: Outcome) {
        let own = outcome.children.take();
        let own = own
            .into_iter()
            .map(|(grandchild, outcome)| (Cow::from(format!("{name}.{grandchild}")), outcome));
        let own: Vec<_> = own.collect();
        self.put(name, outcome);
        own.into_iter()
            .for_each(|(name, outcome)| self.put(name, outcome));
    }

    fn put(&mut self, name: Cow<'static, str>, outcome: Outcome) {
        let status = outcome.status;
        if let Some(place) = self.places.get(&name) {
            let earlier = std::mem::replace(&mut self.list[*place].1, outcome);
            if earlier.status == self.worst {
                self.worst = self
                    .list
                    .iter()
                    .map(|(_, o)| o.status)
                    .max()
                    .unwrap_or_default();
            }
            discard(earlier);
        } else if self.list.len() < MOST {
            self.push(name, outcome);
        } else {
            self.leave_out(status);
            discard(outcome);
        }
        self.worst = self.worst.max(status);
    }

    fn push(&mut self, name: Cow<'static, str>, outcome: Outcome) {
        self.places.insert(name.clone(), self.list.len());
        self.list.push((name, outcome));
    }

    /// There is no room for a child of this status: it still counts.
    fn leave_out(&mut self, status: Status) {
        self.left_out += 1;
        let others = *self.others.get_or_insert(self.list.len());
        if others == self.list.len() {
            self.list.push((OTHERS.into(), Outcome::healthy()));
        }
        let others = &mut self.list[others].1;
        others.status = others.status.max(status);
        others.message = Some(format!("{} more than are listed", self.left_out).into());
    }

    /// The worst of their statuses; healthy if there are none.
    pub(crate) const fn worst(&self) -> Status {
        self.worst
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Outcome)> {
        self.list.iter().map(|(name, outcome)| (&**name, outcome))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them; afterwards there are none.
    pub(crate) fn take(&mut self) -> Vec<(Cow<'static, str>, Outcome)> {
        let mut taken = std::mem::replace(self, Self::none());
        std::mem::take(&mut taken.list)
    }
}

impl Drop for Children {
    /// One by one: where the `Drop` of two errors panics, the process would be aborted otherwise.
    fn drop(&mut self) {
        for child in std::mem::take(&mut self.list) {
            discard(child);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    fn names(outcome: &Outcome) -> Vec<&str> {
        outcome.children().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_name_given_twice_keeps_the_later_one() {
        let outcome = Outcome::healthy()
            .with_child("a", false)
            .with_child("b", ())
            .with_child("a", Status::Degraded);
        assert_eq!(names(&outcome), ["a", "b"]);
        assert_eq!(outcome.status(), Status::Degraded);
        let outcome = outcome.with_child("a", ());
        assert_eq!(outcome.status(), Status::Healthy);
    }

    #[test]
    fn grandchildren_are_children_with_a_longer_name() {
        let inner = Outcome::healthy()
            .with_child("z", false)
            .with_child("y", ());
        let middle = Outcome::degraded("lags").with_child("inner", inner);
        let outcome = Outcome::healthy()
            .with_child("a", middle)
            .with_child("b", ());
        assert_eq!(
            names(&outcome),
            ["a", "a.inner", "a.inner.z", "a.inner.y", "b"]
        );
        assert!(
            outcome
                .children()
                .all(|(_, child)| child.children().len() == 0)
        );
        let a = outcome.children().next().unwrap().1;
        assert_eq!(
            a.status(),
            Status::Degraded,
            "what is said of it apart from them"
        );
        assert_eq!(outcome.status(), Status::Unhealthy);
    }

    #[test]
    fn what_is_not_listed_counts_all_the_same() {
        let mut outcome = Outcome::healthy();
        for index in 0..10_000 {
            outcome = outcome.with_child(index.to_string(), index != 7000);
        }
        outcome = outcome.with_child("3", ());
        assert_eq!(outcome.children().len(), MOST + 1);
        assert_eq!(outcome.status(), Status::Unhealthy);
        let (name, others) = outcome.children().last().unwrap();
        assert_eq!((name, others.status()), (OTHERS, Status::Unhealthy));
        assert_eq!(others.message(), Some("9000 more than are listed"));
    }

    #[test]
    fn a_child_that_has_the_name_of_the_rest_hides_nothing() {
        let name = |index| {
            if index == 7 {
                OTHERS.to_owned()
            } else {
                format!("c{index}")
            }
        };
        let mut outcome = Outcome::healthy();
        for index in 0..MOST + 500 {
            let child = if index == 7 {
                Outcome::unhealthy("the author's own")
            } else {
                Outcome::new(if index < MOST + 100 {
                    Status::Healthy
                } else {
                    Status::Degraded
                })
            };
            outcome = outcome.with_child(name(index), child);
        }
        let others = outcome.children().find(|(name, _)| *name == OTHERS);
        assert_eq!(
            others.and_then(|(_, o)| o.message()),
            Some("the author's own")
        );
        let outcome = outcome.with_child(OTHERS, ());
        assert_eq!(
            outcome.status(),
            Status::Degraded,
            "what is not listed counts"
        );
        assert_eq!(outcome.children().len(), MOST + 1);
    }

    #[derive(Debug)]
    struct Bomb;

    impl fmt::Display for Bomb {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("told")
        }
    }

    impl std::error::Error for Bomb {}

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    #[test]
    fn children_whose_errors_panic_when_dropped_abort_nothing() {
        let bomb = || Outcome::new(Status::Unhealthy).with_error(Bomb);
        let outcome = Outcome::healthy()
            .with_child("a", bomb())
            .with_child("b", bomb())
            .with_child("a", bomb());
        drop(outcome);
    }
}
