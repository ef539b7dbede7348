//! Objects whose members are not known before.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::mem;

use health_core::Value;
use serde::{Serialize, Serializer};

/// An object, with its members in this order.
#[derive(Debug)]
pub(crate) struct Members<'a, T>(pub(crate) Vec<(Cow<'a, str>, T)>);

impl<'a, T> Members<'a, T> {
    /// Of these names, which may come twice: see [`Keys::own`].
    pub(crate) fn named(members: impl Iterator<Item = (&'a str, T)>) -> Self {
        let mut members: Vec<_> = members.map(|(key, it)| (Cow::from(key), it)).collect();
        if !are_few_and_distinct(&members) {
            let mut keys = Keys::default();
            for (key, _) in &mut members {
                *key = keys.own(mem::take(key));
            }
        }
        Self(members)
    }
}

/// Whether no key comes twice, where that is seen at a glance.
fn are_few_and_distinct<T>(members: &[(Cow<'_, str>, T)]) -> bool {
    let mut before = members.iter().enumerate();
    members.len() <= 8
        && before.all(|(place, (key, _))| members[..place].iter().all(|(other, _)| other != key))
}

impl<T> Members<'_, T> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Members<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Serialize> Serialize for Members<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// What was measured, beside members that are not the author's, whose keys are taken. A number that
/// is not finite is left out: these members are never null.
pub(crate) fn beside<'a>(
    taken: &'static [&'static str],
    data: impl Iterator<Item = (&'a str, &'a Value)>,
) -> impl Iterator<Item = (Cow<'a, str>, &'a Value)> {
    // Most checks measure nothing.
    let mut keys: Option<Keys<'_>> = None;
    let is_null = |value: &Value| matches!(value, Value::Float(number) if !number.is_finite());
    let data = data.filter(move |(_, value)| !is_null(value));
    data.map(move |(name, value)| {
        let keys = keys.get_or_insert_with(|| Keys::beside(taken));
        (keys.own(name), value)
    })
}

/// Keys that are in use: none is given out twice, for what reads two of one name is free to ignore
/// either, or both.
///
/// Source: RFC 8259, section 4, "The names within an object SHOULD be unique".
#[derive(Debug, Default)]
pub(crate) struct Keys<'a> {
    fixed: &'static [&'static str],
    others: BTreeSet<Cow<'a, str>>,
}

impl<'a> Keys<'a> {
    /// This one, or, if it is taken, with as many `_` behind it as make it another.
    pub(crate) fn own(&mut self, key: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
        let mut key = key.into();
        while self.fixed.contains(&&*key) || self.others.contains(&key) {
            key.to_mut().push('_');
        }
        self.others.insert(key.clone());
        key
    }

    /// These few are taken.
    const fn beside(fixed: &'static [&'static str]) -> Self {
        let others = BTreeSet::new();
        Self { fixed, others }
    }
}

impl<'a> FromIterator<&'a str> for Keys<'a> {
    /// These are taken.
    fn from_iter<I: IntoIterator<Item = &'a str>>(keys: I) -> Self {
        Self {
            fixed: &[],
            others: keys.into_iter().map(Cow::from).collect(),
        }
    }
}

/// [`Keys`] that are looked up once one is asked for: most reports need none.
#[derive(Debug)]
pub(crate) struct LazyKeys<'a, F> {
    keys: Option<Keys<'a>>,
    look_up: F,
}

impl<'a, F: Fn() -> Keys<'a>> LazyKeys<'a, F> {
    pub(crate) const fn new(look_up: F) -> Self {
        Self {
            keys: None,
            look_up,
        }
    }

    /// As [`Keys::own`].
    pub(crate) fn own(&mut self, key: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
        self.keys.get_or_insert_with(&self.look_up).own(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_given_out_twice() {
        let mut keys: Keys<'_> = ["error", "error_"].into_iter().collect();
        let own = ["error", "data", "error", "data"].map(|key| keys.own(key));
        assert_eq!(own, ["error__", "data", "error___", "data_"]);
        let mut keys = Keys::beside(&["error", "error_"]);
        let own = ["error", "data", "error", "data"].map(|key| keys.own(key));
        assert_eq!(own, ["error__", "data", "error___", "data_"]);
    }
}
