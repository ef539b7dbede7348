//! What somebody may have meant.

/// The longest names that are compared.
const LONGEST: usize = 100;

/// The names, first those that are closest to what was written.
pub(super) fn closest_first<'a>(
    written: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let mut names: Vec<_> = names.into_iter().collect();
    if written.len() <= LONGEST {
        names.sort_by_cached_key(|name| distance(&lower(written), &lower(name)));
    }
    names
}

fn lower(word: &str) -> Vec<char> {
    word.to_lowercase().chars().take(LONGEST).collect()
}

/// How many letters have to be added, left out or replaced.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<_> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = before + usize::from(letter != other);
            before = row[j + 1];
            row[j + 1] = replaced.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closest_comes_first() {
        let names = ["cache", "database", "disk"];
        let sorted = |written| closest_first(written, names);
        assert_eq!(sorted("Databse"), ["database", "cache", "disk"]);
        assert_eq!(sorted("dsk")[0], "disk");
        assert_eq!(sorted(&"x".repeat(100_000)), names);
        assert!(closest_first("x", []).is_empty());
    }

    #[test]
    fn distances_count_letters() {
        for (a, b, expected) in [("", "abc", 3), ("abc", "abc", 0), ("abc", "xbcd", 2)] {
            assert_eq!(distance(&lower(a), &lower(b)), expected, "{a} {b}");
            assert_eq!(distance(&lower(b), &lower(a)), expected, "{b} {a}");
        }
    }
}
