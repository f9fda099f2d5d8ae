//! Files stay short enough to be read in one sitting.

use crate::repository::{File, Problem, Repository};

/// One noun a file, 400 lines at best; what is twice that holds a second noun.
pub const LINES_MAX: usize = 800;

pub fn check(repository: &Repository) -> Vec<Problem> {
    repository.with_extension(&["rs", "ts"]).filter_map(check_file).collect()
}

pub fn check_file(file: &File) -> Option<Problem> {
    let lines = file.text.lines().count();
    if lines <= LINES_MAX || file.is_test() || file.is_generated() {
        return None;
    }
    let what = format!("{lines} lines, at most {LINES_MAX}: move a noun to a file of its own");
    Some(file.problem(LINES_MAX + 1, what))
}
