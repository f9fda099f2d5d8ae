//! Why the store could not do something, with the file and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk refused; the message names operation and path.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Another process has the folder open.
    #[error(
        "data folder {} is in use by another process: stop that one, or choose another with --data-dir",
        .folder.display()
    )]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// A file was written by another version of Barograph.
    #[error(
        "{} has format version {found}, this program knows version {known}: start the version of barograph that wrote it, or choose another folder with --data-dir; nothing was changed",
        .path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version it has.
        found: u8,
        /// The version this program writes and reads.
        known: u8,
    },
    /// A file that nothing can be done without is damaged.
    #[error("{} is damaged at offset {offset}: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// There is nothing to look at.
    #[error("{} holds no data of Barograph: it has no MANIFEST, wal or blocks", .folder.display())]
    NoData {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder holds data but not a file that says what the data is.
    #[error(
        "data folder {} has wal or blocks but no {file}: restore that file from a backup, or choose another folder with --data-dir; nothing was changed",
        .folder.display()
    )]
    Missing {
        /// The data folder.
        folder: PathBuf,
        /// The name of the file.
        file: &'static str,
    },
}

impl Error {
    /// That `path` is damaged.
    pub(crate) fn damaged(path: &Path, offset: u64, what: impl ToString) -> Self {
        Self::Damaged { path: path.to_owned(), offset, what: what.to_string() }
    }
}

/// Whether an operation failed for want of space.
pub(crate) fn is_disk_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// Damage inside some bytes: the caller knows which file they came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Offset inside the bytes.
    pub offset: u64,
    /// What is wrong there.
    pub what: String,
}

impl Damage {
    /// Damage at `offset`.
    pub fn new(offset: u64, what: impl Into<String>) -> Self {
        Self { offset, what: what.into() }
    }

    /// The same damage, where the bytes began `base` into the file `path`.
    pub fn in_file(self, path: &Path, base: u64) -> Error {
        Error::damaged(path, base + self.offset, self.what)
    }
}

impl From<codec::Error> for Damage {
    fn from(error: codec::Error) -> Self {
        Self { offset: 0, what: error.to_string() }
    }
}
