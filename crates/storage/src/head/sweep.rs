//! Takes streams out of the head while bodies come in.
//!
//! A million streams take a second to take out, so it goes in steps: their spellings are
//! forgotten a page at a time, then the streams some thousand at a time. A body may spell a
//! stream again in between; such a stream stays, as its slot must not go to another while a
//! spelling leads there.

use super::partition::Partition;
use super::{Head, Place};
use crate::identity::PolicyId;
use hashbrown::{HashMap, HashSet};
use model::Predicate;
use roaring::RoaringBitmap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// So many streams are taken out while no body comes in: a millisecond or two of work.
const STREAMS_PER_STEP: usize = 1024;

impl Head {
    /// Takes away every stream whose policy is not in `live`, with its rows. Their memory
    /// comes back with the next flush.
    pub fn purge(&self, live: &HashSet<PolicyId>) {
        // Bodies that come in from here on find no dropped policy.
        self.wait_alone();
        self.sweep(|partition| partition.dropped(live), |_, _| {});
        let _alone = self.stop();
        self.schema.forget(live);
    }

    /// Takes away streams that had no row for some flushes; answers how many.
    pub fn evict(&self) -> u64 {
        self.sweep(Partition::idle, Partition::retain_idle)
    }

    /// Takes away streams of which every column fits and that have no rows.
    pub fn release(&self, predicate: &Predicate) {
        let find = |partition: &Partition| partition.without_rows(predicate);
        self.sweep(find, Partition::retain_rowless);
    }

    /// Takes away the streams that `find` finds and of which `retain` leaves the slots when
    /// no body is on its way; answers how many.
    fn sweep(
        &self,
        find: impl Fn(&Partition) -> Vec<u32>,
        retain: impl Fn(&Partition, &mut Vec<u32>),
    ) -> u64 {
        // One at a time, so that nobody else gives slots away.
        let _sweeping = self.sweeping.lock();
        let found: Vec<Vec<u32>> = self.partitions.iter().map(find).collect();
        if found.iter().all(Vec::is_empty) {
            return 0;
        }
        let doomed: Vec<RoaringBitmap> =
            found.iter().map(|slots| slots.iter().copied().collect()).collect();
        self.directory.forget(|place| doomed[usize::from(place.partition)].contains(place.slot));
        let mut gone = 0;
        for (partition, slots) in self.partitions.iter().zip(&found) {
            for step in slots.chunks(STREAMS_PER_STEP) {
                let mut step = step.to_vec();
                let _alone = self.stop();
                let place = |slot| Place { partition: partition.number, slot };
                step.retain(|slot| !self.directory.is_spelled_again(place(*slot)));
                retain(partition, &mut step);
                gone += self.remove(partition, step);
            }
        }
        self.directory.end_forgetting();
        gone
    }

    fn remove(&self, partition: &Partition, slots: Vec<u32>) -> u64 {
        let removed: HashMap<(PolicyId, Arc<str>), u64> = partition.remove(&slots);
        for (measurement, series) in removed {
            self.schema.gave_up(measurement, series);
        }
        self.streams.fetch_sub(slots.len() as u64, Ordering::Relaxed);
        slots.len() as u64
    }
}

#[cfg(test)]
mod tests;
