//! Who the streams of a block are, in pages of a fixed number of streams.
//!
//! A page begins with *runs* of neighbours that share policy, measurement, shape and set of
//! tags. Hashes join a stream with the same one elsewhere; ranks of tag values stand column by
//! column, so that what neighbours share costs nothing. Times are told in units of about 17
//! seconds, rounded outwards: they say where to look, not what there is.

use super::array;
use super::cache::Page;
use crate::error::Damage;
use crate::identity::HASH_BYTES;
use codec::cursor::Cursor;
use codec::varint::put_u64;
use model::{TimeRange, Timestamp};
use std::ops::Range;

/// Streams in a page.
pub const STREAMS: u32 = 512;
/// A unit of time, as a power of two of nanoseconds.
const UNIT_BITS: u32 = 34;

/// What neighbours share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Common {
    /// The policy, by its place in the block.
    pub policy: u32,
    /// The measurement, by its place in the block.
    pub measurement: u32,
    /// The shape, by its place in the measurement.
    pub shape: u32,
    /// The set of tags, by its place in the block.
    pub tags: u32,
}

/// A stream as a page tells it.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// What it shares with its neighbours.
    pub common: Common,
    /// Who it is, without its policy.
    pub hash: u128,
    /// When it has rows, rounded outwards.
    pub range: TimeRange,
}

/// Encodes a page. `rank` tells the rank of the value that stream `at` of the page has for
/// the tag with a number.
pub fn encode(
    streams: &[Stream],
    sets: &[Box<[u32]>],
    mut rank: impl FnMut(usize, u32) -> u32,
) -> Vec<u8> {
    let mut body = Vec::new();
    let runs: Vec<&[Stream]> = streams.chunk_by(|a, b| a.common == b.common).collect();
    put_u64(&mut body, streams.len() as u64);
    put_u64(&mut body, runs.len() as u64);
    for run in &runs {
        let common = run[0].common;
        put_u64(&mut body, run.len() as u64);
        for number in [common.policy, common.measurement, common.shape, common.tags] {
            put_u64(&mut body, u64::from(number));
        }
    }
    let units = |at: Timestamp| at.0 >> UNIT_BITS;
    let firsts: Vec<i64> = streams.iter().map(|stream| units(stream.range.start)).collect();
    let lasts: Vec<i64> = streams.iter().map(|stream| units(stream.range.end)).collect();
    array::put(&mut body, &firsts);
    array::put(&mut body, &lasts);
    for stream in streams {
        body.extend_from_slice(&stream.hash.to_le_bytes()[..HASH_BYTES]);
    }
    let mut first = 0;
    for run in runs {
        for tag in &sets[run[0].common.tags as usize] {
            let ranks: Vec<i64> =
                (first..first + run.len()).map(|at| i64::from(rank(at, *tag))).collect();
            array::put(&mut body, &ranks);
        }
        first += run.len();
    }
    body
}

/// A page of streams.
#[derive(Debug)]
pub struct Streams {
    page: Page,
    /// What each run shares, and which streams of the page it is.
    runs: Vec<(Common, Range<usize>)>,
    /// In units, which fit.
    firsts: Vec<i32>,
    lasts: Vec<i32>,
    hashes: usize,
}

impl Streams {
    /// Reads the front of a page.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn parse(page: Page) -> Result<Self, Damage> {
        let from = &mut Cursor::new(&page);
        let count: usize = array::number(from)?;
        let mut runs = Vec::new();
        let mut first = 0usize;
        for _ in 0..from.varint()? {
            let length: usize = array::number(from)?;
            let policy = array::number(from)?;
            let measurement = array::number(from)?;
            let (shape, tags) = (array::number(from)?, array::number(from)?);
            let end = first.saturating_add(length);
            runs.push((Common { policy, measurement, shape, tags }, first..end));
            first = end;
        }
        if first != count || count > STREAMS as usize {
            return Err(Damage::new(0, "a page of streams does not fit"));
        }
        let (firsts, lasts) = (array::get_as(from, count)?, array::get_as(from, count)?);
        let hashes = from.offset();
        from.bytes(count * HASH_BYTES)?;
        Ok(Self { runs, firsts, lasts, hashes, page })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.firsts.len()
    }

    /// About how much memory it takes.
    pub fn memory(&self) -> usize {
        let runs = self.runs.len() * size_of::<(Common, Range<usize>)>();
        size_of::<Self>() + self.page.len() + runs + 2 * self.len() * size_of::<i32>()
    }

    /// What each run of neighbours shares, and which streams of the page it is.
    pub fn runs(&self) -> &[(Common, Range<usize>)] {
        &self.runs
    }

    /// Stream `at` of this page, which is one of its.
    pub fn stream(&self, at: usize) -> Stream {
        let run = self.runs.partition_point(|(_, run)| run.end <= at);
        let start = self.hashes + at * HASH_BYTES;
        let mut hash = [0; 16];
        hash[..HASH_BYTES].copy_from_slice(&self.page[start..start + HASH_BYTES]);
        let (first, last) = (i64::from(self.firsts[at]), i64::from(self.lasts[at]));
        let end = ((last + 1) << UNIT_BITS).wrapping_sub(1);
        Stream {
            common: self.runs[run].0,
            hash: u128::from_le_bytes(hash),
            range: TimeRange::new(Timestamp(first << UNIT_BITS), Timestamp(end)),
        }
    }

    /// The ranks of all tags of all streams, given which tags each set has: for each run,
    /// and for each of its tags, one for each stream.
    ///
    /// # Errors
    /// Where the page is damaged.
    pub fn ranks(&self, sets: &[Box<[u32]>]) -> Result<Ranks, Damage> {
        let at = self.hashes + self.len() * HASH_BYTES;
        let from = &mut Cursor::new(&self.page[at..]);
        let mut runs = Vec::with_capacity(self.runs.len());
        for (common, run) in &self.runs {
            let tags = sets.get(common.tags as usize);
            let tags = tags.ok_or_else(|| Damage::new(at as u64, "a set of tags is not there"))?;
            let mut columns: Vec<Vec<u32>> = Vec::with_capacity(tags.len());
            for _ in tags {
                columns.push(array::get_as(from, run.len())?);
            }
            runs.push((run.clone(), columns));
        }
        from.finish()?;
        Ok(Ranks { runs })
    }
}

/// The ranks of the streams of a page.
#[derive(Debug)]
pub struct Ranks {
    runs: Vec<(Range<usize>, Vec<Vec<u32>>)>,
}

impl Ranks {
    /// About how much memory they take.
    pub fn memory(&self) -> usize {
        let run = |(_, columns): &(Range<usize>, Vec<Vec<u32>>)| {
            let columns = columns.iter().map(|column| size_of_val(column) + size_of_val(&**column));
            size_of::<(Range<usize>, Vec<Vec<u32>>)>() + columns.sum::<usize>()
        };
        size_of::<Self>() + self.runs.iter().map(run).sum::<usize>()
    }

    /// The rank of each tag of stream `at`, in the order of its set of tags.
    pub fn of(&self, at: usize) -> impl Iterator<Item = u32> {
        let run = self.runs.partition_point(|(run, _)| run.end <= at);
        let (run, columns) = &self.runs[run];
        columns.iter().map(move |column| column[at - run.start])
    }
}
