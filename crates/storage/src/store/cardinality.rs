//! How many series the store has at a time, by name and label.

use super::Store;
use crate::block::Block;
use crate::cardinality::{BlockSource, Cardinality, Counting, HeadSource};
use crate::error::Error;
use crate::identity::PolicyId;
use crate::piece::tell;
use model::limits::{Budget, Exceeded};
use model::{TimeRange, Timestamp};
use std::sync::Arc;

/// Why series were not counted.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// The budget is used up.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// An index cannot be read.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Store {
    /// Counts the series that have samples in `range`, out of indexes alone, and tells
    /// `limit` of each kind at most. Streams that are new wait while the partition of the
    /// head they are in is counted. What cannot be read is not counted, and the budget is told.
    ///
    /// # Errors
    /// When the time of the budget is over, or the head cannot be read.
    pub fn cardinality(
        &self,
        range: TimeRange,
        limit: usize,
        budget: &Budget,
    ) -> Result<Cardinality, CountError> {
        let state = self.catalog.state();
        let is_live = |policy: PolicyId| state.policy(policy).is_some();
        let mut counting = Counting::new(limit);
        for partition in self.head.partitions() {
            counting.next_partition();
            // Before the blocks are listed: what is flushed in between is then in one of both.
            let (slots, is_live) = (&partition.slots_with_rows(range), &is_live);
            if !slots.is_empty() {
                partition
                    .with_names(|names| counting.add(&HeadSource { names, slots, is_live }))?;
            }
            for block in self.blocks_of(partition.number, range) {
                budget.check()?;
                let source = BlockSource { block: &block, range, is_live };
                if let Err(error) = counting.add(&source) {
                    tell(&error, budget, &self.counters);
                }
            }
        }
        self.gaps.tell(range, budget);
        self.troubles.tell(range, budget);
        Ok(counting.finish())
    }

    /// Blocks of a partition with rows in a range, the newest first: they know most columns.
    fn blocks_of(&self, partition: u16, range: TimeRange) -> Vec<Arc<Block>> {
        let list = self.blocks.list();
        let is_of =
            |block: &&Arc<Block>| block.name.partition == partition && block.range.overlaps(&range);
        let mut found: Vec<_> = list.iter().filter(is_of).cloned().collect();
        found.sort_by_key(|block| std::cmp::Reverse(block.name.sequences.last));
        found
    }

    /// The first and the last row in blocks; none where there are no blocks.
    pub fn block_range(&self) -> Option<(Timestamp, Timestamp)> {
        let list = self.blocks.list();
        let first = list.iter().map(|block| block.range.start).min()?;
        Some((first, list.iter().map(|block| block.range.end).max()?))
    }
}
