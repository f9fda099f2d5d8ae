//! Points of all calls of one series, joined by time into rows.

use super::Row;
use super::frame::cast;
use super::gather::Point;
use crate::influxql::answer::Cell;
use crate::influxql::ast::Fill;
use crate::influxql::plan::Plan;
use std::collections::VecDeque;

/// The columns of one row, from its slots.
pub(crate) fn outputs(plan: &Plan, mut slots: Vec<Cell>) -> Vec<Cell> {
    let is_plain = slots.len() == plan.outputs.len()
        && plan.outputs.iter().enumerate().all(|(index, output)| output.node.is_slot(index));
    if !is_plain {
        let columns = plan.outputs.iter();
        let columns = columns.map(|output| output.node.eval(&|slot| slots[slot].clone()));
        slots = columns.collect();
    }
    for cell in &mut slots {
        // There is no such number in an answer.
        if matches!(cell, Cell::Float(value) if value.is_nan()) {
            *cell = Cell::Null;
        }
    }
    slots
}

/// Joins the points of each call, which stand in the order of the query.
pub(crate) fn join(plan: &Plan, points: Vec<Vec<Point>>) -> Vec<Row> {
    let skipped = plan.limits.offset as usize;
    let limit = if plan.limits.limit == 0 { usize::MAX } else { plan.limits.limit as usize };
    // Limits count the points of each call, before they are joined.
    let mut lists: Vec<VecDeque<Point>> = points
        .into_iter()
        .map(|points| points.into_iter().skip(skipped).take(limit).collect())
        .collect();
    let mut slots = vec![Cell::Null; plan.operations.len() + plan.references.len()];
    let mut rows = Vec::new();
    while let Some(at) = next_time(&lists, plan.ascending) {
        for (index, list) in lists.iter_mut().enumerate() {
            let point = if list.front().is_some_and(|point| point.at == at) {
                list.pop_front()
            } else {
                None
            };
            match point {
                Some(point) if !point.value.is_null() => {
                    slots[index] = point.value;
                    if let Some(aux) = point.aux {
                        set_references(plan, &mut slots, aux);
                    }
                }
                _ => stand_in(plan, plan.operations[index].kind, &mut slots[index]),
            }
        }
        rows.push(Row { at, cells: outputs(plan, slots.clone()) });
    }
    rows
}

fn next_time(lists: &[VecDeque<Point>], ascending: bool) -> Option<i64> {
    let times = lists.iter().filter_map(|list| list.front()).map(|point| point.at);
    if ascending { times.min() } else { times.max() }
}

/// Puts the columns of a picked point into their slots.
fn set_references(plan: &Plan, slots: &mut [Cell], aux: Box<[Cell]>) {
    let first = plan.operations.len();
    for (index, cell) in aux.into_iter().enumerate() {
        let slot = &mut slots[first + index];
        if cell.is_null() {
            stand_in(plan, plan.references[index].kind, slot);
        } else {
            *slot = cell;
        }
    }
}

/// What a slot holds where its call has no value: what is filled in, or what was before.
fn stand_in(plan: &Plan, kind: crate::influxql::ast::DataType, slot: &mut Cell) {
    match plan.fill {
        Fill::Previous => {}
        Fill::Integer(value) => *slot = cast(Cell::Integer(value), kind),
        Fill::Number(value) => *slot = cast(Cell::Float(value), kind),
        Fill::Null | Fill::None | Fill::Linear => *slot = Cell::Null,
    }
}
