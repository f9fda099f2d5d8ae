//! The order of an instant query's answer. A range query's answer is sorted by labels
//! whatever the expression says, so that its vectors are left alone.

use super::call::text_of;
use super::column::Vector;
use super::evaluate::Query;
use super::grid::Grid;
use crate::promql::ast::Expr;
use crate::promql::error::Error;
use std::cmp::Ordering;

/// Which way to sort.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

impl Query<'_> {
    /// By value, NaN last.
    pub fn sort(&self, arg: &Expr, direction: Direction, grid: Grid) -> Result<Vector, Error> {
        let mut vector = self.vector(arg, grid)?;
        if grid.count == 1 {
            vector.sort_by(|a, b| nan_last(a.cells[0], b.cells[0], direction));
        }
        Ok(vector)
    }

    /// By the values of labels as people order them, then by all labels.
    pub fn sort_by_label(
        &self,
        args: &[Expr],
        direction: Direction,
        grid: Grid,
    ) -> Result<Vector, Error> {
        let mut vector = self.vector(&args[0], grid)?;
        let names: Vec<&str> = args[1..].iter().map(text_of).collect::<Result<_, _>>()?;
        if grid.count == 1 {
            vector.sort_by(|a, b| {
                let by_name = |name: &&str| natural(a.labels.get(name), b.labels.get(name));
                let named = names.iter().map(by_name).find(|order| order.is_ne());
                let order = named.unwrap_or_else(|| a.labels.cmp(&b.labels));
                if direction == Direction::Descending { order.reverse() } else { order }
            });
        }
        Ok(vector)
    }
}

/// By value, NaN after everything in both directions.
pub(crate) fn nan_last(a: f64, b: f64, direction: Direction) -> Ordering {
    let values = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
    let values = if direction == Direction::Descending { values.reverse() } else { values };
    a.is_nan().cmp(&b.is_nan()).then(values)
}

/// Runs of digits compare as numbers, everything else as text: `a2` before `a10`.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    while !a.is_empty() && !b.is_empty() {
        let ((left, a_rest), (right, b_rest)) = (run(a), run(b));
        let numeric = |run: &str| run.starts_with(|c: char| c.is_ascii_digit());
        let order = if numeric(left) && numeric(right) {
            // Longer numbers without leading zeros are greater; equal numbers go by text.
            let (l, r) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
            l.len().cmp(&r.len()).then(l.cmp(r)).then(left.cmp(right))
        } else {
            left.cmp(right)
        };
        if order.is_ne() {
            return order;
        }
        (a, b) = (a_rest, b_rest);
    }
    a.len().cmp(&b.len())
}

/// The first run of digits, or of anything else, and what follows it.
fn run(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests;
