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
use model::{TimeRange, Timestamp};

/// The rows of every group.
pub(crate) fn tables(
    plan: &Plan,
    scope: &Scope,
    context: &Context<'_>,
) -> Result<Vec<Table>, Error> {
    if plan.references.iter().all(|reference| reference.kind == DataType::Unknown) {
        return Ok(Vec::new());
    }
    let mut needs = Columns::default();
    let accesses: Vec<_> = plan.references.iter().map(|r| needs.shown(r)).collect();
    let groups = Groups::collect(plan, scope, &mut needs, context)?;
    let reader = Reader { plan, scope, context, needs: &needs, accesses: &accesses };
    let items = groups.items();
    let runs = over_threads(&items, context.threads, |items| reader.read(items))?;
    let mut rows: Vec<Vec<Points>> = Vec::new();
    rows.resize_with(groups.keys().count(), Vec::new);
    for (group, points) in runs.into_iter().flatten() {
        rows[group].push(points);
    }
    let tables = groups.keys().zip(rows).map(|(key, points)| Table {
        name: key.0.clone(),
        tags: shown_tags(scope, key),
        rows: finish(points, plan),
    });
    Ok(tables.collect())
}

/// Points of one input, in the order of the query.
#[derive(Default)]
struct Points {
    times: Vec<i64>,
    /// As many for each point as there are columns, end to end.
    cells: Vec<Cell>,
}

struct Reader<'a> {
    plan: &'a Plan,
    scope: &'a Scope,
    context: &'a Context<'a>,
    needs: &'a Columns,
    accesses: &'a [Access],
}

impl Reader<'_> {
    /// The points of each input, with its group.
    fn read(&self, items: &[Item<'_, '_>]) -> Result<Vec<(usize, Points)>, Error> {
        let range = TimeRange::new(Timestamp(self.scope.start), Timestamp(self.scope.end));
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            let frame = item.frame(self.needs, range, self.context)?;
            let kept = item.kept(&frame);
            let mut points = Points::default();
            let length = frame.len();
            for index in 0..length {
                let row = if self.plan.ascending { index } else { length - 1 - index };
                let counts = kept.as_ref().is_none_or(|kept| kept[row]);
                if counts && self.accesses.iter().any(|access| drives(access, &frame, row)) {
                    points.times.push(frame.times[row]);
                    points.cells.extend(self.accesses.iter().map(|a| frame.cell(a, row)));
                    // No group needs more rows of one input than it may have in all.
                    if points.times.len() as u64 >= rows_needed(self.plan) {
                        break;
                    }
                }
            }
            // A query without a LIMIT keeps every row until the answer is written: a row of
            // it, and its cells with the time in front of them.
            let cells_bytes = (self.accesses.len() + 1) * size_of::<Cell>();
            let row_bytes = size_of::<(i64, Vec<Cell>)>() + cells_bytes;
            self.context.budget.hold((points.times.len() * row_bytes) as u64)?;
            all.push((item.group, points));
        }
        Ok(all)
    }
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

/// Points of all inputs of a group to rows in the order of the query.
fn finish(mut inputs: Vec<Points>, plan: &Plan) -> Vec<Row> {
    let order = in_order(&inputs, plan.ascending);
    let limit = if plan.limits.limit == 0 { usize::MAX } else { plan.limits.limit as usize };
    let width = plan.references.len();
    let mut previous: Vec<Cell> = vec![Cell::Null; width];
    let mut rows = Vec::new();
    for (at, input, point) in order.into_iter().skip(plan.limits.offset as usize).take(limit) {
        // The answer puts the time in front of them.
        let mut slots = Vec::with_capacity(width + 1);
        let cells = &mut inputs[input as usize].cells[point as usize * width..][..width];
        slots.extend(cells.iter_mut().map(std::mem::take));
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
        rows.push(Row { at, cells: super::join::outputs(plan, slots) });
    }
    rows
}

/// When each point is, of which input it is, and which of its points: in the order of the
/// query, and at equal times in the order of inputs.
fn in_order(inputs: &[Points], ascending: bool) -> Vec<(i64, u32, u32)> {
    let mut order = Vec::with_capacity(inputs.iter().map(|points| points.times.len()).sum());
    for (input, points) in (0..).zip(inputs) {
        order.extend((0..).zip(&points.times).map(|(point, at)| (*at, input, point)));
    }
    // Stable, and quick where inputs are in order already.
    if ascending {
        order.sort_by_key(|(at, ..)| *at);
    } else {
        order.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    }
    order
}
