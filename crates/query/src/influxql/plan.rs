//! From a `SELECT` to what is to be run, in two steps.
//!
//! [`Query::compile`] looks at the text alone: it folds constants, takes the time bounds
//! out of the condition and refuses what contradicts itself. [`Plan::bind`] then looks at
//! the data: which references are fields and which are tags, what `*` stands for, what kind
//! each column has, and which streams are read.

mod bind;
mod check;
mod columns;
mod compile;
mod operation;
mod streams;

pub(crate) use bind::{Feed, Plan};
pub(crate) use compile::Query;
pub(crate) use operation::{Aggregate, Gathered, Leaf, Operation, Step};
pub(crate) use streams::{Place, Reading, Stream, Wanted, stream_predicate};

use super::moment::{TIME_MAX, TIME_MIN, Zone};

/// How points are put into windows.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Interval {
    /// How long a window is, in nanoseconds; positive.
    pub(crate) length: i64,
    /// How far the windows are shifted from the epoch, in nanoseconds.
    pub(crate) offset: i64,
}

impl Interval {
    /// The window that holds `at`, its end excluded.
    ///
    /// In a zone, windows start at local midnight. Where its clocks change inside a window,
    /// the window grows or shrinks by that change, unless the change is as long as the
    /// window itself.
    pub(crate) fn window(&self, at: i64, zone: Option<&Zone>) -> (i64, i64) {
        let zone_offset = |at: i64| zone.map_or(0, |zone| zone.offset_ns(at));
        let shifted = at.saturating_sub(self.offset);
        let ahead = zone_offset(shifted);
        let into = shifted.saturating_add(ahead).rem_euclid(self.length);
        let mut start =
            if TIME_MIN.saturating_add(into) >= shifted { TIME_MIN } else { shifted - into };
        start = start.saturating_add(self.offset);
        let left = self.length - into;
        let mut end =
            if TIME_MAX.saturating_sub(left) <= shifted { TIME_MAX } else { shifted + left };
        end = end.saturating_add(self.offset);
        if zone.is_none() {
            return (start, end);
        }
        let change = ahead - zone_offset(start);
        if change.abs() < self.length {
            start = start.saturating_add(change);
        }
        let end_offset = zone_offset(end);
        let change = ahead - end_offset;
        // Clocks set back add their hour to this window; clocks set forward take it from
        // this window only where the change itself lies inside.
        let inside = change > 0 || zone_offset(end.saturating_add(change)) == end_offset;
        if change != 0 && change.abs() < self.length && inside {
            end = end.saturating_add(change);
        }
        (start, end)
    }
}

#[cfg(test)]
mod tests;
