//! When operations of the simulated disk fail. For tests only.

use super::random::Random;
use std::io;
use std::path::Path;

/// What happens at the chosen operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// This and every later operation fails, as in a process that is gone.
    Crash,
    /// Writes fail for want of space from here on, until told otherwise.
    Full,
    /// This one sync fails.
    Sync,
    /// Every sync fails from here on, until another fault is chosen.
    Syncs,
}

/// How often operations fail, each in so many of a thousand cases.
#[derive(Clone, Debug)]
pub struct Plan {
    random: Random,
    /// Writing operations, with EIO.
    pub errors: u64,
    /// Creations and writes, with ENOSPC.
    pub full: u64,
    /// Reading operations, with EIO.
    pub reads: u64,
}

impl Plan {
    /// No failures yet.
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), errors: 0, full: 0, reads: 0 }
    }

    /// Whether this writing operation fails.
    pub fn fails(&mut self, what: &str, path: &Path) -> io::Result<()> {
        if self.random.chance(self.errors) {
            return Err(failed(what, path, "I/O error"));
        }
        let takes_space = matches!(what, "create" | "write");
        if takes_space && self.random.chance(self.full) {
            return Err(no_space(what, path));
        }
        Ok(())
    }

    /// Whether this reading operation fails.
    pub fn fails_read(&mut self, what: &str, path: &Path) -> io::Result<()> {
        if self.random.chance(self.reads) { Err(failed(what, path, "I/O error")) } else { Ok(()) }
    }
}

pub fn failed(what: &str, path: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{what} {}: {why}", path.display()))
}

pub fn no_space(what: &str, path: &Path) -> io::Error {
    let text = format!("{what} {}: no space left on device", path.display());
    io::Error::new(io::ErrorKind::StorageFull, text)
}
