//! Whatever comes in, what is promised holds: each module has a `keep`, which panics if it does not.

pub mod attribute;
pub mod config;
mod cost;
pub mod lint;
pub mod mask;
pub mod request;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Debug;
    use std::fs;
    use std::path::Path;

    use actix_web::http::StatusCode;

    use super::*;

    /// What the fuzzer begins with, and what it once found: what became of each.
    fn played<T: Debug>(folder: &str, keep: impl Fn(&[u8]) -> T) -> Vec<T> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
        let mut files: Vec<_> = files.map(|file| file.path()).collect();
        files.retain(|file| file.is_file());
        files.sort();
        let play = |file: &Path| {
            print!("{}: ", file.display());
            let result = keep(&fs::read(file).unwrap());
            println!("{result:?}");
            result
        };
        files.iter().map(|file| play(file)).collect()
    }

    fn all<T: Debug + Ord>(folder: &str, keep: impl Fn(&[u8]) -> T) -> Vec<T> {
        let distinct: BTreeSet<_> = played(folder, keep).into_iter().collect();
        distinct.into_iter().collect()
    }

    #[test]
    fn the_seeds_for_requests_reach_every_kind_of_answer() {
        let statuses = all("seeds/request", request::keep);
        let statuses: Vec<_> = statuses.iter().flatten().map(StatusCode::as_u16).collect();
        assert_eq!(statuses, [200, 204, 401, 403, 404, 405, 429, 500, 503]);
    }

    #[test]
    fn the_seeds_for_configurations_are_read_in_every_format_and_some_make_sense() {
        let read = all("seeds/config", config::keep);
        for format in 0..3 {
            for makes_sense in [false, true] {
                let is_there = read.iter().any(|it| it[format] == Some(makes_sense));
                assert!(is_there, "of format {format}: {makes_sense}");
            }
        }
    }

    #[test]
    fn the_seeds_for_the_mask_have_every_form_of_a_secret() {
        let forms = all("seeds/mask", mask::keep);
        let forms: Vec<_> = forms.into_iter().flatten().collect();
        assert_eq!(forms, Vec::from_iter(0..mask::FORMS.len()));
    }

    #[test]
    fn some_seeds_for_the_attribute_expand_and_others_are_told_their_mistakes() {
        let expanded = all("seeds/macro", attribute::keep);
        assert_eq!(expanded, [None, Some(false), Some(true)]);
    }

    #[test]
    fn the_seeds_for_lints_break_rules_and_keep_them() {
        let found = all("seeds/lint", lint::keep);
        assert_eq!(found, [None, Some(false), Some(true)]);
        all("../../health-actix/tests/lint", lint::keep);
    }
}
