//! What stands in windows that have no points.

use super::frame::cast;
use super::gather::Point;
use super::grid::Grid;
use crate::influxql::answer::Cell;
use crate::influxql::ast::{DataType, Fill};
use crate::influxql::error::Error;
use crate::influxql::moment::TIME_MIN;
use model::limits::Budget;

/// How empty windows are filled.
pub(crate) struct Filling<'a> {
    /// The windows.
    pub(crate) grid: Grid<'a>,
    /// What stands in them.
    pub(crate) fill: Fill,
    /// What kind of values.
    pub(crate) kind: DataType,
    /// Whether nothing counts as zero.
    pub(crate) counts: bool,
    /// Whether the oldest window comes first.
    pub(crate) ascending: bool,
    /// How many windows there may be.
    pub(crate) buckets_max: u64,
    /// What the query may use: a window made up takes as much memory as a sample read.
    pub(crate) budget: &'a Budget,
}

impl Filling<'_> {
    /// Points of one series, one for each window that has any, in the order of the query,
    /// with points for the windows that have none.
    pub(crate) fn apply(&self, points: Vec<Point>) -> Result<Vec<Point>, Error> {
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return Ok(points);
        };
        if self.grid.interval.is_none() || self.fill == Fill::None {
            return Ok(points);
        }
        let (mut at, last) = self.ends(first.at, last.at);
        let mut filled = Vec::new();
        let mut rest = points.into_iter().peekable();
        let mut known: Option<(i64, Cell)> = None;
        loop {
            let due = rest.next_if(|point| self.is_due(point.at, at));
            match due {
                Some(point) => {
                    if !point.value.is_null() {
                        known = Some((point.at, point.value.clone()));
                    }
                    let late = point.at != at;
                    filled.push(point);
                    // A point before its window's turn does not use the turn up.
                    if late {
                        continue;
                    }
                }
                None => {
                    self.budget.charge(1)?;
                    self.budget.hold(size_of::<Point>() as u64)?;
                    let value = self.value(at, known.as_ref(), rest.peek());
                    filled.push(Point { at, value, aux: None });
                }
            }
            if filled.len() as u64 > self.buckets_max {
                let buckets = filled.len() as u64;
                return Err(Error::Buckets { buckets, limit: self.buckets_max });
            }
            let next = self.next(at);
            let passed = if self.ascending { next > last } else { next < last };
            if passed || next == at {
                filled.extend(rest);
                return Ok(filled);
            }
            at = next;
        }
    }

    /// The windows filling starts and ends with. Where time has no start, the series' own
    /// earliest point bounds it.
    fn ends(&self, first: i64, last: i64) -> (i64, i64) {
        let start = self.grid.window(self.grid.range.start.0).0;
        let end = self.grid.window(self.grid.range.end.0).0;
        let unbounded = self.grid.range.start.0 <= TIME_MIN;
        match (self.ascending, unbounded) {
            (true, true) => (first, end),
            (true, false) => (start, end),
            (false, true) => (end, last),
            (false, false) => (end, start),
        }
    }

    fn is_due(&self, point: i64, at: i64) -> bool {
        if self.ascending { point <= at } else { point >= at }
    }

    fn next(&self, at: i64) -> i64 {
        let (start, end) = self.grid.window(at);
        if self.ascending { end } else { self.grid.window(start.saturating_sub(1)).0 }
    }

    fn value(&self, at: i64, known: Option<&(i64, Cell)>, next: Option<&Point>) -> Cell {
        match self.fill {
            Fill::Null if self.counts => Cell::Integer(0),
            Fill::Null | Fill::None => Cell::Null,
            Fill::Integer(value) => cast(Cell::Integer(value), self.kind),
            Fill::Number(value) => cast(Cell::Float(value), self.kind),
            Fill::Previous => known.map_or(Cell::Null, |(_, value)| value.clone()),
            Fill::Linear => match (known, next) {
                (Some((from, before)), Some(next)) => {
                    self.on_line(at, (*from, before), (next.at, &next.value))
                }
                _ => Cell::Null,
            },
        }
    }

    /// The point on the line between two; times are counted in windows, as InfluxDB does,
    /// so that the last digits agree.
    fn on_line(&self, at: i64, before: (i64, &Cell), after: (i64, &Cell)) -> Cell {
        let length = self.grid.interval.map_or(1, |interval| interval.length);
        let window = |at: i64| at.div_euclid(length);
        let run = (window(after.0) - window(before.0)) as f64;
        let along = (window(at) - window(before.0)) as f64;
        match (before.1, after.1) {
            (Cell::Integer(a), Cell::Integer(b)) => {
                let slope = b.wrapping_sub(*a) as f64 / run;
                Cell::Integer((slope * along + *a as f64) as i64)
            }
            (Cell::Unsigned(a), Cell::Unsigned(b)) => {
                let slope = (*b as f64 - *a as f64) / run;
                Cell::Unsigned((slope * along + *a as f64) as u64)
            }
            (a, b) => match (a.as_f64(), b.as_f64()) {
                (Some(a), Some(b)) => Cell::Float((b - a) / run * along + a),
                _ => Cell::Null,
            },
        }
    }
}
