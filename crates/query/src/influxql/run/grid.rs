//! The windows of one scope.

use crate::influxql::moment::{TIME_MIN, Zone};
use crate::influxql::plan::Interval;
use crate::influxql::run::Scope;
use model::{TimeRange, Timestamp};

/// Which window a point belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid<'a> {
    /// How points are put into windows; none where one window holds all.
    pub(crate) interval: Option<&'a Interval>,
    /// The zone windows start in.
    pub(crate) zone: Option<&'a Zone>,
    /// The points that count.
    pub(crate) range: TimeRange,
}

impl<'a> Grid<'a> {
    /// The windows of `scope`.
    pub(crate) fn of(scope: &'a Scope, zone: Option<&'a Zone>) -> Self {
        let range = TimeRange::new(Timestamp(scope.start), Timestamp(scope.end));
        Self { interval: scope.interval.as_ref(), zone, range }
    }

    /// The window that holds `at`, its end excluded.
    pub(crate) fn window(&self, at: i64) -> (i64, i64) {
        match self.interval {
            None => (self.range.start.0, self.range.end.0.saturating_add(1)),
            Some(interval) => interval.window(at, self.zone),
        }
    }

    /// The time a point of the window that starts at `start` is given: the epoch where the
    /// window has no start.
    pub(crate) fn stamp(&self, start: i64) -> i64 {
        if start == TIME_MIN { 0 } else { start }
    }
}
