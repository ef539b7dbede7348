//! What somebody may have meant.

/// The longest word that is compared.
const LONGEST: usize = 100;

/// The candidate that is so near to what was written that it may have been meant.
pub(crate) fn nearest(
    written: &str,
    candidates: impl IntoIterator<Item = &'static str>,
) -> Option<&'static str> {
    let word = lower(written);
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let near = candidates.into_iter().filter_map(|candidate| {
        let other = lower(candidate);
        let distance = distance(&word, &other);
        // `cache_failure` is short of its unit.
        let begins = word.len() > 2 && other.starts_with(&word);
        let is_near = begins || distance <= word.len().max(other.len()) / 3;
        is_near.then_some((distance, candidate))
    });
    near.min().map(|(_, candidate)| candidate)
}

fn lower(word: &str) -> Vec<char> {
    word.to_lowercase().chars().collect()
}

/// How many letters have to be added, left out, replaced, or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                let swapped: usize = before[j - 2];
                least = least.min(swapped + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}
