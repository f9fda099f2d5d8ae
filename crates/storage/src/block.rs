//! Immutable files with the rows of one partition, one retention class and one slice.
//!
//! A block is written under a temporary name, synced, renamed, and its folder synced; from
//! then on its bytes never change. Values stand column by column in groups of chunks
//! (`group`), timestamps apart from them and once for all columns and streams that share them
//! (`times`). The index lies in pages: who streams are (`streams`), the values of each tag
//! with the streams that have them (`values`), and what each measurement has
//! (`measurements`). Only the [`Root`] of a block stays in memory, which says where pages
//! are; pages are read through one cache of the store, and checked each time they are.
//!
//! Invariants: streams stand in the order of measurement, tags and policy; the chunks of one
//! stream and column follow each other in time without overlapping; a block that is no
//! longer wanted loses its file when the last query lets go of it.

mod array;
mod audit;
mod cache;
mod count;
mod dictionary;
mod distinct;
mod families;
mod find;
mod fitting;
mod footer;
mod group;
mod handles;
mod indexer;
mod keys;
mod list;
mod lookup;
mod measurements;
mod name;
mod output;
mod postings;
mod root;
mod scan;
mod statistics;
mod streams;
mod tables;
mod times;
mod values;
mod writer;

pub use audit::Shares;
pub use cache::Cache;
pub use find::Policies;
#[cfg(test)]
pub use footer::HEADER_BYTES;
pub use group::{Chunk, Directory, Place as Group};
pub use handles::Handles;
pub use keys::Keys;
pub use list::Blocks;
pub use lookup::Lookup;
pub use measurements::{Column, Groups as ColumnGroups, Measurement};
pub use name::{Name, Sequences};
pub use scan::Scan;
pub use statistics::at_times;
pub use tables::Statistics;
pub use times::{List as TimeList, Page as TimePage, Told};
pub use writer::Writer;

use crate::disk::{Disk, File, aside};
use crate::error::Error;
use crate::identity::PolicyId;
use crate::shape::Shapes;
use crate::tombstone::Hidden;
use footer::Footer;
use model::TimeRange;
use parking_lot::Mutex;
use roaring::RoaringBitmap;
use root::Root;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What blocks are read with.
#[derive(Clone)]
pub struct Context {
    /// Where files are.
    pub disk: Arc<dyn Disk>,
    /// What columns streams have.
    pub shapes: Arc<Shapes>,
    /// How many files may be open.
    pub handles: Arc<Handles>,
    /// Pages that were read.
    pub cache: Arc<Cache>,
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
    /// Whether it is written as what is not expected to change any more.
    pub is_cold: bool,
    /// The number of the last tombstone that was applied to its rows.
    pub applied: u64,
    root: Root,
    /// Names its pages in the cache.
    number: u64,
    path: PathBuf,
    context: Context,
    file: Mutex<Option<Arc<dyn File>>>,
    is_doomed: AtomicBool,
}

impl Block {
    /// Reads footer and root of a block.
    ///
    /// # Errors
    /// When they are damaged, of another version, or cannot be read.
    pub fn open(path: PathBuf, name: Name, context: &Context) -> Result<Self, Error> {
        let file: Arc<dyn File> = context.disk.open(&path)?.into();
        let bytes = file.size()?;
        let footer = Footer::read(file.as_ref(), bytes, &name, &path)?;
        let root = footer.root.read(file.as_ref(), &path)?;
        let root = Root::parse(&root).map_err(|d| d.in_file(&path, footer.root.offset))?;
        Ok(Self {
            name,
            range: footer.range,
            bytes,
            values: footer.values,
            is_cold: footer.is_cold,
            applied: footer.applied,
            root,
            number: context.cache.number(),
            path,
            context: context.clone(),
            file: Mutex::new(None),
            is_doomed: AtomicBool::new(false),
        })
    }

    /// Where its file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells it apart from all others of this process.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many streams it has; ordinals are below.
    pub fn streams(&self) -> u32 {
        self.root.streams
    }

    /// The policies its streams are of, those dropped since included.
    pub fn policies(&self) -> impl Iterator<Item = PolicyId> {
        self.root.policies.iter().map(|(id, _)| *id)
    }

    /// Whether `hidden` is all of it.
    pub fn is_hidden(&self, hidden: &[Hidden]) -> bool {
        let whole = hidden.iter().filter(|one| one.is_all(self.range));
        let streams = whole.fold(RoaringBitmap::new(), |all, one| all | one.streams());
        streams.len() == u64::from(self.root.streams)
    }

    /// The policies of which `hidden` is all that the column `field` of a measurement has, out of
    /// those at these places.
    ///
    /// # Errors
    /// When the index is damaged or cannot be read.
    pub fn hidden_policies(
        &self,
        hidden: &[Hidden],
        of: &Measurement,
        field: &str,
        policies: &[u32],
    ) -> Result<Vec<PolicyId>, Error> {
        let whole = hidden.iter().filter(|one| one.is_all_of(field, self.range));
        let gone = whole.fold(RoaringBitmap::new(), |all, one| all | one.streams());
        let mut found = Vec::new();
        if gone.range_cardinality(of.ordinals()) == 0 {
            return Ok(found);
        }
        for (id, set) in policies.iter().filter_map(|at| self.root.policies.get(*at as usize)) {
            let mut own = self.set(set)?;
            own.remove_range(..of.ordinals().start);
            own.remove_range(of.ordinals().end..);
            if own.is_subset(&gone) {
                found.push(*id);
            }
        }
        Ok(found)
    }

    /// How much memory it takes while nobody looks at it.
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.root.memory()
    }

    /// Reads bytes of the file into `into`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(&self, offset: u64, bytes: usize, into: &mut Vec<u8>) -> io::Result<()> {
        if offset.checked_add(bytes as u64).is_none_or(|end| end > self.bytes) {
            let what = format!("{}: offset {offset} lies outside the file", self.path.display());
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
        }
        into.resize(bytes, 0);
        self.file()?.read_at(offset, into)
    }

    fn file(&self) -> io::Result<Arc<dyn File>> {
        let mut kept = self.file.lock();
        if let Some(file) = kept.as_ref() {
            return Ok(file.clone());
        }
        let file: Arc<dyn File> = self.context.disk.open(&self.path)?.into();
        if self.context.handles.take() {
            *kept = Some(file.clone());
        }
        Ok(file)
    }

    /// Closes its file until it is read again.
    pub fn close(&self) {
        if self.file.lock().take().is_some() {
            self.context.handles.give_back();
        }
    }

    /// Lets the file go when the last query has let go of the block.
    pub fn doom(&self) {
        self.is_doomed.store(true, Ordering::Release);
    }

    /// Gives the file a second name aside, for people to look at, before it is doomed. The
    /// name lasts once its folder is synced.
    ///
    /// # Errors
    /// When that failed.
    pub fn keep_aside(&self) -> io::Result<PathBuf> {
        let target = aside(&self.path);
        match self.context.disk.link(&self.path, &target) {
            // By a merge that then failed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(target),
            linked => linked.map(|()| target),
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.close();
        if self.is_doomed.load(Ordering::Acquire)
            && let Err(error) = self.context.disk.remove(&self.path)
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
