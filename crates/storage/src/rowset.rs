//! Rows of one stream as columns: what chunks are made of and what they decode to.
//!
//! Invariants: timestamps rise strictly; a column either has a value for every row, or
//! `ranks` has an entry for every row. [`merge`] is the one place where "the last write
//! wins, field by field" is decided for rows.

use crate::shape::ColumnDef;
use model::{Column, Kind, TimeRange, ValueRef};
use std::ops::Range;

/// In [`Cells::ranks`]: this row has no value.
pub const ABSENT: u32 = u32::MAX;

/// The values of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Cells {
    /// The values there are, in the order of rows.
    pub values: Column,
    /// For each row where its value stands, or [`ABSENT`]; empty where no row lacks one.
    pub ranks: Vec<u32>,
}

impl Cells {
    /// A column of this kind without values.
    pub fn new(kind: Kind) -> Self {
        Self { values: Column::new(kind), ranks: Vec::new() }
    }

    /// The value in `row`.
    pub fn get(&self, row: usize) -> Option<ValueRef<'_>> {
        let at = match self.ranks.get(row) {
            Some(&ABSENT) => return None,
            Some(&rank) => rank as usize,
            None => row,
        };
        (at < self.values.len()).then(|| self.values.get(at))
    }

    /// Where the values of `rows` stand, and which of these rows have one (empty: all).
    pub fn cut(&self, rows: Range<usize>) -> (Range<usize>, &[u32]) {
        if self.ranks.is_empty() {
            let end = rows.end.min(self.values.len());
            return (rows.start.min(end)..end, &[]);
        }
        let ranks = &self.ranks[rows];
        let first = ranks.iter().find(|rank| **rank != ABSENT);
        let count = ranks.iter().filter(|rank| **rank != ABSENT).count();
        let start = first.map_or(0, |rank| *rank as usize);
        (start..start + count, ranks)
    }

    /// Builds `ranks` from which rows have a value.
    pub fn set_present(&mut self, present: &[bool]) {
        self.ranks.clear();
        if present.iter().all(|has| *has) {
            return;
        }
        let mut next = 0;
        self.ranks.extend(present.iter().map(|has| {
            next += u32::from(*has);
            if *has { next - 1 } else { ABSENT }
        }));
    }
}

/// Rows as columns; column `n` is column `n` of the shape they were made for.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RowSet {
    /// Nanoseconds since the epoch, one for each row.
    pub timestamps: Vec<i64>,
    /// One for each column of the shape.
    pub columns: Vec<Cells>,
}

/// Rows that can be merged with others.
pub trait RowSource {
    /// How many there are; times need not rise, later ones win over earlier ones.
    fn len(&self) -> usize;

    /// When row `row` is.
    fn timestamp(&self, row: usize) -> i64;

    /// What column `column` of the merged shape has in row `row`.
    fn cell(&self, row: usize, column: usize) -> Option<ValueRef<'_>>;
}

impl RowSource for RowSet {
    fn len(&self) -> usize {
        self.timestamps.len()
    }

    fn timestamp(&self, row: usize) -> i64 {
        self.timestamps[row]
    }

    fn cell(&self, row: usize, column: usize) -> Option<ValueRef<'_>> {
        self.columns.get(column)?.get(row)
    }
}

/// One row of one source.
#[derive(Clone, Copy)]
struct At {
    time: i64,
    source: u32,
    row: u32,
}

/// The rows of all sources inside `range`, each time once. Sources stand from the oldest
/// to the newest; for one time and column the newest value stays.
pub fn merge(sources: &[&dyn RowSource], columns: &[ColumnDef], range: TimeRange) -> RowSet {
    let order = in_order(sources, range);
    // Where a time stands once, as nearly always, its row is a group of its own.
    let mut starts: Vec<u32> = Vec::with_capacity(order.len());
    for (index, at) in order.iter().enumerate() {
        if index == 0 || order[index - 1].time != at.time {
            starts.push(index as u32);
        }
    }
    let group = |row: usize| {
        let end = starts.get(row + 1).map_or(order.len(), |next| *next as usize);
        &order[starts[row] as usize..end]
    };
    let mut rows = RowSet {
        timestamps: starts.iter().map(|start| order[*start as usize].time).collect(),
        columns: Vec::with_capacity(columns.len()),
    };
    let mut present = Vec::new();
    for (ordinal, column) in columns.iter().enumerate() {
        let mut cells = Cells::new(column.kind);
        present.clear();
        for row in 0..starts.len() {
            let newest = group(row).iter().rev().find_map(|at| {
                let value = sources[at.source as usize].cell(at.row as usize, ordinal)?;
                cast(value, column.kind)
            });
            present.push(newest.is_some_and(|value| cells.values.push(value)));
        }
        cells.set_present(&present);
        rows.columns.push(cells);
    }
    rows
}

/// The rows of sets that were made for these columns, from the oldest to the newest, as
/// [`merge`] makes them. Mostly each set begins after the one before it, with a value in every
/// cell: then they are only put end to end.
pub fn join(mut sets: Vec<RowSet>, columns: &[ColumnDef]) -> RowSet {
    let is_full = |set: &RowSet| {
        let is_full = |(cells, column): (&Cells, &ColumnDef)| {
            cells.values.kind() == column.kind && cells.values.len() == set.timestamps.len()
        };
        set.columns.len() == columns.len() && set.columns.iter().zip(columns).all(is_full)
    };
    let is_rising = |pair: &[RowSet]| pair[0].timestamps.last() < pair[1].timestamps.first();
    let is_plain = !sets.is_empty() && sets.windows(2).all(is_rising) && sets.iter().all(is_full);
    if !is_plain {
        let sources: Vec<_> = sets.iter().map(|set| set as &dyn RowSource).collect();
        return merge(&sources, columns, TimeRange::ALL);
    }
    let mut rest = sets.split_off(1);
    let mut joined = sets.remove(0);
    for set in &mut rest {
        joined.timestamps.append(&mut set.timestamps);
        for (cells, more) in joined.columns.iter_mut().zip(&mut set.columns) {
            append(&mut cells.values, &mut more.values);
        }
    }
    joined
}

/// Appends values of the same kind.
fn append(values: &mut Column, more: &mut Column) {
    match (values, more) {
        (Column::F64(values), Column::F64(more)) => values.append(more),
        (Column::I64(values), Column::I64(more)) => values.append(more),
        (Column::U64(values), Column::U64(more)) => values.append(more),
        (Column::Bool(values), Column::Bool(more)) => values.append(more),
        (Column::Str(values), Column::Str(more))
        | (Column::Histogram(values), Column::Histogram(more)) => {
            more.iter().for_each(|entry| values.push(entry));
        }
        _ => unreachable!("kinds were compared"),
    }
}

/// Every row inside `range` in the order of time, and of equal times from the oldest.
fn in_order(sources: &[&dyn RowSource], range: TimeRange) -> Vec<At> {
    let mut order = Vec::with_capacity(sources.iter().map(|source| source.len()).sum());
    for (index, source) in sources.iter().enumerate() {
        for row in 0..source.len() {
            let time = source.timestamp(row);
            if range.start.0 <= time && time <= range.end.0 {
                order.push(At { time, source: index as u32, row: row as u32 });
            }
        }
    }
    if !order.is_sorted_by_key(|at| at.time) {
        // Stable, so that of equal times the later written stays behind.
        order.sort_by_key(|at| at.time);
    }
    order
}

/// `value` as a column of `kind` holds it; none where the two have nothing in common. Only
/// data from before a field changed its type ever needs more than the first arm.
pub fn cast(value: ValueRef<'_>, kind: Kind) -> Option<ValueRef<'_>> {
    if value.kind() == kind {
        return Some(value);
    }
    match kind {
        Kind::F64 => value.as_f64().map(ValueRef::F64),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
