//! Comparisons that keep some values of a selector: `cpu_usage > 90`.
//!
//! They are applied to each series as it is read, so that what is dropped is never held; and
//! where a source knows its bounds, a series of which nothing can be kept is not read at all.

use super::binary::compare;
use super::column::Vector;
use super::evaluate::Query;
use super::grid::Grid;
use super::invariant::is_invariant;
use super::select::{Cells, Looked};
use crate::promql::answer::RangeSeries;
use crate::promql::ast::{Binary, Expr, ExprKind, Operator, Selector, Type};
use crate::promql::error::Error;

/// Keeps values that compare with a number.
#[derive(Debug)]
pub(crate) struct Filter {
    op: Operator,
    /// What is compared with, at each step.
    numbers: Vec<f64>,
    least: f64,
    greatest: f64,
}

impl Filter {
    /// Keeps `value op number`, with a number for each step.
    pub fn new(op: Operator, numbers: Vec<f64>) -> Self {
        // NaN, which nothing but `!=` fits, yields to numbers.
        let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self { op, numbers, least, greatest }
    }

    /// Whether it keeps `value` at a step.
    #[inline]
    pub fn keeps(&self, step: usize, value: f64) -> bool {
        compare(self.op, value, self.numbers[step])
    }

    /// Whether it may keep any value between these bounds.
    pub fn may_keep(&self, (low, high): (f64, f64)) -> bool {
        match self.op {
            Operator::Greater => high > self.least,
            Operator::GreaterEqual => high >= self.least,
            Operator::Less => low < self.greatest,
            Operator::LessEqual => low <= self.greatest,
            Operator::Equal => low <= self.greatest && high >= self.least,
            _ => low <= high,
        }
    }
}

/// A comparison of an instant selector with a scalar, the selector on the left.
struct Comparison<'a> {
    selector: &'a Selector,
    of: &'a Expr,
    op: Operator,
    scalar: &'a Expr,
}

impl<'a> Comparison<'a> {
    fn of(binary: &'a Binary) -> Option<Self> {
        if !binary.op.is_comparison() || binary.returns_bool {
            return None;
        }
        let (of, op, scalar) = match (binary.left.value_type(), binary.right.value_type()) {
            (Type::Vector, Type::Scalar) => (&binary.left, binary.op, &binary.right),
            (Type::Scalar, Type::Vector) => (&binary.right, mirrored(binary.op), &binary.left),
            _ => return None,
        };
        let of = of.bare();
        let ExprKind::Selector(selector) = &of.kind else { return None };
        selector.range.is_none().then_some(Self { selector, of, op, scalar })
    }
}

/// The operator with its sides exchanged.
fn mirrored(op: Operator) -> Operator {
    match op {
        Operator::Greater => Operator::Less,
        Operator::GreaterEqual => Operator::LessEqual,
        Operator::Less => Operator::Greater,
        Operator::LessEqual => Operator::GreaterEqual,
        other => other,
    }
}

impl Query<'_> {
    /// What a comparison keeps of a selector; none where `binary` is something else, or the
    /// selector is written twice and best read once for both.
    pub fn filtered(&self, binary: &Binary, grid: Grid) -> Result<Option<Vector>, Error> {
        let Some(found) = self.comparison(binary) else { return Ok(None) };
        let looked = self.looked(&found, grid)?;
        self.kept(&looked, grid, Cells::Values).map(Some)
    }

    /// The whole answer of a range query that is a selector, or a selector with a filter; none
    /// where it is something else.
    pub fn plain_points(&self, expr: &Expr, grid: Grid) -> Result<Option<Vec<RangeSeries>>, Error> {
        let expr = expr.bare();
        if is_invariant(expr) {
            return Ok(None);
        }
        let looked = match &expr.kind {
            ExprKind::Selector(selector) if selector.range.is_none() => {
                Looked { selector, position: expr.position, filter: None }
            }
            ExprKind::Binary(binary) => match self.comparison(binary) {
                Some(found) => self.looked(&found, grid)?,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.points(&looked, grid).map(Some)
    }

    fn comparison<'a>(&self, binary: &'a Binary) -> Option<Comparison<'a>> {
        Comparison::of(binary).filter(|found| !self.memo.is_repeated(found.of))
    }

    fn looked<'a>(&self, found: &Comparison<'a>, grid: Grid) -> Result<Looked<'a>, Error> {
        let Comparison { selector, of, op, scalar } = *found;
        let filter = Some(Filter::new(op, self.scalar(scalar, grid)?));
        Ok(Looked { selector, position: of.position, filter })
    }
}

#[cfg(test)]
mod tests;
