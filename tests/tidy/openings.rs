//! Every source file opens with what it is, what it is not, and its invariants.
//!
//! A sibling `tests.rs` is spared: the file it stands beside says what is tested.

use crate::repository::{File, Problem, Repository};

pub fn check(repository: &Repository) -> Vec<Problem> {
    repository.with_extension(&["rs", "ts"]).filter_map(check_file).collect()
}

pub fn check_file(file: &File) -> Option<Problem> {
    if file.is_generated() || file.name() == "tests.rs" {
        return None;
    }
    let first = file.text.lines().next().unwrap_or_default();
    let (is_opening, wanted) = match file.extension() {
        "rs" => (first.starts_with("//!"), "//!"),
        _ => (first.starts_with("//") || first.starts_with("/*"), "a comment, // or /**"),
    };
    let what = format!("the file does not open with {wanted}: say in a sentence what it is");
    (!is_opening).then(|| file.problem(1, what))
}
