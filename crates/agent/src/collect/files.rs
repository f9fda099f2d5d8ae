//! Small files read whole, into one buffer that is used again; and the numbers in them.

use super::Problem;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A file of `/proc` longer than this is not read on: something else is mounted there.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Reads files.
#[derive(Debug, Default)]
pub(super) struct Files {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Files {
    /// The content of the file `name` below `root`.
    pub(super) fn read(&mut self, root: &Path, name: &str) -> Result<Content<'_>, Problem> {
        match self.try_read(root, name) {
            Ok(()) => Ok(Content { path: &self.path, bytes: &self.bytes }),
            Err(error) => Err(Problem { path: self.path.clone(), what: error.to_string() }),
        }
    }

    /// The content of a file that may go away at any time; `None` where it did.
    pub(super) fn read_if_there(
        &mut self,
        root: &Path,
        name: &str,
    ) -> Result<Option<Content<'_>>, Problem> {
        match self.try_read(root, name) {
            Ok(()) => Ok(Some(Content { path: &self.path, bytes: &self.bytes })),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(Problem { path: self.path.clone(), what: error.to_string() }),
        }
    }

    fn try_read(&mut self, root: &Path, name: &str) -> io::Result<()> {
        self.path.as_mut_os_string().clear();
        self.path.push(root);
        if !name.is_empty() {
            self.path.push(name);
        }
        self.bytes.clear();
        File::open(&self.path)?.take(FILE_BYTES_MAX).read_to_end(&mut self.bytes)?;
        Ok(())
    }
}

/// Whether the error says that what was read is no longer there: a process that ended, in
/// the middle of being read (`ESRCH`) or before, or a device that was unplugged.
fn is_gone(error: &io::Error) -> bool {
    let gone = [rustix::io::Errno::SRCH, rustix::io::Errno::NODEV];
    error.kind() == io::ErrorKind::NotFound
        || gone.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// A file that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'a> {
    path: &'a Path,
    pub(super) bytes: &'a [u8],
}

impl<'a> Content<'a> {
    /// The lines without their line feeds.
    pub(super) fn lines(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
    }

    /// That the file is not what it should be.
    pub(super) fn odd(&self, what: impl Into<String>) -> Problem {
        Problem { path: self.path.to_owned(), what: what.into() }
    }
}

/// The words of a line.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// A word that is a count.
pub(super) fn count(word: &[u8]) -> Option<u64> {
    text(word)?.parse().ok()
}

/// A word that is a decimal number.
pub(super) fn decimal(word: &[u8]) -> Option<f64> {
    text(word)?.parse().ok()
}

pub(super) fn text(word: &[u8]) -> Option<&str> {
    std::str::from_utf8(word).ok()
}

/// The counts of a line, up to the first word that is none, as many as there is room for;
/// the others are zero. Says how many there were.
pub(super) fn counts<'a, const N: usize>(
    words: impl Iterator<Item = &'a [u8]>,
) -> ([u64; N], usize) {
    let mut counts = [0; N];
    let mut found = 0;
    for (slot, value) in counts.iter_mut().zip(words.map_while(count)) {
        *slot = value;
        found += 1;
    }
    (counts, found)
}
