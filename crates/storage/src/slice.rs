//! Slices of time: a block holds the rows of one.
//!
//! Fresh data is cut into UTC days. What lies far from now is likely to be scattered, so
//! that it goes into aligned slices of 32 and 1,024 days, and points from any time ever
//! open some hundred files at most. Slices of different widths may cover the same days: a
//! row goes to one of them by its age when it is flushed.

use model::{Span, TimeRange, Timestamp};
use std::ops::Range;

/// Lengths of slices in days, from the narrowest; each divides the next.
pub const WIDTHS_DAYS: [u32; 3] = [1, 32, 1024];
const _: () = assert!(
    WIDTHS_DAYS[0] == 1
        && WIDTHS_DAYS[1].is_multiple_of(WIDTHS_DAYS[0])
        && WIDTHS_DAYS[2].is_multiple_of(WIDTHS_DAYS[1])
);

/// How far from now a slice of days may lie to be narrow: late data of a long weekend.
const NARROW_DAYS: i64 = 3;
/// How far from now a slice may lie to be of the second width.
const MIDDLE_DAYS: i64 = 100;

/// A slice of time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Slice {
    /// Its first day, counted from the epoch.
    pub day: u32,
    /// How many days it is long: one of [`WIDTHS_DAYS`].
    pub days: u32,
}

impl Slice {
    /// The slice of this width around `at`, which is not before 1970.
    fn around(at: Timestamp, days: u32) -> Self {
        let day = (at.0.max(0) / Span::DAY.0) as u32;
        Self { day: day - day % days, days }
    }

    /// The points inside.
    pub fn range(&self) -> TimeRange {
        let start = i64::from(self.day).saturating_mul(Span::DAY.0);
        let length = i64::from(self.days).saturating_mul(Span::DAY.0);
        TimeRange::new(Timestamp(start), Timestamp(start.saturating_add(length - 1)))
    }

    /// The slice that a row at `at` goes to when it is flushed at `now`.
    pub fn choose(at: Timestamp, now: Timestamp) -> Self {
        let day = at.0.max(0) / Span::DAY.0;
        let width = match (day - now.0 / Span::DAY.0).abs() {
            0..=NARROW_DAYS => 0,
            ..=MIDDLE_DAYS => 1,
            _ => 2,
        };
        Self::around(at, WIDTHS_DAYS[width])
    }
}

/// Cuts rows with these rising times into runs that go to one slice each.
pub fn cut(timestamps: &[i64], now: Timestamp) -> Vec<(Slice, Range<usize>)> {
    let mut runs: Vec<(Slice, Range<usize>)> = Vec::new();
    let mut start = 0;
    while let Some(at) = timestamps.get(start) {
        let at = Timestamp(*at);
        // Day by day: a narrow slice may lie inside a wide one.
        let day = Slice::around(at, WIDTHS_DAYS[0]).range().end.0;
        let end = start + timestamps[start..].partition_point(|at| *at <= day);
        let slice = Slice::choose(at, now);
        match runs.last_mut().filter(|(last, _)| *last == slice) {
            Some((_, run)) => run.end = end,
            None => runs.push((slice, start..end)),
        }
        start = end;
    }
    runs
}

#[cfg(test)]
mod tests;
