//! The data folder: what lies where, and the file `MANIFEST` that fixes its partitions.
//!
//! Invariant: nothing in a folder of another version is touched, not even its lock.

use crate::disk::{Disk, Lock};
use crate::envelope::Seal;
use crate::error::Error;
use crate::twin::{self, Twin, copy_of, replace_both};
use codec::cursor::Cursor;
use std::io;
use std::path::{Path, PathBuf};

/// The version of the whole folder; raised when an old program must not open a new one.
const SEAL: Seal = Seal { magic: b"BAROMETA", version: 1, what: "MANIFEST" };
/// What the folder is.
pub const MANIFEST: &str = "MANIFEST";
/// Where databases and policies are written down.
const CATALOG: &str = "catalog";
/// Where deletes are written down.
const TOMBSTONES: &str = "tombstones";
/// Where snapshots are made.
pub const SNAPSHOTS: &str = "snapshots";
/// Small files that are there or not, and that are replaced as a whole. Each has a copy
/// beside it, as MANIFEST has; snapshots and backups do without.
pub const REPLACED: [&str; 2] = [CATALOG, TOMBSTONES];
/// All files of the folder itself that are data.
pub const FILES: [&str; 3] = [CATALOG, TOMBSTONES, MANIFEST];
/// The most partitions a folder may have; their number is two bytes in frames and names.
pub const PARTITIONS_MAX: u16 = 1024;
/// The most partitions that are chosen unasked: more would only make more files.
const PARTITIONS_CHOSEN_MAX: usize = 8;

/// A data folder that is locked.
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// How many partitions its streams are spread over.
    pub partitions: u16,
    /// How many copies of the MANIFEST were damaged; they are mended.
    pub damages: u64,
    _lock: Box<dyn Lock>,
}

impl Folder {
    /// Opens the folder, or makes it with this many partitions (0 to choose).
    ///
    /// # Errors
    /// When it is of another version, in use, damaged or not writable.
    pub fn open(path: &Path, disk: &dyn Disk, partitions: u16) -> Result<Self, Error> {
        // Looked at before the lock, which would write into a folder of another version.
        if read_manifest(path, disk)?.is_some() {
            check_catalog(path, disk)?;
        }
        disk.create_dir(path)?;
        let lock = disk.lock(&path.join("LOCK"))?;
        let lock = lock.ok_or_else(|| Error::InUse { folder: path.to_owned() })?;
        let (partitions, damages) = match read_manifest(path, disk)? {
            Some(recorded) => (recorded.value, recorded.mend(disk)),
            None => (write_manifest(path, disk, partitions)?, 0),
        };
        let folder = Self { path: path.to_owned(), partitions, damages, _lock: lock };
        disk.create_dir(&folder.wal())?;
        disk.create_dir(&folder.blocks())?;
        disk.sync_dir(path)?;
        Ok(folder)
    }

    /// Where log segments are.
    pub fn wal(&self) -> PathBuf {
        wal(&self.path)
    }

    /// Where blocks are.
    pub fn blocks(&self) -> PathBuf {
        blocks(&self.path)
    }

    /// Where it is written down what was deleted.
    pub fn tombstones(&self) -> PathBuf {
        self.path.join(TOMBSTONES)
    }

    /// Where databases and policies are written down.
    pub fn catalog(&self) -> PathBuf {
        self.path.join(CATALOG)
    }
}

/// A data folder, or a snapshot of one, that is only looked at: nothing in it is made or
/// changed, and no server opens it meanwhile.
pub struct Looked {
    /// Where it is.
    pub path: PathBuf,
    _lock: Box<dyn Lock>,
}

impl Looked {
    /// Keeps servers out of the folder.
    ///
    /// # Errors
    /// When one has it, or it is no folder of data.
    pub fn open(path: &Path, disk: &dyn Disk) -> Result<Self, Error> {
        let lock = disk.lock_shared(&path.join("LOCK"))?;
        let lock = lock.ok_or_else(|| Error::InUse { folder: path.to_owned() })?;
        let is_data = disk.list(path)?.iter().any(|entry| entry.name == MANIFEST)
            || !disk.list(&wal(path))?.is_empty()
            || !disk.list(&blocks(path))?.is_empty();
        if !is_data {
            return Err(Error::NoData { folder: path.to_owned() });
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where log segments are.
    pub fn wal(&self) -> PathBuf {
        wal(&self.path)
    }

    /// Where blocks are.
    pub fn blocks(&self) -> PathBuf {
        blocks(&self.path)
    }

    /// Where databases and policies are written down.
    pub fn catalog(&self) -> PathBuf {
        self.path.join(CATALOG)
    }

    /// Where it is written down what was deleted.
    pub fn tombstones(&self) -> PathBuf {
        self.path.join(TOMBSTONES)
    }

    /// The file that fixes the partitions.
    pub fn manifest(&self) -> PathBuf {
        self.path.join(MANIFEST)
    }

    /// Checks that there is a catalog, or that there is no data.
    ///
    /// # Errors
    /// When there is data, and neither a catalog nor its copy.
    pub fn check_catalog(&self, disk: &dyn Disk) -> Result<(), Error> {
        check_catalog(&self.path, disk)
    }

    /// How many partitions there are.
    ///
    /// # Errors
    /// When the MANIFEST and its copy are missing or damaged.
    pub fn partitions(&self, disk: &dyn Disk) -> Result<Twin<u16>, Error> {
        let missing = || Error::Missing { folder: self.path.clone(), file: MANIFEST };
        read_manifest(&self.path, disk)?.ok_or_else(missing)
    }
}

fn wal(folder: &Path) -> PathBuf {
    folder.join("wal")
}

fn blocks(folder: &Path) -> PathBuf {
    folder.join("blocks")
}

fn read_manifest(folder: &Path, disk: &dyn Disk) -> Result<Option<Twin<u16>>, Error> {
    let found = twin::read(&folder.join(MANIFEST), disk, decode_manifest)?;
    if found.is_none() {
        check_empty(folder, disk, MANIFEST)?;
    }
    Ok(found)
}

fn decode_manifest(bytes: &[u8], path: &Path) -> Result<u16, Error> {
    let body = SEAL.unwrap(bytes, path, 0)?;
    let partitions = Cursor::new(body).u16().unwrap_or(0);
    if partitions == 0 || partitions > PARTITIONS_MAX {
        let what = format!("{partitions} is no number of partitions");
        return Err(Error::damaged(path, 9, what));
    }
    Ok(partitions)
}

/// Without a catalog, everything in log and blocks would count as dropped. It is written
/// before the first row, so that one is there wherever rows are.
fn check_catalog(folder: &Path, disk: &dyn Disk) -> Result<(), Error> {
    let path = folder.join(CATALOG);
    for path in [copy_of(&path), path] {
        match disk.open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            // Whether it can be read is seen when it is.
            _ => return Ok(()),
        }
    }
    check_empty(folder, disk, CATALOG)
}

/// Checks that there is no data, now that `file` is missing.
fn check_empty(folder: &Path, disk: &dyn Disk, file: &'static str) -> Result<(), Error> {
    let is_empty = disk.list(&wal(folder))?.is_empty() && disk.list(&blocks(folder))?.is_empty();
    if is_empty { Ok(()) } else { Err(Error::Missing { folder: folder.to_owned(), file }) }
}

fn write_manifest(folder: &Path, disk: &dyn Disk, partitions: u16) -> Result<u16, Error> {
    let partitions = match partitions {
        0 => std::thread::available_parallelism().map_or(1, |n| n.get()).min(PARTITIONS_CHOSEN_MAX)
            as u16,
        asked => asked.min(PARTITIONS_MAX),
    };
    sync_above(folder, disk)?;
    replace_both(disk, &folder.join(MANIFEST), &SEAL.wrap(&partitions.to_le_bytes()))?;
    Ok(partitions)
}

/// Makes a new folder durable, before anything in it is: those above it may be new, too.
fn sync_above(folder: &Path, disk: &dyn Disk) -> Result<(), Error> {
    for above in folder.ancestors().skip(1) {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        match disk.sync_dir(above) {
            // Who may not read a folder has not made it either.
            Err(e) if e.kind() != io::ErrorKind::PermissionDenied => return Err(e.into()),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
