//! From the head to blocks: one block for each partition, class and slice.

use super::Store;
use crate::block::{Name, Sequences, Writer};
use crate::catalog::{Class, State};
use crate::chunk;
use crate::error::Error;
use crate::head::{Frozen, HeadPart, Partition};
use crate::jobs::JobKind;
use crate::rowset::{RowSet, join};
use crate::slice::{self, Slice};
use codec::Effort;
use model::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// From so many bytes on, a flush that has all cores takes more than one.
const BYTES_FOR_CORES: u64 = 1 << 20;

/// How many cores a flush takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cores {
    /// Bodies and queries have the others.
    One,
    /// Somebody waits for it, and nobody is served meanwhile.
    All,
}

impl Store {
    /// Flushes every partition, `last` being the last flush, and shortens the log by that;
    /// answers how many had rows.
    pub(super) fn flush_all(&self, last: &mut u64, cores: Cores) -> Result<u64, Error> {
        self.wal.rotate();
        // Rows that come from here on are in this segment or a later one, which must stay
        // even where no partition has them yet when it is asked.
        let present = self.wal.segment();
        let flushed = self.flush_partitions(last, cores)?;
        let logged = self.head.partitions().iter().filter_map(Partition::logged_from).min();
        self.wal.remove_before(logged.map_or(present, |logged| logged.min(present)))?;
        Ok(flushed)
    }

    /// Flushes every partition and leaves the log as it is.
    pub(super) fn flush_partitions(&self, last: &mut u64, cores: Cores) -> Result<u64, Error> {
        match self.head.bytes() {
            // Nothing to write is no job; what is to be noted is noted all the same.
            0 => self.flush_each(last, cores),
            bytes => self.job(JobKind::Flush, bytes, || self.flush_each(last, cores)),
        }
    }

    fn flush_each(&self, last: &mut u64, cores: Cores) -> Result<u64, Error> {
        let mut due = Vec::new();
        for partition in self.head.partitions() {
            if partition.logged_from().is_none() {
                partition.pass();
                continue;
            }
            *last += 1;
            due.push((partition, *last));
        }
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some((partition, sequence)) = due.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.flush_partition(partition, *sequence)?;
                // Each partition makes room: nobody waits for the others.
                let _room = self.room.lock();
                self.has_room.notify_all();
            }
            Ok(())
        };
        if cores == Cores::One || self.head.bytes() < BYTES_FOR_CORES {
            work()?;
        } else {
            let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
            let done: Result<(), Error> = std::thread::scope(|scope| {
                let start = |_| scope.spawn(work);
                let running: Vec<_> = (0..threads.min(due.len())).map(start).collect();
                let mut ended = running.into_iter().map(|thread| thread.join());
                ended.try_for_each(|done| done.expect("a flush does not panic"))
            });
            done?;
        }
        Ok(due.len() as u64)
    }

    fn flush_partition(&self, partition: &Partition, sequence: u64) -> Result<(), Error> {
        let frozen = partition.freeze();
        let state = self.catalog.state();
        let mut flush = Flush {
            store: self,
            partition: partition.number,
            sequence,
            now: self.clock.now(),
            writers: BTreeMap::new(),
        };
        for stream in frozen {
            flush.add(&stream, &state)?;
        }
        let mut fresh = Vec::with_capacity(flush.writers.len());
        let written = flush.finish(&mut fresh);
        // Shown in blocks before it leaves the head: a query meanwhile finds it twice,
        // which merging by time makes once.
        let shown = written.and_then(|()| self.blocks.replace(&fresh, &[]));
        if shown.is_err() {
            self.blocks.discard(&fresh);
        }
        shown?;
        let freed = partition.thaw();
        self.head.grew(-(freed as i64));
        self.counters.jobs.advance(JobKind::Flush, freed, self.clock.now());
        Ok(())
    }
}

/// The blocks that a flush of one partition writes.
struct Flush<'a> {
    store: &'a Store,
    partition: u16,
    sequence: u64,
    now: Timestamp,
    writers: BTreeMap<(Class, Slice), Writer>,
}

impl Flush<'_> {
    fn add(&mut self, stream: &Frozen, state: &State) -> Result<(), Error> {
        // What was dropped meanwhile is not worth writing.
        let Some(known) = state.policy(stream.identity.policy) else { return Ok(()) };
        let rows = Self::rows_of(stream);
        for (slice, run) in slice::cut(&rows.timestamps, self.now) {
            let key = (known.class, slice);
            if !self.writers.contains_key(&key) {
                let sequences = Sequences { first: self.sequence, last: self.sequence };
                let (partition, class) = (self.partition, known.class);
                let name = Name { partition, class, slice, sequences, level: 0 };
                let (disk, folder) = (&self.store.disk, self.store.blocks.folder());
                self.writers.insert(key, Writer::create(disk, folder, name, Effort::Hot)?);
            }
            let writer = self.writers.get_mut(&key).expect("it was just made");
            let identity = &stream.identity;
            writer.begin_stream(&identity.key.measurement)?;
            writer.add(&rows, run, &stream.shape)?;
            writer.end_stream(&identity.key, identity.hash(), identity.policy);
        }
        Ok(())
    }

    /// All rows of a stream, each time once.
    fn rows_of(stream: &Frozen) -> RowSet {
        let set = |part: &HeadPart| match part {
            HeadPart::Rows(rows) => rows.to_set(),
            HeadPart::Sealed(sealed) => unseal(sealed),
        };
        let mut sets: Vec<RowSet> = stream.parts.iter().map(set).collect();
        match sets.len() {
            1 if sets[0].columns.len() == stream.shape.len() => sets.remove(0),
            _ => join(sets, stream.shape.columns()),
        }
    }

    /// Makes every block durable; `fresh` are those that are, also when one fails.
    fn finish(self, fresh: &mut Vec<Name>) -> Result<(), Error> {
        for writer in self.writers.into_values() {
            fresh.extend(writer.finish()?);
        }
        Ok(())
    }
}

fn unseal(sealed: &chunk::Sealed) -> RowSet {
    let ordinals: Vec<_> = (0..sealed.shape.len() as u32).map(Some).collect();
    let rows = chunk::decode(&sealed.bytes, &sealed.summary, &ordinals);
    rows.expect("a chunk that never left memory is whole")
}
