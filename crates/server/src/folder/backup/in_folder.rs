//! A backup in a folder of this machine.

use super::copy::{checksum, copy_checked, failed, sync_folder};
use super::listing::{self, Entry, LISTING, Listing};
use super::place::Place;
use crate::error::Error;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use storage::{Disk, RealDisk};

/// The folders that files of a backup lie in.
const INSIDE: [&str; 3] = ["", "blocks/", "wal/"];

/// A backup in a folder.
pub struct InFolder {
    path: PathBuf,
}

impl InFolder {
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }
}

impl Place for InFolder {
    fn shown(&self) -> String {
        self.path.display().to_string()
    }

    fn lanes(&self) -> usize {
        1
    }

    /// Reads it again, so that what went bad where it lies is replaced.
    fn has(&self, entry: &Entry) -> Result<bool, Error> {
        let at = self.path.join(entry.stored());
        Ok(at.exists() && checksum(&at)? == (entry.bytes, entry.crc))
    }

    fn store(&self, from: &Path, entry: &Entry) -> Result<(), Error> {
        let to = self.path.join(entry.stored());
        let folder = to.parent().unwrap_or(&self.path);
        fs::create_dir_all(folder).map_err(failed("make folder", folder))?;
        copy_checked(from, &to, entry)
    }

    fn conclude(&self, listing: &Listing) -> Result<(), Error> {
        fs::create_dir_all(&self.path).map_err(failed("make folder", &self.path))?;
        let there = INSIDE.iter().map(|inside| self.path.join(inside)).filter(|it| it.exists());
        there.into_iter().try_for_each(|folder| sync_folder(&folder))?;
        listing.write(&self.path)
    }

    fn prune(&self, named: &BTreeSet<String>) {
        for inside in INSIDE {
            let listed = RealDisk.list(&self.path.join(inside)).unwrap_or_default();
            for entry in listed {
                let stored = format!("{inside}{}", entry.name);
                if listing::is_stored(&stored) && stored != LISTING && !named.contains(&stored) {
                    let _ = fs::remove_file(self.path.join(stored));
                }
            }
        }
    }

    fn forget(&self, entry: &Entry) {
        let _ = fs::remove_file(self.path.join(entry.stored()));
    }

    fn listing(&self) -> Result<Listing, Error> {
        Listing::read(&self.path)
    }

    fn fetch(&self, entry: &Entry, to: &Path) -> Result<(), Error> {
        copy_checked(&self.path.join(entry.stored()), to, entry)
    }
}
