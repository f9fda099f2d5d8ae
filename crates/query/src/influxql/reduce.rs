//! Folding of constants: `now() - 6h` and `2 * 3` become one value.

use super::ast::{Call, Expr};
use super::moment::{Zone, parse_time};
use super::token::Operator;

/// What a constant may depend on.
#[derive(Clone, Copy, Default)]
pub(crate) struct Folding<'a> {
    /// What `now()` is; where it is none, `now()` stays a call.
    pub(crate) now: Option<i64>,
    /// The zone in which dates without one are meant.
    pub(crate) zone: Option<&'a Zone>,
}

impl Folding<'_> {
    /// `expr` with everything constant in it folded.
    pub(crate) fn fold(&self, expr: &Expr) -> Expr {
        match expr {
            Expr::Binary(binary) => {
                self.pair(binary.operator, self.fold(&binary.left), self.fold(&binary.right))
            }
            Expr::Paren(inner) => parenthesised(self.fold(inner)),
            Expr::Call(call) => match self.now {
                Some(now) if call.name == "now" && call.args.is_empty() => Expr::Time(now),
                _ => Expr::Call(Call {
                    name: call.name.clone(),
                    args: call.args.iter().map(|arg| self.fold(arg)).collect(),
                }),
            },
            other => other.clone(),
        }
    }

    /// Two expressions that are folded already, joined.
    pub(crate) fn pair(&self, operator: Operator, left: Expr, right: Expr) -> Expr {
        match self.join(operator, &left, &right) {
            Some(folded) => folded,
            None => Expr::binary(operator, left, right),
        }
    }

    /// What two constants joined give, where that is a constant.
    fn join(&self, operator: Operator, left: &Expr, right: &Expr) -> Option<Expr> {
        match (left, right) {
            (Expr::Bool(a), Expr::Bool(b)) => booleans(operator, *a, *b),
            // A condition that is decided on one side is decided.
            (Expr::Bool(decided), other) | (other, Expr::Bool(decided)) => {
                match (operator, decided) {
                    (Operator::And, true) | (Operator::Or, false) => Some(other.clone()),
                    (Operator::And, false) | (Operator::Or, true) => Some(Expr::Bool(*decided)),
                    _ => None,
                }
            }
            (Expr::Duration(a), Expr::Duration(b)) => durations(operator, *a, *b),
            (Expr::Duration(a), Expr::Integer(b)) => scaled(operator, *a, *b as f64),
            (Expr::Duration(a), Expr::Number(b)) => scaled(operator, *a, *b),
            (Expr::Duration(a), Expr::Time(b)) if operator == Operator::Add => {
                Some(Expr::Time(a.saturating_add(*b)))
            }
            // An integer beside a duration is a point in time.
            (Expr::Integer(a), Expr::Duration(b)) => shifted(operator, *a, *b),
            (Expr::Time(a), Expr::Duration(b) | Expr::Integer(b)) => shifted(operator, *a, *b),
            (Expr::Time(a), Expr::Time(b)) if operator == Operator::Sub => {
                Some(Expr::Duration(a.saturating_sub(*b)))
            }
            (Expr::Text(a), Expr::Duration(b) | Expr::Integer(b)) => {
                shifted(operator, parse_time(a, self.zone).ok()?, *b)
            }
            (Expr::Duration(a), Expr::Text(b)) if operator == Operator::Add => {
                Some(Expr::Time(a.saturating_add(parse_time(b, self.zone).ok()?)))
            }
            (Expr::Integer(a), Expr::Integer(b)) => integers(operator, *a, *b),
            (Expr::Number(a), Expr::Number(b)) => numbers(operator, *a, *b),
            (Expr::Integer(a), Expr::Number(b)) => numbers(operator, *a as f64, *b),
            (Expr::Number(a), Expr::Integer(b)) => numbers(operator, *a, *b as f64),
            (Expr::Text(a), Expr::Text(b)) => match operator {
                Operator::Eq => Some(Expr::Bool(a == b)),
                Operator::NotEq => Some(Expr::Bool(a != b)),
                Operator::Add => Some(Expr::Text(format!("{a}{b}"))),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Parentheses around an expression that needs them.
pub(crate) fn parenthesised(expr: Expr) -> Expr {
    match expr {
        binary @ Expr::Binary(_) => Expr::Paren(Box::new(binary)),
        other => other,
    }
}

fn booleans(operator: Operator, a: bool, b: bool) -> Option<Expr> {
    Some(Expr::Bool(match operator {
        Operator::And | Operator::BitAnd => a & b,
        Operator::Or | Operator::BitOr => a | b,
        Operator::NotEq | Operator::BitXor => a != b,
        Operator::Eq => a == b,
        _ => return None,
    }))
}

fn durations(operator: Operator, a: i64, b: i64) -> Option<Expr> {
    match operator {
        Operator::Add => Some(Expr::Duration(a.saturating_add(b))),
        Operator::Sub => Some(Expr::Duration(a.saturating_sub(b))),
        _ => compared(operator, a, b),
    }
}

/// A duration times or divided by a number.
fn scaled(operator: Operator, length: i64, factor: f64) -> Option<Expr> {
    match operator {
        Operator::Mul => Some(Expr::Duration((length as f64 * factor) as i64)),
        Operator::Div if factor == 0.0 => Some(Expr::Duration(0)),
        Operator::Div => Some(Expr::Duration((length as f64 / factor) as i64)),
        _ => None,
    }
}

/// A point in time, later or earlier.
fn shifted(operator: Operator, at: i64, by: i64) -> Option<Expr> {
    match operator {
        Operator::Add => Some(Expr::Time(at.saturating_add(by))),
        Operator::Sub => Some(Expr::Time(at.saturating_sub(by))),
        _ => None,
    }
}

fn integers(operator: Operator, a: i64, b: i64) -> Option<Expr> {
    Some(match operator {
        Operator::Add => Expr::Integer(a.wrapping_add(b)),
        Operator::Sub => Expr::Integer(a.wrapping_sub(b)),
        Operator::Mul => Expr::Integer(a.wrapping_mul(b)),
        // Dividing integers gives a float; by zero, zero.
        Operator::Div if b == 0 => Expr::Number(0.0),
        Operator::Div => Expr::Number(a as f64 / b as f64),
        Operator::Mod if b == 0 => Expr::Integer(0),
        Operator::Mod => Expr::Integer(a.wrapping_rem(b)),
        Operator::BitAnd => Expr::Integer(a & b),
        Operator::BitOr => Expr::Integer(a | b),
        Operator::BitXor => Expr::Integer(a ^ b),
        _ => return compared(operator, a, b),
    })
}

fn numbers(operator: Operator, a: f64, b: f64) -> Option<Expr> {
    let value = match operator {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mul => a * b,
        Operator::Div if b == 0.0 => 0.0,
        Operator::Div => a / b,
        Operator::Mod => a % b,
        _ => return compared(operator, a, b),
    };
    Some(Expr::Number(value))
}

fn compared<T: PartialOrd>(operator: Operator, a: T, b: T) -> Option<Expr> {
    operator.compare(&a, &b).map(Expr::Bool)
}
