//! What queries over many streams read: whole groups with one read each.

use super::Block;
use super::group::{Chunk, Place};
use crate::error::{Damage, Error};

impl Block {
    /// The encoded values of a chunk, checked. `bytes` is memory to read into.
    ///
    /// # Errors
    /// When they are damaged or cannot be read.
    pub fn values<'a>(&self, chunk: &Chunk, bytes: &'a mut Vec<u8>) -> Result<&'a [u8], Error> {
        let span = chunk.span;
        self.read(span.offset, span.bytes as usize, bytes)?;
        let values = span.check(bytes).and_then(|()| chunk.of(bytes));
        values.map_err(|damage| self.damaged(damage, span.offset))
    }
}

/// One group at a time, with memory that is kept from one to the next.
#[derive(Debug, Default)]
pub struct Scan {
    bytes: Vec<u8>,
    /// Where the group begins in the file.
    base: u64,
    /// The span that was checked last, by its first byte in the file.
    checked: Option<u64>,
}

impl Scan {
    /// Reads a group with one read.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&mut self, block: &Block, group: Place) -> Result<(), Error> {
        self.checked = None;
        self.base = group.offset;
        Ok(block.read(group.offset, group.bytes as usize, &mut self.bytes)?)
    }

    /// The encoded values of a chunk of the group that was read last, checked.
    ///
    /// # Errors
    /// When they are damaged.
    pub fn values(&mut self, block: &Block, chunk: &Chunk) -> Result<&[u8], Error> {
        let span = chunk.span;
        let damaged = |damage| block.damaged(damage, span.offset);
        let start = span.offset.checked_sub(self.base).and_then(|at| usize::try_from(at).ok());
        let rest = start.and_then(|start| self.bytes.get(start..));
        let found = rest.and_then(|rest| rest.get(..span.bytes as usize));
        let outside = || damaged(Damage::new(0, "values lie outside their group"));
        let found = found.ok_or_else(outside)?;
        if self.checked != Some(span.offset) {
            span.check(found).map_err(damaged)?;
            self.checked = Some(span.offset);
        }
        chunk.of(found).map_err(damaged)
    }
}
