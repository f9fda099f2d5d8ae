//! Merging the blocks of a slice: which ones is decided here, `store::merge` does it.
//!
//! A merge takes neighbours in the order of flushes, so that the newest value still wins
//! after it. Blocks of another slice width may hold the same points: a merge never joins
//! flushes from both sides of such a block.

use crate::block::Name;
use model::TimeRange;
use std::collections::BTreeMap;

/// The fewest blocks that are worth a merge.
const MERGE_MIN: usize = 4;
/// With more blocks than this in a slice, they are merged whatever their sizes.
const SLICE_BLOCKS_MAX: usize = 12;
/// The largest input may be this many times the others together: beyond that, merging
/// would mostly copy.
const LARGEST_TIMES_REST_MAX: u64 = 2;

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
}

/// Blocks to merge, from the oldest to the newest.
pub type Merge = Vec<Name>;

/// What to merge: at most one merge for each slice of a partition and class.
pub fn plan(blocks: &[Candidate]) -> Vec<Merge> {
    let mut groups: BTreeMap<_, Vec<Candidate>> = BTreeMap::new();
    for block in blocks {
        let name = &block.name;
        groups.entry((name.partition, name.class, name.slice)).or_default().push(*block);
    }
    let merge = |mut group: Vec<Candidate>| {
        group.sort_by_key(|block| block.name.sequences);
        let run = choose(&group, blocks)?;
        Some(run.iter().map(|block| block.name).collect())
    };
    groups.into_values().filter_map(merge).collect()
}

/// The best run of neighbours in one slice.
fn choose<'a>(group: &'a [Candidate], all: &[Candidate]) -> Option<&'a [Candidate]> {
    let is_crowded = group.len() > SLICE_BLOCKS_MAX;
    let is_worth = |run: &[Candidate]| {
        let largest = run.iter().map(|block| block.bytes).max().unwrap_or(0);
        let rest = run.iter().map(|block| block.bytes).sum::<u64>() - largest;
        is_crowded || (run.len() >= MERGE_MIN && largest <= LARGEST_TIMES_REST_MAX * rest)
    };
    for length in (2..=group.len()).rev() {
        // The newest first: small blocks gather there.
        let mut runs = group.windows(length).rev();
        if let Some(run) = runs.find(|run| is_worth(run) && !is_split(run, all)) {
            return Some(run);
        }
    }
    // Space that was dropped is given back even where there is nothing to merge with.
    group.iter().find(|block| block.has_dropped).map(std::slice::from_ref)
}

/// Whether another block with some of the same times has flushes among those of `run`.
fn is_split(run: &[Candidate], all: &[Candidate]) -> bool {
    let (Some(oldest), Some(newest)) = (run.first(), run.last()) else { return false };
    let (first, last) = (oldest.name.sequences.first, newest.name.sequences.last);
    all.iter().any(|other| {
        let theirs = &other.name;
        (theirs.partition, theirs.class) == (oldest.name.partition, oldest.name.class)
            && !theirs.is_beside(&oldest.name)
            && theirs.sequences.first <= last
            && first <= theirs.sequences.last
            && run.iter().any(|block| block.range.overlaps(&other.range))
    })
}

#[cfg(test)]
mod tests;
