//! Whether the types of a tree fit together.

use super::ast::{AggregateOp, Aggregation, Binary, Call, Expr, ExprKind, Operator, Type};
use super::error::Fault;
use super::position::Position;
use super::quote::quote;

/// Checks `expr` and everything in it, in the order of the text.
pub(super) fn check(expr: &Expr) -> Result<(), Fault> {
    let mut outcome = Ok(());
    expr.kind.each_child(&mut |child| {
        if outcome.is_ok() {
            outcome = check(child);
        }
    });
    outcome?;
    match &expr.kind {
        ExprKind::Call(call) => check_call(call, expr.position),
        ExprKind::Aggregate(aggregation) => check_aggregation(aggregation),
        ExprKind::Binary(binary) => check_binary(binary, expr.position),
        ExprKind::Negate(inner) | ExprKind::Plus(inner) => match inner.value_type() {
            Type::Scalar | Type::Vector => Ok(()),
            other => Err(Fault::new(
                expr.position,
                format!(
                    "unary expression only allowed on expressions of type scalar or instant vector, got {}",
                    quote(other.documented())
                ),
            )),
        },
        ExprKind::Subquery(subquery) => match subquery.expr.value_type() {
            Type::Vector => Ok(()),
            other => Err(Fault::new(
                expr.position,
                format!(
                    "subquery is only allowed on instant vector, got {} instead",
                    other.documented()
                ),
            )),
        },
        _ => Ok(()),
    }
}

fn check_call(call: &Call, position: Position) -> Result<(), Fault> {
    let function = call.function;
    let (given, wanted) = (call.args.len(), function.args.len());
    let name = quote(function.name);
    let count = |text: String| {
        Err(Fault::new(
            position,
            format!("expected {text} argument(s) in call to {name}, got {given}"),
        ))
    };
    let least = wanted - function.optional;
    if function.optional == 0 && !function.repeats && given != wanted {
        return count(wanted.to_string());
    }
    if given < least {
        return count(format!("at least {least}"));
    }
    if !function.repeats && given > wanted {
        return count(format!("at most {wanted}"));
    }
    for (index, arg) in call.args.iter().enumerate() {
        // The last type stands for all arguments that follow.
        let wanted = function.args[index.min(wanted - 1)];
        expect(arg, wanted, || format!("call to function {name}"))?;
    }
    match function.refusal {
        Some(reason) => Err(Fault::new(position, reason)),
        None => Ok(()),
    }
}

fn check_aggregation(aggregation: &Aggregation) -> Result<(), Fault> {
    expect(&aggregation.expr, Type::Vector, || "aggregation expression".to_owned())?;
    let Some(param) = &aggregation.param else { return Ok(()) };
    let wanted = if aggregation.op == AggregateOp::CountValues { Type::Text } else { Type::Scalar };
    expect(param, wanted, || "aggregation parameter".to_owned())
}

fn check_binary(binary: &Binary, position: Position) -> Result<(), Fault> {
    let fault = |message: String| Err(Fault::new(position, message));
    let op = binary.op;
    if binary.returns_bool && !op.is_comparison() {
        let message = "bool modifier can only be used on comparison operators";
        return Err(Fault::new(binary.op_position, message));
    }
    let types = [binary.left.value_type(), binary.right.value_type()];
    if op.is_comparison() && !binary.returns_bool && types == [Type::Scalar; 2] {
        let message = "comparisons between scalars must use BOOL modifier";
        return Err(Fault::new(binary.op_position, message));
    }
    for side in [&binary.left, &binary.right] {
        if !matches!(side.value_type(), Type::Scalar | Type::Vector) {
            let message = "binary expression must contain only scalar and instant vector types";
            return Err(Fault::new(side.position, message));
        }
    }
    let vectors = types == [Type::Vector; 2];
    if !vectors {
        if binary.matching.as_ref().is_some_and(|m| !m.labels.is_empty()) {
            return fault("vector matching only allowed between instant vectors".to_owned());
        }
        if op.is_set() {
            let symbol = quote(op.symbol());
            return fault(format!("set operator {symbol} not allowed in binary scalar expression"));
        }
    }
    check_matching(binary, position)
}

fn check_matching(binary: &Binary, position: Position) -> Result<(), Fault> {
    let Some(matching) = &binary.matching else { return Ok(()) };
    if matching.on
        && let Some(twice) = matching.include.iter().find(|label| matching.labels.contains(label))
    {
        let message =
            format!("label {} must not occur in ON and GROUP clause at once", quote(twice));
        return Err(Fault::new(binary.op_position, message));
    }
    let grouped = matching.cardinality != super::ast::Cardinality::OneToOne;
    if grouped && matches!(binary.op, Operator::And | Operator::Or | Operator::Unless) {
        let symbol = quote(binary.op.symbol());
        return Err(Fault::new(position, format!("no grouping allowed for {symbol} operation")));
    }
    Ok(())
}

fn expect(expr: &Expr, wanted: Type, context: impl FnOnce() -> String) -> Result<(), Fault> {
    let given = expr.value_type();
    if given == wanted {
        return Ok(());
    }
    Err(Fault::new(
        expr.position,
        format!(
            "expected type {} in {}, got {}",
            wanted.documented(),
            context(),
            given.documented()
        ),
    ))
}
