//! Words that may not stand in the code, or only where they are expected.
//!
//! The forbidden words are put together from halves here, so that this file passes itself;
//! `snippets.rs`, which has to show them, is spared.

use crate::repository::{File, Problem, Repository};

/// Files that may hold unsafe code, each with the reason. Miri runs over them.
pub const UNSAFE_EXPECTED: &[(&str, &str)] = &[(
    "crates/codec/src/dispatch.rs",
    "one call of code compiled for AVX2, after detection; docs/decisions/010 says what it gains",
)];

const SNIPPETS: &str = "tests/tidy/snippets.rs";

/// Extensions of files in which people leave notes to themselves.
const SOURCES: [&str; 13] = [
    "rs", "ts", "svelte", "css", "html", "js", "mjs", "py", "sh", "toml", "yml", "sql", "Makefile",
];

const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

const UNSAFE: &str = concat!("un", "safe");

/// Where the checkouts of those who write this live.
const MACHINE_PATHS: [&str; 3] =
    [concat!("/", "home/"), concat!("/", "root/"), concat!("/", "Users/")];

/// Notes about work to be done, and modules that are commented out.
pub fn leftovers(repository: &Repository) -> Vec<Problem> {
    let files = repository.with_extension(&SOURCES).filter(|file| file.path != SNIPPETS);
    files.flat_map(leftovers_in).collect()
}

pub fn leftovers_in(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, line) in file.lines() {
        for note in NOTES.into_iter().filter(|note| has_word(line, note)) {
            let what = format!("{note} is left: do it, or write an issue and delete the note");
            problems.push(file.problem(number, what));
        }
        if file.extension() == "rs" && is_commented_module(line) {
            let what = "a module is commented out: delete it, the history keeps it";
            problems.push(file.problem(number, what));
        }
    }
    problems
}

fn is_commented_module(line: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix("//") else { return false };
    let comment = comment.trim();
    let comment = comment.strip_prefix("pub ").unwrap_or(comment);
    let name = comment.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
    name.is_some_and(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

/// Unsafe code outside the files that are expected to have it.
pub fn unsafe_code(repository: &Repository) -> Vec<Problem> {
    let is_expected = |file: &&File| {
        file.path == SNIPPETS || UNSAFE_EXPECTED.iter().any(|(path, _)| *path == file.path)
    };
    let files = repository.with_extension(&["rs"]).filter(|file| !is_expected(file));
    files.flat_map(unsafe_code_in).collect()
}

pub fn unsafe_code_in(file: &File) -> Vec<Problem> {
    let opens = |line: &str| {
        let after = |(at, _)| line[at + UNSAFE.len()..].chars().next();
        line.match_indices(UNSAFE)
            .map(after)
            .any(|c| [None, Some(' '), Some('{'), Some('(')].contains(&c))
    };
    let lines = file.lines().filter(|(_, line)| opens(code_of(line)));
    let what = format!(
        "{UNSAFE} code is not expected here: do without, or list the file, with its reason, in \
         UNSAFE_EXPECTED of tests/tidy/words.rs"
    );
    lines.map(|(number, _)| file.problem(number, what.as_str())).collect()
}

/// The line without a comment that starts it or follows code; strings are left as they are.
fn code_of(line: &str) -> &str {
    match line.trim_start().starts_with("//") {
        true => "",
        false => line.split(" // ").next().unwrap_or(line),
    }
}

/// Paths that exist on one machine only.
pub fn machine_paths(repository: &Repository) -> Vec<Problem> {
    let files = repository.files.iter().filter(|file| file.path != SNIPPETS);
    files.flat_map(machine_paths_in).collect()
}

pub fn machine_paths_in(file: &File) -> Vec<Problem> {
    let found = |line: &str| MACHINE_PATHS.into_iter().find(|path| line.contains(path));
    let problem = |(number, line): (usize, &str)| {
        let path = found(line)?;
        let what = format!("{path} is a path of one machine: derive it, or leave it out");
        Some(file.problem(number, what))
    };
    file.lines().filter_map(problem).collect()
}

/// Lints that are allowed or expected without a reason.
pub fn lint_exceptions(repository: &Repository) -> Vec<Problem> {
    let files = repository.with_extension(&["rs"]).filter(|file| file.path != SNIPPETS);
    files.flat_map(lint_exceptions_in).collect()
}

pub fn lint_exceptions_in(file: &File) -> Vec<Problem> {
    let lines: Vec<&str> = file.text.lines().collect();
    let starts = (0..lines.len()).filter(|at| {
        let line = lines[*at].trim_start();
        let attribute = line.strip_prefix("#![").or_else(|| line.strip_prefix("#["));
        attribute.is_some_and(|rest| rest.starts_with("allow(") || rest.starts_with("expect("))
    });
    let without_reason = starts.filter(|start| {
        let end = (*start..lines.len()).find(|at| lines[*at].contains(")]"));
        let attribute = &lines[*start..=end.unwrap_or(*start)];
        !attribute.iter().any(|line| line.contains("reason ="))
    });
    let what = "a lint is switched off without a reason: mend what it says, or write \
                #[expect(lint, reason = \"why\")]";
    without_reason.map(|at| file.problem(at + 1, what)).collect()
}

/// Whether `word` stands in the line, not as a part of a longer word.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}
