//! Which rows a condition keeps, told column by column.
//!
//! A column compared with a constant is one loop over its values; AND and OR join two such
//! answers. Whatever else a condition says is evaluated row by row, where this answers
//! nothing.

use super::frame::{Access, Frame};
use crate::influxql::answer::Cell;
use crate::influxql::ast::DataType;
use crate::influxql::eval::Node;
use crate::influxql::token::Operator;
use model::Column;

/// For each row whether `node`, whose slots are `accesses`, holds; none where it must be
/// evaluated row by row.
pub(crate) fn keep(node: &Node, accesses: &[Access], frame: &Frame) -> Option<Vec<bool>> {
    let Node::Binary(operator, left, right) = node else { return None };
    if matches!(operator, Operator::And | Operator::Or) {
        let mut left = keep(left, accesses, frame)?;
        let right = keep(right, accesses, frame)?;
        for (ours, theirs) in left.iter_mut().zip(right) {
            match operator {
                Operator::And => *ours &= theirs,
                _ => *ours |= theirs,
            }
        }
        return Some(left);
    }
    let (operator, slot, constant) = match (left.as_ref(), right.as_ref()) {
        (Node::Slot(slot), Node::Constant(constant)) => (*operator, *slot, constant),
        (Node::Constant(constant), Node::Slot(slot)) => (operator.mirrored(), *slot, constant),
        _ => return None,
    };
    let Access::Column(column, kind) = accesses.get(slot)? else { return None };
    let (values, rows) = frame.column(*column);
    let fits = compare(operator, values, *kind, constant)?;
    let Some(rows) = rows else { return Some(fits) };
    // A row without a value does not fit.
    let mut kept = vec![false; frame.len()];
    for (row, fits) in rows.iter().zip(fits) {
        kept[*row as usize] = fits;
    }
    Some(kept)
}

/// For each value whether it is as `constant` by `operator`.
fn compare(
    operator: Operator,
    values: &Column,
    kind: DataType,
    constant: &Cell,
) -> Option<Vec<bool>> {
    match (values, kind, constant) {
        (Column::F64(values), DataType::Float, constant) => {
            each(operator, values, constant.as_f64()?, |value| *value)
        }
        (Column::I64(values), DataType::Integer, Cell::Integer(constant)) => {
            each(operator, values, *constant, |value| *value)
        }
        (Column::I64(values), DataType::Integer | DataType::Float, constant) => {
            each(operator, values, constant.as_f64()?, |value| *value as f64)
        }
        _ => None,
    }
}

/// The operator is looked at once, so that each loop runs in vector registers.
fn each<V, T: PartialOrd + Copy>(
    operator: Operator,
    values: &[V],
    constant: T,
    number: impl Fn(&V) -> T,
) -> Option<Vec<bool>> {
    let values = values.iter().map(number);
    Some(match operator {
        Operator::Eq => values.map(|value| value == constant).collect(),
        Operator::NotEq => values.map(|value| value != constant).collect(),
        Operator::Lt => values.map(|value| value < constant).collect(),
        Operator::Lte => values.map(|value| value <= constant).collect(),
        Operator::Gt => values.map(|value| value > constant).collect(),
        Operator::Gte => values.map(|value| value >= constant).collect(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
