//! The status of a check with children, as against a naive model.

use health_core::{Caller, Status};
use proptest::prelude::*;

use super::{Run, Said, Script, only_entry};
use crate::support::health;

use Status::{Degraded, Healthy, Unhealthy};

/// A run of a check: what is said of itself, and of some of its children; or nothing.
fn any_run() -> impl Strategy<Value = Option<Said>> {
    let status = || prop::sample::select(vec![Healthy, Degraded, Unhealthy]);
    let child = (prop::sample::select(vec!["a", "b", "c", "d"]), status());
    let children = prop::collection::btree_map(child.0, child.1, 0..4);
    let said = (status(), children).prop_map(|(own, c)| (own, c.into_iter().collect()));
    prop::option::weighted(0.9, said)
}

#[derive(Clone, Copy)]
struct Thresholds(usize, usize);

impl Thresholds {
    /// What something is taken to be, by looking at all its runs from the beginning.
    fn decided(self, runs: &[Status]) -> Option<Status> {
        let mut decided: Option<Status> = None;
        for (index, last) in runs.iter().enumerate() {
            let same = |status: &&Status| status.is_passing() == last.is_passing();
            let in_a_row = runs[..=index].iter().rev().take_while(same).count();
            let needed = match decided {
                _ if !last.is_passing() => self.0,
                Some(Unhealthy) => self.1,
                _ => 1,
            };
            if in_a_row >= needed {
                decided = Some(*last);
            }
        }
        decided
    }

    /// The runs of a child since it was last there without a gap.
    fn runs_of(name: &str, runs: &[Option<Said>]) -> Vec<Status> {
        let mut found = Vec::new();
        for (own, children) in runs.iter().flatten() {
            match children.iter().find(|(child, _)| *child == name) {
                Some((_, status)) => found.push(*status),
                None if children.is_empty() && *own == Unhealthy => {}
                None => found.clear(),
            }
        }
        found
    }

    fn members(self, runs: &[Option<Said>]) -> Vec<Option<Status>> {
        let own = |run: &Option<Said>| run.as_ref().map_or(Unhealthy, |(own, _)| *own);
        let own: Vec<_> = runs.iter().map(own).collect();
        let children = ["a", "b", "c", "d"].map(|name| Self::runs_of(name, runs));
        let children = children.iter().filter(|runs| !runs.is_empty());
        let children = children.map(|runs| self.decided(runs));
        std::iter::once(self.decided(&own))
            .chain(children)
            .collect()
    }

    /// What is published after these runs.
    fn published(self, runs: &[Option<Said>]) -> Option<Status> {
        let mut published = None;
        for end in 1..=runs.len() {
            let members = self.members(&runs[..end]);
            let worst = members.iter().flatten().max().copied();
            published = if members.iter().all(Option::is_some) {
                worst
            } else if published.is_some() {
                worst.max(published)
            } else {
                worst.filter(|worst| *worst == Unhealthy)
            };
        }
        published
    }
}

fn raw(run: &Option<Said>) -> Status {
    let said = run.as_ref();
    said.map_or(Unhealthy, |(own, children)| {
        children
            .iter()
            .map(|(_, status)| *status)
            .fold(*own, Status::max)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_status_is_what_one_who_looks_at_all_runs_says(
        runs in prop::collection::vec(any_run(), 1..16),
        failures in 1_u32..4,
        successes in 1_u32..4,
    ) {
        let thresholds = Thresholds(failures as usize, successes as usize);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let script = Script::default();
            for run in &runs {
                script.then(run.clone().map_or(Run::Hangs, Run::Says));
            }
            let check = script
                .check()
                .with_failure_threshold(failures)
                .with_success_threshold(successes);
            let health = health([check]);
            for (index, run) in runs.iter().enumerate() {
                let entry = only_entry(&health).await;
                let so_far = &runs[..=index];
                let expected = thresholds.published(so_far);
                let history = health.history("shards", Caller::nobody()).unwrap();
                prop_assert_eq!(history.status(), expected);
                prop_assert_eq!(entry.status(), expected.unwrap_or(Unhealthy));
                prop_assert_eq!(entry.raw_status(), raw(run));
                let in_a_row = so_far.iter().rev().take_while(|run| raw(run) == Unhealthy);
                prop_assert_eq!(entry.consecutive_failures() as usize, in_a_row.count());
                for child in entry.children() {
                    let own = thresholds.decided(&Thresholds::runs_of(child.name(), so_far));
                    prop_assert_eq!(child.status(), own.unwrap_or(Unhealthy));
                }
            }
            Ok(())
        })?;
    }
}
