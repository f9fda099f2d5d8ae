//! Where windows begin and end among the samples of a run.
//!
//! On a grid the places follow by addition alone, one division a run. On other timestamps
//! they are found by galloping from the place before.

use codec::timestamps::Grid;
use model::port::{Edge, Windows};
use model::{TimeRange, Timestamp};
use std::ops::Range;

/// The most panes for each window: beyond, they take more memory than they save work.
const PANES_PER_WINDOW_MAX: usize = 64;

/// The timestamps of a run, which rise strictly.
#[derive(Clone, Copy, Debug)]
pub enum Times<'a> {
    /// At even distances.
    Grid(Grid),
    /// At any times.
    Slice(&'a [i64]),
}

impl Times<'_> {
    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Grid(grid) => grid.count,
            Self::Slice(times) => times.len(),
        }
    }

    /// The timestamp at `index`.
    #[inline]
    pub fn at(&self, index: usize) -> i64 {
        match self {
            Self::Grid(grid) => grid.at(index),
            Self::Slice(times) => times[index],
        }
    }

    /// The samples inside `range`.
    pub fn inside(&self, range: TimeRange) -> Range<usize> {
        let before = |at: i64| match self {
            Self::Grid(grid) => grid.count_before(at),
            Self::Slice(times) => times.partition_point(|time| *time < at),
        };
        let start = before(range.start.0);
        let end = range.end.0.checked_add(1).map_or(self.len(), before);
        start..end.max(start)
    }
}

/// Even windows, by their first points.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// The first point of the first window.
    pub start: i64,
    /// From one to the next.
    pub step: i64,
    /// How wide each is.
    pub width: i64,
    /// How many there are.
    pub count: usize,
}

impl Cut {
    /// The windows of a question, whose step and width are positive.
    pub fn new(windows: &Windows) -> Self {
        let start = match windows.edge {
            Edge::LeftOpen => windows.start.0.saturating_sub(windows.width.0).saturating_add(1),
            Edge::RightOpen => windows.start.0,
        };
        let (step, width) = (windows.step.0, windows.width.0);
        // Of a single window the step says nothing: instant queries give a nanosecond.
        let step = if windows.count == 1 { step.max(width) } else { step };
        Self { start, step, width, count: windows.count }
    }

    /// Windows of one step each that those of `self`, which overlap by a whole number of
    /// steps, are made of, and how many make one; none where they do not overlap so.
    ///
    /// Few windows that are wide would be made of far more panes than there are windows.
    pub fn panes(&self) -> Option<(Self, usize)> {
        let overlap = self.width / self.step;
        if overlap < 2 || self.width % self.step != 0 || self.count == 0 {
            return None;
        }
        let overlap = usize::try_from(overlap).ok()?;
        if overlap > self.count.saturating_mul(PANES_PER_WINDOW_MAX) {
            return None;
        }
        let count = self.count.checked_add(overlap - 1)?;
        Some((Self { width: self.step, count, ..*self }, overlap))
    }

    /// The points from the first window to the last.
    pub fn hull(&self) -> TimeRange {
        let Some(steps) = self.count.checked_sub(1) else {
            return TimeRange::new(Timestamp::MAX, Timestamp::MIN);
        };
        let last = i128::from(self.start) + i128::from(self.step) * steps as i128;
        let end = (last + i128::from(self.width) - 1).min(i128::from(i64::MAX));
        TimeRange::new(Timestamp(self.start), Timestamp(end as i64))
    }

    /// The only window that all of `range`, and no other window anything of it, is inside of.
    pub fn find(&self, range: TimeRange) -> Option<usize> {
        let after = range.start.0.checked_sub(self.start).filter(|after| *after >= 0)?;
        let index = usize::try_from(after / self.step).ok()?;
        let left = self.width.checked_sub(after % self.step)?;
        let length = range.end.0.checked_sub(range.start.0)?;
        (self.width <= self.step && index < self.count && length < left).then_some(index)
    }

    /// Hands each window that has any of the samples `inside` to `each`, with these.
    #[inline]
    pub fn split(
        &self,
        times: Times<'_>,
        inside: Range<usize>,
        mut each: impl FnMut(usize, Range<usize>),
    ) {
        if inside.is_empty() {
            return;
        }
        let first = self.first_window(times.at(inside.start));
        // A window begins where the one before ended: one search does for both.
        let is_seamless = self.width == self.step;
        let start = i128::from(self.start) + first as i128 * i128::from(self.step);
        let mut starts = Places::new(times, start, self.step);
        let mut ends = Places::new(times, start + i128::from(self.width), self.step);
        let mut low = starts.next();
        for window in first..self.count {
            if low >= inside.end {
                return;
            }
            let high = ends.next();
            let range = low.max(inside.start)..high.min(inside.end);
            if !range.is_empty() {
                each(window, range);
            }
            low = if is_seamless { high } else { starts.next() };
        }
    }

    /// The first window that ends after `at`, or begins there.
    fn first_window(&self, at: i64) -> usize {
        let end = i128::from(self.start) + i128::from(self.width);
        let behind = i128::from(at) - end + 1;
        let step = i128::from(self.step);
        let index = if behind <= 0 { 0 } else { (behind + step - 1) / step };
        usize::try_from(index).unwrap_or(usize::MAX).min(self.count)
    }
}

/// How many timestamps are before each of evenly spaced points.
enum Places<'a> {
    /// `index` timestamps are before the point, counted without regard to the ends of the
    /// grid, and the next one is `over` behind it.
    Grid {
        index: i128,
        over: i64,
        step: i64,
        whole: i128,
        rest: i64,
        count: i128,
    },
    Slice {
        times: &'a [i64],
        place: usize,
        point: i128,
        step: i128,
    },
}

impl<'a> Places<'a> {
    fn new(times: Times<'a>, point: i128, distance: i64) -> Self {
        match times {
            Times::Slice(times) => {
                Self::Slice { times, place: 0, point, step: i128::from(distance) }
            }
            Times::Grid(grid) => {
                let step = i128::from(grid.step.max(1));
                let after = point - i128::from(grid.start);
                let index = after.div_euclid(step) + i128::from(after.rem_euclid(step) > 0);
                let over = (index * step - after) as i64;
                let (whole, rest) = (i128::from(distance) / step, i128::from(distance) % step);
                let (step, rest, count) = (step as i64, rest as i64, grid.count as i128);
                Self::Grid { index, over, step, whole, rest, count }
            }
        }
    }

    /// The place of the current point; the next one is the next point's.
    #[inline]
    fn next(&mut self) -> usize {
        match self {
            Self::Grid { index, over, step, whole, rest, count } => {
                let place = (*index).clamp(0, *count) as usize;
                *index += *whole;
                *over -= *rest;
                if *over < 0 {
                    *index += 1;
                    *over += *step;
                }
                place
            }
            Self::Slice { times, place, point, step } => {
                *place = gallop(times, *place, *point);
                *point += *step;
                *place
            }
        }
    }
}

/// The first place from `from` on whose time is not before `point`.
fn gallop(times: &[i64], from: usize, point: i128) -> usize {
    let is_before = |index: usize| times.get(index).is_some_and(|at| i128::from(*at) < point);
    let mut leap = 1;
    let mut low = from;
    while is_before(low + leap - 1) {
        low += leap;
        leap *= 2;
    }
    let high = (low + leap - 1).min(times.len());
    low + times[low..high.max(low)].partition_point(|at| i128::from(*at) < point)
}

#[cfg(test)]
mod tests;
