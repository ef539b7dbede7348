//! What the kernel writes, read. Whatever it is not expected to write is nothing.

/// A number alone; `max` is none.
pub(super) fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The number behind a name, one pair a line.
pub(super) fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next()? == name).then(|| words.next()?.parse().ok())?
    })
}

/// The bytes behind a name, told in kB.
pub(super) fn kilobytes(text: &str, name: &str) -> Option<u64> {
    field(text, name)?.checked_mul(1024)
}

/// The soft limit behind a name in `/proc/self/limits`; none where it is unlimited.
pub(super) fn soft_limit(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// For how many per cent of the time `who` was stalled, as in `some avg10=0.00 avg60=0.00 ..`.
pub(super) fn stalled(text: &str, who: &str, over: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(who))?;
    let value = line
        .split_ascii_whitespace()
        .find_map(|pair| pair.strip_prefix(over)?.strip_prefix('='))?;
    let percent = value.parse::<f64>().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent)
}

/// How many CPUs there is time for by `cpu.max`: `quota period`; none where it is `max`.
pub(super) fn quota(text: &str) -> Option<f64> {
    let mut words = text.split_ascii_whitespace();
    let quota = words.next()?.parse::<u64>().ok()?;
    let period = words
        .next()?
        .parse::<u64>()
        .ok()
        .filter(|period| *period > 0)?;
    Some(quota as f64 / period as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: &str = "\
Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max processes             96364                96364                processes 
Max open files            20000                524288               files     
";

    #[test]
    fn what_the_kernel_writes_is_read() {
        assert_eq!(number("536870912\n"), Some(536_870_912));
        assert_eq!(number("max\n"), None);
        assert_eq!(number("-1\n"), None);
        let stat = "anon 4096\ninactive_file 8192\ninactive_file_x 1\n";
        assert_eq!(field(stat, "inactive_file"), Some(8192));
        assert_eq!(field(stat, "active_file"), None);
        assert_eq!(
            kilobytes("MemTotal:       24683656 kB\n", "MemTotal:"),
            Some(25_276_063_744)
        );
        assert_eq!(soft_limit(LIMITS, "Max open files"), Some(20_000));
        assert_eq!(soft_limit(LIMITS, "Max cpu time"), None);
        let pressure = "some avg10=54.40 avg60=12.99 avg300=3.44 total=53941147\n\
                        full avg10=0.00 avg60=1.00 avg300=0.00 total=0\n";
        assert_eq!(stalled(pressure, "some", "avg10"), Some(54.4));
        assert_eq!(stalled(pressure, "full", "avg60"), Some(1.0));
        assert_eq!(stalled(pressure, "full", "avg6"), None);
        assert_eq!(stalled("some avg10=NaN", "some", "avg10"), None);
        assert_eq!(quota("150000 100000\n"), Some(1.5));
        assert_eq!(quota("max 100000\n"), None);
        assert_eq!(quota("1 0\n"), None);
    }

    /// What looks like what the kernel writes, and is not.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("some avg10=".to_owned()),
            Just("Max open files".to_owned()),
            Just("name".to_owned()),
            Just(" ".to_owned()),
            Just("\n".to_owned()),
            Just("\t".to_owned()),
            Just("=".to_owned()),
            any::<i128>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| number.to_string()),
            any::<String>(),
        ];
        proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_panics_whatever_a_file_says(text in hostile()) {
            let _found = number(&text);
            let _found = field(&text, "name");
            let _found = kilobytes(&text, "name");
            let _found = soft_limit(&text, "Max open files");
            let _found = quota(&text);
            let percent = stalled(&text, "some", "avg10");
            prop_assert!(percent.is_none_or(|percent| (0.0..=100.0).contains(&percent)));
        }

        #[test]
        fn a_number_is_found_wherever_it_stands(
            value: u64,
            before in "([a-m]{1,8} [0-9]{1,9}\n){0,5}",
            after in "(\n[a-m]{1,8} [0-9]{1,9}){0,5}",
        ) {
            let text = format!("{before}name {value}{after}");
            prop_assert_eq!(field(&text, "name"), Some(value));
            prop_assert_eq!(number(&format!(" {value}\n")), Some(value));
        }
    }
}
