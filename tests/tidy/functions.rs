//! Functions stay short enough to be seen at once.
//!
//! The scan relies on rustfmt: a function's body ends at the first line that is a closing
//! brace in the column its first line starts in.

use crate::repository::{File, Problem, Repository};

/// From the line with `fn` to the closing brace, both included.
pub const LINES_MAX: usize = 70;

/// What may stand before `fn`, beside a visibility.
const QUALIFIERS: [&str; 5] = ["const", "async", "unsafe", "extern", "default"];

pub fn check(repository: &Repository) -> Vec<Problem> {
    repository.with_extension(&["rs"]).flat_map(check_file).collect()
}

pub fn check_file(file: &File) -> Vec<Problem> {
    if file.is_test() {
        return Vec::new();
    }
    let lines: Vec<&str> = file.text.lines().collect();
    let long = (0..lines.len()).filter_map(|start| {
        let name = function_name(lines[start])?;
        let length = function_length(&lines[start..]);
        let what = format!(
            "fn {name} has {length} lines, at most {LINES_MAX}: branch in the parent, give \
             each leaf a name"
        );
        (length > LINES_MAX).then(|| file.problem(start + 1, what))
    });
    long.collect()
}

/// The name of the function that begins in this line, if one does.
fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub") {
        let after = after.trim_start();
        rest = match after.strip_prefix('(') {
            Some(scope) => scope.split_once(')')?.1.trim_start(),
            None => after,
        };
    }
    while let Some((word, after)) = rest.split_once(' ') {
        if word == "fn" {
            let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
            return Some(&after[..end]);
        }
        if !QUALIFIERS.contains(&word) && !word.starts_with('"') {
            return None;
        }
        rest = after;
    }
    None
}

/// How many lines the function takes that begins in the first of these.
fn function_length(lines: &[&str]) -> usize {
    let ends_head = |line: &&&str| [Some('{'), Some(';'), Some('}')].contains(&line.chars().last());
    let head = lines.iter().take_while(|line| !ends_head(line)).count() + 1;
    if lines.get(head - 1).is_none_or(|line| !line.ends_with('{')) {
        return head;
    }
    let indent = lines[0].len() - lines[0].trim_start().len();
    let closing = format!("{}}}", &lines[0][..indent]);
    let body = lines[head..].iter().position(|line| *line == closing);
    head + body.map_or(lines.len() - head, |before| before + 1)
}
