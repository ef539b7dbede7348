//! Numbers for people.

/// Bytes in the largest unit that leaves a number before the point, as in `1.5 GiB`; rounded down.
pub(crate) fn spelled(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{:.1} {}", rounded_down(size), UNITS[unit])
}

/// How many of a hundred; none where there is no whole.
pub(crate) fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64 * 100.0)
}

/// To one place: more are noise.
pub(crate) fn rounded(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}

/// To one place, and never up to a limit that is missed.
pub(crate) fn rounded_down(number: f64) -> f64 {
    (number * 10.0).floor() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1024 * 1024 - 1, "1023.9 KiB"),
            (1536 * 1024 * 1024, "1.5 GiB"),
            (u64::MAX, "16384.0 PiB"),
        ] {
            assert_eq!(spelled(bytes), text);
        }
        assert_eq!(percent(1, 0), None);
        assert_eq!(percent(1, 8).map(rounded), Some(12.5));
    }
}
