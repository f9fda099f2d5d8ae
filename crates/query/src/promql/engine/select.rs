//! Series of a selector, and their samples as numbers.
//!
//! Streams whose labels come out equal are one series here. Where two of them have a sample
//! at the same time, the one that is first in the order of database, policy, measurement,
//! tags and field stays.

use super::column::{ABSENT, Column, Vector};
use super::evaluate::Query;
use super::grid::{Grid, Instants, secs};
use super::parallel;
use super::window::Points;
use crate::promql::ast::Selector;
use crate::promql::error::Error;
use crate::promql::matcher;
use crate::promql::matcher::MatchKind;
use crate::promql::position::Position;
use model::labels::NAME;
use model::limits::Budget;
use model::name;
use model::port::{Selection, Series};
use model::value::is_stale;
use model::{Column as Values, Kind, Labels, Predicate, Samples, Span, TimeRange, Timestamp};

/// One series as PromQL sees it: one stored column, or several with the same labels.
pub(crate) struct Stored {
    pub labels: Labels,
    parts: Vec<Box<dyn Series>>,
}

/// Memory that one thread uses for series after series.
pub(crate) struct Scratch {
    samples: Samples,
    times: Vec<i64>,
    values: Vec<f64>,
}

impl Default for Scratch {
    fn default() -> Self {
        let samples = Samples::new(Kind::F64);
        Self { samples, times: Vec::new(), values: Vec::new() }
    }
}

/// Whether staleness markers are among the samples read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Markers {
    Keep,
    Drop,
}

/// What the cells of an instant selector hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cells {
    /// The values of the samples.
    Values,
    /// Their times, in seconds.
    Times,
}

/// The condition of a selector.
///
/// # Errors
/// When a pattern is too large to compile.
pub(crate) fn predicate(selector: &Selector) -> Result<Predicate, Error> {
    let name = selector.name.iter().map(|name| matcher::predicate(NAME, MatchKind::Equal, name));
    let others = selector.matchers.iter().map(|m| matcher::predicate(&m.name, m.kind, &m.value));
    let parts: Result<Vec<_>, String> = name.chain(others).collect();
    parts.map(Predicate::And).map_err(Error::Execution)
}

impl Query<'_> {
    /// The series that fit `selector` and may have samples in `range`, sorted by labels.
    pub fn select(
        &self,
        selector: &Selector,
        range: TimeRange,
        position: Position,
    ) -> Result<Vec<Stored>, Error> {
        let selection = Selection { predicate: predicate(selector)?, range };
        let found = self.source.select(&selection, self.budget)?;
        let mut stored = Vec::with_capacity(found.len());
        for series in found {
            let meta = series.meta();
            if meta.kind == Kind::Histogram {
                self.notes.histogram_ignored(name::labels(meta).get(NAME), position);
            } else if meta.kind.is_numeric() {
                stored.push(Stored { labels: name::labels(meta), parts: vec![series] });
            }
        }
        stored.sort_by(|a, b| {
            let key = |stored: &Stored| {
                let meta = stored.parts[0].meta();
                (meta.stream.clone(), meta.field.clone())
            };
            a.labels.cmp(&b.labels).then_with(|| key(a).cmp(&key(b)))
        });
        stored.dedup_by(|later, kept| {
            let same = later.labels == kept.labels;
            if same {
                kept.parts.append(&mut later.parts);
            }
            same
        });
        Ok(stored)
    }

    /// What an instant selector gives at the steps of `grid`.
    pub fn instant_vector(
        &self,
        selector: &Selector,
        position: Position,
        grid: Grid,
        cells: Cells,
    ) -> Result<Vector, Error> {
        let instants = Instants::new(&selector.anchor, grid, self.bounds);
        let lookback = self.options.lookback;
        let range = reach(&instants, lookback);
        let stored = self.select(selector, range, position)?;
        let columns =
            parallel::map(&stored, self.options.threads, |stored, scratch: &mut Scratch| {
                self.hold(grid.count)?;
                let points = stored.read(range, Markers::Keep, self.budget, scratch)?;
                let cells = look_back(points, &instants, Lookback { grid, lookback, cells });
                Ok(Column::new(stored.labels.clone(), cells))
            })?;
        Ok(columns.into_iter().filter(Column::is_any_present).collect())
    }
}

/// Everything that windows of `width` ending at `instants` hold.
pub(crate) fn reach(instants: &Instants, width: Span) -> TimeRange {
    let (first, last) = instants.hull();
    TimeRange::new(Timestamp(first) - Span(width.0 - 1), Timestamp(last))
}

struct Lookback {
    grid: Grid,
    lookback: Span,
    cells: Cells,
}

/// For each step the newest sample that is not older than the lookback and no marker.
fn look_back(points: Points<'_>, instants: &Instants, how: Lookback) -> Vec<f64> {
    let mut column = vec![ABSENT; how.grid.count];
    let mut next = 0;
    for (step, out) in column.iter_mut().enumerate() {
        let at = instants.at(step);
        while next < points.times.len() && points.times[next] <= at {
            next += 1;
        }
        let Some(newest) = next.checked_sub(1) else { continue };
        let (time, value) = (points.times[newest], points.values[newest]);
        if time <= at.saturating_sub(how.lookback.0) || is_stale(value) {
            continue;
        }
        *out = match how.cells {
            Cells::Values => value,
            Cells::Times => secs(time),
        };
    }
    column
}

impl Stored {
    /// Reads the samples inside `range` as numbers.
    pub fn read<'a>(
        &self,
        range: TimeRange,
        markers: Markers,
        budget: &Budget,
        scratch: &'a mut Scratch,
    ) -> Result<Points<'a>, Error> {
        let [only] = self.parts.as_slice() else {
            self.read_merged(range, markers, budget, scratch)?;
            return Ok(Points { times: &scratch.times, values: &scratch.values });
        };
        only.read(range, budget, &mut scratch.samples)?;
        if !scratch.is_plain(markers) {
            scratch.times.clear();
            scratch.values.clear();
            scratch.append(markers);
        } else if let Values::F64(values) = &scratch.samples.values {
            return Ok(Points { times: &scratch.samples.timestamps, values });
        }
        Ok(Points { times: &scratch.times, values: &scratch.values })
    }

    fn read_merged(
        &self,
        range: TimeRange,
        markers: Markers,
        budget: &Budget,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        scratch.times.clear();
        scratch.values.clear();
        for part in &self.parts {
            part.read(range, budget, &mut scratch.samples)?;
            scratch.append(Markers::Keep);
        }
        let mut samples: Vec<(i64, f64)> =
            scratch.times.iter().copied().zip(scratch.values.iter().copied()).collect();
        // Both steps keep the order of parts among equal times.
        samples.sort_by_key(|(at, _)| *at);
        samples.dedup_by_key(|(at, _)| *at);
        samples.retain(|(_, value)| markers == Markers::Keep || !is_stale(*value));
        (scratch.times, scratch.values) = samples.into_iter().unzip();
        Ok(())
    }
}

impl Scratch {
    /// Whether the samples just read can be used where they are.
    fn is_plain(&self, markers: Markers) -> bool {
        match &self.samples.values {
            Values::F64(values) => {
                markers == Markers::Keep || !values.iter().any(|&value| is_stale(value))
            }
            _ => false,
        }
    }

    /// Appends the samples just read, as numbers.
    fn append(&mut self, markers: Markers) {
        for index in 0..self.samples.len() {
            let (at, value) = self.samples.get(index);
            let Some(number) = value.as_f64() else { continue };
            if markers == Markers::Keep || !is_stale(number) {
                self.times.push(at.0);
                self.values.push(number);
            }
        }
    }
}
