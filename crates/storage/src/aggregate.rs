//! Window functions of many series at once, merged by group.
//!
//! Each series is accumulated window by window; where a chunk stands alone inside one
//! window, its statistics take the place of its samples. Windows that overlap are put
//! together from panes of one step each. Series are spread over the cores, each core
//! merges its own groups, and these are merged in the end.

use crate::piece::{Reader, StreamParts, clusters};
use crate::series::Stored;
use crate::stats::Counters;
use hashbrown::HashMap;
use model::limits::{Budget, Exceeded};
use model::port::{Edge, Group, Reduction, Series, Windows};
use model::value::is_stale;
use model::{Accumulator, Attribute, Column, Kind, Samples, Span, TimeRange, Timestamp};
use std::borrow::Cow;
use std::sync::Arc;

/// Fewer series than this are not worth another thread.
const SERIES_PER_THREAD_MIN: usize = 64;

/// What to make of the series.
pub struct Plan<'a> {
    /// Over which times.
    pub windows: &'a Windows,
    /// How series of a group become one.
    pub reduction: Reduction,
    /// Which series are a group.
    pub group_by: &'a [Attribute],
}

type Groups = HashMap<Vec<Arc<str>>, Vec<Accumulator>>;

/// Accumulates `series`, which are numeric; groups are sorted by key.
///
/// # Errors
/// When the budget is used up.
pub fn run(
    series: &[Stored],
    plan: &Plan<'_>,
    budget: &Budget,
    counters: &Counters,
) -> Result<Vec<Group>, Exceeded> {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let threads = cores.min(series.len() / SERIES_PER_THREAD_MIN).max(1);
    let work = |part: &[Stored]| one_thread(part, plan, budget, counters);
    let mut groups = Groups::new();
    if threads == 1 {
        groups = work(series)?;
    } else {
        let parts = series.chunks(series.len().div_ceil(threads));
        let done: Vec<Result<Groups, Exceeded>> = std::thread::scope(|scope| {
            let spawned: Vec<_> = parts.map(|part| scope.spawn(|| work(part))).collect();
            spawned
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|e| std::panic::resume_unwind(e)))
                .collect()
        });
        for part in done {
            merge(&mut groups, part?);
        }
    }
    let mut groups: Vec<Group> =
        groups.into_iter().map(|(key, windows)| Group { key, windows }).collect();
    groups.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(groups)
}

fn one_thread(
    series: &[Stored],
    plan: &Plan<'_>,
    budget: &Budget,
    counters: &Counters,
) -> Result<Groups, Exceeded> {
    let mut reader = Reader::new(budget, counters);
    let mut scratch = Scratch::default();
    let mut groups = Groups::new();
    let mut key = Vec::new();
    for one in series {
        budget.check()?;
        let has_any = accumulate(one, plan.windows, &mut reader, &mut scratch)?;
        if !has_any {
            continue;
        }
        key.clear();
        key.extend(plan.group_by.iter().map(|attribute| value_of(one, attribute)));
        let group = match groups.get_mut(&key) {
            Some(group) => group,
            None => groups
                .entry(key.clone())
                .or_insert_with(|| vec![Accumulator::default(); plan.windows.count]),
        };
        reduce(&scratch.windows, plan, group);
    }
    Ok(groups)
}

/// The value by which a series is grouped, shared where it can be.
fn value_of(series: &Stored, attribute: &Attribute) -> Arc<str> {
    let meta = series.meta();
    match attribute {
        Attribute::Tag(name) => meta.stream.tags.find(name).cloned().unwrap_or_default(),
        Attribute::Measurement => meta.stream.measurement.clone(),
        Attribute::Database => meta.stream.database.clone(),
        Attribute::Policy => meta.stream.policy.clone(),
        Attribute::Field => meta.field.clone(),
        Attribute::Name => match attribute.value(&meta.stream, &meta.field) {
            Cow::Borrowed(name) => name.into(),
            Cow::Owned(name) => name.into(),
        },
    }
}

/// Merges the windows of one series into those of its group.
fn reduce(windows: &[Accumulator], plan: &Plan<'_>, group: &mut [Accumulator]) {
    for (index, (window, merged)) in windows.iter().zip(group).enumerate() {
        match plan.reduction {
            Reduction::Pooled => merged.pool(window),
            Reduction::PerSeries(function) => {
                if let Some(value) = function.of(window) {
                    let mut one = Accumulator::default();
                    one.push(plan.windows.anchor(index).0, value);
                    merged.pool(&one);
                }
            }
        }
    }
}

fn merge(groups: &mut Groups, other: Groups) {
    for (key, windows) in other {
        match groups.get_mut(&key) {
            Some(group) => group.iter_mut().zip(&windows).for_each(|(a, b)| a.pool(b)),
            None => drop(groups.insert(key, windows)),
        }
    }
}

/// Memory that is kept from series to series.
struct Scratch {
    windows: Vec<Accumulator>,
    panes: Vec<Accumulator>,
    samples: Samples,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { windows: Vec::new(), panes: Vec::new(), samples: Samples::new(Kind::F64) }
    }
}

/// Accumulates one series over all windows; answers whether any has a sample.
fn accumulate(
    series: &Stored,
    windows: &Windows,
    reader: &mut Reader<'_>,
    scratch: &mut Scratch,
) -> Result<bool, Exceeded> {
    let Scratch { windows: out, panes, samples } = scratch;
    out.clear();
    out.resize(windows.count, Accumulator::default());
    let column = ColumnOf { series, kind: series.meta().kind };
    if windows.width <= windows.step {
        let grid = Grid::new(windows, windows.count, windows.width);
        return column.fill(&grid, reader, samples, out);
    }
    let overlap = (windows.width.0 / windows.step.0) as usize;
    if windows.width.0 % windows.step.0 != 0 || windows.count == 0 {
        return column.fill_slowly(windows, reader, samples, out);
    }
    panes.clear();
    panes.resize(windows.count + overlap - 1, Accumulator::default());
    let grid = Grid::new(windows, panes.len(), windows.step);
    let has_any = column.fill(&grid, reader, samples, panes)?;
    for (window, covered) in out.iter_mut().zip(panes.windows(overlap)) {
        covered.iter().for_each(|pane| window.append(pane));
    }
    Ok(has_any)
}

/// Windows that do not overlap, by their first points.
struct Grid {
    start: i64,
    step: i64,
    width: i64,
    count: usize,
}

impl Grid {
    /// Windows of this width that begin where those of `windows` do, and one step apart.
    fn new(windows: &Windows, count: usize, width: Span) -> Self {
        let start = match windows.edge {
            Edge::LeftOpen => windows.start - Span(windows.width.0 - 1),
            Edge::RightOpen => windows.start,
        };
        Self { start: start.0, step: windows.step.0, width: width.0, count }
    }

    /// The points from the first window to the last.
    fn hull(&self) -> TimeRange {
        let steps = self.step.saturating_mul(self.count as i64 - 1);
        let end = self.start.saturating_add(steps).saturating_add(self.width - 1);
        TimeRange::new(Timestamp(self.start), Timestamp(end))
    }

    /// The window that `at` is inside of.
    fn find(&self, at: i64) -> Option<usize> {
        let after = at.checked_sub(self.start).filter(|after| *after >= 0)?;
        let index = usize::try_from(after / self.step).ok()?;
        (index < self.count && after % self.step < self.width).then_some(index)
    }
}

/// One numeric column.
struct ColumnOf<'a> {
    series: &'a Stored,
    kind: Kind,
}

impl ColumnOf<'_> {
    fn parts(&self) -> &StreamParts {
        self.series.stream()
    }

    /// Accumulates over windows that do not overlap.
    fn fill(
        &self,
        grid: &Grid,
        reader: &mut Reader<'_>,
        samples: &mut Samples,
        out: &mut [Accumulator],
    ) -> Result<bool, Exceeded> {
        if grid.count == 0 {
            return Ok(false);
        }
        let hull = grid.hull().intersect(&self.parts().visible);
        for cluster in clusters(&reader.pieces(self.parts(), &self.series.meta().field, hull)) {
            if let [piece] = cluster {
                let (first, last) = (piece.range.start, piece.range.end);
                let window = grid.find(first.0).filter(|at| grid.find(last.0) == Some(*at));
                let is_inside = hull.contains(first) && hull.contains(last);
                if let Some(window) = window.filter(|_| is_inside)
                    && let Some(statistics) = reader.statistics(piece)
                {
                    out[window].append(&statistics);
                    continue;
                }
            }
            samples.reset(self.kind);
            reader.read(cluster, hull, samples)?;
            each(samples, |at, value| {
                if let Some(window) = grid.find(at) {
                    out[window].push(at, value);
                }
            });
        }
        Ok(out.iter().any(|window| window.count > 0))
    }

    /// Accumulates over windows that overlap by no whole number of steps.
    fn fill_slowly(
        &self,
        windows: &Windows,
        reader: &mut Reader<'_>,
        samples: &mut Samples,
        out: &mut [Accumulator],
    ) -> Result<bool, Exceeded> {
        let hull = windows.hull().intersect(&self.parts().visible);
        samples.reset(self.kind);
        for cluster in clusters(&reader.pieces(self.parts(), &self.series.meta().field, hull)) {
            reader.read(cluster, hull, samples)?;
        }
        let mut numbers: Vec<(i64, f64)> = Vec::with_capacity(samples.len());
        each(samples, |at, value| numbers.push((at, value)));
        for (index, window) in out.iter_mut().enumerate() {
            let range = windows.range(index);
            let start = numbers.partition_point(|(at, _)| *at < range.start.0);
            let inside = numbers[start..].iter().take_while(|(at, _)| *at <= range.end.0);
            inside.for_each(|(at, value)| window.push(*at, *value));
        }
        Ok(out.iter().any(|window| window.count > 0))
    }
}

/// Hands every sample that is no staleness marker to `push`, as a number.
fn each(samples: &Samples, mut push: impl FnMut(i64, f64)) {
    let times = samples.timestamps.iter().copied();
    match &samples.values {
        Column::F64(values) => {
            for (at, value) in times.zip(values).filter(|(_, value)| !is_stale(**value)) {
                push(at, *value);
            }
        }
        Column::I64(values) => times.zip(values).for_each(|(at, v)| push(at, *v as f64)),
        Column::U64(values) => times.zip(values).for_each(|(at, v)| push(at, *v as f64)),
        Column::Bool(values) => times.zip(values).for_each(|(at, v)| push(at, f64::from(*v))),
        Column::Str(_) | Column::Histogram(_) => {}
    }
}
