//! Style that executes: what the house asks of every file, checked over the whole repository.
//!
//! One test for each rule. A failure lists every place as `file:line`, what is wrong there and
//! what to do. `snippets.rs` shows what each rule catches and what it lets pass. Formatting is
//! left to rustfmt, idiom to clippy.

mod arrows;
mod functions;
mod names;
mod openings;
mod repository;
mod sizes;
mod snippets;
mod words;

use repository::{Problem, Repository};

fn check(rule: impl Fn(&Repository) -> Vec<Problem>) {
    let problems = rule(&Repository::read());
    let list: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert!(list.is_empty(), "{} untidy places:\n{}", list.len(), list.join("\n"));
}

#[test]
fn every_file_says_first_what_it_is() {
    check(openings::check);
}

#[test]
fn files_are_short() {
    check(sizes::check);
}

#[test]
fn functions_are_short() {
    check(functions::check);
}

#[test]
fn names_say_what_is_inside() {
    check(names::check);
}

#[test]
fn rooms_import_what_the_architecture_allows() {
    check(arrows::check);
}

#[test]
fn nothing_is_left_for_later() {
    check(words::leftovers);
}

#[test]
fn unsafe_code_is_where_it_is_expected() {
    check(words::unsafe_code);
}

#[test]
fn no_path_of_one_machine_is_recorded() {
    check(words::machine_paths);
}

#[test]
fn exceptions_to_lints_give_reasons() {
    check(words::lint_exceptions);
}
