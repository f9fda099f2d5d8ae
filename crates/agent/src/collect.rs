//! Readings of this host, under the names and types Telegraf gives them.
//!
//! One file for each measurement; each reads what it needs, writes its lines, and knows
//! nothing of the others. A file that is missing or odd costs its own measurement only, and
//! is reported once. Buffers are used again from round to round. Counts are written as
//! signed integers and shares as floats, as Telegraf does.

mod cpu;
mod disk;
mod diskio;
mod files;
mod kernel;
mod mem;
mod net;
mod processes;
mod round;
mod swap;
mod system;

use files::Files;
use model::Timestamp;
use round::Round;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::PathBuf;

/// Where the files of the host are; tests put their own there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    /// Where the `proc` file system is mounted.
    pub proc: PathBuf,
    /// Where the `sys` file system is mounted.
    pub sys: PathBuf,
    /// What stands before the mount points that `proc` tells of.
    pub mounts: PathBuf,
    /// The file of sessions.
    pub utmp: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self {
            proc: "/proc".into(),
            sys: "/sys".into(),
            mounts: "/".into(),
            utmp: "/run/utmp".into(),
        }
    }
}

/// Something that could not be read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Problem {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "read {}: {}", self.path.display(), self.what)
    }
}

/// What a round of collecting gave.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CollectReport {
    /// Lines written.
    pub lines: usize,
    /// What could not be read, and was not reported by an earlier round.
    pub problems: Vec<Problem>,
}

/// How many problems are remembered as reported. Past it nothing new is: a host where so
/// much is odd is odd altogether.
const PROBLEMS_MAX: usize = 256;

/// Collects the readings of one host.
#[derive(Debug)]
pub struct Collector {
    roots: Roots,
    tags: BTreeMap<String, String>,
    files: Files,
    cpu: cpu::Cpu,
    processes: processes::Processes,
    reported: HashSet<Problem>,
}

impl Collector {
    /// A collector of the host called `host`, which becomes the tag `host` of every line.
    pub fn new(host: String, roots: Roots) -> Self {
        Self {
            roots,
            tags: BTreeMap::from([("host".to_owned(), host)]),
            files: Files::default(),
            cpu: cpu::Cpu::default(),
            processes: processes::Processes::default(),
            reported: HashSet::new(),
        }
    }

    /// Adds tags to every line; those of a measurement itself, and `host`, go before them.
    #[must_use]
    pub fn with_tags(mut self, tags: impl IntoIterator<Item = (String, String)>) -> Self {
        for (name, value) in tags {
            self.tags.entry(name).or_insert(value);
        }
        self
    }

    /// The tags of every line.
    pub(crate) fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Appends the readings of now to `out` as lines with this timestamp. The first round
    /// has no `cpu`, whose readings are shares of the time since the round before.
    pub fn collect(&mut self, now: Timestamp, out: &mut Vec<u8>) -> CollectReport {
        let mut round = Round::new(&self.roots, &self.tags, now, out);
        let files = &mut self.files;
        let results = [
            self.cpu.collect(files, &mut round),
            mem::collect(files, &mut round),
            swap::collect(files, &mut round),
            disk::collect(files, &mut round),
            diskio::collect(files, &mut round),
            net::collect(files, &mut round),
            system::collect(files, &mut round),
            self.processes.collect(files, &mut round),
            kernel::collect(files, &mut round),
        ];
        let lines = round.lines();
        let mut problems = round.into_problems();
        problems.extend(results.into_iter().filter_map(Result::err));
        problems.retain(|problem| {
            self.reported.len() < PROBLEMS_MAX && self.reported.insert(problem.clone())
        });
        CollectReport { lines, problems }
    }
}

#[cfg(test)]
mod tests;
