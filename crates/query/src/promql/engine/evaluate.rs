//! One expression at all steps.

use super::Options;
use super::column::{Column, NameRemoval, Vector, merge_equal, reject_equal, remove_metadata};
use super::grid::{Bounds, Grid};
use super::invariant::is_invariant;
use super::maths;
use super::memo::Memo;
use super::select::Cells;
use crate::promql::ast::{Expr, ExprKind};
use crate::promql::error::Error;
use crate::promql::notes::Notes;
use model::limits::Budget;
use model::port::Source;

/// Everything that one query shares.
pub(crate) struct Query<'a> {
    pub source: &'a dyn Source,
    pub options: &'a Options,
    pub budget: &'a Budget,
    pub notes: Notes<'a>,
    pub memo: Memo,
    /// What `start()` and `end()` mean.
    pub bounds: Bounds,
    pub removal: NameRemoval,
}

/// What an expression gives at all steps.
#[derive(Debug)]
pub(crate) enum Value {
    /// One number for each step.
    Scalar(Vec<f64>),
    /// The same text at every step.
    Text(String),
    /// One cell for each series and step.
    Vector(Vector),
}

impl Query<'_> {
    /// What `expr`, which is no range vector, gives at the steps of `grid`.
    pub fn evaluate(&self, expr: &Expr, grid: Grid) -> Result<Value, Error> {
        self.budget.check()?;
        if grid.count > 1 && is_invariant(expr) {
            let value = self.evaluate(expr, Grid::single(grid.start))?;
            return self.repeat(value, grid.count);
        }
        match &expr.kind {
            ExprKind::Number(number) => Ok(Value::Scalar(vec![number.value; grid.count])),
            ExprKind::Text(text) => Ok(Value::Text(text.clone())),
            ExprKind::Selector(selector) if selector.range.is_none() => {
                let read = || self.instant_vector(selector, expr.position, grid, Cells::Values);
                self.memo.remember(expr, grid, read).map(Value::Vector)
            }
            ExprKind::Selector(_) | ExprKind::Subquery(_) => Err(misplaced(expr)),
            ExprKind::Call(call) => self.call(expr, call, grid),
            ExprKind::Aggregate(aggregation) => {
                self.aggregate(aggregation, grid).map(Value::Vector)
            }
            ExprKind::Binary(binary) => self.binary(binary, grid),
            ExprKind::Negate(inner) => self.negate(inner, grid),
            ExprKind::Plus(inner) | ExprKind::Paren(inner) => self.evaluate(inner, grid),
        }
    }

    /// As [`Query::evaluate`], of an expression whose type is instant vector.
    pub fn vector(&self, expr: &Expr, grid: Grid) -> Result<Vector, Error> {
        match self.evaluate(expr, grid)? {
            Value::Vector(vector) => Ok(vector),
            _ => Err(misplaced(expr)),
        }
    }

    /// As [`Query::evaluate`], of an expression whose type is scalar.
    pub fn scalar(&self, expr: &Expr, grid: Grid) -> Result<Vec<f64>, Error> {
        match self.evaluate(expr, grid)? {
            Value::Scalar(cells) => Ok(cells),
            _ => Err(misplaced(expr)),
        }
    }

    /// What a vector is once nothing looks at names any more.
    pub fn finish(&self, mut vector: Vector) -> Result<Vector, Error> {
        vector.retain(Column::is_any_present);
        if self.removal == NameRemoval::AtEnd {
            for column in vector.iter_mut().filter(|column| column.drops_name) {
                remove_metadata(&mut column.labels);
            }
            reject_equal(&vector)?;
        }
        Ok(vector)
    }

    /// Takes the names off, and joins what is equal then.
    pub fn without_names(&self, mut vector: Vector) -> Result<Vector, Error> {
        vector.iter_mut().for_each(|column| column.drop_name(self.removal));
        merge_equal(vector)
    }

    /// Counts `cells` that are computed and stay in memory.
    pub fn hold(&self, cells: usize) -> Result<(), Error> {
        self.budget.charge(cells as u64)?;
        Ok(self.budget.hold((cells * size_of::<f64>()) as u64)?)
    }

    fn negate(&self, inner: &Expr, grid: Grid) -> Result<Value, Error> {
        Ok(match self.evaluate(inner, grid)? {
            Value::Vector(mut vector) => {
                vector.iter_mut().for_each(|column| column.map(maths::negate));
                Value::Vector(self.without_names(vector)?)
            }
            Value::Scalar(cells) => Value::Scalar(cells.into_iter().map(|cell| -cell).collect()),
            Value::Text(_) => return Err(misplaced(inner)),
        })
    }

    /// The value of one step at `count` steps.
    fn repeat(&self, value: Value, count: usize) -> Result<Value, Error> {
        Ok(match value {
            Value::Scalar(cells) => Value::Scalar(vec![cells[0]; count]),
            Value::Text(text) => Value::Text(text),
            Value::Vector(mut vector) => {
                for column in &mut vector {
                    self.hold(count)?;
                    column.cells = vec![column.cells[0]; count];
                }
                Value::Vector(vector)
            }
        })
    }
}

/// That an expression of another type stands here, which the type check rules out.
pub(crate) fn misplaced(expr: &Expr) -> Error {
    Error::execution(format!("unexpected {} here: {expr}", expr.value_type().documented()))
}
