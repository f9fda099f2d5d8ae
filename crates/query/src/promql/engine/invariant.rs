//! Whether an expression gives the same at every step, so that one step is enough.

use crate::promql::ast::{Expr, ExprKind};
use crate::promql::functions::{Body, Special};

/// Whether `expr` gives the same at every step of one query.
pub(crate) fn is_invariant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Text(_) => return true,
        ExprKind::Selector(selector) => return selector.anchor.at.is_some(),
        // Its own steps hang on nothing but its anchor; what is inside does not matter.
        ExprKind::Subquery(subquery) => return subquery.anchor.at.is_some(),
        ExprKind::Call(call) => match call.function.body {
            Body::Calendar(_) if call.args.is_empty() => return false,
            Body::Special(Special::Time | Special::Timestamp) => return false,
            // It extrapolates to the time of the step, wherever its samples are from.
            Body::Window(_) if call.function.name == "predict_linear" => return false,
            _ => {}
        },
        _ => {}
    }
    let mut invariant = true;
    expr.kind.each_child(&mut |child| invariant = invariant && is_invariant(child));
    invariant
}
