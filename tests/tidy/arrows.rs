//! Rooms import what the table in `ARCHITECTURE.md` allows, and nothing else.
//!
//! A dependency for tests is an arrow like any other: what a room's tests need, its readers
//! must know.

use crate::repository::{File, Problem, Repository};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// Where the table is, and how it begins.
const MAP: &str = "ARCHITECTURE.md";
const HEADER: &str = "| room | its one job | may import |";

/// What comes before the name of a room in the names of packages.
const PACKAGE_PREFIX: &str = "barograph-";

const ADVICE: &str = "Go without it, or change the table and say why in docs/decisions";

/// What a room may import.
#[derive(Debug, PartialEq, Eq)]
pub enum Allowed {
    All,
    These(BTreeSet<String>),
}

pub fn check(repository: &Repository) -> Vec<Problem> {
    let Some(map) = repository.find(MAP) else {
        let what = format!("it is missing: it holds the table {HEADER:?}");
        let file = File { path: MAP.to_owned(), text: String::new() };
        return vec![file.problem(1, what)];
    };
    let rooms = match parse_map(map) {
        Ok(rooms) => rooms,
        Err(problem) => return vec![problem],
    };
    let manifests: Vec<&File> = repository.with_extension(&["toml"]).filter(is_manifest).collect();
    let mut problems: Vec<Problem> =
        manifests.iter().flat_map(|manifest| check_manifest(manifest, &rooms)).collect();
    for (room, (line, _)) in &rooms {
        let manifest = format!("{room}/Cargo.toml");
        if !manifests.iter().any(|file| file.path == manifest) {
            problems.push(map.problem(*line, format!("{room} has a row but no Cargo.toml")));
        }
    }
    problems
}

/// Rooms by their folder: the line of their row, and what they may import.
type Rooms = BTreeMap<String, (usize, Allowed)>;

fn is_manifest(file: &&File) -> bool {
    let parts: Vec<&str> = file.path.split('/').collect();
    matches!(parts[..], ["crates", _, "Cargo.toml"] | [_, "Cargo.toml"])
}

pub fn parse_map(map: &File) -> Result<Rooms, Problem> {
    let mut lines = map.lines().skip_while(|(_, line)| *line != HEADER);
    let (header, _) = lines.next().ok_or_else(|| {
        map.problem(1, format!("no line reads {HEADER:?}: tidy reads the arrows from that table"))
    })?;
    let mut rooms = Rooms::new();
    // The line below the header is only dashes.
    for (number, line) in lines.skip(1).take_while(|(_, line)| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [room, _, imports] = cells[..] else {
            return Err(map.problem(number, "a row of the table of rooms has three cells"));
        };
        let allowed = match imports {
            "all" => Allowed::All,
            "–" | "-" => Allowed::These(BTreeSet::new()),
            list => Allowed::These(list.split(',').map(|room| room.trim().to_owned()).collect()),
        };
        rooms.insert(room.trim_matches(['`', '/']).to_owned(), (number, allowed));
    }
    if rooms.is_empty() {
        Err(map.problem(header, "the table of rooms is empty"))
    } else {
        Ok(rooms)
    }
}

pub fn check_manifest(manifest: &File, rooms: &Rooms) -> Vec<Problem> {
    let folder = manifest.path.trim_end_matches("/Cargo.toml");
    let Some((_, allowed)) = rooms.get(folder) else {
        let what = format!("{folder} has no row in the table of {MAP}: add it, with its arrows");
        return vec![manifest.problem(1, what)];
    };
    let table = match manifest.text.parse::<Table>() {
        Ok(table) => table,
        Err(error) => return vec![manifest.problem(1, format!("it is no TOML: {error}"))],
    };
    let Allowed::These(allowed) = allowed else { return Vec::new() };
    let is_room = |name: &String| rooms.contains_key(&format!("crates/{name}"));
    let forbidden = dependencies(&table).into_iter().filter(is_room);
    let forbidden = forbidden.filter(|name| !allowed.contains(name));
    let problem = |name: String| {
        let line = manifest.lines().find(|(_, line)| line.starts_with(&name)).map_or(1, |l| l.0);
        let what = format!("{folder} may not import {name} by the table of {MAP}. {ADVICE}");
        manifest.problem(line, what)
    };
    forbidden.map(problem).collect()
}

/// The rooms and other packages a manifest depends on, for whatever purpose or platform.
fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for (key, value) in manifest.get(kind).and_then(Value::as_table).into_iter().flatten() {
            let package = value.get("package").and_then(Value::as_str).unwrap_or(key);
            names.insert(package.trim_start_matches(PACKAGE_PREFIX).to_owned());
        }
    }
    for (_, target) in manifest.get("target").and_then(Value::as_table).into_iter().flatten() {
        names.extend(target.as_table().map(dependencies).unwrap_or_default());
    }
    names
}
