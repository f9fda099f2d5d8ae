//! Where samples are read: `select`, `aggregate`, and `outline` to plan by.

use super::aggregate::{Aggregation, Groups};
use crate::limits::{Budget, Exceeded};
use crate::{Kind, Predicate, Samples, SeriesMeta, TimeRange, Timestamp};
use std::collections::BTreeSet;
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

    /// The newest sample inside `range` as a number, staleness markers among them; none where
    /// there is none, or it is no number. Uses `scratch` where it has to read.
    ///
    /// # Errors
    /// As [`Series::read`].
    fn newest(
        &self,
        range: TimeRange,
        budget: &Budget,
        scratch: &mut Samples,
    ) -> Result<Option<(Timestamp, f64)>, SourceError> {
        self.read(range, budget, scratch)?;
        Ok(newest_of(scratch))
    }

    /// Bounds of all numbers inside `range`, markers left out, where they are known without a
    /// look at the samples: none is less than the first or greater than the second.
    ///
    /// # Errors
    /// When the budget is used up.
    fn bounds(
        &self,
        _range: TimeRange,
        _budget: &Budget,
    ) -> Result<Option<(f64, f64)>, SourceError> {
        Ok(None)
    }
}

/// The last of some samples, as a number.
pub fn newest_of(samples: &Samples) -> Option<(Timestamp, f64)> {
    let (at, value) = samples.get(samples.len().checked_sub(1)?);
    Some((at, value.as_f64()?))
}

/// One column of the streams of one measurement, as far as streams have it alike.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ColumnOf {
    /// The database.
    pub database: Arc<str>,
    /// The retention policy.
    pub policy: Arc<str>,
    /// The measurement.
    pub measurement: Arc<str>,
    /// The column.
    pub field: Arc<str>,
    /// What it holds.
    pub kind: Kind,
}

/// What series there are, but for the values of their tags.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outline {
    /// Every column of every measurement, once for each kind it has.
    pub columns: BTreeSet<ColumnOf>,
    /// The names of tags that any of the streams has.
    pub tags: BTreeSet<Arc<str>>,
}

impl Outline {
    /// Notes a series.
    pub fn add(&mut self, series: &SeriesMeta) {
        let stream = &series.stream;
        self.columns.insert(ColumnOf {
            database: stream.database.clone(),
            policy: stream.policy.clone(),
            measurement: stream.measurement.clone(),
            field: series.field.clone(),
            kind: series.kind,
        });
        for (name, _) in stream.tags.iter() {
            if !self.tags.contains(name) {
                self.tags.insert(name.clone());
            }
        }
    }
}

/// Which values are asked for: those of one tag.
#[derive(Clone, Copy, Debug)]
pub struct TagValues<'a> {
    /// The tag.
    pub tag: &'a str,
    /// Among which series.
    pub selection: &'a Selection,
    /// Which kinds of columns make a series count.
    pub kinds: fn(Kind) -> bool,
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

    /// What [`Source::select`] would give, but for the values of tags: so that a language
    /// knows kinds and names before it asks for series, and may not need to.
    ///
    /// # Errors
    /// As [`Source::select`].
    fn outline(&self, selection: &Selection, budget: &Budget) -> Result<Outline, SourceError> {
        let mut outline = Outline::default();
        for series in self.select(selection, budget)? {
            outline.add(series.meta());
        }
        Ok(outline)
    }

    /// The values that a tag has among the series that [`Source::select`] would give, sorted,
    /// each once: mostly told by an index, without a look at the series.
    ///
    /// # Errors
    /// As [`Source::select`].
    fn values(&self, asked: &TagValues<'_>, budget: &Budget) -> Result<Vec<String>, SourceError> {
        let mut found = BTreeSet::new();
        for series in self.select(asked.selection, budget)? {
            let SeriesMeta { stream, kind, .. } = series.meta();
            if let Some(value) = stream.tags.find(asked.tag)
                && (asked.kinds)(*kind)
                && !found.contains(value)
            {
                found.insert(value.clone());
            }
        }
        Ok(found.into_iter().map(|value| value.to_string()).collect())
    }

    /// Window functions of the numeric series that fit, merged by group. Staleness markers
    /// are skipped; groups without any sample are left out. The same data give the same
    /// answer, to the last bit, on however many threads it is computed. A sum of signed
    /// integers that a double may not hold exactly is NaN or beyond 2^53.
    ///
    /// # Errors
    /// When data cannot be read, or `budget` is used up.
    fn aggregate(
        &self,
        aggregation: &Aggregation<'_>,
        budget: &Budget,
    ) -> Result<Groups, SourceError>;
}
