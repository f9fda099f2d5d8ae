//! Series of a selector, and their samples as numbers.
//!
//! Streams whose labels come out equal are one series here. Where two of them have a sample
//! at the same time, the one that is first in the order of database, policy, measurement,
//! tags and field stays.

use super::column::{ABSENT, Column, Vector};
use super::evaluate::Query;
use super::filter::Filter;
use super::grid::{Grid, Instants, secs};
use super::parallel;
use super::window::Points;
use crate::promql::answer::RangeSeries;
use crate::promql::ast::Selector;
use crate::promql::error::Error;
use crate::promql::matcher;
use crate::promql::position::Position;
use model::labels::NAME;
use model::limits::Budget;
use model::name::{self, Labeler};
use model::port::{Selection, Series};
use model::value::is_stale;
use model::{
    Attribute, Column as Values, Kind, Labels, Matcher, Predicate, Samples, Span, TimeRange,
    Timestamp,
};

/// Fewer series than this are not worth another thread where each gives one sample.
pub(crate) const FEW_SAMPLES_BLOCK: usize = 256;

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
    points: Vec<(Timestamp, f64)>,
}

impl Default for Scratch {
    fn default() -> Self {
        let samples = Samples::new(Kind::F64);
        Self { samples, times: Vec::new(), values: Vec::new(), points: Vec::new() }
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
pub(crate) fn predicate(selector: &Selector) -> Predicate {
    let named = |name: &String| Matcher::equal(Attribute::Name, name.as_str());
    let name = selector.name.iter().map(named).map(Predicate::Match);
    Predicate::And(name.chain(selector.matchers.iter().map(matcher::predicate)).collect())
}

impl Query<'_> {
    /// The series that fit `selector` and may have samples in `range`, sorted by labels.
    pub fn select(
        &self,
        selector: &Selector,
        range: TimeRange,
        position: Position,
    ) -> Result<Vec<Stored>, Error> {
        let selection = Selection { predicate: predicate(selector), range };
        let found = self.source.select(&selection, self.budget)?;
        let mut stored = Vec::with_capacity(found.len());
        let mut labeler = Labeler::default();
        for series in found {
            let meta = series.meta();
            if meta.kind == Kind::Histogram {
                self.notes.histogram_ignored(name::labels(meta).get(NAME), position);
            } else if meta.kind.is_numeric() {
                stored.push(Stored { labels: labeler.labels(meta), parts: vec![series] });
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
        self.kept(&Looked { selector, position, filter: None }, grid, cells)
    }

    /// The same, but for what a filter drops.
    pub fn kept(&self, looked: &Looked<'_>, grid: Grid, cells: Cells) -> Result<Vector, Error> {
        let look = self.look(looked, grid);
        let stored = self.select(looked.selector, look.range, looked.position)?;
        let block = if grid.count == 1 { FEW_SAMPLES_BLOCK } else { parallel::BLOCK };
        let work = |stored: &Stored, scratch: &mut Scratch| {
            if !self.may_keep(stored, &look)? {
                return Ok(Vec::new());
            }
            self.hold(grid.count)?;
            let mut column = vec![ABSENT; grid.count];
            self.each_cell(stored, &look, scratch, |step, time, value| {
                column[step] = match cells {
                    Cells::Values => value,
                    Cells::Times => secs(time),
                };
            })?;
            Ok(column)
        };
        let columns = parallel::map_blocks(&stored, self.options.threads, block, work)?;
        let columns = stored.into_iter().zip(columns);
        let columns = columns.map(|(stored, cells)| Column::new(stored.labels, cells));
        Ok(columns.filter(Column::is_any_present).collect())
    }

    /// What an instant selector with a filter gives, without the steps that have nothing; sorted
    /// by labels.
    pub fn points(&self, looked: &Looked<'_>, grid: Grid) -> Result<Vec<RangeSeries>, Error> {
        let look = self.look(looked, grid);
        let stored = self.select(looked.selector, look.range, looked.position)?;
        let work = |stored: &Stored, scratch: &mut Scratch| {
            if !self.may_keep(stored, &look)? {
                return Ok(Vec::new());
            }
            self.budget.charge(grid.count as u64)?;
            let mut points = std::mem::take(&mut scratch.points);
            points.clear();
            let found = self.each_cell(stored, &look, scratch, |step, _, value| {
                points.push((Timestamp(grid.at(step)), value));
            });
            let exact = points.clone();
            scratch.points = points;
            found?;
            self.budget.hold(size_of_val(exact.as_slice()) as u64)?;
            Ok(exact)
        };
        let found = parallel::map(&stored, self.options.threads, work)?;
        let series = stored.into_iter().zip(found);
        let series = series.map(|(stored, points)| RangeSeries { labels: stored.labels, points });
        Ok(series.filter(|series| !series.points.is_empty()).collect())
    }

    fn look<'a>(&self, looked: &'a Looked<'_>, grid: Grid) -> Look<'a> {
        let instants = Instants::new(&looked.selector.anchor, grid, self.bounds);
        let lookback = self.options.lookback;
        let range = reach(&instants, lookback);
        Look { grid, instants, lookback, range, filter: looked.filter.as_ref() }
    }

    /// Whether a filter may keep anything of a series, as far as that can be told unread.
    fn may_keep(&self, stored: &Stored, look: &Look<'_>) -> Result<bool, Error> {
        let Some(filter) = look.filter else { return Ok(true) };
        for part in &stored.parts {
            match part.bounds(look.range, self.budget)? {
                Some(bounds) if !filter.may_keep(bounds) => {}
                _ => return Ok(true),
            }
        }
        self.budget.check()?;
        Ok(false)
    }

    /// Hands to `each`, step by step, the time and the value of the newest sample that is not
    /// older than the lookback and no marker, where the filter keeps it.
    fn each_cell(
        &self,
        stored: &Stored,
        look: &Look<'_>,
        scratch: &mut Scratch,
        mut each: impl FnMut(usize, i64, f64),
    ) -> Result<(), Error> {
        let mut kept = |step: usize, time: i64, value: f64| {
            if !is_stale(value) && look.filter.is_none_or(|filter| filter.keeps(step, value)) {
                each(step, time, value);
            }
        };
        if let ([only], 1) = (stored.parts.as_slice(), look.grid.count) {
            let newest = only.newest(look.range, self.budget, &mut scratch.samples)?;
            if let Some((at, value)) = newest {
                kept(0, at.0, value);
            }
            return Ok(());
        }
        let points = stored.read(look.range, Markers::Keep, self.budget, scratch)?;
        let mut next = 0;
        for step in 0..look.grid.count {
            let at = look.instants.at(step);
            while next < points.times.len() && points.times[next] <= at {
                next += 1;
            }
            let Some(newest) = next.checked_sub(1) else { continue };
            let (time, value) = (points.times[newest], points.values[newest]);
            if time > at.saturating_sub(look.lookback.0) {
                kept(step, time, value);
            }
        }
        Ok(())
    }
}

/// An instant selector, and what is kept of it.
pub(crate) struct Looked<'a> {
    pub selector: &'a Selector,
    pub position: Position,
    pub filter: Option<Filter>,
}

/// Where and how samples are looked at.
struct Look<'a> {
    grid: Grid,
    instants: Instants,
    lookback: Span,
    range: TimeRange,
    filter: Option<&'a Filter>,
}

/// Everything that windows of `width` ending at `instants` hold.
pub(crate) fn reach(instants: &Instants, width: Span) -> TimeRange {
    let (first, last) = instants.hull();
    TimeRange::new(Timestamp(first) - Span(width.0 - 1), Timestamp(last))
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
        // Whole numbers are no markers.
        let is_marked = |all: &[f64]| markers == Markers::Drop && all.iter().any(|v| is_stale(*v));
        let is_plain = match &scratch.samples.values {
            Values::F64(all) => !is_marked(all),
            values => values.kind().is_numeric(),
        };
        if !is_plain {
            scratch.times.clear();
            scratch.values.clear();
            scratch.append(markers);
            return Ok(Points { times: &scratch.times, values: &scratch.values });
        }
        let Scratch { samples, values: converted, .. } = scratch;
        converted.clear();
        match &samples.values {
            Values::I64(all) => converted.extend(all.iter().map(|value| *value as f64)),
            Values::U64(all) => converted.extend(all.iter().map(|value| *value as f64)),
            Values::Bool(all) => converted.extend(all.iter().map(|is| f64::from(u8::from(*is)))),
            _ => {}
        }
        let values = match &samples.values {
            Values::F64(plain) => plain,
            _ => converted,
        };
        Ok(Points { times: &samples.timestamps, values })
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
    /// Memory for the samples of one series.
    pub fn samples(&mut self) -> &mut Samples {
        &mut self.samples
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
