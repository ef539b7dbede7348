//! What the README shows is what compiles here.

#[test]
fn the_example_of_the_readme_is_this_crate_letter_for_letter() {
    let readme = include_str!("../../../README.md");
    let example = format!("```rust\n{}```\n", include_str!("../src/main.rs"));
    assert!(readme.contains(&example), "README.md and src/main.rs differ");
}
