//! Deletes: hidden at once behind a barrier, left out by the next merges.

use super::Store;
use super::flush::Cores;
use crate::block::Block;
use crate::error::Error;
use crate::identity::PolicyId;
use hashbrown::HashSet;
use model::limits::Budget;
use model::port::{CatalogError, Selection};
use model::{Predicate, TimeRange};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Store {
    /// Deletes what fits: every row that was acknowledged before is flushed, and a tombstone
    /// hides it. A row that is written later stays, whatever its time; of one that is written
    /// meanwhile either may be.
    ///
    /// # Errors
    /// When the disk refuses. What was to be deleted is then there, or, if the tombstone may
    /// have been written, is there or not after the next start.
    pub(super) fn delete_what(&self, what: &Selection) -> Result<(), CatalogError> {
        let failed = |error: Error| CatalogError::Failed(error.to_string());
        if what.range.is_empty() {
            return Ok(());
        }
        let mut last = self.flushing.lock();
        if self.is_closed.load(Ordering::Acquire) {
            return Err(CatalogError::Failed("the store is closed".to_owned()));
        }
        let log_from = self.set_aside();
        let flushed = self.flush_all(&mut last, Cores::One);
        self.head.partitions().iter().for_each(|partition| partition.go_on());
        let flushed = flushed.map_err(failed)?;
        self.counters.maintained(&crate::Maintained { flushed, ..Default::default() });
        let deletes = (what.predicate.clone(), what.range);
        let added = self.tombstones.add(deletes, *last, log_from);
        added.map_err(|error| CatalogError::Failed(error.to_string()))?;
        drop(last);
        if what.range == TimeRange::ALL {
            self.head.release(&what.predicate);
            self.forget_fields(&what.predicate);
        }
        self.wake();
        Ok(())
    }

    /// Sets aside what the head has, so that the next flush takes just that; answers the
    /// segment of the log that begins behind it.
    fn set_aside(&self) -> u64 {
        let _alone = self.head.stop();
        self.wal.rotate();
        self.head.partitions().iter().for_each(|partition| partition.set_aside());
        self.wal.segment()
    }

    /// Forgets the kinds of fields that nothing is left of.
    pub(super) fn forget_fields(&self, predicate: &Predicate) {
        let state = self.catalog.state();
        let fits = |policy: PolicyId, measurement: &str, field: &str| {
            state.policy(policy).is_some() && !predicate.of_column(measurement, field).is_none()
        };
        let known = self.head.schema.fields(fits);
        if known.is_empty() {
            return;
        }
        let everything = Selection { predicate: Predicate::ALL, range: TimeRange::ALL };
        let budget = Budget::unlimited();
        // Where something cannot be read, it may have any field.
        let Ok(outline) = self.outline_of(&everything, &budget) else { return };
        if !budget.warnings().is_empty() {
            return;
        }
        let left: HashSet<_> = outline
            .columns
            .iter()
            .map(|of| (&of.database, &of.policy, &of.measurement, &of.field))
            .collect();
        let is_gone = |(policy, measurement, field): &(PolicyId, Arc<str>, Arc<str>)| {
            let name = state.policy(*policy).map(|known| &known.name);
            name.is_some_and(|n| !left.contains(&(&n.database, &n.policy, measurement, field)))
        };
        self.head.forget_fields(known.into_iter().filter(is_gone).collect());
    }

    /// Removes blocks of which tombstones hide everything; answers how many.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn drop_deleted(&self) -> Result<u64, Error> {
        let tombstones = self.tombstones.state();
        if tombstones.list.is_empty() {
            return Ok(0);
        }
        let state = self.catalog.state();
        let is_deleted = |block: &&Arc<Block>| {
            let hidden = self.tombstones.hidden(&tombstones, block, &state);
            hidden.is_ok_and(|hidden| block.is_hidden(&hidden))
        };
        let doomed: Vec<Arc<Block>> =
            self.blocks.list().iter().filter(is_deleted).cloned().collect();
        for block in &doomed {
            tracing::info!(block = %block.name, bytes = block.bytes, "a block of deleted rows is dropped");
        }
        if !doomed.is_empty() {
            self.blocks.replace(&[], &doomed)?;
        }
        Ok(doomed.len() as u64)
    }

    /// Forgets tombstones that concern no block any more, once the files of those they
    /// concerned are gone for good.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn forget_tombstones(&self) -> Result<(), Error> {
        self.tombstones.settle()?;
        let tombstones = self.tombstones.state();
        if tombstones.list.is_empty() {
            return Ok(());
        }
        let blocks = self.blocks.list();
        let mut idle = self.tombstones.idle(&blocks, &self.catalog.state());
        if idle.is_empty() {
            return Ok(());
        }
        // A query may hold a file that no list has; were it found at a start without its
        // tombstone, it would bring rows back.
        let oldest = self.blocks.oldest_left_over()?;
        let is_gone = |id: &u64| {
            let one = tombstones.list.iter().find(|one| one.id == *id);
            one.is_some_and(|one| oldest.is_none_or(|oldest| oldest > one.through))
        };
        idle.retain(is_gone);
        if !idle.is_empty() {
            self.blocks.sync_folder()?;
            self.tombstones.forget(&idle)?;
        }
        Ok(())
    }
}
