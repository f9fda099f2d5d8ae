//! `and`, `or`, `unless`.

use super::column::{ABSENT, Column, Vector, is_present, merge_equal};
use super::matching::Groups;
use crate::promql::ast::{Matching, Operator};
use crate::promql::error::Error;

/// Joins two vectors as sets of the label sets they have at each step.
pub(crate) fn join(
    op: Operator,
    mut left: Vector,
    mut right: Vector,
    matching: &Matching,
    steps: usize,
) -> Result<Vector, Error> {
    let groups = Groups::new(&left, &right, matching);
    match op {
        Operator::Or => {
            let taken = occupied(&left, &groups.first, groups.count, steps);
            mask(&mut right, &groups.second, &taken, Keep::WhereFree);
            left.append(&mut right);
        }
        op => {
            let other = occupied(&right, &groups.second, groups.count, steps);
            let keep = if op == Operator::And { Keep::WhereTaken } else { Keep::WhereFree };
            mask(&mut left, &groups.first, &other, keep);
        }
    }
    left.retain(Column::is_any_present);
    merge_equal(left)
}

/// For each group, at which steps any of its columns has a value; none where never.
fn occupied(
    columns: &[Column],
    numbers: &[usize],
    count: usize,
    steps: usize,
) -> Vec<Option<Vec<bool>>> {
    let mut occupied = vec![None; count];
    for (column, &number) in columns.iter().zip(numbers) {
        let present = occupied[number].get_or_insert_with(|| vec![false; steps]);
        for (present, &cell) in present.iter_mut().zip(&column.cells) {
            *present |= is_present(cell);
        }
    }
    occupied
}

/// Which cells stay.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// Those at whose step the group has a value on the other side.
    WhereTaken,
    /// The others.
    WhereFree,
}

fn mask(columns: &mut Vector, numbers: &[usize], occupied: &[Option<Vec<bool>>], keep: Keep) {
    for (column, &number) in columns.iter_mut().zip(numbers) {
        match &occupied[number] {
            Some(present) => {
                for (cell, &present) in column.cells.iter_mut().zip(present) {
                    if present != (keep == Keep::WhereTaken) {
                        *cell = ABSENT;
                    }
                }
            }
            None if keep == Keep::WhereTaken => column.cells.fill(ABSENT),
            None => {}
        }
    }
}
