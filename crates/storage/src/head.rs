//! What was written and is not yet in blocks, in memory, for writers and queries.
//!
//! A row finds its stream through the [`Directory`] by the bytes its key came in, is staged
//! as a log entry for the stream's partition, and is then applied to that partition: the
//! same bytes, by the same code, as after a restart. Locks are taken in this order: gate,
//! directory, a partition's rows, its names, schema; and the log behind a partition's rows.
//! Queries hold none while they decode.

mod arena;
mod directory;
mod freeze;
mod generation;
mod index;
mod late;
mod names;
mod open;
mod packed;
mod paged;
mod partition;
mod pool;
mod postings;
mod regain;
mod rows;
mod schema;
mod stage;
mod sweep;
mod texts;

pub use directory::{Found, Place, Resolver, Scope};
pub use names::Names;
pub use partition::{Fitting, Frozen, Outlined, Partition};
pub use regain::{Regain, Regained};
pub use rows::{HeadPart, Rows};
pub use schema::{Schema, SeriesLimits};
pub use stage::Stage;

use crate::identity::{self, PolicyId, PolicyName, Text};
#[cfg(test)]
use crate::shape::ColumnDef;
use crate::shape::{Shape, Shapes};
use directory::Directory;
use hashbrown::HashSet;
use model::{Field, Refusal};
use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// How many staging buffers are kept for the next bodies.
const STAGES_MAX: usize = 64;

/// Of so many fields it is looked whether any stream has them while writers wait.
const FIELDS_PER_STOP: usize = 512;

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
    streams: AtomicU64,
    shapes: Arc<Shapes>,
    stages: Mutex<Vec<Stage>>,
    /// Held by whoever takes streams away. Locked before the gate.
    sweeping: Mutex<()>,
}

impl Head {
    /// An empty head.
    pub fn new(partitions: u16, schema: Schema, shapes: Arc<Shapes>) -> Self {
        Self {
            partitions: (0..partitions).map(Partition::new).collect(),
            directory: Directory::default(),
            schema,
            gate: RwLock::new(()),
            bytes: AtomicI64::new(0),
            streams: AtomicU64::new(0),
            shapes,
            stages: Mutex::new(Vec::new()),
            sweeping: Mutex::new(()),
        }
    }

    /// Every partition, by its number.
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// Which partition has the streams with this hash.
    pub fn partition_of(&self, hash: u128) -> u16 {
        identity::partition_of(hash, self.partitions.len() as u16)
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
        self.streams.load(Ordering::Relaxed)
    }

    /// Keeps streams in their places for as long as it is held.
    pub fn enter(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read()
    }

    /// Returns when everyone who had entered has left.
    pub fn wait_alone(&self) {
        drop(self.gate.write());
    }

    /// Keeps everyone out who would enter, for as long as it is held.
    pub fn stop(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write()
    }

    /// Finds streams for the rows of one body.
    pub fn resolver(&self) -> Resolver<'_> {
        self.directory.resolver()
    }

    /// The place of the stream with these names, made where it is not known. `pairs` are
    /// sorted by name, no name twice.
    ///
    /// # Errors
    /// What `may_add` says, who is told how many streams there are, where it is not known.
    pub fn place<T: Text, E>(
        &self,
        policy: &PolicyName,
        measurement: &T,
        pairs: &[(T, T)],
        may_add: impl FnOnce(u64) -> Result<(), E>,
    ) -> Result<Place, E> {
        let hash = identity::hash(&mut Vec::new(), measurement.as_ref(), pairs);
        let number = self.partition_of(hash);
        let partition = &self.partitions[usize::from(number)];
        if let Some(slot) = partition.find(hash, policy.id) {
            return Ok(Place { partition: number, slot });
        }
        may_add(self.streams())?;
        let (slot, is_new) = partition.place(hash, policy, measurement, pairs);
        self.streams.fetch_add(u64::from(is_new), Ordering::Relaxed);
        Ok(Place { partition: number, slot })
    }

    /// The shape with this number; the one without columns where nobody has it.
    pub fn shape(&self, id: u32) -> Arc<Shape> {
        self.shapes.get(id)
    }

    /// Gives a stream the columns of `fields` that it lacks; answers all it has.
    ///
    /// # Errors
    /// When a field has another kind than before, or a limit stands in the way.
    pub fn gain(&self, place: Place, fields: &[Field<'_>]) -> Result<Arc<Shape>, Refusal> {
        let partition = &self.partitions[usize::from(place.partition)];
        partition.widen(place.slot, |policy, measurement, shape| {
            self.schema.gain(policy, measurement, shape, fields)?;
            Ok(shape.clone())
        })
    }

    /// Gives a stream columns; answers where each of them is.
    #[cfg(test)]
    pub fn regain(&self, place: Place, columns: &[ColumnDef]) -> Vec<Option<u32>> {
        let partition = &self.partitions[usize::from(place.partition)];
        partition.widen(place.slot, |policy, measurement, shape| {
            self.schema.restore(policy, measurement, shape, columns)
        })
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

    /// Forgets the kinds of fields, by policy and measurement, that no stream here has.
    pub fn forget_fields(&self, mut fields: Vec<(PolicyId, Arc<str>, Arc<str>)>) {
        fields.sort_by(|(_, a, _), (_, b, _)| a.cmp(b));
        for batch in fields.chunks(FIELDS_PER_STOP) {
            let measurements: HashSet<&Arc<str>> = batch.iter().map(|(_, m, _)| m).collect();
            let mut gone: HashSet<_> = batch.iter().cloned().collect();
            let _alone = self.gate.write();
            for (measurement, partition) in
                measurements.into_iter().flat_map(|m| self.partitions.iter().map(move |p| (m, p)))
            {
                partition.each_of(measurement, |policy, shape| {
                    for column in shape.columns() {
                        gone.remove(&(policy, measurement.clone(), column.name.clone()));
                    }
                });
            }
            self.schema.forget_fields(&gone);
        }
    }
}

#[cfg(test)]
mod tests;
