//! How much one reader is told, wherever it asks.

use std::collections::BTreeMap;
use std::iter;
use std::ptr;

use crate::access::Level;
use crate::endpoint::Endpoint;
use crate::voice::Voice;

/// How much one reader is told by each voice, which is found by where it is in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Levels(BTreeMap<usize, Level>);

impl Levels {
    /// Each voice is asked once, for that may be the author's own function.
    pub(crate) fn of(endpoints: &[Endpoint], level: impl Fn(&Voice) -> Level) -> Self {
        let mut levels = BTreeMap::new();
        for endpoint in endpoints {
            for voice in iter::once(&*endpoint.voice).chain(endpoint.groups.values()) {
                levels.entry(place(voice)).or_insert_with(|| level(voice));
            }
        }
        Self(levels)
    }

    pub(super) fn of_voice(&self, voice: &Voice) -> Level {
        self.0
            .get(&place(voice))
            .copied()
            .unwrap_or(Level::StatusOnly)
    }
}

fn place(voice: &Voice) -> usize {
    ptr::from_ref(voice).addr()
}
