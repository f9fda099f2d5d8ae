//! Immutable files with the rows of one partition, one retention class and one slice.
//!
//! A block is written under a temporary name, synced, renamed, and its folder synced; from
//! then on its bytes never change. Its index (streams, shapes, chunks, postings) is kept in
//! memory; chunks are read when they are asked for, and checked each time. Streams stand in
//! the order of measurement, tags and policy, their chunks behind each other in that order.
//!
//! Invariants: the chunks of one stream follow each other in time without overlapping; a
//! block that is no longer wanted loses its file when the last query lets go of it.

mod footer;
mod handles;
mod list;
mod name;
mod section;
mod writer;

#[cfg(test)]
pub use footer::HEADER_BYTES;
pub use handles::Handles;
pub use list::Blocks;
pub use name::{Name, Sequences};
pub use writer::Writer;

use crate::chunk::Summary;
use crate::disk::{Disk, File, aside, read_all};
use crate::error::Error;
use crate::identity::{Identity, Interner, PolicyId};
use crate::index::Index;
use crate::shape::{Shape, Shapes};
use footer::Footer;
use model::TimeRange;
use parking_lot::Mutex;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a block's index is read into.
pub struct Context {
    /// Where files are.
    pub disk: Arc<dyn Disk>,
    /// Who streams are.
    pub interner: Arc<Interner>,
    /// What columns they have.
    pub shapes: Arc<Shapes>,
    /// How many files may be open.
    pub handles: Arc<Handles>,
}

/// A stream of a block.
#[derive(Debug)]
pub struct Stream {
    /// Who it is; none where its policy was dropped before the block was opened.
    pub identity: Option<Arc<Identity>>,
    /// Its columns here.
    pub shape: Arc<Shape>,
    /// Its first chunk, and how many it has.
    chunks: (u32, u32),
}

/// Where a chunk is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its first byte in the file.
    pub offset: u64,
    /// What it is.
    pub summary: Summary,
}

/// A block.
pub struct Block {
    /// What its file is called.
    pub name: Name,
    /// The first and the last row.
    pub range: TimeRange,
    /// How many bytes its file has.
    pub bytes: u64,
    /// How many values it holds.
    pub values: u64,
    /// Finds its streams by their names; ordinals are places in `streams`.
    pub index: Index,
    /// Its streams in their order.
    pub streams: Vec<Stream>,
    /// The policies its streams are of, those dropped since included.
    pub policies: Vec<PolicyId>,
    chunks: Vec<Place>,
    path: PathBuf,
    disk: Arc<dyn Disk>,
    handles: Arc<Handles>,
    file: Mutex<Option<Arc<dyn File>>>,
    is_doomed: AtomicBool,
}

impl Block {
    /// Reads the index of a block. `known` tells how a policy is called that is not dropped.
    ///
    /// # Errors
    /// When it is damaged, of another version, or cannot be read.
    pub fn open(
        path: PathBuf,
        name: Name,
        context: &Context,
        known: &section::Policies<'_>,
    ) -> Result<Self, Error> {
        let disk = &context.disk;
        let file: Arc<dyn File> = disk.open(&path)?.into();
        let bytes = file.size()?;
        let footer = Footer::read(file.as_ref(), bytes, &name, &path)?;
        let read = |extent: &footer::Extent| extent.read(file.as_ref(), &path);
        let index = read(&footer.index)?;
        let damaged = |damage: crate::error::Damage| damage.in_file(&path, footer.index.offset);
        let parsed = section::parse(&index, context, known).map_err(damaged)?;
        let postings = read(&footer.postings)?;
        let damaged = |damage: crate::error::Damage| damage.in_file(&path, footer.postings.offset);
        let index = parsed.index(&postings).map_err(damaged)?;
        Ok(Self {
            name,
            range: footer.range,
            bytes,
            values: footer.values,
            index,
            streams: parsed.streams,
            policies: parsed.policies,
            chunks: parsed.chunks,
            path,
            disk: disk.clone(),
            handles: context.handles.clone(),
            file: Mutex::new(None),
            is_doomed: AtomicBool::new(false),
        })
    }

    /// Where its file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The chunks of stream `ordinal`, in the order of time.
    pub fn chunks(&self, ordinal: u32) -> &[Place] {
        let (first, count) = self.streams[ordinal as usize].chunks;
        &self.chunks[first as usize..first as usize + count as usize]
    }

    /// Reads bytes of the file into `into`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(&self, offset: u64, bytes: usize, into: &mut Vec<u8>) -> io::Result<()> {
        into.resize(bytes, 0);
        self.file()?.read_at(offset, into)
    }

    /// All bytes of a chunk.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read_chunk(&self, place: &Place, into: &mut Vec<u8>) -> io::Result<()> {
        self.read(place.offset, place.summary.bytes as usize, into)
    }

    fn file(&self) -> io::Result<Arc<dyn File>> {
        let mut kept = self.file.lock();
        if let Some(file) = kept.as_ref() {
            return Ok(file.clone());
        }
        let file: Arc<dyn File> = self.disk.open(&self.path)?.into();
        if self.handles.take() {
            *kept = Some(file.clone());
        }
        Ok(file)
    }

    /// Closes its file until it is read again.
    pub fn close(&self) {
        if self.file.lock().take().is_some() {
            self.handles.give_back();
        }
    }

    /// Lets the file go when the last query has let go of the block.
    pub fn doom(&self) {
        self.is_doomed.store(true, Ordering::Release);
    }

    /// Copies the file aside, for people to look at, before it is doomed.
    ///
    /// # Errors
    /// When that failed.
    pub fn keep_aside(&self) -> io::Result<PathBuf> {
        let target = aside(&self.path);
        let bytes = read_all(self.disk.as_ref(), &self.path)?;
        crate::disk::replace(self.disk.as_ref(), &target, &bytes)?;
        Ok(target)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.close();
        if self.is_doomed.load(Ordering::Acquire)
            && let Err(error) = self.disk.remove(&self.path)
        {
            tracing::warn!(%error, "a block that is no longer used could not be removed");
        }
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Block").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
