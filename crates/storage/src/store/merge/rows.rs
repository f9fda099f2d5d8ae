//! The rows of one stream out of the columns of several blocks, some chunks at a time.

use super::input::{Current, Input};
use crate::block::{Block, Chunk, Group};
use crate::chunk::{chunks_of, decode_values};
use crate::error::Error;
use crate::piece::Open;
use crate::rowset::{Cells, RowSet, cast};
use crate::shape::ColumnDef;
use crate::stats::Counters;
use model::{Accumulator, Column, Kind, TimeRange};
use std::cmp::Ordering;

/// A chunk of one input.
#[derive(Clone, Copy)]
pub struct Piece {
    /// Which input; the greater, the newer.
    pub input: usize,
    /// Which of the joined columns it is of.
    column: usize,
    kind: Kind,
    group: Group,
    /// Which chunk of its group it is.
    at: usize,
    chunk: Chunk,
    range: TimeRange,
    rows: usize,
    /// Whose it is there.
    ordinal: u32,
    /// Whether tombstones hide some of it.
    is_cut: bool,
}

/// Rows whose chunks are encoded, each with a value in every row.
pub struct EncodedRows {
    /// When they are.
    pub timestamps: Vec<i64>,
    /// Their columns.
    pub chunks: Vec<Encoded>,
}

/// One encoded chunk.
pub struct Encoded {
    /// Which of the joined columns it is of.
    pub column: usize,
    /// Its statistics, times being rows.
    pub statistics: Option<Accumulator>,
    /// Its values.
    pub values: Vec<u8>,
}

/// Values of one column with their times, which rise.
struct Values {
    times: Vec<i64>,
    values: Column,
}

impl Values {
    /// Those inside some ranges, which are in the order of time.
    fn inside(&self, ranges: &[TimeRange]) -> Self {
        let mut inside = Self { times: Vec::new(), values: Column::new(self.values.kind()) };
        for range in ranges {
            let start = self.times.partition_point(|at| *at < range.start.0);
            let end = self.times.partition_point(|at| *at <= range.end.0);
            for row in start..end {
                assert!(inside.values.push(self.values.get(row)), "values are of one kind");
                inside.times.push(self.times[row]);
            }
        }
        inside
    }
}

/// Reads rows, with memory that is kept from stream to stream.
#[derive(Default)]
pub struct RowReader {
    open: Open,
}

impl RowReader {
    /// Every chunk of a stream, in the order of time. What is damaged is left out.
    ///
    /// # Errors
    /// When the disk refuses to read.
    pub fn pieces(
        &mut self,
        sources: &[(usize, Current)],
        columns: &[ColumnDef],
        inputs: &mut [Input<'_>],
        counters: &Counters,
    ) -> Result<Vec<Piece>, Error> {
        let mut pieces = Vec::new();
        for (input, current) in sources {
            for (ordinal, def) in current.columns() {
                // Mostly there is one shape, and each column where it is in all.
                let is_it = |other: &ColumnDef| other.name == def.name;
                let column = match columns.get(ordinal).filter(|other| is_it(other)) {
                    Some(_) => Some(ordinal),
                    None => columns.iter().position(is_it),
                };
                let Some(column) = column else { continue };
                let found = self.pieces_of(*input, current, (ordinal, column), inputs, &mut pieces);
                if let Err(error) = found {
                    inputs[*input].leave_out(error, counters)?;
                }
            }
        }
        pieces.sort_by_key(|piece| piece.range.start);
        Ok(pieces)
    }

    fn pieces_of(
        &mut self,
        input: usize,
        current: &Current,
        (ordinal, column): (usize, usize),
        inputs: &[Input<'_>],
        out: &mut Vec<Piece>,
    ) -> Result<(), Error> {
        let Some(stored) = current.column(ordinal) else { return Ok(()) };
        let block = inputs[input].block;
        let groups: Vec<Group> = block.groups_of(&stored.groups, current.ordinal)?;
        for group in groups {
            let directory = self.open.directory(block, group)?;
            for at in directory.of(current.ordinal) {
                let chunk = directory.chunk(at);
                let list = self.open.list(block, chunk.times)?;
                let (range, rows) = (list.range, list.count as usize);
                let kind = stored.def.kind;
                let cuts = inputs[input].cuts(current.ordinal, &stored.def.name);
                if cuts.hide(range) {
                    continue;
                }
                let (ordinal, is_cut) = (current.ordinal, cuts.touch(range));
                out.push(Piece {
                    input,
                    column,
                    kind,
                    group,
                    at,
                    chunk,
                    range,
                    rows,
                    ordinal,
                    is_cut,
                });
            }
        }
        Ok(())
    }

    /// The rows of some chunks, each time once, and of equal times the newest values. What
    /// is damaged is left out.
    ///
    /// # Errors
    /// When the disk refuses to read.
    pub fn rows(
        &mut self,
        batch: &[Piece],
        columns: &[ColumnDef],
        inputs: &mut [Input<'_>],
        counters: &Counters,
    ) -> Result<RowSet, Error> {
        let mut found: Vec<Values> = Vec::with_capacity(columns.len());
        let mut sorted: Vec<&Piece> = batch.iter().collect();
        sorted.sort_by_key(|piece| (piece.column, piece.input, piece.range.start));
        let mut rest = sorted.as_slice();
        for (number, def) in columns.iter().enumerate() {
            let (of, others) = rest.split_at(rest.partition_point(|p| p.column == number));
            rest = others;
            let mut parts = Vec::with_capacity(of.len());
            for piece in of {
                match self.decode(piece, def, inputs) {
                    Ok(values) => parts.push(values),
                    Err(error) => inputs[piece.input].leave_out(error, counters)?,
                }
            }
            found.push(joined(parts, def.kind));
        }
        Ok(assemble(found))
    }

    fn decode(
        &mut self,
        piece: &Piece,
        def: &ColumnDef,
        inputs: &[Input<'_>],
    ) -> Result<Values, Error> {
        let block = inputs[piece.input].block;
        let times = self.open.timestamps(block, piece.chunk.times)?.to_vec();
        let mut values = Column::new(piece.kind);
        let bytes = self.open.values(block, piece.group, &piece.chunk)?;
        let decoded = decode_values(bytes, times.len(), &mut values);
        decoded.map_err(|damage| block.damaged(damage, piece.chunk.span.offset))?;
        let mut found = Values { times, values };
        if piece.is_cut {
            found =
                found.inside(&inputs[piece.input].cuts(piece.ordinal, &def.name).left(piece.range));
        }
        Ok(of_kind(found, def.kind))
    }

    /// Chunks of one block that [`stands_alone`] says may be taken over.
    ///
    /// # Errors
    /// When one is damaged or cannot be read.
    pub fn encoded(&mut self, block: &Block, batch: &[Piece]) -> Result<Vec<EncodedRows>, Error> {
        let mut encoded = Vec::new();
        for pieces in batch.chunk_by(|a, b| a.chunk.times == b.chunk.times) {
            let timestamps = self.open.timestamps(block, pieces[0].chunk.times)?.to_vec();
            let mut chunks = Vec::with_capacity(pieces.len());
            for piece in pieces {
                let statistics = self.open.statistics(block, piece.group, piece.at)?;
                let values = self.open.values(block, piece.group, &piece.chunk)?.to_vec();
                chunks.push(Encoded { column: piece.column, statistics, values });
            }
            encoded.push(EncodedRows { timestamps, chunks });
        }
        Ok(encoded)
    }
}

/// The same values as a column of `kind` holds them; those it cannot hold are left out.
fn of_kind(of: Values, kind: Kind) -> Values {
    if of.values.kind() == kind {
        return of;
    }
    let mut cast_values = Values { times: Vec::new(), values: Column::new(kind) };
    for (row, at) in of.times.iter().enumerate() {
        if cast(of.values.get(row), kind).is_some_and(|value| cast_values.values.push(value)) {
            cast_values.times.push(*at);
        }
    }
    cast_values
}

/// Parts from the oldest to the newest as one, each time once, the newest value.
fn joined(mut parts: Vec<Values>, kind: Kind) -> Values {
    if parts.len() == 1
        && let Some(only) = parts.pop()
    {
        return only;
    }
    if let Some(values) = end_to_end(&mut parts, kind) {
        return values;
    }
    let mut order: Vec<(i64, u32, u32)> = Vec::new();
    for (part, values) in (0..).zip(&parts) {
        order.extend((0..).zip(&values.times).map(|(row, at)| (*at, part, row)));
    }
    order.sort_by_key(|(at, part, _)| (*at, *part));
    let mut out = Values { times: Vec::with_capacity(order.len()), values: Column::new(kind) };
    for (index, (at, part, row)) in order.iter().enumerate() {
        if order.get(index + 1).is_none_or(|(next, ..)| next != at) {
            let fits = out.values.push(parts[*part as usize].values.get(*row as usize));
            assert!(fits, "parts are of one kind");
            out.times.push(*at);
        }
    }
    out
}

/// Parts of which none overlaps another, as nearly always, one behind the other.
fn end_to_end(parts: &mut Vec<Values>, kind: Kind) -> Option<Values> {
    parts.retain(|part| !part.times.is_empty());
    let ends = |part: &Values| (part.times[0], part.times[part.times.len() - 1]);
    let mut by_time: Vec<&Values> = parts.iter().collect();
    by_time.sort_by_key(|part| ends(part));
    if by_time.windows(2).any(|pair| ends(pair[0]).1 >= ends(pair[1]).0) {
        return None;
    }
    let mut out = Values { times: Vec::new(), values: Column::new(kind) };
    for part in by_time {
        out.times.extend_from_slice(&part.times);
        match (&part.values, &mut out.values) {
            (Column::F64(from), Column::F64(to)) => to.extend_from_slice(from),
            (Column::I64(from), Column::I64(to)) => to.extend_from_slice(from),
            (Column::U64(from), Column::U64(to)) => to.extend_from_slice(from),
            (Column::Bool(from), Column::Bool(to)) => to.extend_from_slice(from),
            (from, to) => {
                for row in 0..from.len() {
                    let fits = to.push(from.get(row));
                    assert!(fits, "parts are of one kind");
                }
            }
        }
    }
    Some(out)
}

/// Columns as rows: every time that any of them has.
fn assemble(columns: Vec<Values>) -> RowSet {
    let mut timestamps: Vec<i64> = Vec::new();
    for column in &columns {
        if column.times != timestamps {
            timestamps = union(&timestamps, &column.times);
        }
    }
    let mut rows = RowSet { timestamps, columns: Vec::with_capacity(columns.len()) };
    for column in columns {
        let mut cells = Cells { values: column.values, ranks: Vec::new() };
        if column.times.len() < rows.timestamps.len() {
            let mut times = column.times.iter().peekable();
            let present: Vec<bool> =
                rows.timestamps.iter().map(|at| times.next_if_eq(&at).is_some()).collect();
            cells.set_present(&present);
        }
        rows.columns.push(cells);
    }
    rows
}

/// Every time of either, each once.
fn union(a: &[i64], b: &[i64]) -> Vec<i64> {
    let mut out = Vec::with_capacity(a.len().max(b.len()));
    let (mut a, mut b) = (a, b);
    while let ([x, more_a @ ..], [y, more_b @ ..]) = (a, b) {
        out.push(*x.min(y));
        let order = x.cmp(y);
        if order != Ordering::Greater {
            a = more_a;
        }
        if order != Ordering::Less {
            b = more_b;
        }
    }
    out.extend_from_slice(a);
    out.extend_from_slice(b);
    out
}

/// Whether chunks can be taken over as they are: all of one input and of the right kind,
/// rows that all their columns have, and as few chunks as they would be cut into.
pub fn stands_alone(batch: &[Piece], columns: &[ColumnDef], rows_aim: usize) -> bool {
    let Some(first) = batch.first() else { return false };
    let is_alike =
        |p: &Piece| p.input == first.input && p.kind == columns[p.column].kind && !p.is_cut;
    let lists: Vec<&[Piece]> = batch.chunk_by(|a, b| a.chunk.times == b.chunk.times).collect();
    let rows = lists.iter().map(|list| list[0].rows).sum();
    batch.iter().all(is_alike)
        && lists.windows(2).all(|pair| pair[0][0].range.end < pair[1][0].range.start)
        && lists.len() == chunks_of(rows, rows_aim)
}

/// Cuts chunks, which are in the order of time, where none overlaps the next and enough
/// rows are together for a long chunk.
pub fn batches(pieces: &[Piece], rows_aim: usize) -> Vec<&[Piece]> {
    let mut batches = Vec::new();
    let mut rest = pieces;
    while let Some(first) = rest.first() {
        let (mut end, mut rows) = (first.range.end, 0);
        let mut counted = None;
        let mut count = 0;
        while let Some(next) = rest.get(count) {
            if count > 0 && next.range.start > end && rows >= rows_aim {
                break;
            }
            end = end.max(next.range.end);
            // Columns of one stream mostly share their timestamps, which count once.
            if counted.replace((next.input, next.chunk.times))
                != Some((next.input, next.chunk.times))
            {
                rows += next.rows;
            }
            count += 1;
        }
        let (batch, later) = rest.split_at(count);
        batches.push(batch);
        rest = later;
    }
    batches
}
