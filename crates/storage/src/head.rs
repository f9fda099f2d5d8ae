//! What was written and is not yet in blocks, in memory, for writers and queries.
//!
//! A row finds its stream through the [`Directory`] by the bytes its key came in, is staged
//! as a log entry for the stream's partition, and is then applied to that partition: the
//! same bytes, by the same code, as after a restart. Locks are taken in this order: gate,
//! directory, schema, a stream's shape; then, apart from these, a partition's rows and
//! the log. Queries hold none while they decode.

mod directory;
mod partition;
mod rows;
mod schema;
mod slot;
mod stage;
mod stream;

pub use directory::{Placing, Resolver, Scope};
pub use partition::{Frozen, Partition};
pub use rows::Rows;
pub use schema::{Schema, SeriesLimits};
pub use slot::HeadPart;
pub use stage::Stage;
pub use stream::Stream;

use crate::identity::{Identity, PolicyId};
use directory::Directory;
use hashbrown::HashSet;
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// How many staging buffers are kept for the next bodies.
const STAGES_MAX: usize = 64;

/// Everything that is not yet in blocks.
pub struct Head {
    partitions: Box<[Partition]>,
    directory: Directory,
    /// Which kind each field of each measurement has.
    pub schema: Schema,
    /// Read by bodies on their way in, written by whoever takes streams away: a staged row
    /// names its stream by slot, which must not be given to another meanwhile.
    gate: RwLock<()>,
    /// May be below zero for a moment: a flush may take rows whose writer has not counted
    /// them yet.
    bytes: AtomicI64,
    stages: Mutex<Vec<Stage>>,
}

impl Head {
    /// An empty head.
    pub fn new(partitions: u16, schema: Schema) -> Self {
        Self {
            partitions: (0..partitions).map(Partition::new).collect(),
            directory: Directory::default(),
            schema,
            gate: RwLock::new(()),
            bytes: AtomicI64::new(0),
            stages: Mutex::new(Vec::new()),
        }
    }

    /// Every partition, by its number.
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// How many bytes its rows take.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed).max(0).unsigned_abs()
    }

    /// Notes that rows take more or fewer bytes.
    pub fn grew(&self, by: i64) {
        self.bytes.fetch_add(by, Ordering::Relaxed);
    }

    /// How many streams it knows.
    pub fn streams(&self) -> u64 {
        self.directory.len()
    }

    /// Keeps streams in their places for as long as it is held.
    pub fn enter(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read()
    }

    /// Returns when everyone who had entered has left.
    pub fn wait_alone(&self) {
        drop(self.gate.write());
    }

    /// Finds streams for the rows of one body.
    pub fn resolver(&self) -> Resolver<'_> {
        self.directory.resolver()
    }

    /// The stream with this identity, made where it is not known.
    pub fn stream(&self, identity: Arc<Identity>) -> Arc<Stream> {
        self.directory.stream(identity, |identity| self.place(identity))
    }

    /// Gives a new stream a slot in its partition.
    pub fn place(&self, identity: Arc<Identity>) -> Arc<Stream> {
        let number = identity.partition(self.partitions.len() as u16);
        self.partitions[usize::from(number)].add(identity)
    }

    /// An empty staging buffer.
    pub fn stage(&self) -> Stage {
        let reused = self.stages.lock().pop();
        reused.unwrap_or_else(|| Stage::new(self.partitions.len()))
    }

    /// Takes a staging buffer back for the next body.
    pub fn unstage(&self, mut stage: Stage) {
        if stage.reset() {
            let mut stages = self.stages.lock();
            if stages.len() < STAGES_MAX {
                stages.push(stage);
            }
        }
    }

    /// Takes away every stream whose policy is not in `live`, with its rows.
    pub fn purge(&self, live: &HashSet<PolicyId>) {
        let _alone = self.gate.write();
        for partition in &self.partitions {
            let purged = partition.remove(|slot| !live.contains(&slot.stream().identity.policy));
            self.grew(-(purged.bytes as i64));
            self.schema.gave_up(&purged.lost);
        }
        self.directory.forget(|stream| !live.contains(&stream.identity.policy));
        self.schema.forget(live);
    }

    /// Takes away streams that had no row for some flushes; answers how many.
    pub fn evict(&self) -> u64 {
        if !self.partitions.iter().any(Partition::has_idle) {
            return 0;
        }
        let _alone = self.gate.write();
        let mut gone = HashSet::new();
        for partition in &self.partitions {
            let flushes = partition.flushes();
            let evicted = partition.remove(|slot| slot.is_idle(flushes));
            self.schema.gave_up(&evicted.lost);
            self.grew(-(evicted.bytes as i64));
            gone.extend(evicted.slots.iter().map(|slot| (partition.number, *slot)));
        }
        self.directory.forget(|stream| gone.contains(&(stream.partition, stream.slot)));
        gone.len() as u64
    }
}

#[cfg(test)]
mod tests;
