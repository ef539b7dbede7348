//! Which failure is the cause of which.

use std::collections::BTreeMap;

/// The prerequisites of each check, by their places in the registry; without cycles.
#[derive(Debug)]
pub(super) struct Prerequisites(Vec<Vec<usize>>);

impl Prerequisites {
    pub(super) fn new(prerequisites: Vec<Vec<usize>>) -> Self {
        Self(prerequisites)
    }

    /// The first in the chain of those that fail and that this check needs, if there is one;
    /// `fails` is asked at most once for each.
    pub(super) fn root_cause(
        &self,
        check: usize,
        fails: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize> {
        Search {
            prerequisites: self,
            fails,
            known: BTreeMap::new(),
        }
        .above(check)
    }
}

struct Search<'a> {
    prerequisites: &'a Prerequisites,
    fails: &'a mut dyn FnMut(usize) -> bool,
    known: BTreeMap<usize, Option<usize>>,
}

impl Search<'_> {
    fn above(&mut self, check: usize) -> Option<usize> {
        let prerequisites = self.prerequisites;
        let above = prerequisites.0.get(check)?;
        above.iter().find_map(|check| self.root_of(*check))
    }

    /// The root cause of this check's failure: what it needs itself, or else it.
    fn root_of(&mut self, check: usize) -> Option<usize> {
        if let Some(known) = self.known.get(&check) {
            return *known;
        }
        let above = self.above(check);
        let root = above.or_else(|| (self.fails)(check).then_some(check));
        self.known.insert(check, root);
        root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_in_the_chain_is_the_cause_however_it_is_reached() {
        // 3 needs 1 and 2, which both need 0.
        let graph = Prerequisites::new(vec![vec![], vec![0], vec![0], vec![1, 2]]);
        let cause = |failing: &[usize]| {
            let mut asked = Vec::new();
            let cause = graph.root_cause(3, &mut |check| {
                asked.push(check);
                failing.contains(&check)
            });
            asked.sort_unstable();
            let times = asked.len();
            asked.dedup();
            assert_eq!(times, asked.len(), "nobody is asked twice");
            cause
        };
        assert_eq!(cause(&[]), None);
        assert_eq!(cause(&[0]), Some(0));
        assert_eq!(cause(&[0, 1, 2]), Some(0));
        assert_eq!(cause(&[2]), Some(2));
        assert_eq!(cause(&[3]), None, "its own failure is not its cause");
    }
}
