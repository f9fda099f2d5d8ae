//! Merging the blocks of a slice: which ones is decided here, `store::merge` does it.
//!
//! A merge takes neighbours in the order of flushes, so that the newest value still wins
//! after it. Blocks of another slice width may hold the same points: a merge never joins
//! flushes from both sides of such a block.

use crate::block::Name;
use codec::Effort;
use model::{Span, TimeRange, Timestamp};
use std::collections::BTreeMap;

/// The fewest blocks that are worth a merge.
const MERGE_MIN: usize = 4;
/// With more blocks than this in a slice, they are merged whatever their sizes.
const SLICE_BLOCKS_MAX: usize = 12;
/// The largest input may be this many times the others together: beyond that, merging
/// would mostly copy.
const LARGEST_TIMES_REST_MAX: u64 = 2;

/// The most bytes that are merged at once. A slice with more keeps several blocks: one merge
/// takes some minutes of a core at most, and what it needs for streams and their tags stays
/// some hundred megabytes.
const MERGE_BYTES_MAX: u64 = 2 << 30;
/// A cold block is written again when what came later takes this part of it.
const COLD_TIMES_HOT_MAX: u64 = 8;

/// What a decision needs to know of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// Its name.
    pub name: Name,
    /// Its first and last row.
    pub range: TimeRange,
    /// How large it is.
    pub bytes: u64,
    /// Whether it holds streams of a dropped policy.
    pub has_dropped: bool,
    /// Whether it is written as what is not expected to change any more.
    pub is_cold: bool,
    /// Whether it must be left as it is, since it cannot be read now or was put aside.
    pub is_fixed: bool,
}

/// Blocks to merge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Merge {
    /// Which, from the oldest to the newest.
    pub names: Vec<Name>,
    /// How much effort the result is worth: it is cold where its slice has been over for long.
    pub effort: Effort,
}

/// What to merge at `now`: at most one merge for each slice of a partition and class. A slice
/// is merged for the last time, and cold, when it has been over for `cold_after`.
pub fn plan(blocks: &[Candidate], now: Timestamp, cold_after: Span) -> Vec<Merge> {
    let mut groups: BTreeMap<_, Vec<Candidate>> = BTreeMap::new();
    for block in blocks.iter().filter(|block| !block.is_fixed) {
        let name = &block.name;
        groups.entry((name.partition, name.class, name.slice)).or_default().push(*block);
    }
    let merge = |mut group: Vec<Candidate>| {
        group.sort_by_key(|block| block.name.sequences);
        let is_over = group[0].name.slice.range().end + cold_after < now;
        let effort = if is_over { Effort::Cold } else { Effort::Hot };
        let last = if is_over { choose_last(&group, blocks) } else { None };
        let run = last.or_else(|| choose(&group, blocks))?;
        Some(Merge { names: run.iter().map(|block| block.name).collect(), effort })
    };
    groups.into_values().filter_map(merge).collect()
}

/// The last merge of a slice that is over: all of it, or as much of the newest as may be
/// merged at once. None where most of that is cold already.
fn choose_last<'a>(group: &'a [Candidate], all: &[Candidate]) -> Option<&'a [Candidate]> {
    (0..group.len()).map(|first| &group[first..]).find(|run| {
        let bytes = |cold: bool| -> u64 {
            let of = run.iter().filter(|block| block.is_cold == cold);
            of.map(|block| block.bytes).sum()
        };
        let (cold, hot) = (bytes(true), bytes(false));
        hot > 0
            && cold <= hot.saturating_mul(COLD_TIMES_HOT_MAX)
            && cold + hot <= MERGE_BYTES_MAX
            && !is_split(run, all)
    })
}

/// The best run of neighbours in one slice.
fn choose<'a>(group: &'a [Candidate], all: &[Candidate]) -> Option<&'a [Candidate]> {
    let is_crowded = group.len() > SLICE_BLOCKS_MAX;
    let is_worth = |run: &[Candidate]| {
        let largest = run.iter().map(|block| block.bytes).max().unwrap_or(0);
        let rest = run.iter().map(|block| block.bytes).sum::<u64>() - largest;
        largest + rest <= MERGE_BYTES_MAX
            && (is_crowded || (run.len() >= MERGE_MIN && largest <= LARGEST_TIMES_REST_MAX * rest))
    };
    for length in (2..=group.len()).rev() {
        // The newest first: small blocks gather there.
        let mut runs = group.windows(length).rev();
        if let Some(run) = runs.find(|run| is_worth(run) && !is_split(run, all)) {
            return Some(run);
        }
    }
    // Space that was dropped is given back even where there is nothing to merge with.
    let mut alone = group.iter().map(std::slice::from_ref);
    alone.find(|run| run[0].has_dropped && !is_barred(run, all))
}

/// Whether another block with some of the same times has flushes among those of `run`, or
/// one that must be left as it is.
fn is_split(run: &[Candidate], all: &[Candidate]) -> bool {
    let holds = |run: &[Candidate], other: &Candidate| {
        !other.name.is_beside(&run[0].name)
            && run.iter().any(|block| block.range.overlaps(&other.range))
    };
    is_barred(run, all) || all.iter().any(|other| is_among(run, other) && holds(run, other))
}

/// Whether flushes of a block that must be left as it is are among those of `run`, in the
/// same slice: what is merged over it would count as what it was merged into.
fn is_barred(run: &[Candidate], all: &[Candidate]) -> bool {
    let mut fixed = all.iter().filter(|other| other.is_fixed);
    fixed.any(|other| is_among(run, other) && other.name.is_beside(&run[0].name))
}

/// Whether flushes of `other` are among those of `run`, which are of one slice.
fn is_among(run: &[Candidate], other: &Candidate) -> bool {
    let (Some(oldest), Some(newest)) = (run.first(), run.last()) else { return false };
    let (first, last) = (oldest.name.sequences.first, newest.name.sequences.last);
    let theirs = &other.name;
    (theirs.partition, theirs.class) == (oldest.name.partition, oldest.name.class)
        && theirs.sequences.first <= last
        && first <= theirs.sequences.last
}

#[cfg(test)]
mod tests;
