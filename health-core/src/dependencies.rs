//! From the names in `depends_on` to a graph without cycles.

use std::collections::{BTreeSet, HashMap};

use crate::Check;
use crate::error::Mistake;
use crate::error::list;

/// For each check the places of those that it depends on; everything wrong with them is noted.
pub(crate) fn resolve(
    checks: &[&Check],
    excluded: &Gone,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Vec<usize>> {
    if checks
        .iter()
        .all(|check| check.depends_on().next().is_none())
    {
        return vec![Vec::new(); checks.len()];
    }
    let index = Index::of(checks);
    let mut graph = Vec::with_capacity(checks.len());
    for check in checks {
        let mut needed = Vec::new();
        for name in check.depends_on() {
            match index.find(check, name) {
                Some(index) => needed.push(index),
                // Whoever excludes a check cannot mend those of libraries that depend on it.
                None if excluded.went_by(name) => {}
                None => mistakes.push(unknown(checks, check, name)),
            }
        }
        needed.sort_unstable();
        needed.dedup();
        graph.push(needed);
    }
    let cycles = cycles(&graph);
    mistakes.extend(cycles.iter().map(|cycle| circular(checks, cycle)));
    graph
}

/// What the checks were called that were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gone(BTreeSet<String>);

impl Gone {
    #[cfg(test)]
    pub(crate) fn of<const N: usize>(names: [&str; N]) -> Self {
        Self(names.map(str::to_owned).into())
    }

    pub(crate) fn add(&mut self, check: &Check) {
        let names = [check.name(), check.given_name(), check.identity()];
        self.0.extend(names.map(str::to_owned));
    }

    pub(crate) fn went_by(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Forgets all names but those that others depend on: checks may come and go for as long as
    /// the process runs.
    pub(crate) fn keep_needed(&mut self, checks: &[&Check]) {
        let needed = checks.iter().flat_map(|check| check.depends_on());
        let needed: BTreeSet<_> = needed.collect();
        self.0.retain(|name| needed.contains(name.as_str()));
    }
}

/// The checks by what they are called.
#[derive(Default)]
struct Index<'a> {
    in_crate: HashMap<(&'a str, &'a str), BTreeSet<usize>>,
    now: HashMap<&'a str, BTreeSet<usize>>,
    ever: HashMap<&'a str, BTreeSet<usize>>,
}

impl<'a> Index<'a> {
    fn of(checks: &[&'a Check]) -> Self {
        let mut index = Self::default();
        for (place, check) in checks.iter().enumerate() {
            let given = check.given_name();
            let own = index.in_crate.entry((crate_of(check), given));
            own.or_default().insert(place);
            index.now.entry(check.name()).or_default().insert(place);
            for name in [check.name(), given, check.identity()] {
                index.ever.entry(name).or_default().insert(place);
            }
        }
        index
    }

    /// A name means the check that its author gave it to in the same crate, or else the one that
    /// has it now, or the only one that ever had it.
    fn find(&self, dependent: &Check, name: &str) -> Option<usize> {
        only(self.in_crate.get(&(crate_of(dependent), name)))
            .or_else(|| only(self.now.get(name)))
            .or_else(|| only(self.ever.get(name)))
    }
}

fn only(places: Option<&BTreeSet<usize>>) -> Option<usize> {
    let places = places.filter(|places| places.len() == 1)?;
    places.first().copied()
}

/// The crate of an annotated function; checks made at run time are all of one.
fn crate_of(check: &Check) -> &str {
    check
        .identity()
        .split_once("::")
        .map_or("", |(krate, _)| krate)
}

fn unknown(checks: &[&Check], check: &Check, name: &str) -> Mistake {
    Mistake::new(format!(
        "check `{}` ({}): it depends on `{name}`, but there is no such check, or several; there \
         are: {}",
        check.name(),
        check.location(),
        list(checks.iter().map(|check| check.name()))
    ))
}

fn circular(checks: &[&Check], cycle: &[usize]) -> Mistake {
    let links = cycle.iter().map(|index| {
        let check = checks[*index];
        format!("`{}` ({})", check.name(), check.location())
    });
    let links = links.collect::<Vec<_>>().join(" -> ");
    let first = checks[cycle[0]].name();
    Mistake::new(format!(
        "checks depend on each other in a circle, so none could ever be the cause: {links} -> \
         `{first}`; take one of these dependencies away"
    ))
}

/// One cycle for each set of checks that depend on each other.
fn cycles(graph: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut walk = Walk {
        graph,
        state: vec![State::New; graph.len()],
        path: Vec::new(),
        cycles: Vec::new(),
    };
    (0..graph.len()).for_each(|index| walk.visit(index));
    walk.cycles
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    OnPath,
    Done,
}

struct Walk<'a> {
    graph: &'a [Vec<usize>],
    state: Vec<State>,
    path: Vec<usize>,
    cycles: Vec<Vec<usize>>,
}

impl Walk<'_> {
    /// Depth first, without recursion: a chain may be as long as there are checks.
    fn visit(&mut self, start: usize) {
        let mut left = vec![(start, 0)];
        while let Some((index, next)) = left.pop() {
            if next == 0 {
                match self.state[index] {
                    State::New => {
                        self.state[index] = State::OnPath;
                        self.path.push(index);
                    }
                    State::OnPath => {
                        let from = self.path.iter().position(|on| *on == index);
                        self.cycles.push(self.path[from.unwrap_or(0)..].to_vec());
                        continue;
                    }
                    State::Done => continue,
                }
            }
            match self.graph[index].get(next) {
                Some(needed) => {
                    left.push((index, next + 1));
                    left.push((*needed, 0));
                }
                None => {
                    self.state[index] = State::Done;
                    self.path.pop();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_found_wherever_they_are() {
        let graph = |edges: &[(usize, usize)], size| {
            let mut graph = vec![Vec::new(); size];
            for (from, to) in edges {
                graph[*from].push(*to);
            }
            graph
        };
        assert!(cycles(&graph(&[(3, 1), (3, 2), (1, 0), (2, 0)], 4)).is_empty());
        assert_eq!(cycles(&graph(&[(0, 0)], 1)), [vec![0]]);
        let two = graph(&[(0, 1), (1, 2), (2, 1), (3, 4), (4, 3)], 5);
        assert_eq!(cycles(&two), [vec![1, 2], vec![3, 4]]);
        let long: Vec<_> = (0..100_000).map(|index| (index, index + 1)).collect();
        assert!(cycles(&graph(&long, 100_001)).is_empty());
    }
}
