//! Reads a segment as far as the disk gives it: a sector that cannot be read takes the frame
//! in it, and no other.

use crate::disk::{Disk, File};
use crate::error::Damage;
use std::io;
use std::path::Path;

/// How much is read at once.
const STEP_BYTES: usize = 1 << 20;
/// The least that is asked for by itself: a page, of which a disk refuses no part.
const PAGE_BYTES: usize = 4096;
/// After so many refusals, steps are no longer taken apart: each may take a disk seconds.
const REFUSALS_MAX: usize = 256;

/// A segment, as far as it could be read.
#[derive(Debug, Default)]
pub struct Salvaged {
    /// Its bytes; 0 where they could not be read.
    pub bytes: Vec<u8>,
    /// Where they could not, and why.
    pub unread: Vec<Damage>,
}

impl Salvaged {
    /// Reads the file at `path`, into memory that may be there from another.
    ///
    /// # Errors
    /// When it cannot be opened: that says nothing of its bytes.
    pub fn read(&mut self, disk: &dyn Disk, path: &Path) -> io::Result<()> {
        let file = disk.open(path)?;
        let size = usize::try_from(file.size()?).map_err(io::Error::other)?;
        self.unread.clear();
        self.bytes.resize(size, 0);
        if file.read_at(0, &mut self.bytes).is_ok() {
            return Ok(());
        }
        let mut refusals = 0;
        let mut offset = 0;
        for step in self.bytes.chunks_mut(STEP_BYTES) {
            read_step(file.as_ref(), offset, step, &mut refusals, &mut self.unread);
            offset += step.len() as u64;
        }
        Ok(())
    }
}

/// Reads a part of a file, in halves where the disk refuses it.
fn read_step(
    file: &dyn File,
    offset: u64,
    into: &mut [u8],
    refusals: &mut usize,
    unread: &mut Vec<Damage>,
) {
    let Err(error) = file.read_at(offset, into) else { return };
    *refusals += 1;
    if into.len() > PAGE_BYTES && *refusals < REFUSALS_MAX {
        let middle = (into.len() / 2).next_multiple_of(PAGE_BYTES);
        let (first, second) = into.split_at_mut(middle);
        read_step(file, offset, first, refusals, unread);
        return read_step(file, offset + middle as u64, second, refusals, unread);
    }
    into.fill(0);
    unread.push(Damage::new(offset, format!("{} bytes cannot be read: {error}", into.len())));
}
