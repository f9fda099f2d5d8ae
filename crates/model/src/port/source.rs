//! Where samples are read: two verbs, `select` and `aggregate`.

use crate::limits::{Budget, Exceeded};
use crate::{Accumulator, Attribute, Predicate, Samples, SeriesMeta, Span, TimeRange, Timestamp};
use std::sync::Arc;

/// Which series, and from when to when.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Which series.
    pub predicate: Predicate,
    /// Series without a sample that may be in here are left out. The answer may hold a
    /// series whose samples all turn out to lie outside; it never misses one.
    pub range: TimeRange,
}

/// Why a source did not answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SourceError {
    /// The query used more than it may, or was ended.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// Data cannot be read.
    #[error("read failed: {0}")]
    Failed(String),
}

/// One series of an answer; it is decoded only when it is read.
pub trait Series: Send + Sync {
    /// Who it is.
    fn meta(&self) -> &SeriesMeta;

    /// Reads the samples inside `range` into `out`, which is reset first: in the order of
    /// time, each time once. Staleness markers are samples here.
    ///
    /// # Errors
    /// When data cannot be read, or `budget` is used up.
    fn read(&self, range: TimeRange, budget: &Budget, out: &mut Samples)
    -> Result<(), SourceError>;
}

/// Which end of a window is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edge {
    /// `(at - width, at]`, as PromQL has it.
    LeftOpen,
    /// `[at, at + width)`, as InfluxQL has it.
    RightOpen,
}

/// Evenly spaced windows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Windows {
    /// Where the first window is anchored.
    pub start: Timestamp,
    /// From one anchor to the next; positive.
    pub step: Span,
    /// How wide each is; positive. Windows overlap where it is more than the step.
    pub width: Span,
    /// How many there are.
    pub count: usize,
    /// How an anchor and a width make a window.
    pub edge: Edge,
}

impl Windows {
    /// The anchor of window `index`.
    pub fn anchor(&self, index: usize) -> Timestamp {
        Timestamp(self.start.0.saturating_add(self.step.0.saturating_mul(index as i64)))
    }

    /// The points inside window `index`, both ends included.
    pub fn range(&self, index: usize) -> TimeRange {
        let at = self.anchor(index);
        match self.edge {
            Edge::LeftOpen => TimeRange::new(at - Span(self.width.0 - 1), at),
            Edge::RightOpen => TimeRange::new(at, at + Span(self.width.0 - 1)),
        }
    }

    /// The points inside any window.
    pub fn hull(&self) -> TimeRange {
        match self.count.checked_sub(1) {
            Some(last) => self.range(0).union(&self.range(last)),
            None => TimeRange::new(Timestamp::MAX, Timestamp::MIN),
        }
    }
}

/// What becomes of one series in one window before groups are merged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowFunction {
    /// How many samples.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The earliest.
    First,
    /// The latest.
    Last,
}

impl WindowFunction {
    /// Its value; none where the window is empty.
    pub fn of(self, window: &Accumulator) -> Option<f64> {
        (window.count > 0).then(|| match self {
            Self::Count => window.count as f64,
            Self::Sum => window.sum(),
            Self::Mean => window.mean(),
            Self::Min => window.min,
            Self::Max => window.max,
            Self::First => window.first,
            Self::Last => window.last,
        })
    }
}

/// How the series of a group become one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reduction {
    /// All samples of all series count alike (InfluxQL's `mean(x)`).
    Pooled,
    /// Each series becomes one number a window first, and those are accumulated at the
    /// window's anchor (PromQL's `avg(avg_over_time(x[5m]))`).
    PerSeries(WindowFunction),
}

/// One group of an aggregation.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// The value of each attribute grouped by, `""` where it is absent.
    pub key: Vec<Arc<str>>,
    /// One for each window; with a count of zero where nothing was.
    pub windows: Vec<Accumulator>,
}

/// A place that samples can be read from.
pub trait Source: Send + Sync {
    /// The series that fit, in no particular order.
    ///
    /// # Errors
    /// When the index cannot be read, or `budget` is used up.
    fn select(
        &self,
        selection: &Selection,
        budget: &Budget,
    ) -> Result<Vec<Box<dyn Series>>, SourceError>;

    /// Window functions of the numeric series that fit `predicate`, merged by the values
    /// of `group_by`; groups are sorted by key. Staleness markers are skipped.
    ///
    /// # Errors
    /// When data cannot be read, or `budget` is used up.
    fn aggregate(
        &self,
        predicate: &Predicate,
        windows: &Windows,
        reduction: Reduction,
        group_by: &[Attribute],
        budget: &Budget,
    ) -> Result<Vec<Group>, SourceError>;
}

#[cfg(test)]
mod tests;
