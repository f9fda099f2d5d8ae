//! A copy of the store as it is now, made of links to files that never change.

use super::Store;
use super::flush::Cores;
use crate::disk::{DAMAGED, Disk, Entry};
use crate::error::Error;
use crate::folder::{MANIFEST, REPLACED, SNAPSHOTS};
use crate::trouble::Kind;
use std::io;
use std::io::ErrorKind::{AlreadyExists, NotFound};
use std::path::{Path, PathBuf};

impl Store {
    /// Makes the snapshot `name` with every write that was acknowledged before, and answers
    /// where it is: a data folder of its own, in `snapshots` of the store's. `also` adds
    /// files of others to it. What cannot be opened, or lies put aside, is linked as well, so that
    /// what the store misses is missed in the snapshot too, and told there. MANIFEST comes last, so
    /// that what a kill leaves half-made is refused by whoever opens it. Flushes and deletes wait
    /// meanwhile; merges and retention go on.
    ///
    /// # Errors
    /// When the disk refuses, or `also` does.
    pub fn snapshot(
        &self,
        name: &str,
        also: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<PathBuf, Error> {
        let mut last = self.flushing.lock();
        remove_unfinished(&self.folder.path, self.disk.as_ref());
        self.flush_all(&mut last, Cores::One)?;
        // A delete that failed must not be done in the snapshot.
        self.tombstones.settle()?;
        let disk = self.disk.as_ref();
        let all = self.folder.path.join(SNAPSHOTS);
        let at = all.join(name);
        let (blocks, wal) = (at.join("blocks"), at.join("wal"));
        disk.create_dir(&blocks)?;
        disk.create_dir(&wal)?;
        // Replaced as a whole, and written down behind the blocks' rows: after the flush they
        // know every policy that the blocks name. Before the blocks are listed, as a merge lets
        // the tombstones that it has applied be forgotten.
        let there = disk.list(&self.folder.path)?;
        for file in there.iter().filter(|entry| REPLACED.contains(&entry.name.as_str())) {
            disk.link(&self.folder.path.join(&file.name), &at.join(&file.name))?;
        }
        // Before the list as well: one that is opened meanwhile is then in both.
        let unopened: Vec<String> =
            self.troubles.of(Kind::Open).iter().map(ToString::to_string).collect();
        // The files of blocks that are merged away stay for as long as the list is held.
        let list = self.blocks.list();
        for block in list.iter() {
            disk.link(block.path(), &blocks.join(block.name.to_string()))?;
        }
        for (from, into) in [(self.folder.blocks(), &blocks), (self.folder.wal(), &wal)] {
            for Entry { name, .. } in disk.list(&from)? {
                if !name.ends_with(DAMAGED) && !unopened.contains(&name) {
                    continue;
                }
                match disk.link(&from.join(&name), &into.join(&name)) {
                    // It was opened, dropped or taken away meanwhile.
                    Err(error) if matches!(error.kind(), AlreadyExists | NotFound) => {}
                    linked => linked?,
                }
            }
        }
        drop(list);
        also(&at)?;
        for folder in [&blocks, &wal, &at] {
            disk.sync_dir(folder)?;
        }
        disk.link(&self.folder.path.join(MANIFEST), &at.join(MANIFEST))?;
        for folder in [&at, &all, &self.folder.path] {
            disk.sync_dir(folder)?;
        }
        Ok(at)
    }
}

/// The snapshots of a data folder that a kill left without MANIFEST.
///
/// # Errors
/// When the folder cannot be read.
pub(crate) fn unfinished(folder: &Path, disk: &dyn Disk) -> io::Result<Vec<PathBuf>> {
    let all = folder.join(SNAPSHOTS);
    let mut found = Vec::new();
    for name in disk.folders(&all)? {
        let at = all.join(name);
        if !disk.list(&at)?.iter().any(|file| file.name == MANIFEST) {
            found.push(at);
        }
    }
    Ok(found)
}

/// Removes what a kill left of snapshots that were being made, or removed: it keeps dropped
/// blocks on the disk. The caller has the folder for itself, and makes none meanwhile. One
/// that cannot be removed is told, and stays until the next time.
pub(super) fn remove_unfinished(folder: &Path, disk: &dyn Disk) {
    let removed = unfinished(folder, disk).and_then(|found| {
        for at in found {
            remove(&at, disk)?;
            tracing::info!(snapshot = %at.display(), "removed what a kill left of a snapshot");
        }
        Ok(())
    });
    if let Err(error) = removed {
        tracing::warn!(%error, "what a kill left of a snapshot stays, and takes space");
    }
}

fn remove(folder: &Path, disk: &dyn Disk) -> io::Result<()> {
    for file in disk.list(folder)? {
        disk.remove(&folder.join(file.name))?;
    }
    for inside in disk.folders(folder)? {
        remove(&folder.join(inside), disk)?;
    }
    disk.remove_dir(folder)
}
