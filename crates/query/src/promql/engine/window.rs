//! The samples of one series that fall into one window.
//!
//! Windows are open on the left: a sample exactly as old as the range is outside.

use super::column::ABSENT;
use super::grid::{Grid, Instants};
use crate::promql::error::Error;
use crate::promql::functions::WindowBody;
use model::Span;
use model::limits::Budget;

/// The samples of one series in `(start, end]`, at least one.
#[derive(Debug)]
pub(crate) struct Window<'a> {
    /// When they stood, in nanoseconds, rising.
    pub times: &'a [i64],
    /// What they were.
    pub values: &'a [f64],
    /// Where in `values` a value is less than the one before it, which is in the window too.
    pub falls: Falls<'a>,
    /// The open end.
    pub start: i64,
    /// The closed end.
    pub end: i64,
    /// The time of the step, which `offset` and `@` do not move.
    pub at: i64,
    /// The function's other arguments at this step.
    pub params: &'a [f64],
}

/// Positions of falls, counted from the start of the series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Falls<'a> {
    positions: &'a [usize],
    /// Where the window starts in the series.
    first: usize,
}

impl Falls<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Each as an index into the window.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.positions.iter().map(|position| position - self.first)
    }
}

/// Samples of one series without staleness markers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Points<'a> {
    pub times: &'a [i64],
    pub values: &'a [f64],
}

/// How a range selector or subquery cuts windows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// The steps of the query.
    pub grid: Grid,
    /// Where the windows of these steps end.
    pub instants: Instants,
    /// How wide they are.
    pub width: Span,
}

/// How many windows are computed between two looks at the budget.
const WINDOWS_BETWEEN_CHECKS: usize = 1024;

impl Cut {
    /// One value for each step, computed by `body` over that step's window.
    pub fn apply(
        &self,
        body: &WindowBody,
        params: &[Vec<f64>],
        points: Points<'_>,
        budget: &Budget,
    ) -> Result<Vec<f64>, Error> {
        let falls = falls(points.values);
        let mut column = vec![ABSENT; self.grid.count];
        let mut row = vec![0.0; params.len()];
        let mut edge = Edges::default();
        for (step, out) in column.iter_mut().enumerate() {
            if step % WINDOWS_BETWEEN_CHECKS == 0 {
                budget.check()?;
            }
            let end = self.instants.at(step);
            let start = end.saturating_sub(self.width.0);
            edge.slide(points.times, start, end);
            if edge.low == edge.high {
                continue;
            }
            edge.slide_falls(&falls);
            for (cell, param) in row.iter_mut().zip(params) {
                *cell = param[step];
            }
            let inside = edge.low..edge.high;
            let window = Window {
                times: &points.times[inside.clone()],
                values: &points.values[inside],
                falls: Falls {
                    positions: &falls[edge.falls_low..edge.falls_high],
                    first: edge.low,
                },
                start,
                end,
                at: self.grid.at(step),
                params: &row,
            };
            *out = (body.call)(&window).unwrap_or(ABSENT);
        }
        Ok(column)
    }
}

/// Both ends of a window, which only ever move forward.
#[derive(Default)]
struct Edges {
    low: usize,
    high: usize,
    falls_low: usize,
    falls_high: usize,
}

impl Edges {
    fn slide(&mut self, times: &[i64], start: i64, end: i64) {
        while self.high < times.len() && times[self.high] <= end {
            self.high += 1;
        }
        while self.low < self.high && times[self.low] <= start {
            self.low += 1;
        }
    }

    /// A fall counts where the sample before it is inside too.
    fn slide_falls(&mut self, falls: &[usize]) {
        while self.falls_high < falls.len() && falls[self.falls_high] < self.high {
            self.falls_high += 1;
        }
        while self.falls_low < self.falls_high && falls[self.falls_low] <= self.low {
            self.falls_low += 1;
        }
    }
}

fn falls(values: &[f64]) -> Vec<usize> {
    let pairs = values.windows(2).enumerate();
    pairs.filter(|(_, pair)| pair[1] < pair[0]).map(|(index, _)| index + 1).collect()
}

#[cfg(test)]
mod tests;
