//! Whether a condition may hold anywhere in a series, told by the bounds of its values: what
//! cannot fit is not read.

use crate::influxql::answer::Cell;
use crate::influxql::eval::Node;
use crate::influxql::token::Operator;

/// Whether `node` may hold, where `bounds` gives the least and the greatest value of a slot
/// as far as they are known.
pub(crate) fn may_hold(node: &Node, bounds: &dyn Fn(usize) -> Option<(f64, f64)>) -> bool {
    let Node::Binary(operator, left, right) = node else { return true };
    let (operator, slot, constant) = match (operator, left.as_ref(), right.as_ref()) {
        (Operator::And, left, right) => return may_hold(left, bounds) && may_hold(right, bounds),
        (Operator::Or, left, right) => return may_hold(left, bounds) || may_hold(right, bounds),
        (operator, Node::Slot(slot), Node::Constant(constant)) => (*operator, *slot, constant),
        (operator, Node::Constant(constant), Node::Slot(slot)) => {
            (operator.mirrored(), *slot, constant)
        }
        _ => return true,
    };
    let (Some(wanted), Some((low, high))) = (Cell::as_f64(constant), bounds(slot)) else {
        return true;
    };
    match operator {
        Operator::Gt => high > wanted,
        Operator::Gte => high >= wanted,
        Operator::Lt => low < wanted,
        Operator::Lte => low <= wanted,
        Operator::Eq => low <= wanted && wanted <= high,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
