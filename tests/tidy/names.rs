//! Names of files, folders and modules say what is inside.

use crate::repository::{File, Problem, Repository};

/// Names under which anything could stand, so that everything ends up there.
pub const BANNED: [&str; 10] =
    ["util", "utils", "common", "helper", "helpers", "misc", "manager", "managers", "v2", "base"];

pub fn check(repository: &Repository) -> Vec<Problem> {
    repository.files.iter().flat_map(check_file).collect()
}

pub fn check_file(file: &File) -> Vec<Problem> {
    let in_path = file.path.split('/').filter_map(|part| {
        let stem = part.split('.').find(|stem| !stem.is_empty()).unwrap_or(part);
        banned(stem).then(|| file.problem(1, format!("the name {part:?}: {ADVICE}")))
    });
    let modules = file.lines().filter(|_| file.extension() == "rs").filter_map(|(number, line)| {
        let name = module_name(line).filter(|name| banned(name))?;
        Some(file.problem(number, format!("the module name {name:?}: {ADVICE}")))
    });
    in_path.chain(modules).collect()
}

const ADVICE: &str = "it could hold anything. Name the noun or the verb that is inside";

fn banned(name: &str) -> bool {
    BANNED.contains(&name.to_lowercase().as_str())
}

/// The name of the module that is declared in this line, if one is.
fn module_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let after_visibility = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(") ")?.1,
        Some(rest) => rest.trim_start(),
        None => line,
    };
    let rest = after_visibility.strip_prefix("mod ")?;
    rest.split([';', ' ', '{']).next()
}
