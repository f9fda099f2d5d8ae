//! What is wrong with a configuration file, in one line.

use std::fmt;
use std::path::{Path, PathBuf};

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    path: PathBuf,
    line: Option<usize>,
    what: String,
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        write!(out, ": {}", self.what)
    }
}

impl Fault {
    /// Something is wrong, perhaps in a line known.
    pub fn new(path: &Path, line: Option<usize>, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }

    /// From what the TOML reader says of `text`.
    pub fn of_toml(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let message = error.message().trim().replace('\n', "; ");
        let span = error.span().filter(|span| span.start <= text.len());
        let Some((key, known)) = unknown_field(&message) else {
            return Self::new(path, span.map(|span| line_of(text, span.start)), message);
        };
        // A table that is read as one value has one span; the key is looked for inside it.
        let line = span.map(|span| {
            let inside = text.get(span.start..).unwrap_or_default();
            let skipped = inside.lines().position(|line| names(line, key)).unwrap_or(0);
            line_of(text, span.start) + skipped
        });
        Self::new(path, line, format!("unknown key {key:?}; known keys here: {known}"))
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Whether a line of TOML begins with this key, or opens a table of that name.
fn names(line: &str, key: &str) -> bool {
    let line = line.trim_start().trim_start_matches('[');
    let rest = line.strip_prefix(key).or_else(|| {
        let quoted = line.strip_prefix('"')?.strip_prefix(key)?;
        quoted.strip_prefix('"')
    });
    rest.is_some_and(|rest| {
        let rest = rest.trim_start();
        rest.starts_with(['=', '.', ']'])
    })
}

/// The key and the known ones out of serde's message on an unknown field.
fn unknown_field(message: &str) -> Option<(&str, String)> {
    let rest = message.strip_prefix("unknown field `")?;
    let (key, rest) = rest.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Some((key, known))
}
