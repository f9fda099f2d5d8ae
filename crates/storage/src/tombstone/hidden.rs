//! What a tombstone hides of one block: streams by their ordinals, and of them which columns.

use super::Tombstone;
use crate::block::{Block, Policies};
use crate::error::Error;
use model::TimeRange;
use roaring::RoaringBitmap;
use std::sync::Arc;

/// Some columns of streams of a block, for some time.
#[derive(Clone, Debug)]
pub struct Hidden {
    range: TimeRange,
    /// The column's name; none for all columns.
    field: Option<Arc<str>>,
    streams: Arc<RoaringBitmap>,
}

impl Hidden {
    /// This time of the column `field`, or of all, of some streams.
    pub fn new(range: TimeRange, field: Option<Arc<str>>, streams: Arc<RoaringBitmap>) -> Self {
        Self { range, field, streams }
    }

    /// The streams of which something is hidden.
    pub fn streams(&self) -> &RoaringBitmap {
        &self.streams
    }

    /// Whether it is everything that these streams have in this time.
    pub fn is_all(&self, range: TimeRange) -> bool {
        self.field.is_none() && self.spans(range)
    }

    /// Whether it is everything that the column `field` of these streams has in this time.
    pub fn is_all_of(&self, field: &str, range: TimeRange) -> bool {
        self.field.as_ref().is_none_or(|own| own.as_ref() == field) && self.spans(range)
    }

    fn spans(&self, range: TimeRange) -> bool {
        self.range.start <= range.start && range.end <= self.range.end
    }

    /// How much memory it takes, about.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.streams.serialized_size()
    }
}

/// What `one` hides of `block`.
///
/// # Errors
/// When the block's index is damaged or cannot be read.
pub fn find(block: &Block, one: &Tombstone, known: &Policies<'_>) -> Result<Vec<Hidden>, Error> {
    let mut all: Vec<Hidden> = Vec::new();
    // Columns of the measurement at hand, from its first stream on.
    let mut columns: Vec<(Arc<str>, RoaringBitmap)> = Vec::new();
    let mut measurement: Option<(u32, usize)> = None;
    let mut close = |columns: &mut Vec<(Arc<str>, RoaringBitmap)>, count: usize| {
        let is_alike = columns.len() == count && columns.windows(2).all(|p| p[0].1 == p[1].1);
        if is_alike && let Some((_, streams)) = columns.pop() {
            columns.clear();
            all.push(Hidden::new(one.range, None, Arc::new(streams)));
        }
        for (field, streams) in columns.drain(..) {
            all.push(Hidden::new(one.range, Some(field), Arc::new(streams)));
        }
    };
    block.each_fitting(&one.predicate, known, |of, at, streams| {
        let now = (of.first, of.columns.len());
        if let Some((_, count)) = measurement.replace(now).filter(|before| *before != now) {
            close(&mut columns, count);
        }
        columns.push((of.columns[at].def.name.clone(), streams));
    })?;
    if let Some((_, count)) = measurement {
        close(&mut columns, count);
    }
    Ok(all)
}

/// The times that are hidden of one column of one stream of a block.
#[derive(Clone, Copy, Debug)]
pub struct Cuts<'a> {
    hidden: &'a [Hidden],
    ordinal: u32,
    field: &'a str,
}

impl<'a> Cuts<'a> {
    /// No time.
    pub const NONE: Self = Self { hidden: &[], ordinal: 0, field: "" };

    /// Those of the column `field` of stream `ordinal`.
    pub fn new(hidden: &'a [Hidden], ordinal: u32, field: &'a str) -> Self {
        Self { hidden, ordinal, field }
    }

    fn ranges(&self) -> impl Iterator<Item = TimeRange> {
        let hits = |one: &&Hidden| {
            one.field.as_ref().is_none_or(|field| field.as_ref() == self.field)
                && one.streams.contains(self.ordinal)
        };
        self.hidden.iter().filter(hits).map(|one| one.range)
    }

    /// Whether some time inside `range` is hidden.
    pub fn touch(&self, range: TimeRange) -> bool {
        self.ranges().any(|cut| cut.overlaps(&range))
    }

    /// Whether all times inside `range` are hidden.
    pub fn hide(&self, range: TimeRange) -> bool {
        !self.hidden.is_empty() && self.left(range).is_empty()
    }

    /// What is left of `range`, in the order of time.
    pub fn left(&self, range: TimeRange) -> Vec<TimeRange> {
        let mut left = vec![range];
        for cut in self.ranges() {
            let before = std::mem::take(&mut left);
            for one in before {
                if !cut.overlaps(&one) {
                    left.push(one);
                    continue;
                }
                if one.start < cut.start {
                    left.push(TimeRange::new(one.start, cut.start - model::Span(1)));
                }
                if cut.end < one.end {
                    left.push(TimeRange::new(cut.end + model::Span(1), one.end));
                }
            }
        }
        left
    }
}
