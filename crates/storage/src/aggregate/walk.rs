//! Walks through the groups of one column of a block, and decodes chunk after chunk.
//!
//! Where most streams are asked for, a group is read at once and serves them all; else each
//! span of values is read alone. Checksums are checked once for each span.

use super::cut::Times;
use super::found::BlockColumn;
use super::kernel::Numbers;
use crate::block::{Chunk, Directory, Scan, TimeList};
use crate::chunk::decode_values;
use crate::error::{Damage, Error};
use crate::piece::{Open, Piece};
use crate::tombstone::Cuts;
use codec::timestamps::Grid;
use model::{Column, Kind, TimeRange};
use std::sync::Arc;

/// Not a group's number.
const NONE: usize = usize::MAX;
/// What is known of so many lists of timestamps is kept: streams that report together have
/// the same few.
const LISTS: usize = 8;

/// Where a thread is in a column.
pub struct Walk<'a> {
    column: &'a BlockColumn,
    /// The group whose directory this is.
    group: usize,
    directory: Option<Arc<Directory>>,
    /// The chunk of it behind those of the stream that was asked for last.
    next: usize,
    lists: [Option<(u32, TimeList)>; LISTS],
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
    list: TimeList,
}

impl Step {
    /// The first and the last sample.
    pub fn range(&self) -> TimeRange {
        self.list.range
    }

    /// The number of its timestamps in the block.
    pub fn times(&self) -> u32 {
        self.chunk.times
    }
}

impl<'a> Walk<'a> {
    /// At the start of `column`.
    pub fn new(column: &'a BlockColumn) -> Self {
        let (scan, bytes) = (Scan::default(), Vec::new());
        let (group, scanned, lists) = (NONE, NONE, [None; LISTS]);
        Self { column, group, directory: None, next: 0, lists, scan, scanned, bytes }
    }

    /// The number of the block in this process.
    pub fn block(&self) -> u64 {
        self.column.block.number()
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
        for (group, place) in groups.iter().enumerate().skip(self.first_group(ordinal)) {
            if place.first > ordinal {
                break;
            }
            if self.group != group {
                self.group = NONE;
                self.directory = Some(block.directory(*place)?);
                (self.group, self.next) = (group, 0);
            }
            let Some(directory) = &self.directory else { break };
            let own = directory.of_near(ordinal, self.next);
            self.next = own.end;
            for at in own {
                let chunk = directory.chunk(at);
                let slot = &mut self.lists[chunk.times as usize % LISTS];
                let list = match *slot {
                    Some((number, list)) if number == chunk.times => list,
                    _ => {
                        let list = open.list(block, chunk.times)?;
                        *slot = Some((chunk.times, list));
                        list
                    }
                };
                if list.range.overlaps(&range) {
                    out.push(Step { group, at, chunk, list });
                }
            }
        }
        Ok(())
    }

    /// The first group that may have chunks of a stream: the one before the first that begins
    /// with it may end with it, too.
    fn first_group(&self, ordinal: u32) -> usize {
        let groups = &self.column.groups;
        let is_before = |at: usize| groups.get(at).is_some_and(|group| group.first < ordinal);
        // Mostly it is the one where the stream before was.
        if self.group != NONE && is_before(self.group) && !is_before(self.group + 1) {
            return self.group;
        }
        groups.partition_point(|group| group.first < ordinal).saturating_sub(1)
    }

    /// A chunk as a piece, for whoever must merge it with others.
    pub fn piece(&self, ordinal: u32, step: &Step, age: u32) -> Piece<'a> {
        let BlockColumn { block, groups, kind, hidden, field, .. } = self.column;
        let place = (groups[step.group], step.at, step.chunk);
        let cuts = Cuts::new(hidden, ordinal, field);
        Piece::of_block((block, *kind), place, step.range(), age, cuts)
    }

    /// Decodes the values of a chunk.
    ///
    /// # Errors
    /// When the block is damaged or cannot be read.
    pub fn numbers<'b>(
        &mut self,
        step: &Step,
        decoded: &'b mut Decoded,
    ) -> Result<Numbers<'b>, Error> {
        let BlockColumn { block, groups, kind, is_dense, .. } = self.column;
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
        let numbers = decoded.decode(values, step.list.count as usize, *kind);
        numbers.map_err(|damage| block.damaged(damage, step.chunk.span.offset))
    }

    /// The timestamps of a chunk.
    ///
    /// # Errors
    /// When the block is damaged or cannot be read.
    pub fn times<'b>(&self, step: &Step, open: &'b mut Open) -> Result<Times<'b>, Error> {
        let (list, count) = (&step.list, step.list.count as usize);
        let grid = list.step.map(|step| Grid { start: list.range.start.0, step, count });
        match grid.filter(Grid::is_rising) {
            Some(grid) => Ok(Times::Grid(grid)),
            None => open.timestamps(&self.column.block, step.times()).map(Times::Slice),
        }
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
