//! `WHERE`: its time bounds apart from the rest, and of that what the index can answer
//! apart from what needs values.

use super::ast::{DataType, Expr};
use super::error::Error;
use super::moment::{NotATime, TIME_MAX, TIME_MIN, parse_time};
use super::reduce::{Folding, parenthesised};
use super::token::Operator;
use model::{Attribute, MatchOp, Matcher, Predicate};
use std::sync::Arc;

/// Time bounds, both included; none where the text sets none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Bounds {
    /// The first point.
    pub(crate) min: Option<i64>,
    /// The last point.
    pub(crate) max: Option<i64>,
}

impl Bounds {
    /// What both allow.
    pub(crate) fn intersect(self, other: Self) -> Self {
        Self {
            min: self.min.into_iter().chain(other.min).max(),
            max: self.max.into_iter().chain(other.max).min(),
        }
    }

    /// The first point, or the earliest there is.
    pub(crate) fn start(self) -> i64 {
        self.min.unwrap_or(TIME_MIN)
    }

    /// The last point, or the latest there is.
    pub(crate) fn end(self) -> i64 {
        self.max.unwrap_or(TIME_MAX)
    }
}

/// Splits a condition into what it says about time and what it says else.
///
/// Bounds on time always hold together, even where the text joins them with OR, as
/// InfluxDB has it.
pub(crate) fn split_time(
    condition: Option<&Expr>,
    folding: &Folding<'_>,
) -> Result<(Option<Expr>, Bounds), Error> {
    match condition {
        None => Ok((None, Bounds::default())),
        Some(expr) => split(expr, folding),
    }
}

fn split(expr: &Expr, folding: &Folding<'_>) -> Result<(Option<Expr>, Bounds), Error> {
    match expr {
        Expr::Binary(binary) if matches!(binary.operator, Operator::And | Operator::Or) => {
            let (left, left_bounds) = split(&binary.left, folding)?;
            let (right, right_bounds) = split(&binary.right, folding)?;
            let bounds = left_bounds.intersect(right_bounds);
            let rest = match (left, right) {
                (Some(left), Some(right)) => Some(folding.pair(binary.operator, left, right)),
                (left, right) => left.or(right),
            };
            Ok((rest, bounds))
        }
        Expr::Binary(binary) if is_time(&binary.left) => {
            Ok((None, bounds(binary.operator, &binary.right, folding)?))
        }
        Expr::Binary(binary) if is_time(&binary.right) => {
            Ok((None, bounds(binary.operator.mirrored(), &binary.left, folding)?))
        }
        Expr::Binary(_) => Ok((Some(folding.fold(expr)), Bounds::default())),
        Expr::Paren(inner) => {
            let (rest, bounds) = split(inner, folding)?;
            Ok((rest.map(parenthesised), bounds))
        }
        Expr::Bool(_) => Ok((Some(expr.clone()), Bounds::default())),
        other => Err(Error::invalid(format!("invalid condition expression: {other}"))),
    }
}

fn is_time(expr: &Expr) -> bool {
    matches!(expr, Expr::Reference(reference) if reference.name.eq_ignore_ascii_case("time"))
}

/// What `time <operator> expr` says.
fn bounds(operator: Operator, expr: &Expr, folding: &Folding<'_>) -> Result<Bounds, Error> {
    let at = match folding.fold(expr) {
        Expr::Text(text) => match parse_time(&text, folding.zone) {
            Ok(at) => at,
            Err(NotATime::Malformed) => return Err(Error::invalid("invalid timestamp string")),
            Err(NotATime::TooLate) => {
                return Err(Error::invalid(format!("time {text} overflows time literal")));
            }
            Err(NotATime::TooEarly) => {
                return Err(Error::invalid(format!("time {text} underflows time literal")));
            }
            Err(NotATime::NoDate) => return Err(incompatible(&Expr::Text(text))),
        },
        Expr::Time(at) | Expr::Duration(at) | Expr::Integer(at) => at,
        Expr::Number(at) => at as i64,
        other => return Err(incompatible(&other)),
    };
    // One further in than the ends, so that stepping over an excluded point stays inside.
    let at = at.clamp(TIME_MIN + 1, TIME_MAX - 1);
    let (min, max) = match operator {
        Operator::Gt => (Some(at + 1), None),
        Operator::Gte => (Some(at), None),
        Operator::Lt => (None, Some(at - 1)),
        Operator::Lte => (None, Some(at)),
        Operator::Eq => (Some(at), Some(at)),
        other => {
            let message = format!("invalid time comparison operator: {}", other.text());
            return Err(Error::invalid(message));
        }
    };
    Ok(Bounds { min, max })
}

fn incompatible(expr: &Expr) -> Error {
    let go_type = expr.go_type();
    Error::invalid(format!("invalid operation: time and {go_type} are not compatible"))
}

/// Splits a condition into a predicate the index answers and what must be asked of every
/// row: both must hold. References already say whether they are tags.
pub(crate) fn split_tags(condition: Option<&Expr>) -> (Predicate, Option<Expr>) {
    let Some(condition) = condition else { return (Predicate::ALL, None) };
    let mut parts = Vec::new();
    let rest = split_conjunction(condition, &mut parts);
    (Predicate::And(parts), rest)
}

fn split_conjunction(expr: &Expr, parts: &mut Vec<Predicate>) -> Option<Expr> {
    if let Some(predicate) = predicate(expr) {
        parts.push(predicate);
        return None;
    }
    match expr {
        Expr::Binary(binary) if binary.operator == Operator::And => {
            let left = split_conjunction(&binary.left, parts);
            let right = split_conjunction(&binary.right, parts);
            match (left, right) {
                (Some(left), Some(right)) => Some(Expr::binary(Operator::And, left, right)),
                (left, right) => left.or(right),
            }
        }
        Expr::Paren(inner) => {
            split_conjunction(inner, parts).map(|rest| Expr::Paren(Box::new(rest)))
        }
        other => Some(other.clone()),
    }
}

/// The same condition as a predicate over tags, where it is one.
pub(crate) fn predicate(expr: &Expr) -> Option<Predicate> {
    match expr {
        Expr::Bool(true) => Some(Predicate::ALL),
        Expr::Bool(false) => Some(Predicate::Or(Vec::new())),
        Expr::Paren(inner) => predicate(inner),
        Expr::Binary(binary) => {
            let (left, right) = (binary.left.bare(), binary.right.bare());
            match (binary.operator, left, right) {
                (Operator::And, left, right) => {
                    Some(Predicate::And(vec![predicate(left)?, predicate(right)?]))
                }
                (Operator::Or, left, right) => {
                    Some(Predicate::Or(vec![predicate(left)?, predicate(right)?]))
                }
                (operator, Expr::Reference(reference), value)
                | (operator, value, Expr::Reference(reference)) => {
                    if reference.kind != DataType::Tag {
                        return None;
                    }
                    let attribute = Attribute::Tag(Arc::from(reference.name.as_str()));
                    let op = match_op(operator, value)?;
                    Some(Predicate::Match(Matcher { attribute, op }))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn match_op(operator: Operator, value: &Expr) -> Option<MatchOp> {
    match (operator, value) {
        (Operator::Eq, Expr::Text(text)) => Some(MatchOp::Equal(Arc::from(text.as_str()))),
        (Operator::NotEq, Expr::Text(text)) => Some(MatchOp::NotEqual(Arc::from(text.as_str()))),
        (Operator::Like, Expr::Pattern(p)) => Some(MatchOp::Regex(p.compiled().clone())),
        (Operator::NotLike, Expr::Pattern(p)) => Some(MatchOp::NotRegex(p.compiled().clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
