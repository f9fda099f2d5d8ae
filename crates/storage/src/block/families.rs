//! What many streams of a block share: policy, measurement, columns and names of tags.

use super::streams::{Common, STREAMS};
use super::{Block, Lookup, Measurement};
use crate::error::Error;
use crate::identity::PolicyId;
use model::TimeRange;
use roaring::RoaringBitmap;
use std::sync::Arc;

/// What many streams share.
#[derive(Debug)]
pub struct Family {
    /// Their policy.
    pub policy: PolicyId,
    /// Their measurement.
    pub measurement: Arc<Measurement>,
    /// Their shape, by its place in the measurement.
    pub shape: u32,
    /// The names of their tags.
    pub tags: Vec<Arc<str>>,
}

impl Block {
    /// The families of those of `streams` that may have rows inside `range`, each once.
    ///
    /// # Errors
    /// When the index is damaged or cannot be read.
    pub fn families(
        &self,
        streams: &RoaringBitmap,
        range: TimeRange,
    ) -> Result<Vec<Family>, Error> {
        let dictionary = self.dictionary()?;
        let mut look = Lookup::new(self)?;
        let mut families = Vec::new();
        for common in self.commons(streams, range)? {
            let missing = |what: &str| Error::damaged(self.path(), 0, format!("{what} is missing"));
            let policy = self.root.policies.get(common.policy as usize);
            let (policy, _) = policy.ok_or_else(|| missing("the policy of a stream"))?;
            let tags = dictionary.sets.get(common.tags as usize);
            let tags = tags.ok_or_else(|| missing("the set of tags of a stream"))?;
            families.push(Family {
                policy: *policy,
                measurement: look.measurement(common.measurement)?,
                shape: common.shape,
                tags: tags.iter().map(|tag| dictionary.tags[*tag as usize].name.clone()).collect(),
            });
        }
        Ok(families)
    }

    fn commons(&self, streams: &RoaringBitmap, range: TimeRange) -> Result<Vec<Common>, Error> {
        let mut known: Vec<Common> = Vec::new();
        let mut next = streams.min();
        while let Some(ordinal) = next {
            let index = ordinal / STREAMS;
            let first = index * STREAMS;
            let page = self.streams_in(index)?;
            for (common, run) in page.runs() {
                // Most pages hold nothing new, and no stream of theirs is looked at.
                if known.contains(common) {
                    continue;
                }
                let run = first + run.start as u32..first + run.end as u32;
                let is_there = |at: u32| page.stream((at - first) as usize).range.overlaps(&range);
                if streams.range(run).any(is_there) {
                    known.push(*common);
                }
            }
            next = streams.range(first.saturating_add(STREAMS)..).next();
        }
        Ok(known)
    }
}
