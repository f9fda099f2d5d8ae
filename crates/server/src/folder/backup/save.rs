//! Files into the place of a backup, and the list of them.
//!
//! A block never changes, so that one that was stored before is what it still must be. Where the
//! disk refuses to read a block, or gives damaged bytes of it, what is stored stays in the list: a
//! backup would else let go of the last good copy. Of a block that cannot be read and is stored
//! nowhere there is an empty file under the name of one put aside: what is restored says with its
//! answers that it is missing.

use super::copy::checksum;
use super::each_in_lanes;
use super::listing::{Entry, Listing};
use super::place::Place;
use crate::error::Error;
use crate::folder::progress::Progress;
use crate::folder::scratch::Scratch;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use storage::{DAMAGED, Disk, RealDisk, verify_block};

/// What the names of blocks end in.
pub const BLOCK: &str = ".block";

/// What a backup did.
#[derive(Debug, Default)]
pub struct Done {
    pub files: usize,
    pub bytes: u64,
    pub copied: usize,
    pub copied_bytes: u64,
    /// What is said of blocks that are damaged or cannot be read.
    missed: Vec<String>,
}

impl Done {
    /// Says what could not be taken.
    ///
    /// # Errors
    /// When that is anything, so that whoever began the backup looks.
    pub fn told(&self, place: &str) -> Result<(), Error> {
        for what in &self.missed {
            eprintln!("barograph: {what}");
        }
        match self.missed.len() {
            0 => Ok(()),
            count => Err(Error::Failed(format!(
                "{place}: the backup is made, but {count} blocks are damaged or cannot be read: see to the disk"
            ))),
        }
    }
}

/// A file of the new list, and whether it had to be copied for that.
struct Stored {
    entry: Entry,
    is_copied: bool,
}

/// Stores files, which are paths in a data folder and where they are now, and their list.
///
/// # Errors
/// When a file that is no block cannot be read, or one not be stored; then the list before is
/// still there.
pub fn all(files: &[(String, PathBuf)], place: &dyn Place) -> Result<Done, Error> {
    let progress = Mutex::new(Progress::new());
    let all = files.iter().filter_map(|(_, from)| Some(from.metadata().ok()?.len())).sum();
    let saving = Saving {
        place,
        paths: files.iter().map(|(path, _)| path.as_str()).collect(),
        before: blocks_before(place),
        disk: Arc::new(RealDisk),
    };
    let (stored, missed) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let read = Mutex::new(0);
    let copied = each_in_lanes(place.lanes(), files, |(path, from)| {
        let (found, why) = saving.save(path, from)?;
        missed.lock().extend(why);
        let mut read = read.lock();
        *read += found.iter().map(|it| it.entry.bytes).sum::<u64>();
        progress.lock().show(*read, all);
        stored.lock().extend(found);
        Ok(())
    });
    progress.lock().clear();
    let mut stored = stored.into_inner();
    stored.sort_by(|a, b| a.entry.path.cmp(&b.entry.path));
    let listing = Listing { files: stored.iter().map(|it| it.entry.clone()).collect() };
    // The files are durable before the list that names them, and that one before those
    // that only the list before it named are removed.
    if let Err(error) = copied.and_then(|()| place.conclude(&listing)) {
        if matches!(error, Error::Full(_)) {
            // A full disk is not left full of what nobody can restore.
            stored.iter().filter(|it| it.is_copied).for_each(|it| place.forget(&it.entry));
        }
        return Err(error);
    }
    place.prune(&listing.files.iter().map(Entry::stored).collect::<BTreeSet<_>>());
    let mut done = Done { missed: missed.into_inner(), ..Done::default() };
    done.missed.sort();
    for Stored { entry, is_copied } in &stored {
        done.files += 1;
        done.bytes += entry.bytes;
        done.copied += usize::from(*is_copied);
        done.copied_bytes += if *is_copied { entry.bytes } else { 0 };
    }
    Ok(done)
}

/// The blocks that the list before names.
fn blocks_before(place: &dyn Place) -> BTreeMap<String, Entry> {
    let files = place.listing().map(|listing| listing.files).unwrap_or_default();
    let blocks = files.into_iter().filter(|entry| entry.path.ends_with(BLOCK));
    blocks.map(|entry| (entry.path.clone(), entry)).collect()
}

/// What the list has for a file, and what is said of it.
type Saved = (Vec<Stored>, Option<String>);

/// What is said of a block that is damaged or cannot be read, and was stored before.
const KEPT: &str = "the copy that the backup has of it stays there";

impl Stored {
    fn with(self, told: String) -> Saved {
        (vec![self], Some(told))
    }
}

/// What files are saved with.
struct Saving<'a> {
    place: &'a dyn Place,
    /// Those of all files.
    paths: BTreeSet<&'a str>,
    before: BTreeMap<String, Entry>,
    disk: Arc<dyn Disk>,
}

impl Saving<'_> {
    /// Saves a file; answers what the list has for it, and what is wrong with it.
    fn save(&self, path: &str, from: &Path) -> Result<Saved, Error> {
        let is_block = path.ends_with(BLOCK);
        let (bytes, crc) = match checksum(from) {
            Ok(found) => found,
            Err(error) if is_block => return self.miss(path, from, &error.to_string()),
            Err(error) => return Err(error),
        };
        let entry = Entry { path: path.to_owned(), bytes, crc };
        if self.place.has(&entry)? {
            let mut stored = vec![Stored { entry, is_copied: false }];
            stored.extend(self.whole_of(path, bytes)?);
            return Ok((stored, None));
        }
        // Once for each block, when it is copied.
        let damages = if is_block { verify_block(from, &self.disk) } else { Vec::new() };
        let mut told = None;
        if let Some(damage) = damages.first() {
            if let Some(kept) = self.before(path, bytes)? {
                return Ok(kept.with(format!("{damage}; {KEPT}")));
            }
            told = Some(format!("{damage}; it is in the backup as it is"));
        }
        let mut stored = vec![self.copy(from, entry)?];
        stored.extend(self.whole_of(path, bytes)?);
        Ok((stored, told))
    }

    /// What was stored of a block when it was whole, where `path` is that of one put aside.
    fn whole_of(&self, path: &str, bytes: u64) -> Result<Option<Stored>, Error> {
        let whole = path.strip_suffix(DAMAGED).filter(|path| path.ends_with(BLOCK));
        match whole.filter(|path| !self.paths.contains(path)) {
            Some(path) => self.before(path, bytes),
            None => Ok(None),
        }
    }

    fn copy(&self, from: &Path, entry: Entry) -> Result<Stored, Error> {
        self.place.store(from, &entry)?;
        Ok(Stored { entry, is_copied: true })
    }

    /// What was stored of a block before, where it is still there. One of another length is
    /// another block: of a server that went on from an older backup.
    fn before(&self, path: &str, bytes: u64) -> Result<Option<Stored>, Error> {
        let known = self.before.get(path).filter(|entry| entry.bytes == bytes);
        Ok(match known {
            Some(entry) if self.place.has(entry)? => {
                Some(Stored { entry: entry.clone(), is_copied: false })
            }
            _ => None,
        })
    }

    /// Puts what there is in the place of a block that cannot be read.
    fn miss(&self, path: &str, from: &Path, why: &str) -> Result<Saved, Error> {
        let bytes = from.metadata().map(|meta| meta.len()).unwrap_or_default();
        if let Some(kept) = self.before(path, bytes)? {
            return Ok(kept.with(format!("{why}; {KEPT}")));
        }
        let (scratch, path) = (Scratch::new()?, format!("{path}{DAMAGED}"));
        let empty = scratch.path().join("empty");
        fs::File::create(&empty).map_err(super::copy::failed("write", &empty))?;
        let (bytes, crc) = checksum(&empty)?;
        let marked = self.copy(&empty, Entry { path, bytes, crc })?;
        Ok(marked
            .with(format!("{why}; it is not in the backup, and what is restored from it says so")))
    }
}

#[cfg(test)]
mod tests;
