//! A copy of the store as it is now, made of links to files that never change.

use super::Store;
use crate::error::Error;
use crate::folder::{MANIFEST, REPLACED, SNAPSHOTS};
use std::io;
use std::path::{Path, PathBuf};

impl Store {
    /// Makes the snapshot `name` with every write that was acknowledged before, and answers
    /// where it is: a data folder of its own, in `snapshots` of the store's. `also` adds
    /// files of others to it. MANIFEST comes last, so that what a kill leaves half-made is
    /// refused by whoever opens it. Flushes, merges, deletes and retention wait meanwhile.
    ///
    /// # Errors
    /// When the disk refuses, or `also` does.
    pub fn snapshot(
        &self,
        name: &str,
        also: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<PathBuf, Error> {
        let _working = self.working.lock();
        let mut last = self.flushing.lock();
        self.flush_all(&mut last)?;
        let disk = self.disk.as_ref();
        let all = self.folder.path.join(SNAPSHOTS);
        let at = all.join(name);
        let blocks = at.join("blocks");
        disk.create_dir(&blocks)?;
        disk.create_dir(&at.join("wal"))?;
        for block in self.blocks.list().iter() {
            disk.link(block.path(), &blocks.join(block.name.to_string()))?;
        }
        // Written down behind the blocks' rows, and replaced as a whole: after the flush they
        // know every policy that the blocks name.
        let there = disk.list(&self.folder.path)?;
        for file in there.iter().filter(|entry| REPLACED.contains(&entry.name.as_str())) {
            disk.link(&self.folder.path.join(&file.name), &at.join(&file.name))?;
        }
        also(&at)?;
        disk.sync_dir(&blocks)?;
        disk.sync_dir(&at)?;
        disk.link(&self.folder.path.join(MANIFEST), &at.join(MANIFEST))?;
        for folder in [&at, &all, &self.folder.path] {
            disk.sync_dir(folder)?;
        }
        Ok(at)
    }
}
