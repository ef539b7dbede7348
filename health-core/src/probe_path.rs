//! By way of which checks, in which services, a question has come, so that services which ask each
//! other do not wait for each other.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};

use crate::here;
use crate::sync::atomic::{AtomicBool, Ordering};

/// Longer ones go round in circles, or nearly.
const LONGEST: usize = 64;

/// How an id is spelled, in hexadecimal digits.
const DIGITS: usize = 16;

/// By way of which checks a question has come, each of which waits for its answer.
///
/// A check that asks another service for its health sends its own path ([`probe_path`]) along, and
/// that service hands it to its own checks with [`Caller::along`](crate::Caller::along). A check that
/// is asked by way of itself is then not waited for: it is degraded, and says why.
///
/// The ids are random, and those of one process. Anybody may make up a path: it changes what is
/// told to who comes by it; what others who come by a path may notice of a run that began for them is
/// in rule 21 of [`semantics`](crate::semantics).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbePath(Vec<u64>);

impl ProbePath {
    /// The header that carries it over HTTP.
    pub const HEADER: &'static str = "health-probe-path";

    /// Reads what a header says. What is no id is left out, and so is what comes after 64 of them.
    ///
    /// ```
    /// use health_core::ProbePath;
    ///
    /// let path = ProbePath::parse("00000000000000a1, nonsense,00000000000000b2");
    /// assert_eq!(path.to_string(), "00000000000000a1,00000000000000b2");
    /// ```
    pub fn parse(text: &str) -> Self {
        let ids = text.split(',').map(str::trim);
        let ids = ids.filter(|id| id.len() == DIGITS && id.bytes().all(|b| b.is_ascii_hexdigit()));
        let ids = ids.filter_map(|id| u64::from_str_radix(id, 16).ok());
        Self(ids.take(LONGEST).collect())
    }

    /// Whether nobody says that it came by way of a check.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether nobody else is to be asked for one who comes by it.
    pub(crate) fn is_too_long(&self) -> bool {
        self.0.len() >= LONGEST
    }

    fn and(&self, id: u64) -> Self {
        let ids = self.0.iter().copied().chain([id]);
        Self(ids.collect())
    }
}

impl fmt::Display for ProbePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, id) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{id:0DIGITS$x}")?;
        }
        Ok(())
    }
}

/// The path by which the check that calls this was asked, with itself at the end: for a check that
/// asks other services for their health, to be sent along as [`ProbePath::HEADER`]. None outside of
/// a run, also in a task or thread that a check started.
pub fn probe_path() -> Option<ProbePath> {
    here::ask(|here| {
        here.station.asks_others.store(true, Ordering::Relaxed);
        here.path.and(here.station.id)
    })
}

/// A check on a path.
#[derive(Debug)]
pub(crate) struct Station {
    id: u64,
    /// Whether it has ever asked for the path, to ask others by it.
    asks_others: AtomicBool,
    warned: AtomicBool,
}

impl Station {
    pub(crate) fn new() -> Self {
        Self {
            id: RandomState::new().build_hasher().finish(),
            asks_others: AtomicBool::new(false),
            warned: AtomicBool::new(false),
        }
    }

    /// Whether who comes by this path waits for its own answer.
    pub(crate) fn is_on(&self, path: &ProbePath) -> bool {
        path.0.contains(&self.id)
    }

    /// Whether it asks others, as it says or has shown.
    pub(crate) fn asks_others(&self, says: bool) -> bool {
        says || self.asks_others.load(Ordering::Relaxed)
    }

    /// Whether who comes by this path is not to wait for a run that has `begun` by way of others: that
    /// may wait for them.
    ///
    /// Who waits has a path that comes before that of the run, as words do in a dictionary. So it
    /// is for a run that begins for them, too, whose path is theirs and a bit. Hence nobody waits
    /// in a circle, for in one of them a path would come before itself.
    pub(crate) fn keeps_waiting(&self, path: &ProbePath, asks: bool, begun: &ProbePath) -> bool {
        if path.is_empty() || !self.asks_others(asks) {
            return false;
        }
        let own = begun.0.iter().chain([&self.id]);
        !path.0.iter().lt(own)
    }

    /// Whether it is the first time that somebody is to be warned.
    pub(crate) fn warns(&self) -> bool {
        !self.warned.swap(true, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_they_are_spelled() {
        for text in ["", "0123456789abcdef", "0123456789abcdef,ffffffffffffffff"] {
            assert_eq!(ProbePath::parse(text).to_string(), text);
        }
        for none in ["1", "+123456789abcdef", "0123456789abcdeg", ",,", "ü"] {
            assert!(ProbePath::parse(none).is_empty(), "{none}");
        }
        let long = vec!["0123456789abcdef"; 100].join(",");
        let long = ProbePath::parse(&long);
        assert_eq!(long.0.len(), LONGEST);
        let station = Station::new();
        assert!(long.is_too_long() && !station.is_on(&long));
    }

    #[test]
    fn of_two_that_wait_for_each_other_one_does_not() {
        let (one, other) = (Station::new(), Station::new());
        let path = |station: &Station| ProbePath::default().and(station.id);
        let nobody = ProbePath::default();
        let both = |asks| {
            let one_stays = one.keeps_waiting(&path(&other), asks, &nobody);
            (one_stays, other.keeps_waiting(&path(&one), asks, &nobody))
        };
        assert_eq!(both(false), (false, false), "they ask nobody");
        let (one_stays, other_stays) = both(true);
        assert!(one_stays ^ other_stays);
        for station in [&one, &other] {
            station.asks_others.store(true, Ordering::Relaxed);
        }
        assert_eq!(both(false), (one_stays, other_stays), "as they have shown");
        // A run that began for somebody else has their place.
        let (least, most) = (ProbePath(vec![0]), ProbePath(vec![u64::MAX]));
        assert!(!one.keeps_waiting(&path(&other), true, &most));
        assert!(one.keeps_waiting(&path(&other), true, &least));
        // Nor does anybody wait for a run that began for themselves on another way.
        assert!(one.keeps_waiting(&least.and(u64::MAX), true, &least));
        assert!(one.is_on(&path(&one)) && !one.is_on(&path(&other)));
        assert!(!one.keeps_waiting(&nobody, true, &nobody));
    }
}
