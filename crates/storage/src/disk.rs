//! Every file operation of the store, behind one trait.
//!
//! A test puts a simulated disk in its place, which can lose power between any two of
//! them. Every error names its operation and its path, and keeps its kind.

mod real;
#[cfg(test)]
pub(crate) mod simulated;

pub use real::RealDisk;

use std::io;
use std::path::{Path, PathBuf};

/// A file of a folder, as it is listed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// Its name, without the folder.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// How large a disk is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Space {
    /// Bytes that this process may still write.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

/// A place for files.
pub trait Disk: Send + Sync {
    /// Makes a folder and those above it; one that is there is no error.
    ///
    /// # Errors
    /// When it cannot be made.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes an empty file to append to, in place of one that may be there.
    ///
    /// # Errors
    /// When it cannot be made.
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>>;

    /// Opens a file to read.
    ///
    /// # Errors
    /// When it is not there, or cannot be opened.
    fn open(&self, path: &Path) -> io::Result<Box<dyn File>>;

    /// Cuts a file to its first `bytes`, durably.
    ///
    /// # Errors
    /// When it cannot be cut.
    fn truncate(&self, path: &Path, bytes: u64) -> io::Result<()>;

    /// Renames a file, in place of one that may be there.
    ///
    /// # Errors
    /// When it cannot be renamed.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file another name beside the one it has. No byte is copied.
    ///
    /// # Errors
    /// When that name is taken, or the disk cannot do it.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// When it is not there, or cannot be removed.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The files of a folder, sorted by name; none where the folder is not there.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>>;

    /// The names of the folders in a folder, sorted; none where the folder is not there.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn folders(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// Removes a folder that holds nothing.
    ///
    /// # Errors
    /// When it is not there, holds something, or cannot be removed.
    fn remove_dir(&self, folder: &Path) -> io::Result<()>;

    /// Makes durable which files a folder holds.
    ///
    /// # Errors
    /// When that failed.
    fn sync_dir(&self, folder: &Path) -> io::Result<()>;

    /// How much room there is on the disk of a folder.
    ///
    /// # Errors
    /// When the disk does not tell.
    fn space(&self, folder: &Path) -> io::Result<Space>;

    /// Takes the lock that the file `path` stands for; none where another has it.
    ///
    /// # Errors
    /// When the file cannot be opened.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>>;

    /// Takes that lock together with others who only read, and makes no file; none where
    /// one has it alone. A file that is not there locks nothing.
    ///
    /// # Errors
    /// When the file cannot be opened.
    fn lock_shared(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>>;
}

/// An open file.
pub trait File: Send + Sync {
    /// Writes all of `bytes` at the end.
    ///
    /// # Errors
    /// When not all were written; how many were is unknown.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Fills `into` from `offset` on.
    ///
    /// # Errors
    /// When the file ends before, or cannot be read.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;

    /// Makes durable what was appended.
    ///
    /// # Errors
    /// When that failed; the file must then not be trusted with more.
    fn sync(&self) -> io::Result<()>;

    /// Its size in bytes.
    ///
    /// # Errors
    /// When it cannot be told.
    fn size(&self) -> io::Result<u64>;
}

/// A lock that is given back when it is dropped.
pub trait Lock: Send + Sync {}

/// What is held where there is no file to lock.
impl Lock for () {}

/// All bytes of a file.
pub(crate) fn read_all(disk: &dyn Disk, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    let size = usize::try_from(file.size()?).map_err(io::Error::other)?;
    let mut bytes = vec![0; size];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}

/// Writes a file so that, whatever happens, either the old or the new bytes are there.
pub(crate) fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = with_suffix(path, TEMPORARY);
    let file = disk.create(&temporary)?;
    file.append(bytes)?;
    file.sync()?;
    drop(file);
    disk.rename(&temporary, path)?;
    match path.parent() {
        Some(folder) => disk.sync_dir(folder),
        None => Ok(()),
    }
}

/// What the names of unfinished files end in; they are removed at the next start.
pub(crate) const TEMPORARY: &str = ".tmp";
/// What the names of damaged files end in; they are kept for people to look at.
pub const DAMAGED: &str = ".corrupt";

/// `path` with `suffix` behind its name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Where a damaged file is put aside.
pub(crate) fn aside(path: &Path) -> PathBuf {
    with_suffix(path, DAMAGED)
}

#[cfg(test)]
mod tests;
