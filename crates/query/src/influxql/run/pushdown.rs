//! Windows the store sums up itself.
//!
//! The store merges all series of a group in each window without handing out a sample,
//! which is what makes a query over many hosts fast. It knows floats only, so that an
//! answer in integers is taken from it only where no number was too big for that; and it
//! knows even windows only, so that those cut short by the query's bounds are asked for
//! apart.

use super::Scope;
use super::calls::{Call, State, States, pool};
use super::grid::Grid;
use super::group::{GroupKey, Groups};
use super::tally::Tally;
use crate::influxql::ast::DataType;
use crate::influxql::context::Context;
use crate::influxql::error::Error;
use crate::influxql::plan::{Feed, Leaf, Place, Plan, stream_predicate};
use model::port::{Edge, Group, Reduction, Selection, Windows};
use model::{Accumulator, Attribute, Matcher, Predicate, Samples, Span, TimeRange, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A question about everything is one about the time from the epoch to here, the year
/// 2116, after a look whether anything lies outside. So differences of times stay inside
/// 64 bits, and a store need not think about times it refuses to keep.
const REACH: i64 = 1 << 62;

/// Floats hold every integer up to this one.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// The windows of all calls as the store sums them up; none where it cannot.
pub(crate) fn windows(
    plan: &Plan,
    scope: &Scope,
    calls: &[Call<'_>],
    context: &Context<'_>,
) -> Result<Option<States>, Error> {
    if !fits(plan, scope, calls) {
        return Ok(None);
    }
    let grid = Grid::of(scope, plan.zone.as_ref());
    let Some(pieces) = pieces(&grid) else { return Ok(None) };
    if reaches_out(plan, scope, context)? {
        return Ok(None);
    }
    let groups = Groups::collect(plan, scope, &mut Default::default(), context)?;
    // Each window of each group is held in memory whether it has points or not.
    let windows: u64 = pieces.iter().map(|piece| piece.windows.count as u64).sum();
    let mut columns: BTreeMap<&str, Column> = BTreeMap::new();
    for call in calls {
        let name = call.operation.argument.name.as_str();
        if !columns.contains_key(name) {
            let cells = windows.saturating_mul(groups.keys().count() as u64);
            context.budget.charge(cells)?;
            context.budget.hold(cells.saturating_mul(size_of::<Tally>() as u64))?;
            columns.insert(name, sum_up(plan, scope, name, &pieces, context)?);
        }
        if call.operation.argument.kind != DataType::Float && !is_exact(&columns[name]) {
            return Ok(None);
        }
    }
    let states = groups.keys().map(|key| {
        let states = calls.iter().map(|call| {
            let column = &columns[call.operation.argument.name.as_str()];
            State::Windows(column.get(key).cloned().unwrap_or_default())
        });
        (key.clone(), states.collect())
    });
    Ok(Some(states.collect()))
}

/// The windows of one field, by group.
type Column = BTreeMap<GroupKey, BTreeMap<i64, Tally>>;

/// Whether the store can answer: folds of numbers, no conditions on rows, nothing shown
/// beside, even windows.
fn fits(plan: &Plan, scope: &Scope, calls: &[Call<'_>]) -> bool {
    let even = plan.zone.is_none() || scope.interval.is_none();
    let folds = calls.iter().all(|call| matches!(call.operation.leaf, Leaf::Fold(_)));
    if !even || !folds || !plan.references.is_empty() {
        return false;
    }
    let fields = calls.iter().map(|call| call.operation.argument.name.as_str());
    let fields: BTreeSet<_> = fields.collect();
    if calls.iter().any(|call| !call.operation.argument.kind.is_number()) {
        return false;
    }
    plan.feeds.iter().all(|feed| match feed {
        Feed::Streams { streams, condition: None, .. } => streams.iter().all(|stream| {
            let mut needed = stream.fields.iter();
            needed.all(|field| !fields.contains(field.name.as_ref()) || field.kind.is_number())
        }),
        _ => false,
    })
}

/// Even windows, and the start of the query's window each of them belongs to.
struct Piece {
    windows: Windows,
    /// Where the first of them belongs; the others follow by the step.
    first: i64,
}

impl Piece {
    /// One window from `start` to `end`, both included, which belongs to `first`.
    fn single(start: i64, end: i64, first: i64) -> Self {
        let width = Span(end - start + 1);
        let windows = Windows {
            start: Timestamp(start),
            step: width,
            width,
            count: 1,
            edge: Edge::RightOpen,
        };
        Self { windows, first }
    }
}

/// The questions to ask; none where there is no first window.
fn pieces(grid: &Grid<'_>) -> Option<Vec<Piece>> {
    let (start, end) = (grid.range.start.0, grid.range.end.0);
    let Some(interval) = grid.interval else {
        let (low, high) = (start.max(0), end.min(REACH - 1));
        return Some(match low <= high {
            true => vec![Piece::single(low, high, start)],
            false => Vec::new(),
        });
    };
    if start <= -REACH || end >= REACH {
        return None;
    }
    let (first, last) = (grid.window(start), grid.window(end));
    if first.0 == last.0 {
        return Some(vec![Piece::single(start, end, first.0)]);
    }
    let mut pieces = Vec::new();
    let (mut from, mut to) = (first.0, last.1);
    if start > first.0 {
        pieces.push(Piece::single(start, first.1 - 1, first.0));
        from = first.1;
    }
    if end < last.1 - 1 {
        pieces.push(Piece::single(last.0, end, last.0));
        to = last.0;
    }
    if from < to {
        let step = Span(interval.length);
        let count = ((to - from) / interval.length) as usize;
        let start = Timestamp(from);
        let windows = Windows { start, step, width: step, count, edge: Edge::RightOpen };
        pieces.push(Piece { windows, first: from });
    }
    Some(pieces)
}

/// Whether a query that is not in windows has data beyond the reach of a question.
fn reaches_out(plan: &Plan, scope: &Scope, context: &Context<'_>) -> Result<bool, Error> {
    if scope.interval.is_some() {
        return Ok(false);
    }
    let outside = [(scope.start, scope.end.min(-1)), (scope.start.max(REACH), scope.end)];
    for (start, end) in outside.into_iter().filter(|(start, end)| start <= end) {
        let range = TimeRange::new(Timestamp(start), Timestamp(end));
        for (place, tags) in places(plan) {
            let predicate = Predicate::And(vec![stream_predicate(place), tags.clone()]);
            let selection = Selection { predicate, range };
            // A series that is found may turn out to have nothing there after all.
            for series in context.source.select(&selection, context.budget)? {
                let mut samples = Samples::new(series.meta().kind);
                series.read(range, context.budget, &mut samples)?;
                if !samples.is_empty() {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

fn places(plan: &Plan) -> impl Iterator<Item = (&Place, &Predicate)> {
    plan.feeds.iter().filter_map(|feed| match feed {
        Feed::Streams { place, tags, .. } => Some((place, tags)),
        Feed::Subquery { .. } => None,
    })
}

fn sum_up(
    plan: &Plan,
    scope: &Scope,
    field: &str,
    pieces: &[Piece],
    context: &Context<'_>,
) -> Result<Column, Error> {
    let tags = scope.dimensions.iter().map(|tag| Attribute::Tag(Arc::from(tag.as_str())));
    let group_by: Vec<_> = std::iter::once(Attribute::Measurement).chain(tags).collect();
    let mut column = Column::new();
    for (place, tags) in places(plan) {
        let field = Predicate::Match(Matcher::equal(Attribute::Field, field));
        let predicate = Predicate::And(vec![stream_predicate(place), tags.clone(), field]);
        for piece in pieces {
            let groups = context.source.aggregate(
                &predicate,
                &piece.windows,
                Reduction::Pooled,
                &group_by,
                context.budget,
            )?;
            for group in groups {
                add(&mut column, group, piece);
            }
        }
    }
    Ok(column)
}

fn add(column: &mut Column, group: Group, piece: &Piece) {
    let mut key = group.key.into_iter();
    let Some(measurement) = key.next() else { return };
    let windows = column.entry((measurement, key.collect())).or_default();
    for (index, sums) in group.windows.into_iter().enumerate() {
        if sums.count > 0 {
            let start = piece.first + piece.windows.step.0 * index as i64;
            pool(windows, start, Tally::Float(sums));
        }
    }
}

/// Whether every number in the windows is one floats hold exactly.
fn is_exact(column: &Column) -> bool {
    let small = |value: f64| value.abs() < EXACT_MAX;
    let exact = |sums: &Accumulator| small(sums.min) && small(sums.max) && small(sums.sum());
    column.values().flat_map(BTreeMap::values).all(|tally| match tally {
        Tally::Float(sums) => exact(sums),
        _ => false,
    })
}
