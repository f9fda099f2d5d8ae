//! What was deleted and may still have its bytes in blocks.
//!
//! A delete is one durable record, a tombstone: what it hits, from when to when, and the last
//! flush before it. It hides rows of blocks whose flushes all came before it, so that what is
//! written later stays, whatever its time. A merge leaves out what the tombstones of its inputs
//! hide and notes in the block it writes which it has applied; when no block is left that a
//! tombstone concerns, it is forgotten.
//!
//! Invariants: numbers of tombstones rise and are never given twice; the log before `log_from`
//! is in blocks, and is not replayed, as that would bring rows back behind their tombstones.

mod file;
mod hidden;

pub use hidden::{Cuts, Hidden};

use crate::block::Block;
use crate::catalog;
use crate::disk::Disk;
use crate::error::Error;
use crate::identity::PolicyId;
use crate::twin::{self, Twin, replace_both};
use hashbrown::HashMap;
use model::{Predicate, TimeRange};
use parking_lot::{Mutex, RwLock};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The most memory that answers of blocks may take: streams of some hundred blocks with a
/// million streams each.
const ANSWERS_BYTES_MAX: usize = 64 << 20;

/// One delete.
#[derive(Clone, Debug)]
pub struct Tombstone {
    /// Its number.
    pub id: u64,
    /// The last flush of what it may hit.
    pub through: u64,
    /// Which series it hits.
    pub predicate: Predicate,
    /// From when to when.
    pub range: TimeRange,
}

impl Tombstone {
    /// Whether rows of `block` are from before it, and it was not applied to them.
    fn covers(&self, block: &Block) -> bool {
        block.name.sequences.last <= self.through
            && block.applied < self.id
            && self.range.overlaps(&block.range)
    }
}

/// Every tombstone, and what must be known beside them.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The last number that was given.
    pub last_id: u64,
    /// The last flush before the last delete.
    pub through: u64,
    /// Segments of the log below this one hold nothing that is not in blocks.
    pub log_from: u64,
    /// Those that concern some block, the oldest first.
    pub list: Vec<Arc<Tombstone>>,
}

/// What a tombstone hides of a block, by the numbers of both.
type Answers = HashMap<(u64, u64), Arc<[Hidden]>>;

/// Every tombstone, durable in one small file and its copy.
pub struct Tombstones {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    /// Held while the file is replaced; the state is swapped after it.
    writing: Mutex<()>,
    state: RwLock<Arc<State>>,
    /// Whether replacing the file failed: then it may hold a delete that was not acknowledged,
    /// and is written again before blocks are merged across it.
    is_in_doubt: AtomicBool,
    answers: Mutex<(Answers, usize)>,
}
impl Tombstones {
    /// Reads the file, which need not be there, and mends what is wrong with its copy, or
    /// with itself by its copy; answers how many of both were damaged, too.
    ///
    /// # Errors
    /// When both are damaged or cannot be read, or one is of another version: what was
    /// deleted must not come back unasked.
    pub fn open(path: PathBuf, disk: Arc<dyn Disk>) -> Result<(Self, u64), Error> {
        let (state, damages) = match read(&path, disk.as_ref())? {
            Some(twin) => {
                let damages = twin.mend(disk.as_ref());
                (twin.value, damages)
            }
            None => (State::default(), 0),
        };
        let tombstones = Self {
            path,
            disk,
            writing: Mutex::new(()),
            state: RwLock::new(Arc::new(state)),
            is_in_doubt: AtomicBool::new(false),
            answers: Mutex::default(),
        };
        Ok((tombstones, damages))
    }

    /// What there is now.
    pub fn state(&self) -> Arc<State> {
        self.state.read().clone()
    }

    /// Adds one that hits what was flushed up to `through`; no row of the log before the
    /// segment `log_from` is missing in blocks.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn add(
        &self,
        (predicate, range): (Predicate, TimeRange),
        through: u64,
        log_from: u64,
    ) -> io::Result<()> {
        let predicate = file::flat(&predicate).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the condition is nested too deeply")
        })?;
        self.change(|state| {
            let id = state.last_id + 1;
            (state.last_id, state.through, state.log_from) = (id, through, log_from);
            state.list.push(Arc::new(Tombstone { id, through, predicate, range }));
        })
    }

    /// Numbers those to come behind `id`, which some block has applied.
    pub fn reserve(&self, id: u64) {
        let mut state = self.state.write();
        if state.last_id < id {
            Arc::make_mut(&mut state).last_id = id;
        }
    }

    /// Forgets those of these numbers.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub fn forget(&self, ids: &[u64]) -> io::Result<()> {
        self.change(|state| state.list.retain(|one| !ids.contains(&one.id)))?;
        let mut answers = self.answers.lock();
        answers.0.retain(|(_, id), _| !ids.contains(id));
        answers.1 = answers.0.values().map(|hidden| bytes_of(hidden)).sum();
        Ok(())
    }

    /// Writes the file again where the last time failed.
    ///
    /// # Errors
    /// When it fails again.
    pub fn settle(&self) -> io::Result<()> {
        if self.is_in_doubt.load(Ordering::Acquire) { self.change(|_| {}) } else { Ok(()) }
    }

    fn change(&self, change: impl FnOnce(&mut State)) -> io::Result<()> {
        let _writing = self.writing.lock();
        let mut state = State::clone(&self.state.read());
        change(&mut state);
        self.is_in_doubt.store(true, Ordering::Release);
        replace_both(self.disk.as_ref(), &self.path, &file::encode(&state))?;
        self.is_in_doubt.store(false, Ordering::Release);
        *self.state.write() = Arc::new(state);
        Ok(())
    }

    /// What those of `state` hide of `block`.
    ///
    /// # Errors
    /// When the block's index is damaged or cannot be read.
    pub fn hidden(
        &self,
        state: &State,
        block: &Block,
        catalog: &catalog::State,
    ) -> Result<Arc<[Hidden]>, Error> {
        let mut all: Option<Arc<[Hidden]>> = None;
        for one in state.list.iter().filter(|one| one.covers(block)) {
            let found = self.answer(one, block, catalog)?;
            all = match all {
                Some(known) if found.is_empty() => Some(known),
                Some(known) if !known.is_empty() => {
                    Some(known.iter().chain(found.iter()).cloned().collect())
                }
                _ => Some(found),
            };
        }
        Ok(all.unwrap_or_default())
    }

    fn answer(
        &self,
        one: &Tombstone,
        block: &Block,
        catalog: &catalog::State,
    ) -> Result<Arc<[Hidden]>, Error> {
        let key = (block.number(), one.id);
        if let Some(known) = self.answers.lock().0.get(&key) {
            return Ok(known.clone());
        }
        let known = |id: PolicyId| catalog.policy(id).map(|known| known.name.clone());
        let found: Arc<[Hidden]> = hidden::find(block, one, &known)?.into();
        let mut answers = self.answers.lock();
        let bytes = bytes_of(&found);
        if answers.1 + bytes > ANSWERS_BYTES_MAX {
            *answers = (Answers::new(), 0);
        }
        if answers.0.insert(key, found.clone()).is_none() {
            answers.1 += bytes;
        }
        Ok(found)
    }

    /// The numbers of those that hide nothing of any of `blocks`. One of which a block cannot
    /// tell is not among them.
    pub fn idle(&self, blocks: &[Arc<Block>], catalog: &catalog::State) -> Vec<u64> {
        let concerns = |one: &Tombstone, block: &Block| {
            one.covers(block)
                && self.answer(one, block, catalog).map_or(true, |found| !found.is_empty())
        };
        let state = self.state();
        let idle = state.list.iter().filter(|one| !blocks.iter().any(|b| concerns(one, b)));
        idle.map(|one| one.id).collect()
    }
}

/// What the file or its copy says; none where neither is there.
///
/// # Errors
/// When both are damaged or cannot be read, or one is of another version.
pub fn read(path: &Path, disk: &dyn Disk) -> Result<Option<Twin<State>>, Error> {
    twin::read(path, disk, file::decode)
}

fn bytes_of(hidden: &[Hidden]) -> usize {
    size_of::<((u64, u64), usize)>() + hidden.iter().map(Hidden::bytes).sum::<usize>()
}

#[cfg(test)]
mod tests;
