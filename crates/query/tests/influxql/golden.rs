//! Runs the scripts beside this file.
//!
//! A script is blocks that start with a line `> command` and end before the next:
//!
//! ```text
//! > write DATABASE [POLICY]     the lines that follow are line protocol, in seconds
//! > now 2000-01-01T00:10:00Z    what now() is from here on
//! > use DATABASE [POLICY]       what statements mean that name no database
//! > query TEXT                  the lines that follow are the answer
//! > read TEXT                   the same in a request that may only read
//! ```
//!
//! Lines that start with `#` are for people. `UPDATE=1` writes the answers of today into
//! the scripts; look at the difference before you keep it.

use crate::memory::{Memory, StandingClock};
use crate::render::table;
use model::Timestamp;
use model::limits::Budget;
use query::influxql::{Engine, Options, Request};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[test]
fn scripts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/influxql");
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut scripts: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "test")).collect();
    scripts.sort();
    assert!(!scripts.is_empty(), "scripts stand in {}", folder.display());
    let update = std::env::var_os("UPDATE").is_some();
    let mut different = Vec::new();
    for script in &scripts {
        let text = std::fs::read_to_string(script).unwrap();
        let answered = run(&text);
        if answered == text {
            continue;
        }
        if update {
            std::fs::write(script, &answered).unwrap();
        } else {
            different.push(difference(script, &text, &answered));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// The first lines in which a script and its answers of today differ.
fn difference(script: &Path, text: &str, answered: &str) -> String {
    let (mut expected, mut found) = (text.lines(), answered.lines());
    for line in 1.. {
        let (expected, found) = (expected.next(), found.next());
        if expected != found {
            let name = script.file_name().unwrap_or_default().display();
            let (expected, found) = (expected.unwrap_or("(end)"), found.unwrap_or("(end)"));
            return format!("{name}:{line}\n  expected {expected}\n  found    {found}");
        }
    }
    unreachable!("texts that differ differ in a line");
}

/// A script with the answers of today.
fn run(text: &str) -> String {
    let memory = Arc::new(Memory::default());
    let clock = Arc::new(StandingClock::default());
    let engine = Engine::new(memory.clone(), memory.clone(), clock.clone(), Options::default());
    let mut request = Request::default();
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(command) = line.strip_prefix("> ") else { continue };
        let mut block = String::new();
        while let Some(line) =
            lines.next_if(|line| !line.starts_with('>') && !line.starts_with('#'))
        {
            block.push_str(line);
            block.push('\n');
        }
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        match verb {
            "write" => {
                let mut words = rest.split(' ');
                let database = words.next().unwrap();
                let now = clock.0.lock().unwrap().0;
                memory.write(database, words.next(), &block, 1_000_000_000, now);
                out.push_str(&block);
            }
            "now" => {
                *clock.0.lock().unwrap() = rest.parse::<At>().unwrap().0;
                out.push_str(&block);
            }
            "use" => {
                let mut words = rest.split(' ').map(str::to_owned);
                request =
                    Request { database: words.next(), policy: words.next(), read_only: false };
                out.push_str(&block);
            }
            "query" | "read" => {
                let request = Request { read_only: verb == "read", ..request.clone() };
                out.push_str(&table(&engine.run(rest, &request, &Budget::unlimited())));
                out.push('\n');
            }
            other => panic!("no such command: {other}"),
        }
    }
    // Files end with one line end, not with a blank line.
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

struct At(Timestamp);

impl std::str::FromStr for At {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        let at: jiff::Timestamp = text.parse()?;
        Ok(Self(Timestamp(at.as_nanosecond() as i64)))
    }
}
