//! Expressions over the values of one row.
//!
//! An expression is compiled once, its references become numbered slots, and is evaluated
//! for every row. A null operand gives null, and a comparison with null does not hold.

mod math;

pub(crate) use math::{Math, type_of_math};

use super::answer::Cell;
use super::ast::{DataType, Expr, Pattern};
use super::error::Error;
use super::token::Operator;

/// An expression whose references are slots.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// The value in this slot.
    Slot(usize),
    /// A constant.
    Constant(Cell),
    /// Two operands.
    Binary(Operator, Box<Node>, Box<Node>),
    /// Whether a text fits a pattern, or does not.
    Match {
        /// The text.
        text: Box<Node>,
        /// The pattern.
        pattern: Pattern,
        /// Whether it is to fit.
        wanted: bool,
    },
    /// A function of numbers.
    Math(Math, Vec<Node>),
}

impl Node {
    /// Compiles `expr`; `slot` gives the slot of a reference or of a call it knows.
    ///
    /// # Errors
    /// Where a part is none of the language's expressions of rows.
    pub(crate) fn compile(
        expr: &Expr,
        slot: &mut dyn FnMut(&Expr) -> Option<usize>,
    ) -> Result<Self, Error> {
        if let Some(index) = slot(expr) {
            return Ok(Self::Slot(index));
        }
        match expr {
            Expr::Paren(inner) => Self::compile(inner, slot),
            Expr::Binary(binary) if binary.operator.takes_regex() => {
                let Expr::Pattern(pattern) = &binary.right else {
                    return Err(Error::invalid(format!("invalid expression: {expr}")));
                };
                Ok(Self::Match {
                    text: Box::new(Self::compile(&binary.left, slot)?),
                    pattern: pattern.clone(),
                    wanted: binary.operator == Operator::Like,
                })
            }
            Expr::Binary(binary) => Ok(Self::Binary(
                binary.operator,
                Box::new(Self::compile(&binary.left, slot)?),
                Box::new(Self::compile(&binary.right, slot)?),
            )),
            Expr::Call(call) => match Math::find(&call.name) {
                Some(math) => {
                    let args = call.args.iter().map(|arg| Self::compile(arg, slot));
                    Ok(Self::Math(math, args.collect::<Result<_, _>>()?))
                }
                None => Err(Error::invalid(format!("invalid function call in condition: {call}"))),
            },
            Expr::Number(value) => Ok(Self::Constant(Cell::Float(*value))),
            Expr::Integer(value) => Ok(Self::Constant(Cell::Integer(*value))),
            Expr::Unsigned(value) => Ok(Self::Constant(Cell::Unsigned(*value))),
            Expr::Text(text) => Ok(Self::Constant(Cell::Text(text.clone()))),
            Expr::Bool(value) => Ok(Self::Constant(Cell::Bool(*value))),
            Expr::Duration(length) => Ok(Self::Constant(Cell::Integer(*length))),
            Expr::Reference(_)
            | Expr::Wildcard(_)
            | Expr::Distinct(_)
            | Expr::Pattern(_)
            | Expr::Time(_) => Ok(Self::Constant(Cell::Null)),
        }
    }

    /// Whether it is nothing but the value in slot `index`.
    pub(crate) fn is_slot(&self, index: usize) -> bool {
        matches!(self, Self::Slot(slot) if *slot == index)
    }

    /// Its value; `slots` gives the values of the row.
    pub(crate) fn eval(&self, slots: &dyn Fn(usize) -> Cell) -> Cell {
        match self {
            Self::Slot(index) => slots(*index),
            Self::Constant(value) => value.clone(),
            Self::Binary(operator, left, right) => {
                binary(*operator, left.eval(slots), right.eval(slots))
            }
            Self::Match { text, pattern, wanted } => match text.eval(slots) {
                Cell::Text(text) => Cell::Bool(pattern.is_match(&text) == *wanted),
                _ => Cell::Bool(false),
            },
            Self::Math(math, args) => {
                math.apply(&args.iter().map(|arg| arg.eval(slots)).collect::<Vec<_>>())
            }
        }
    }

    /// Whether it holds; null does not.
    pub(crate) fn holds(&self, slots: &dyn Fn(usize) -> Cell) -> bool {
        self.eval(slots) == Cell::Bool(true)
    }
}

/// What an operator makes of two values.
fn binary(operator: Operator, left: Cell, right: Cell) -> Cell {
    match (left, right) {
        (Cell::Bool(a), Cell::Bool(b)) => booleans(operator, a, b),
        // Beside a truth value, nothing counts as false.
        (Cell::Null, Cell::Bool(b)) => booleans(operator, false, b),
        (Cell::Bool(a), Cell::Null) => booleans(operator, a, false),
        (Cell::Integer(a), Cell::Integer(b)) => integers(operator, a, b),
        (Cell::Unsigned(a), Cell::Unsigned(b)) => unsigned(operator, a, b),
        (Cell::Integer(a), Cell::Unsigned(b)) => match mixed(operator, a) {
            Some(decided) => Cell::Bool(decided),
            None => unsigned(operator, a as u64, b),
        },
        (Cell::Unsigned(a), Cell::Integer(b)) => match mixed(operator.mirrored(), b) {
            Some(decided) => Cell::Bool(decided),
            None => unsigned(operator, a, b as u64),
        },
        (Cell::Text(a), Cell::Text(b)) => match operator {
            Operator::Eq => Cell::Bool(a == b),
            Operator::NotEq => Cell::Bool(a != b),
            _ => incomparable(operator),
        },
        (a, b) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => floats(operator, a, b),
            _ => incomparable(operator),
        },
    }
}

/// What an operator makes of values it does not fit.
fn incomparable(operator: Operator) -> Cell {
    if operator.is_condition() { Cell::Bool(false) } else { Cell::Null }
}

/// A comparison of a negative number with one that cannot be negative is decided by that.
fn mixed(operator: Operator, signed: i64) -> Option<bool> {
    if signed >= 0 {
        return None;
    }
    match operator {
        Operator::Lt | Operator::Lte | Operator::NotEq => Some(true),
        Operator::Gt | Operator::Gte | Operator::Eq => Some(false),
        _ => None,
    }
}

fn booleans(operator: Operator, a: bool, b: bool) -> Cell {
    Cell::Bool(match operator {
        Operator::And | Operator::BitAnd => a & b,
        Operator::Or | Operator::BitOr => a | b,
        Operator::NotEq | Operator::BitXor => a != b,
        Operator::Eq => a == b,
        _ => return incomparable(operator),
    })
}

fn compared<T: PartialOrd>(operator: Operator, a: &T, b: &T) -> Cell {
    operator.compare(a, b).map_or_else(|| incomparable(operator), Cell::Bool)
}

fn integers(operator: Operator, a: i64, b: i64) -> Cell {
    match operator {
        Operator::Add => Cell::Integer(a.wrapping_add(b)),
        Operator::Sub => Cell::Integer(a.wrapping_sub(b)),
        Operator::Mul => Cell::Integer(a.wrapping_mul(b)),
        // Dividing integers gives a float; by zero, zero.
        Operator::Div => floats(operator, a as f64, b as f64),
        Operator::Mod if b == 0 => Cell::Integer(0),
        Operator::Mod => Cell::Integer(a.wrapping_rem(b)),
        Operator::BitAnd => Cell::Integer(a & b),
        Operator::BitOr => Cell::Integer(a | b),
        Operator::BitXor => Cell::Integer(a ^ b),
        _ => compared(operator, &a, &b),
    }
}

fn unsigned(operator: Operator, a: u64, b: u64) -> Cell {
    match operator {
        Operator::Add => Cell::Unsigned(a.wrapping_add(b)),
        Operator::Sub => Cell::Unsigned(a.wrapping_sub(b)),
        Operator::Mul => Cell::Unsigned(a.wrapping_mul(b)),
        Operator::Div | Operator::Mod if b == 0 => Cell::Unsigned(0),
        Operator::Div => Cell::Unsigned(a / b),
        Operator::Mod => Cell::Unsigned(a % b),
        Operator::BitAnd => Cell::Unsigned(a & b),
        Operator::BitOr => Cell::Unsigned(a | b),
        Operator::BitXor => Cell::Unsigned(a ^ b),
        _ => compared(operator, &a, &b),
    }
}

fn floats(operator: Operator, a: f64, b: f64) -> Cell {
    match operator {
        Operator::Add => Cell::Float(a + b),
        Operator::Sub => Cell::Float(a - b),
        Operator::Mul => Cell::Float(a * b),
        Operator::Div if b == 0.0 => Cell::Float(0.0),
        Operator::Div => Cell::Float(a / b),
        Operator::Mod => Cell::Float(a % b),
        _ => compared(operator, &a, &b),
    }
}

/// What kind of values `expr` gives; references say theirs, `call` knows the functions.
///
/// # Errors
/// Where operands do not go together.
pub(crate) fn type_of(
    expr: &Expr,
    call: &dyn Fn(&super::ast::Call) -> Result<DataType, Error>,
) -> Result<DataType, Error> {
    match expr {
        Expr::Reference(reference) => Ok(reference.kind),
        Expr::Paren(inner) => type_of(inner, call),
        Expr::Number(_) => Ok(DataType::Float),
        Expr::Integer(_) => Ok(DataType::Integer),
        Expr::Unsigned(_) => Ok(DataType::Unsigned),
        Expr::Text(_) => Ok(DataType::Text),
        Expr::Bool(_) => Ok(DataType::Bool),
        Expr::Duration(_) => Ok(DataType::Duration),
        Expr::Time(_) => Ok(DataType::Time),
        Expr::Wildcard(_) | Expr::Distinct(_) | Expr::Pattern(_) => Ok(DataType::Unknown),
        Expr::Call(function) => match Math::find(&function.name) {
            Some(_) => {
                let kinds = function.args.iter().map(|arg| type_of(arg, call));
                type_of_math(&function.name, &kinds.collect::<Result<Vec<_>, _>>()?)
            }
            None => call(function),
        },
        Expr::Binary(binary) => {
            let left = type_of(&binary.left, call)?;
            let right = type_of(&binary.right, call)?;
            type_of_pair(expr, (&binary.left, left), binary.operator, (&binary.right, right))
        }
    }
}

fn type_of_pair(
    expr: &Expr,
    (left_expr, left): (&Expr, DataType),
    operator: Operator,
    (right_expr, right): (&Expr, DataType),
) -> Result<DataType, Error> {
    let wrong = |message: String| Error::invalid(format!("type error: {expr}: {message}"));
    let integer = match (left, right) {
        (DataType::Unsigned, DataType::Integer) => Some((left_expr, right_expr)),
        (DataType::Integer, DataType::Unsigned) => Some((right_expr, left_expr)),
        _ => None,
    };
    if let Some((unsigned, signed)) = integer {
        let operator = operator.text();
        if unsigned.is_literal() {
            return Err(wrong(format!(
                "cannot use {operator} with an integer and unsigned literal"
            )));
        }
        if !signed.is_literal() {
            return Err(wrong(format!(
                "cannot use {operator} between an integer and unsigned, an explicit cast is required"
            )));
        }
    }
    if left == DataType::Unknown || right == DataType::Unknown {
        return Ok(left.merge(right));
    }
    // The kind shows in what the operator makes of the kinds' zeros.
    match binary(operator, zero(left), zero(right)) {
        Cell::Float(_) => Ok(DataType::Float),
        Cell::Integer(_) => Ok(DataType::Integer),
        Cell::Unsigned(_) => Ok(DataType::Unsigned),
        Cell::Bool(_) => Ok(DataType::Bool),
        _ => {
            let (left, right) = (left.name(), right.name());
            Err(wrong(format!("incompatible types: {left} and {right}")))
        }
    }
}

fn zero(kind: DataType) -> Cell {
    match kind {
        DataType::Float => Cell::Float(0.0),
        DataType::Integer => Cell::Integer(0),
        DataType::Unsigned => Cell::Unsigned(0),
        DataType::Bool => Cell::Bool(false),
        DataType::Text | DataType::Tag => Cell::Text(String::new()),
        _ => Cell::Null,
    }
}

#[cfg(test)]
mod tests;
