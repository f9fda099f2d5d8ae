//! A group: consecutive chunks of one column, with a directory that says whose they are.
//!
//! `directory │ statistics │ values of chunk after chunk`. The directory holds for each
//! chunk the stream, the timestamps it shares and how long it is, column by column, and
//! checksums of the values: one for each *span*, which ends with the chunk that brings it to
//! [`SPAN_BYTES_MIN`], so that short chunks share one. Statistics have a checksum of their
//! own, so that they are read alone or not at all.
//!
//! Invariants: ordinals do not fall; the chunks of one stream follow each other in time; a
//! stream with more chunks than fit goes on in the next group.

use super::{array, statistics};
use crate::error::Damage;
use codec::checksum::crc32c;
use codec::cursor::Cursor;
use codec::varint::put_u64;
use model::Accumulator;
use std::ops::Range;

/// A group is closed when its values take this much: long enough that a scan is bound by
/// bytes and not by reads, short enough that one stream of it is found quickly.
const GROUP_BYTES: usize = 96 << 10;
/// The most chunks of a group: where values take next to nothing, the directory is what is
/// read.
const CHUNKS_MAX: usize = 4096;
/// How many bytes of values share a checksum at least.
const SPAN_BYTES_MIN: usize = 2 << 10;

/// Where a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The stream of its first chunk.
    pub first: u32,
    /// Its first byte in the file.
    pub offset: u64,
    /// How long its directory is.
    pub directory: u32,
    /// How long it is.
    pub bytes: u32,
}

/// Gathers a group while a block is written.
#[derive(Default)]
pub struct Builder {
    ordinals: Vec<i64>,
    times: Vec<i64>,
    lengths: Vec<i64>,
    statistics: Vec<Option<Accumulator>>,
    values: Vec<u8>,
}

impl Builder {
    /// Adds a chunk, whose values `encode` appends.
    pub fn add(
        &mut self,
        ordinal: u32,
        times: u32,
        statistics: Option<Accumulator>,
        encode: impl FnOnce(&mut Vec<u8>),
    ) {
        let start = self.values.len();
        encode(&mut self.values);
        self.ordinals.push(i64::from(ordinal));
        self.times.push(i64::from(times));
        self.lengths.push((self.values.len() - start) as i64);
        self.statistics.push(statistics);
    }

    /// Whether no chunk was added.
    pub fn is_empty(&self) -> bool {
        self.ordinals.is_empty()
    }

    /// Whether it is time to close it.
    pub fn is_full(&self) -> bool {
        self.values.len() >= GROUP_BYTES || self.ordinals.len() >= CHUNKS_MAX
    }

    /// How many bytes its values take.
    pub fn bytes(&self) -> usize {
        self.values.len()
    }

    /// Appends the group to `out`, answers where it is there, and begins the next. There is
    /// at least one chunk.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Place {
        let mut statistics = Vec::new();
        statistics::put(&mut statistics, &self.statistics);
        if !statistics.is_empty() {
            let sum = crc32c(&statistics);
            statistics.extend_from_slice(&sum.to_le_bytes());
        }
        let start = out.len();
        put_u64(out, self.ordinals.len() as u64);
        put_u64(out, statistics.len() as u64);
        array::put(out, &self.ordinals);
        array::put(out, &self.times);
        array::put(out, &self.lengths);
        for span in spans(self.lengths.iter().map(|length| *length as usize)) {
            out.extend_from_slice(&crc32c(&self.values[span.1]).to_le_bytes());
        }
        let sum = crc32c(&out[start..]);
        out.extend_from_slice(&sum.to_le_bytes());
        let directory = (out.len() - start) as u32;
        out.extend_from_slice(&statistics);
        out.extend_from_slice(&self.values);
        let bytes = u32::try_from(out.len() - start).expect("texts of a chunk are bounded");
        let first = self.ordinals[0] as u32;
        self.ordinals.clear();
        self.times.clear();
        self.lengths.clear();
        self.statistics.clear();
        self.values.clear();
        Place { first, offset: start as u64, directory, bytes }
    }
}

/// The spans of chunks of these lengths: which chunks, and which bytes of the values.
fn spans(lengths: impl Iterator<Item = usize>) -> Vec<(Range<usize>, Range<usize>)> {
    let mut spans = Vec::new();
    let (mut chunk, mut byte) = (0, 0);
    let (mut next_chunk, mut next_byte) = (0, 0);
    for length in lengths {
        next_chunk += 1;
        next_byte += length;
        if next_byte - byte >= SPAN_BYTES_MIN {
            spans.push((chunk..next_chunk, byte..next_byte));
            (chunk, byte) = (next_chunk, next_byte);
        }
    }
    if next_chunk > chunk {
        spans.push((chunk..next_chunk, byte..next_byte));
    }
    spans
}

/// Values that share a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Their first byte in the file.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u32,
    /// Their checksum.
    pub crc: u32,
}

impl Span {
    /// Checks bytes that were read from there.
    ///
    /// # Errors
    /// Where they are damaged.
    pub fn check(&self, found: &[u8]) -> Result<(), Damage> {
        if crc32c(found) == self.crc {
            return Ok(());
        }
        Err(Damage::new(0, "values of a column have a checksum that does not match"))
    }
}

/// A chunk as a directory tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Whose it is.
    pub ordinal: u32,
    /// Its timestamps.
    pub times: u32,
    /// The span it lies in.
    pub span: Span,
    /// Where it begins there.
    pub start: u32,
    /// How long it is.
    pub bytes: u32,
}

impl Chunk {
    /// Its values out of those of its span.
    ///
    /// # Errors
    /// Where they lie outside.
    pub fn of<'a>(&self, span: &'a [u8]) -> Result<&'a [u8], Damage> {
        let rest = span.get(self.start as usize..);
        let found = rest.and_then(|rest| rest.get(..self.bytes as usize));
        found.ok_or_else(|| Damage::new(0, "values lie outside their span"))
    }
}

/// The directory of a group.
#[derive(Debug)]
pub struct Directory {
    place: Place,
    /// The streams of its chunks.
    pub ordinals: Vec<u32>,
    /// Their timestamps.
    pub times: Vec<u32>,
    /// Where each chunk ends, counted from the first value.
    ends: Vec<u32>,
    /// How long the statistics are, their checksum included; 0 where there are none.
    statistics: u32,
    /// The first and the last byte of each span among the values, and its checksum.
    spans: Vec<(u32, u32, u32)>,
    /// The span that each chunk lies in.
    span_of: Vec<u32>,
}

impl Directory {
    /// Reads a directory. `bytes` are all of it.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn parse(bytes: &[u8], place: Place) -> Result<Self, Damage> {
        let Some((body, sum)) = bytes.split_last_chunk::<4>() else {
            return Err(Damage::new(0, "group directory is cut short"));
        };
        if crc32c(body) != u32::from_le_bytes(*sum) {
            return Err(Damage::new(0, "group directory has a checksum that does not match"));
        }
        let from = &mut Cursor::new(body);
        let (count, statistics): (usize, u32) = (array::number(from)?, array::number(from)?);
        let ordinals: Vec<u32> = array::get_as(from, count)?;
        let times = array::get_as(from, count)?;
        let lengths: Vec<u32> = array::get_as(from, count)?;
        let (mut parts, mut span_of) = (Vec::new(), Vec::with_capacity(count));
        let mut ends = Vec::with_capacity(count);
        let mut end = 0u32;
        for length in &lengths {
            end = end.checked_add(*length).ok_or_else(|| Damage::new(0, "group is too long"))?;
            ends.push(end);
        }
        for (chunks, values) in spans(lengths.iter().map(|length| *length as usize)) {
            span_of.extend(chunks.map(|_| parts.len() as u32));
            parts.push((values.start as u32, values.end as u32, from.u32()?));
        }
        from.finish()?;
        let whole = u64::from(place.directory) + u64::from(statistics) + u64::from(end);
        if whole != u64::from(place.bytes) || !ordinals.is_sorted() {
            return Err(Damage::new(0, "group directory does not fit its group"));
        }
        Ok(Self { place, ordinals, times, ends, statistics, spans: parts, span_of })
    }

    /// How many chunks it has.
    pub fn len(&self) -> usize {
        self.ordinals.len()
    }

    /// About how much memory it takes.
    pub fn memory(&self) -> usize {
        let spans = size_of_val(self.spans.as_slice());
        size_of::<Self>() + 3 * self.len() * size_of::<u32>() + spans
    }

    /// The chunks of a stream.
    pub fn of(&self, ordinal: u32) -> Range<usize> {
        let start = self.ordinals.partition_point(|other| *other < ordinal);
        let end = self.ordinals.partition_point(|other| *other <= ordinal);
        start..end
    }

    /// The same, where they are likely to begin with chunk `near`, behind those of the stream
    /// before.
    pub fn of_near(&self, ordinal: u32, near: usize) -> Range<usize> {
        let is_before = |at: usize| self.ordinals.get(at).is_some_and(|other| *other < ordinal);
        if is_before(near) || near > 0 && !is_before(near - 1) {
            return self.of(ordinal);
        }
        let own = self.ordinals[near..].iter().take_while(|other| **other == ordinal);
        near..near + own.count()
    }

    /// Chunk `at`, which is one of its.
    pub fn chunk(&self, at: usize) -> Chunk {
        let (start, end, crc) = self.spans[self.span_of[at] as usize];
        let front = u64::from(self.place.directory) + u64::from(self.statistics);
        // Whoever reads there finds that it lies outside the file.
        let values = self.place.offset.saturating_add(front);
        let before = if at == 0 { 0 } else { self.ends[at - 1] };
        Chunk {
            ordinal: self.ordinals[at],
            times: self.times[at],
            span: Span { offset: values.saturating_add(u64::from(start)), bytes: end - start, crc },
            start: before - start,
            bytes: self.ends[at] - before,
        }
    }

    /// Where the statistics are in the file: the first byte, and how many.
    pub fn statistics(&self) -> Option<(u64, usize)> {
        let offset = self.place.offset.saturating_add(u64::from(self.place.directory));
        (self.statistics > 0).then_some((offset, self.statistics as usize))
    }

    /// Reads statistics, of which `bytes` are all.
    ///
    /// # Errors
    /// Where they are damaged.
    pub fn parse_statistics(&self, bytes: &[u8]) -> Result<Vec<Option<Accumulator>>, Damage> {
        let Some((body, sum)) = bytes.split_last_chunk::<4>() else {
            return Err(Damage::new(0, "statistics are cut short"));
        };
        if crc32c(body) != u32::from_le_bytes(*sum) {
            return Err(Damage::new(0, "statistics have a checksum that does not match"));
        }
        statistics::get(body, self.len())
    }
}

#[cfg(test)]
mod tests;
