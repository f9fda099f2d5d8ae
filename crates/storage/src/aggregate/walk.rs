//! Walks through the groups of one column of a block, and decodes chunk after chunk.
//!
//! Where most streams are asked for, a group is read at once and serves them all; else each
//! span of values is read alone. Checksums are checked once for each span.

use super::cut::Times;
use super::found::BlockColumn;
use super::kernel::Numbers;
use crate::block::{Chunk, Directory, Scan};
use crate::chunk::decode_values;
use crate::error::{Damage, Error};
use crate::piece::{Open, Piece};
use crate::tombstone::Cuts;
use codec::timestamps::Grid;
use model::{Column, Kind, TimeRange};
use std::sync::Arc;

/// Not a group's number.
const NONE: usize = usize::MAX;

/// Where a thread is in a column.
pub struct Walk<'a> {
    column: &'a BlockColumn,
    /// The group whose directory this is.
    group: usize,
    directory: Option<Arc<Directory>>,
    /// Where most streams are asked for: the group that was read whole.
    scan: Scan,
    scanned: usize,
    /// Else the values that were read alone.
    bytes: Vec<u8>,
}

/// Memory that values are decoded into.
#[derive(Default)]
pub struct Decoded {
    floats: codec::floats::Scratch,
    integers: Vec<i64>,
    /// Values of other kinds, made doubles.
    converted: Vec<f64>,
}

/// A chunk of a stream, found and not read.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    group: usize,
    at: usize,
    chunk: Chunk,
    /// The first and the last sample.
    pub range: TimeRange,
}

impl<'a> Walk<'a> {
    /// At the start of `column`.
    pub fn new(column: &'a BlockColumn) -> Self {
        let (scan, bytes) = (Scan::default(), Vec::new());
        Self { column, group: NONE, directory: None, scan, scanned: NONE, bytes }
    }

    /// Appends the chunks of stream `ordinal` that may be inside `range` to `out`.
    ///
    /// # Errors
    /// When the block is damaged or cannot be read; chunks before were appended.
    pub fn steps(
        &mut self,
        ordinal: u32,
        range: TimeRange,
        open: &mut Open,
        out: &mut Vec<Step>,
    ) -> Result<(), Error> {
        let BlockColumn { block, groups, .. } = self.column;
        // The group before the first that begins with this stream may end with it, too.
        let first = groups.partition_point(|group| group.first < ordinal).saturating_sub(1);
        for (group, place) in groups.iter().enumerate().skip(first) {
            if place.first > ordinal {
                break;
            }
            if self.group != group {
                self.group = NONE;
                self.directory = Some(block.directory(*place)?);
                self.group = group;
            }
            let Some(directory) = &self.directory else { break };
            for at in directory.of(ordinal) {
                let chunk = directory.chunk(at);
                let own = open.list(block, chunk.times)?.range;
                if own.overlaps(&range) {
                    out.push(Step { group, at, chunk, range: own });
                }
            }
        }
        Ok(())
    }

    /// A chunk as a piece, for whoever must merge it with others.
    pub fn piece(&self, ordinal: u32, step: &Step, age: u32) -> Piece<'a> {
        let BlockColumn { block, groups, kind, hidden, field, .. } = self.column;
        let place = (groups[step.group], step.at, step.chunk);
        let cuts = Cuts::new(hidden, ordinal, field);
        Piece::of_block((block, *kind), place, step.range, age, cuts)
    }

    /// Decodes a chunk: its times, and its values.
    ///
    /// # Errors
    /// When the block is damaged or cannot be read.
    pub fn decode<'b>(
        &mut self,
        step: &Step,
        open: &'b mut Open,
        decoded: &'b mut Decoded,
    ) -> Result<(Times<'b>, Numbers<'b>), Error> {
        let BlockColumn { block, groups, kind, is_dense, .. } = self.column;
        let list = open.list(block, step.chunk.times)?;
        let count = list.count as usize;
        let values = if *is_dense {
            if self.scanned != step.group {
                self.scanned = NONE;
                self.scan.read(block, groups[step.group])?;
                self.scanned = step.group;
            }
            self.scan.values(block, &step.chunk)?
        } else {
            block.values(&step.chunk, &mut self.bytes)?
        };
        let numbers = decoded.decode(values, count, *kind);
        let numbers = numbers.map_err(|damage| block.damaged(damage, step.chunk.span.offset))?;
        let grid = list.step.map(|step| Grid { start: list.range.start.0, step, count });
        let times = match grid.filter(Grid::is_rising) {
            Some(grid) => Times::Grid(grid),
            None => Times::Slice(open.timestamps(block, step.chunk.times)?),
        };
        Ok((times, numbers))
    }
}

impl Decoded {
    fn decode(&mut self, bytes: &[u8], count: usize, kind: Kind) -> Result<Numbers<'_>, Damage> {
        match kind {
            Kind::F64 => Ok(match codec::floats::decode_into(bytes, count, &mut self.floats)? {
                codec::floats::Values::Scaled(scaled) => Numbers::Scaled(scaled),
                codec::floats::Values::Floats(values) => Numbers::Floats(values),
            }),
            Kind::I64 => {
                codec::integers::decode(bytes, count, &mut self.integers)?;
                Ok(Numbers::Whole(&self.integers))
            }
            kind => {
                let mut column = Column::new(kind);
                decode_values(bytes, count, &mut column)?;
                let number = |at| column.get(at).as_f64().unwrap_or(f64::NAN);
                self.converted.clear();
                self.converted.extend((0..column.len()).map(number));
                Ok(Numbers::Floats(&self.converted))
            }
        }
    }
}
