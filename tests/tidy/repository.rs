//! The files of the repository, and what is said about them.

use std::fmt;
use std::fs;
use std::path::Path;

/// Folders that hold what is built, downloaded or written by a run.
const FOLDERS_SKIPPED: [&str; 8] = [
    ".git",
    "target",
    "node_modules",
    "dist",
    "out",
    "barograph-data",
    "test-results",
    ".svelte-kit",
];

/// Files that a program writes; their size and opening are its business.
const GENERATED: [&str; 1] = ["wire.ts"];

/// All files that are text.
pub struct Repository {
    pub files: Vec<File>,
}

impl Repository {
    /// Reads the checkout that this test was built in.
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut files = Vec::new();
        read_folder(&root, "", &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        assert!(!files.is_empty(), "no file is found below {}", root.display());
        Self { files }
    }

    /// The file at a path from the root.
    pub fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Files with one of these extensions.
    pub fn with_extension(&self, extensions: &[&str]) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| extensions.contains(&file.extension()))
    }
}

fn read_folder(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("read {}: {e}", folder.display()));
    for entry in entries {
        let entry = entry.unwrap_or_else(|e| panic!("read {}: {e}", folder.display()));
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !FOLDERS_SKIPPED.contains(&name.as_str()) {
            read_folder(&entry.path(), &format!("{path}/"), files);
        } else if kind.is_file() && !name.ends_with(".log") {
            // What is not UTF-8 is a picture or a fixture. What is gone since the folder was
            // listed was a file for a moment only.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                files.push(File { path, text });
            }
        }
    }
}

/// A text file.
pub struct File {
    /// From the root, with `/` between names.
    pub path: String,
    pub text: String,
}

impl File {
    /// Lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// What follows the last dot of the name; of `Makefile`, the name itself.
    pub fn extension(&self) -> &str {
        self.name().rsplit('.').next().unwrap_or_default()
    }

    pub fn is_generated(&self) -> bool {
        GENERATED.contains(&self.name())
    }

    /// Tests and benchmarks may be as long as their cases are many.
    pub fn is_test(&self) -> bool {
        let in_folder = self.path.split('/').any(|part| ["tests", "benches"].contains(&part));
        let name = self.name();
        in_folder || name == "tests.rs" || name.contains(".test.") || name.contains(".spec.")
    }

    pub fn problem(&self, line: usize, what: impl Into<String>) -> Problem {
        Problem { path: self.path.clone(), line, what: what.into() }
    }
}

/// Something to be mended: where, what, and how.
#[derive(Debug)]
pub struct Problem {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.what)
    }
}
