//! The times at which an expression is answered.

use crate::promql::ast::{Anchor, Moment};
use model::{Span, Timestamp};

/// Evenly spaced steps; at least one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Grid {
    /// The first, in nanoseconds.
    pub start: i64,
    /// From one to the next; 1 where there is only one.
    pub step: i64,
    /// How many.
    pub count: usize,
}

impl Grid {
    /// The only step is `at`.
    pub fn single(at: i64) -> Self {
        Self { start: at, step: 1, count: 1 }
    }

    /// Steps from `start` that are not after `end`; `step` is positive and `start <= end`.
    pub fn new(start: i64, end: i64, step: i64) -> Self {
        let count = (i128::from(end) - i128::from(start)) / i128::from(step) + 1;
        Self { start, step, count: usize::try_from(count).unwrap_or(usize::MAX) }
    }

    /// The time of step `index`.
    pub fn at(self, index: usize) -> i64 {
        self.start.saturating_add(self.step.saturating_mul(index as i64))
    }

    /// The time of the last step.
    pub fn end(self) -> i64 {
        self.at(self.count - 1)
    }

    /// Every time, in order.
    pub fn iter(self) -> impl Iterator<Item = i64> {
        (0..self.count).map(move |index| self.at(index))
    }
}

/// The first and last step of the whole query, which `start()` and `end()` mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub start: i64,
    pub end: i64,
}

/// The times a selector looks at, one for each step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instants {
    /// Those of the steps, moved.
    Moving(Grid),
    /// The same for all.
    Fixed(i64),
}

impl Instants {
    /// What `anchor` makes of the steps of `grid`.
    pub fn new(anchor: &Anchor, grid: Grid, bounds: Bounds) -> Self {
        let offset = anchor.offset.unwrap_or(Span::ZERO);
        let moved = |at: i64| (Timestamp(at) - offset).0;
        match anchor.at {
            None => Self::Moving(Grid { start: moved(grid.start), ..grid }),
            Some(Moment::Start) => Self::Fixed(moved(bounds.start)),
            Some(Moment::End) => Self::Fixed(moved(bounds.end)),
            Some(Moment::Millis(ms)) => Self::Fixed(moved(Timestamp::from_millis(ms).0)),
        }
    }

    /// The time for step `index`.
    pub fn at(&self, index: usize) -> i64 {
        match self {
            Self::Moving(grid) => grid.at(index),
            Self::Fixed(at) => *at,
        }
    }

    /// The earliest and the latest.
    pub fn hull(&self) -> (i64, i64) {
        match self {
            Self::Moving(grid) => (grid.start, grid.end()),
            Self::Fixed(at) => (*at, *at),
        }
    }
}

/// Nanoseconds as seconds, exact to the digits that Prometheus has for whole milliseconds.
pub(crate) fn secs(nanos: i64) -> f64 {
    if nanos % 1_000_000 == 0 { (nanos / 1_000_000) as f64 / 1e3 } else { nanos as f64 / 1e9 }
}
