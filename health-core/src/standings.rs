//! What a check is taken to be as a whole: by what its function says of itself, and of its
//! children.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::finding::FoundChild;
use crate::history::{Memory, PastRun};
use crate::sample::{Asked, ChildSample, Sample};
use crate::standing::Standing;
use crate::{Check, History, Status};

/// Where a check and its children stand.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    /// What is published.
    whole: Standing,
    /// By what the function says of itself, apart from its children.
    own: Standing,
    /// In the order of the last run that spoke of them.
    children: Vec<(Arc<str>, Member)>,
}

#[derive(Debug)]
struct Member {
    standing: Standing,
    memory: Memory,
    /// What it was last taken to be.
    before: Option<Status>,
}

impl Standings {
    pub(crate) const fn whole(&self) -> Standing {
        self.whole
    }

    /// Counts a run, and what it says of children, of whom so many runs are remembered. Returns
    /// where these stand.
    pub(crate) fn count(
        &mut self,
        check: &Check,
        sample: &mut Sample,
        remembered: usize,
    ) -> Vec<FoundChild> {
        let asked = sample.asked();
        self.own.count(check, sample.own, asked);
        let mut children = Vec::new();
        if sample.speaks_of_children() {
            let said = std::mem::take(&mut sample.children);
            children = self.count_children(check, sample, said, remembered);
        }
        self.weigh(sample.raw, asked);
        children
    }

    /// Children of whom nothing is said are forgotten.
    fn count_children(
        &mut self,
        check: &Check,
        run: &Sample,
        said: Vec<ChildSample>,
        remembered: usize,
    ) -> Vec<FoundChild> {
        if said.is_empty() && self.children.is_empty() {
            return Vec::new();
        }
        let known = std::mem::take(&mut self.children);
        let mut known: BTreeMap<_, _> = known.into_iter().collect();
        let count = |sample: ChildSample| {
            let member = known.remove(&sample.name);
            let mut member = member.unwrap_or_else(|| Member::new(remembered));
            let name = Arc::clone(&sample.name);
            let found = member.count(check, run, sample);
            self.children.push((name, member));
            found
        };
        said.into_iter().map(count).collect()
    }

    /// A run that is overdue fails once more. It says nothing of children.
    pub(crate) fn fail_again(&mut self, check: &Check, asked: Asked) {
        self.own.count(check, Status::Unhealthy, asked);
        self.weigh(Status::Unhealthy, asked);
    }

    /// Where the check would stand if a run had found this.
    pub(crate) fn after(&self, check: &Check, sample: &Sample) -> Standing {
        let (mut own, mut whole) = (self.own, self.whole);
        own.count(check, sample.own, sample.asked());
        whole.follow(sample.raw, self.verdict(own), sample.asked());
        whole
    }

    /// Forgets the runs in a row, and what they decided.
    pub(crate) fn forget(&mut self) {
        self.whole.forget();
        self.own.forget();
        let members = self.children.iter_mut();
        members.for_each(|(_, member)| member.standing.forget());
    }

    /// Forgets what was told of children.
    pub(crate) fn tell_anew(&mut self) {
        let members = self.children.iter_mut();
        members.for_each(|(_, member)| member.before = None);
    }

    fn weigh(&mut self, raw: Status, asked: Asked) {
        let verdict = self.verdict(self.own);
        self.whole.follow(raw, verdict, asked);
    }

    /// The worst of what is decided, as far as that says enough of the whole: what is not decided
    /// yet may not make it better than it was.
    fn verdict(&self, own: Standing) -> Option<Status> {
        let children = self.children.iter().map(|(_, child)| child.standing);
        let mut all_decided = true;
        let mut worst = None;
        for member in std::iter::once(own).chain(children) {
            all_decided &= member.decided().is_some();
            worst = worst.max(member.decided());
        }
        match self.whole.decided() {
            _ if all_decided => worst,
            None => worst.filter(|worst| !worst.is_passing()),
            was => worst.max(was),
        }
    }

    /// What is remembered of each child.
    pub(crate) fn recall(&self) -> Vec<(Arc<str>, History)> {
        let recall = |(name, member): &(Arc<str>, Member)| {
            let history = member.memory.recall(member.standing, Vec::new());
            (Arc::clone(name), history)
        };
        self.children.iter().map(recall).collect()
    }
}

impl Member {
    fn new(remembered: usize) -> Self {
        Self {
            standing: Standing::default(),
            memory: Memory::of_the_last(remembered),
            before: None,
        }
    }

    fn count(&mut self, check: &Check, run: &Sample, sample: ChildSample) -> FoundChild {
        self.standing.count(check, sample.raw, run.asked());
        self.memory.add(PastRun::of_child(run, &sample));
        let before = self.before;
        self.before = self.standing.decided().or(before);
        FoundChild {
            sample: Arc::new(sample),
            standing: self.standing,
            before,
        }
    }
}
