//! Rows that are points of the data as they are.

use super::frame::{Access, Columns, cast};
use super::group::{Groups, Item, shown_tags};
use super::spread::over_threads;
use super::{Row, Scope, Table};
use crate::influxql::answer::Cell;
use crate::influxql::ast::{DataType, Fill};
use crate::influxql::context::Context;
use crate::influxql::error::Error;
use crate::influxql::plan::Plan;
use crate::influxql::points::{Input, Points};
use model::{TimeRange, Timestamp};
use std::sync::Arc;

/// One series of an answer, whose rows are points.
pub(crate) struct PointTable {
    /// The measurement.
    pub(crate) name: Arc<str>,
    /// The tags grouped by, sorted by name.
    pub(crate) tags: Arc<[(String, String)]>,
    /// Its rows.
    pub(crate) points: Points,
}

/// Whether every column is a field or tag as it is, and nothing is filled in.
pub(crate) fn is_plain(plan: &Plan) -> bool {
    let is_filled = matches!(plan.fill, Fill::Integer(_) | Fill::Number(_) | Fill::Previous);
    !is_filled
        && plan.outputs.len() == plan.references.len()
        && plan.outputs.iter().enumerate().all(|(index, output)| output.node.is_slot(index))
}

/// The rows of every group.
pub(crate) fn tables(
    plan: &Plan,
    scope: &Scope,
    context: &Context<'_>,
) -> Result<Vec<Table>, Error> {
    let tables = points(plan, scope, context)?.into_iter();
    Ok(tables
        .map(|PointTable { name, tags, points }| Table { name, tags, rows: finish(&points, plan) })
        .collect())
}

/// The points of every group, as many as the query wants.
pub(crate) fn points(
    plan: &Plan,
    scope: &Scope,
    context: &Context<'_>,
) -> Result<Vec<PointTable>, Error> {
    if plan.references.iter().all(|reference| reference.kind == DataType::Unknown) {
        return Ok(Vec::new());
    }
    let mut needs = Columns::default();
    let accesses: Vec<_> = plan.references.iter().map(|r| needs.shown(r)).collect();
    let groups = Groups::collect(plan, scope, &mut needs, context)?;
    let reader = Reader { plan, scope, context, needs: &needs, accesses: &accesses };
    let items = groups.items();
    let runs = over_threads(&items, context.threads, |items| reader.read(items))?;
    let mut inputs: Vec<Vec<Input>> = Vec::new();
    inputs.resize_with(groups.keys().count(), Vec::new);
    for (group, input) in runs.into_iter().flatten() {
        inputs[group].push(input);
    }
    let limit = if plan.limits.limit == 0 { usize::MAX } else { plan.limits.limit as usize };
    let tables = groups.keys().zip(inputs).map(|(key, inputs)| {
        let mut points = Points::new(inputs, plan.ascending);
        points.cut(plan.limits.offset as usize, limit);
        PointTable { name: key.0.clone(), tags: shown_tags(scope, key), points }
    });
    Ok(tables.collect())
}

struct Reader<'a> {
    plan: &'a Plan,
    scope: &'a Scope,
    context: &'a Context<'a>,
    needs: &'a Columns,
    accesses: &'a [Access],
}

impl Reader<'_> {
    /// The points of each input that has any, with its group.
    fn read(&self, items: &[Item<'_, '_>]) -> Result<Vec<(usize, Input)>, Error> {
        let range = TimeRange::new(Timestamp(self.scope.start), Timestamp(self.scope.end));
        // No group needs more rows of one input than it may have in all.
        let most = usize::try_from(rows_needed(self.plan)).unwrap_or(usize::MAX);
        let mut all = Vec::new();
        let mut rows: Vec<usize> = Vec::new();
        for item in items {
            if !item.may_keep(self.needs, range, self.context) {
                continue;
            }
            let frame = item.frame(self.needs, range, self.context)?;
            let kept = item.kept(&frame);
            let is_full = self.accesses.iter().any(|access| fills(access, &frame));
            let counts = |row: &usize| {
                kept.as_ref().is_none_or(|kept| kept[*row])
                    && (is_full || self.accesses.iter().any(|access| drives(access, &frame, *row)))
            };
            rows.clear();
            match self.plan.ascending {
                true => rows.extend((0..frame.len()).filter(counts).take(most)),
                false => rows.extend((0..frame.len()).rev().filter(counts).take(most)),
            }
            if rows.is_empty() {
                continue;
            }
            let times = rows.iter().map(|row| frame.times[*row]).collect();
            let columns = self.accesses.iter().map(|access| frame.values(access, &rows)).collect();
            // A query without a LIMIT keeps every point until the answer is written, and its
            // place in the order.
            let cells_bytes = self.accesses.len() * size_of::<Cell>();
            let point_bytes = size_of::<(i64, u32, u32)>() + cells_bytes;
            self.context.budget.hold((rows.len() * point_bytes) as u64)?;
            all.push((item.group, Input { times, columns }));
        }
        Ok(all)
    }
}

/// Whether a column makes a row of every row of a frame.
fn fills(access: &Access, frame: &super::frame::Frame) -> bool {
    matches!(access, Access::Column(column, _) if frame.column(*column).1.is_none())
}

/// Whether a column makes a row where it has a value; tags do not.
fn drives(access: &Access, frame: &super::frame::Frame, row: usize) -> bool {
    matches!(access, Access::Column(column, _) if frame.has(*column, row))
}

fn rows_needed(plan: &Plan) -> u64 {
    match plan.limits.limit {
        0 => u64::MAX,
        limit => limit.saturating_add(plan.limits.offset),
    }
}

/// Points to rows, filled in and computed.
fn finish(points: &Points, plan: &Plan) -> Vec<Row> {
    let mut previous: Vec<Cell> = vec![Cell::Null; plan.references.len()];
    let mut rows = Vec::with_capacity(points.len());
    points.each(0..points.len(), |cells| {
        let [Cell::Time(at), cells @ ..] = cells else { return };
        let mut slots = cells.to_vec();
        for (index, slot) in slots.iter_mut().enumerate().filter(|(_, slot)| slot.is_null()) {
            let kind = plan.references[index].kind;
            *slot = match plan.fill {
                Fill::Integer(value) => cast(Cell::Integer(value), kind),
                Fill::Number(value) => cast(Cell::Float(value), kind),
                Fill::Previous => previous[index].clone(),
                Fill::Null | Fill::None | Fill::Linear => Cell::Null,
            };
        }
        if plan.fill == Fill::Previous {
            previous.clone_from(&slots);
        }
        rows.push(Row { at: at.0, cells: super::join::outputs(plan, slots) });
    });
    rows
}
