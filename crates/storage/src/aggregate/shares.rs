//! Which samples of a list of timestamps each window has, kept from chunk to chunk.
//!
//! Streams that report together share their lists of timestamps, so that most chunks are
//! cut as one before them was; and where nothing but sums is asked for, their timestamps
//! need not be looked at again.

use super::cut::{Cut, Times};
use model::TimeRange;
use std::ops::Range;

/// How many lists are kept: those of the blocks that a query walks through side by side.
/// The longest of each takes some hundred KB, where every sample has a window of its own.
const KEPT: usize = 16;

/// Whose samples are cut: a list of timestamps of a block, and the time that is visible.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    /// The block's number in this process.
    pub block: u64,
    /// The list's number in the block.
    pub list: u32,
    /// The number of the policy's time.
    pub visible: u32,
}

/// Which samples each window has.
#[derive(Debug, Default)]
pub struct Shares {
    /// Samples inside any window, and some between windows.
    pub inside: Range<usize>,
    /// Windows that have any sample, and those they have.
    pub of: Vec<(usize, Range<usize>)>,
}

/// What was cut last.
#[derive(Debug)]
pub struct Kept {
    slots: [(Option<Key>, Shares); KEPT],
}

impl Kept {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { slots: std::array::from_fn(|_| Default::default()) }
    }

    /// What was cut for this key, if it is still here.
    #[inline]
    pub fn get(&self, key: Key) -> Option<&Shares> {
        let (known, shares) = &self.slots[slot(key)];
        (*known == Some(key)).then_some(shares)
    }

    /// Cuts `times`, those inside `hull`, in the place of what was kept there.
    pub fn put(&mut self, key: Key, cut: &Cut, times: Times<'_>, hull: TimeRange) {
        let (known, shares) = &mut self.slots[slot(key)];
        shares.of.clear();
        shares.inside = times.inside(hull);
        cut.split(times, shares.inside.clone(), |window, samples| {
            shares.of.push((window, samples));
        });
        *known = Some(key);
    }
}

fn slot(key: Key) -> usize {
    // Neighbouring lists of a block are walked through together, and so are few blocks.
    (key.list as usize).wrapping_add(3 * key.block as usize) % KEPT
}

#[cfg(test)]
mod tests;
