//! What queries over many streams read: whole groups with one read each, and the values of
//! a tag for all of them.

use super::Block;
use super::group::{Chunk, Place};
use super::streams::STREAMS;
use super::values::VALUES;
use crate::error::{Damage, Error};
use std::ops::Range;
use std::sync::Arc;

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

    /// The value that each of `ordinals` has for a tag, as a place among `texts`; 0 is the
    /// empty text, which streams without the tag have.
    ///
    /// # Errors
    /// When a page is damaged or cannot be read.
    #[cfg_attr(not(test), expect(dead_code, reason = "aggregation is to group by it"))]
    pub fn tag_values(&self, name: &str, ordinals: Range<u32>) -> Result<TagValues, Error> {
        let mut found = TagValues { of: Vec::new(), texts: vec!["".into()] };
        let dictionary = self.dictionary()?;
        let tag = dictionary.tags.iter().position(|tag| tag.name.as_ref() == name);
        let Some(number) = tag else {
            found.of.resize(ordinals.len(), 0);
            return Ok(found);
        };
        let mut ranks: Vec<Option<u32>> = Vec::with_capacity(ordinals.len());
        self.each_page(ordinals, |page, inside| {
            page.ranks_of(number as u32, &dictionary.sets, inside, &mut ranks)
        })?;
        let tag = &dictionary.tags[number];
        // By rank, the place among `texts`; 0 where it was not asked for yet.
        let mut places = vec![0u32; tag.values as usize];
        for rank in ranks.iter().flatten() {
            match places.get_mut(*rank as usize) {
                Some(place) => *place = 1,
                None => return Err(self.damaged_value(tag, 0, Damage::new(0, "no such rank"))),
            }
        }
        for (index, page) in (0..).zip(places.chunks_mut(VALUES as usize)) {
            if page.iter().any(|place| *place > 0) {
                let values = self.values_in(tag, index)?;
                let mut each = |at: usize, text: &str| {
                    if let Some(place) = page.get_mut(at).filter(|place| **place > 0) {
                        *place = found.texts.len() as u32;
                        found.texts.push(text.into());
                    }
                };
                let read = values.each(&mut each);
                read.map_err(|damage| self.damaged_value(tag, index, damage))?;
            }
        }
        found.of.extend(ranks.iter().map(|rank| rank.map_or(0, |rank| places[rank as usize])));
        Ok(found)
    }

    /// Hands every page of streams to `each`, with those of its streams that are wanted.
    fn each_page(
        &self,
        ordinals: Range<u32>,
        mut each: impl FnMut(&super::streams::Streams, Range<usize>) -> Result<(), Damage>,
    ) -> Result<(), Error> {
        let mut next = ordinals.start;
        while next < ordinals.end {
            let index = next / STREAMS;
            let first = index * STREAMS;
            let end = ordinals.end.min(first + STREAMS);
            let inside = (next - first) as usize..(end - first) as usize;
            let page = self.streams_in(index)?;
            each(&page, inside).map_err(|damage| self.damaged_streams(index, damage))?;
            next = end;
        }
        Ok(())
    }
}

/// The values that streams have for a tag.
#[derive(Debug, PartialEq, Eq)]
pub struct TagValues {
    /// For each stream, a place among `texts`.
    pub of: Vec<u32>,
    /// The empty text, and every value that some stream has, each once.
    pub texts: Vec<Arc<str>>,
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
