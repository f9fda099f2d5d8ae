//! What knows streams: partitions of the head, and blocks.

use super::{Known, Source};
use crate::block::Block;
use crate::error::Error;
use crate::head::Names;
use crate::identity::PolicyId;
use model::TimeRange;
use roaring::RoaringBitmap;

/// The streams of a partition of the head.
pub struct HeadSource<'a> {
    /// Who they are.
    pub names: &'a Names,
    /// Those that count.
    pub slots: &'a RoaringBitmap,
    /// Whether a policy was not dropped.
    pub is_live: &'a dyn Fn(PolicyId) -> bool,
}

impl Source for HeadSource<'_> {
    fn bound(&self) -> usize {
        self.names.bound()
    }

    fn streams(&self, each: &mut dyn FnMut(Known<'_>)) -> Result<(), Error> {
        self.names.each(|known| {
            if self.slots.contains(known.ordinal) && (self.is_live)(known.policy) {
                each(known);
            }
        });
        Ok(())
    }

    fn labels(
        &self,
        weight: &dyn Fn(u32) -> u64,
        each: &mut dyn FnMut(&str, &str, u64),
    ) -> Result<(), Error> {
        self.names.each_tag(weight, each);
        Ok(())
    }
}

/// The streams of a block.
pub struct BlockSource<'a> {
    /// Whose.
    pub block: &'a Block,
    /// Those that may have rows here; the index tells it within about 17 seconds.
    pub range: TimeRange,
    /// Whether a policy was not dropped.
    pub is_live: &'a dyn Fn(PolicyId) -> bool,
}

impl Source for BlockSource<'_> {
    fn bound(&self) -> usize {
        self.block.streams() as usize
    }

    fn streams(&self, each: &mut dyn FnMut(Known<'_>)) -> Result<(), Error> {
        self.block.each_stream(|known, range| {
            if range.overlaps(&self.range) && (self.is_live)(known.policy) {
                each(known);
            }
        })
    }

    fn labels(
        &self,
        weight: &dyn Fn(u32) -> u64,
        each: &mut dyn FnMut(&str, &str, u64),
    ) -> Result<(), Error> {
        self.block.each_label(weight, each)
    }
}
