//! Appends samples from where they are decoded to an answer.

use crate::head::Rows;
use crate::rowset::cast;
use model::{Column, Samples, TimeRange, Timestamp, ValueRef};
use std::ops::Range;

/// The rows of rising timestamps inside `range`.
pub fn rows_inside(timestamps: &[i64], range: TimeRange) -> Range<usize> {
    let start = timestamps.partition_point(|at| *at < range.start.0);
    let end = timestamps.partition_point(|at| *at <= range.end.0);
    start..end.max(start)
}

/// Appends rows of a column that all have a value.
pub fn append_all(timestamps: &[i64], column: &Column, rows: Range<usize>, out: &mut Samples) {
    match (column, &mut out.values) {
        (Column::F64(from), Column::F64(to)) => to.extend_from_slice(&from[rows.clone()]),
        (Column::I64(from), Column::I64(to)) => to.extend_from_slice(&from[rows.clone()]),
        (Column::U64(from), Column::U64(to)) => to.extend_from_slice(&from[rows.clone()]),
        (Column::Bool(from), Column::Bool(to)) => to.extend_from_slice(&from[rows.clone()]),
        _ => return rows.for_each(|row| push(out, timestamps[row], column.get(row))),
    }
    out.timestamps.extend_from_slice(&timestamps[rows]);
}

/// Appends those of the rows that have a value.
pub fn append_present(
    timestamps: &[i64],
    present: &[bool],
    column: &Column,
    rows: Range<usize>,
    out: &mut Samples,
) {
    let before = present[..rows.start].iter().filter(|has| **has).count();
    for (rank, row) in (before..).zip(rows.filter(|row| present[*row])) {
        push(out, timestamps[row], column.get(rank));
    }
}

/// Appends the rows of the head inside `range`, in the order they came.
pub fn append_rows(rows: &Rows, column: u32, range: TimeRange, out: &mut Samples) {
    rows.each(column, |at, value| {
        if range.contains(Timestamp(at)) {
            push(out, at, value);
        }
    });
}

/// Appends a sample as `out` holds it; one of a kind that has nothing in common is left
/// out, as it is from before its field changed its type.
fn push(out: &mut Samples, at: i64, value: ValueRef<'_>) {
    if let Some(value) = cast(value, out.values.kind()) {
        let fits = out.push(Timestamp(at), value);
        assert!(fits, "a value was cast to the kind of its column");
    }
}

/// Appends samples that stand in the order they were written: in the order of time, and of
/// equal times the last.
pub fn append_newest(unmerged: &Samples, out: &mut Samples) {
    let times = &unmerged.timestamps;
    let mut order: Vec<u32> = (0..times.len() as u32).collect();
    // Stable, so that of equal times the later written stays behind.
    order.sort_by_key(|row| times[*row as usize]);
    for (index, row) in order.iter().enumerate() {
        let next = order.get(index + 1);
        if next.is_none_or(|next| times[*next as usize] != times[*row as usize]) {
            push(out, times[*row as usize], unmerged.values.get(*row as usize));
        }
    }
}
