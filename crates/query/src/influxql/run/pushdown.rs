//! Windows the store sums up itself.
//!
//! The store merges all series of a group in each window without handing out a sample,
//! which is what makes a query over many hosts fast. It knows floats only, so that an
//! answer in integers is taken from it only where no number was too big for that; and it
//! knows even windows only, so that those cut short by the query's bounds are asked for
//! apart.

use super::Scope;
use super::calls::{Call, State, States, Sums};
use super::grid::Grid;
use super::group::{GroupKey, Groups};
use crate::influxql::ast::DataType;
use crate::influxql::context::Context;
use crate::influxql::error::Error;
use crate::influxql::plan::{Feed, Leaf, Plan, Reading, stream_predicate};
use model::port::{Aggregation, Edge, Group, Reduction, Selection, Windows};
use model::{
    Accumulator, Attribute, Kind, Matcher, Needs, Predicate, Samples, Span, TimeRange, Timestamp,
};
use std::collections::BTreeSet;
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
    let mut states = States::new();
    for name in calls.iter().map(|call| &call.operation.argument.name).collect::<BTreeSet<_>>() {
        let is_it = |call: &&Call<'_>| call.operation.argument.name == *name;
        let needs = calls.iter().filter(is_it).fold(Needs::COUNT, |all, call| all | call.needs());
        let column = sum_up(plan, scope, name, needs, &pieces, context)?;
        let is_whole = |call: &Call<'_>| call.operation.argument.kind != DataType::Float;
        if calls.iter().filter(is_it).any(is_whole) && !is_exact(&column, needs) {
            return Ok(None);
        }
        let (known, mut at) = (states.len(), 0);
        for (key, sums) in column {
            // Both are sorted.
            while at < known && states[at].0 < key {
                at += 1;
            }
            let place = match at < known && states[at].0 == key {
                true => at,
                false => {
                    states.push((key, calls.iter().map(|_| State::Sums(Vec::new())).collect()));
                    states.len() - 1
                }
            };
            let states = &mut states[place].1;
            let mut last = None;
            for (index, _) in calls.iter().enumerate().filter(|(_, call)| is_it(call)) {
                // Most fields are asked for once, and their sums need no copy.
                if let Some(before) = last.replace(index) {
                    states[before] = State::Sums(sums.clone());
                }
            }
            if let Some(last) = last {
                states[last] = State::Sums(sums);
            }
        }
        if known > 0 && states.len() > known {
            states.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
    }
    if scope.slimit > 0 || scope.soffset > 0 {
        // These count series that have no points in the time asked for, too.
        let groups = Groups::collect(plan, scope, &mut Default::default(), context)?;
        let counted: BTreeSet<_> = groups.keys().collect();
        states.retain(|(key, _)| counted.contains(key));
    }
    Ok(Some(states))
}

/// The windows of one field, by group, sorted; in the order of time, each once.
type Column = Vec<(GroupKey, Sums)>;

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
    let is_number = |kind: Kind| DataType::of(kind).is_some_and(DataType::is_number);
    plan.feeds.iter().all(|feed| match feed {
        Feed::Streams { outline, condition: None, .. } => {
            let mut columns = outline.columns.iter();
            columns.all(|column| !fields.contains(column.field.as_ref()) || is_number(column.kind))
        }
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
        for reading in readings(plan) {
            let tags = reading.tags.clone();
            let predicate = Predicate::And(vec![stream_predicate(&reading.place), tags]);
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

fn readings(plan: &Plan) -> impl Iterator<Item = &Reading> {
    plan.feeds.iter().filter_map(|feed| match feed {
        Feed::Streams { reading, .. } => Some(reading.as_ref()),
        Feed::Subquery { .. } => None,
    })
}

fn sum_up(
    plan: &Plan,
    scope: &Scope,
    field: &str,
    needs: Needs,
    pieces: &[Piece],
    context: &Context<'_>,
) -> Result<Column, Error> {
    let tags = scope.dimensions.iter().map(|tag| Attribute::Tag(Arc::from(tag.as_str())));
    let group_by: Vec<_> = std::iter::once(Attribute::Measurement).chain(tags).collect();
    let mut column = Column::new();
    for reading in readings(plan) {
        let field = Predicate::Match(Matcher::equal(Attribute::Field, field));
        let place = stream_predicate(&reading.place);
        let predicate = Predicate::And(vec![place, reading.tags.clone(), field]);
        for piece in pieces {
            let asked = Aggregation {
                predicate: &predicate,
                windows: piece.windows,
                reduction: Reduction::Pooled,
                needs,
                group_by: &group_by,
            };
            for group in context.source.aggregate(&asked, context.budget)?.iter() {
                add(&mut column, group, piece, context)?;
            }
        }
    }
    // A source has groups in their order; several answers are put together here.
    if !column.is_sorted_by(|(a, _), (b, _)| a < b) {
        column.sort_by(|(a, _), (b, _)| a.cmp(b));
        column.dedup_by(|(later, theirs), (key, ours)| {
            let is_same = later == key;
            if is_same {
                ours.append(theirs);
            }
            is_same
        });
    }
    for (_, sums) in &mut column {
        sums.sort_by_key(|(start, _)| *start);
        // The same measurement may be read twice.
        sums.dedup_by(|(later, theirs), (start, ours)| {
            let is_same = later == start;
            if is_same {
                ours.pool(theirs);
            }
            is_same
        });
    }
    Ok(column)
}

fn add(
    column: &mut Column,
    group: Group<'_>,
    piece: &Piece,
    context: &Context<'_>,
) -> Result<(), Error> {
    let Some((measurement, tags)) = group.key.split_first() else { return Ok(()) };
    let windows = group.windows().enumerate().filter(|(_, window)| window.count > 0);
    let sums: Sums = windows
        .map(|(index, window)| (piece.first + piece.windows.step.0 * index as i64, window))
        .collect();
    let cells = sums.len() as u64;
    column.push(((measurement.clone(), tags.to_vec()), sums));
    context.budget.charge(cells)?;
    let bytes = cells.saturating_mul(size_of::<(i64, Accumulator)>() as u64);
    Ok(context.budget.hold(bytes)?)
}

/// Whether every number in the windows is one floats hold exactly. A source adds integers
/// without rounding until the sum is asked for.
fn is_exact(column: &Column, needs: Needs) -> bool {
    let is_small = |need: Needs, value: f64| !needs.has(need) || value.abs() < EXACT_MAX;
    column.iter().flat_map(|(_, sums)| sums).all(|(_, sums)| {
        is_small(Needs::SUM, sums.sum())
            && is_small(Needs::MIN, sums.min)
            && is_small(Needs::MAX, sums.max)
            && is_small(Needs::FIRST, sums.first)
            && is_small(Needs::LAST, sums.last)
    })
}
