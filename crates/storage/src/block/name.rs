//! What a block's file is called, and what that says.
//!
//! `PPPP-CCCCC-DDDDDD-WWWW-FFFFFFFFFFFFFFFF-LLLLLLLLLLLLLLLL-VVVV.block`: partition, class,
//! first day, days, in hexadecimal the first and the last flush whose rows it may hold, and
//! how often these were merged.

use crate::catalog::Class;
use crate::slice::{Slice, WIDTHS_DAYS};
use std::fmt;

/// What the names of blocks end in.
const SUFFIX: &str = ".block";

/// The flushes whose rows a block may hold. Of two blocks of one partition and class whose
/// rows overlap in time, one has all the later flushes, so that its values win: merging
/// never joins flushes across those of such a neighbour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sequences {
    /// The first flush.
    pub first: u64,
    /// The last flush.
    pub last: u64,
}

/// What a block's file is called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name {
    /// Whose streams.
    pub partition: u16,
    /// How long it is kept.
    pub class: Class,
    /// Which time.
    pub slice: Slice,
    /// Which flushes.
    pub sequences: Sequences,
    /// How often its rows were merged, so that a block which is written again alone has
    /// another name.
    pub level: u16,
}

impl Name {
    /// Reads a name; none where it is no block's.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.strip_suffix(SUFFIX)?.split('-').collect();
        let [partition, class, day, days, first, last, level] = parts.as_slice() else {
            return None;
        };
        let hexadecimal = |text: &str| u64::from_str_radix(text, 16).ok();
        let name = Self {
            partition: partition.parse().ok()?,
            class: Class(class.parse().ok()?),
            slice: Slice { day: day.parse().ok()?, days: days.parse().ok()? },
            sequences: Sequences { first: hexadecimal(first)?, last: hexadecimal(last)? },
            level: level.parse().ok()?,
        };
        let is_sound = WIDTHS_DAYS.contains(&name.slice.days)
            && name.slice.day.is_multiple_of(name.slice.days)
            && name.sequences.first <= name.sequences.last
            && name.to_string() == text;
        is_sound.then_some(name)
    }

    /// Whether both are of one partition, class and slice, so that they may be merged.
    pub fn is_beside(&self, other: &Self) -> bool {
        (self.partition, self.class, self.slice) == (other.partition, other.class, other.slice)
    }

    /// Whether this one was merged out of `other` and more: then `other` is left over.
    pub fn replaces(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.sequences, other.sequences);
        self.level > other.level
            && self.is_beside(other)
            && mine.first <= theirs.first
            && theirs.last <= mine.last
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, class, slice, sequences, level } = self;
        write!(
            out,
            "{partition:04}-{:05}-{:06}-{:04}-{:016x}-{:016x}-{level:04}{SUFFIX}",
            class.0, slice.day, slice.days, sequences.first, sequences.last
        )
    }
}
