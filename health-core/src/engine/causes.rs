//! Which failure is the cause of which.

/// The prerequisites of each check, by their places in the registry; without cycles.
#[derive(Debug)]
pub(super) struct Prerequisites {
    of: Vec<Vec<usize>>,
    /// All places, each after those of its prerequisites.
    order: Vec<usize>,
}

/// What is known of a check, as far as others depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Fails,
    Passes,
    /// What it depends on may tell.
    Nothing,
}

impl Prerequisites {
    pub(super) fn new(of: Vec<Vec<usize>>) -> Self {
        let order = in_order(&of);
        Self { of, order }
    }

    /// Whether no check has any.
    pub(super) fn are_none(&self) -> bool {
        self.of.iter().all(Vec::is_empty)
    }

    /// For each check, the first in the chain of those that fail and that it needs; told for
    /// these checks, and asked at most once of each that they need.
    pub(super) fn root_causes(
        &self,
        checks: impl Iterator<Item = usize>,
        mut known: impl FnMut(usize) -> Known,
    ) -> Vec<Option<usize>> {
        let mut needed = vec![false; self.of.len()];
        let mut causes = vec![None; self.of.len()];
        checks.for_each(|check| self.need(check, &mut needed));
        self.mark(&mut needed);
        let mut roots = vec![None; self.of.len()];
        for check in &self.order {
            causes[*check] = self.of[*check].iter().find_map(|above| roots[*above]);
            if needed[*check] {
                roots[*check] = match known(*check) {
                    Known::Passes => None,
                    Known::Fails => causes[*check].or(Some(*check)),
                    Known::Nothing => causes[*check],
                };
            }
        }
        causes
    }

    fn need(&self, check: usize, needed: &mut [bool]) {
        self.of[check]
            .iter()
            .for_each(|above| needed[*above] = true);
    }

    /// Marks all that is needed by what is marked.
    fn mark(&self, needed: &mut [bool]) {
        for check in self.order.iter().rev() {
            if needed[*check] {
                self.need(*check, needed);
            }
        }
    }
}

/// Without recursion: a chain may be as long as there are checks.
fn in_order(of: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(of.len());
    let mut missing: Vec<_> = of.iter().map(Vec::len).collect();
    let mut dependents = vec![Vec::new(); of.len()];
    for (check, above) in of.iter().enumerate() {
        above
            .iter()
            .for_each(|above| dependents[*above].push(check));
    }
    let mut ready: Vec<_> = (0..of.len()).filter(|check| missing[*check] == 0).collect();
    while let Some(check) = ready.pop() {
        order.push(check);
        for dependent in &dependents[check] {
            missing[*dependent] -= 1;
            if missing[*dependent] == 0 {
                ready.push(*dependent);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn causes(of: Vec<Vec<usize>>, of_check: usize, known: &[(usize, Known)]) -> Option<usize> {
        let mut asked = BTreeSet::new();
        let graph = Prerequisites::new(of);
        let causes = graph.root_causes([of_check].into_iter(), |check| {
            assert!(asked.insert(check), "nobody is asked twice");
            let known = known.iter().find(|(known, _)| *known == check);
            known.map_or(Known::Nothing, |(_, known)| *known)
        });
        causes[of_check]
    }

    #[test]
    fn the_first_in_the_chain_is_the_cause_however_it_is_reached() {
        use Known::{Fails, Passes};
        // 3 needs 1 and 2, which both need 0.
        let cause = |known: &[(usize, Known)]| {
            let of = vec![vec![], vec![0], vec![0], vec![1, 2]];
            causes(of, 3, known)
        };
        assert_eq!(cause(&[]), None);
        assert_eq!(cause(&[(0, Fails)]), Some(0));
        assert_eq!(cause(&[(0, Fails), (1, Fails), (2, Fails)]), Some(0));
        assert_eq!(cause(&[(2, Fails)]), Some(2));
        assert_eq!(
            cause(&[(3, Fails)]),
            None,
            "its own failure is not its cause"
        );
        assert_eq!(cause(&[(0, Fails), (1, Passes)]), Some(0), "by way of 2");
        assert_eq!(cause(&[(0, Fails), (1, Passes), (2, Passes)]), None);
    }

    #[test]
    fn a_chain_may_be_long() {
        let of = |check: usize| check.checked_sub(1).into_iter().collect();
        let chain: Vec<Vec<usize>> = (0..100_000).map(of).collect();
        assert_eq!(causes(chain, 99_999, &[(0, Known::Fails)]), Some(0));
    }
}
