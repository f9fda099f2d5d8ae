//! Nanoseconds since the epoch, which mostly lie near a grid.
//!
//! Collectors run at fixed intervals with a little jitter, and skip some. Integers alone take
//! exact intervals to an arithmetic progression; where there is jitter, a timestamp is
//! better told as its distance from a *grid* that starts with the run, since the difference
//! of two jittered neighbours needs a bit more than each jitter. A skipped interval shifts
//! the distances by a constant, which the groups of the integer layer absorb. Any order and
//! any values come back; only their size suffers.

use crate::cursor::Cursor;
use crate::varint::put_i64;
use crate::{Effort, Error, assert_count, check_count, integers, prepare};

/// A grid's step precedes the integers, which are distances from the grid. Other first
/// bytes are modes of the integer layer itself.
const GRID: u8 = 0x40;

/// Shorter runs are no longer with a grid than without.
const GRID_COUNT_MIN: usize = 4;

/// How many timestamps show which step fits, from the middle of the run.
const SAMPLES: usize = 256;

/// Steps are tried rounded to these: people choose round intervals, and the median of
/// jittered ones is a bit off, which adds up over a run.
const ROUND_NS: [i64; 5] = [1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 60_000_000_000];

/// Appends `timestamps`. [`Encoder`] does the same and keeps its scratch memory.
///
/// # Panics
/// Where there are more than [`crate::COUNT_MAX`] timestamps.
pub fn encode(timestamps: &[i64], out: &mut Vec<u8>) {
    Encoder::new().encode(timestamps, out);
}

/// Encodes runs of timestamps; it keeps its scratch memory between them.
#[derive(Debug, Default)]
pub struct Encoder {
    integers: integers::Encoder,
    /// Distances from a grid.
    distances: Vec<i64>,
    /// A second encoding, to compare with.
    rival: Vec<u8>,
}

impl Encoder {
    /// An encoder of hot runs, without scratch memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same for this effort.
    pub fn with_effort(effort: Effort) -> Self {
        Self { integers: integers::Encoder::with_effort(effort), ..Self::default() }
    }

    /// Appends `timestamps`.
    ///
    /// # Panics
    /// Where there are more than [`crate::COUNT_MAX`] timestamps.
    pub fn encode(&mut self, timestamps: &[i64], out: &mut Vec<u8>) {
        assert_count(timestamps.len());
        let start = out.len();
        self.integers.encode(timestamps, out);
        if timestamps.len() < GRID_COUNT_MIN || integers::is_regular(&out[start..]) {
            return;
        }
        let step = fitting_step(timestamps);
        let distance = |(index, at): (i64, &i64)| at.wrapping_sub(step.wrapping_mul(index));
        self.distances.clear();
        self.distances.extend((0..).zip(timestamps).map(distance));
        self.rival.clear();
        self.rival.push(GRID);
        put_i64(&mut self.rival, step);
        self.integers.encode(&self.distances, &mut self.rival);
        if self.rival.len() < out.len() - start {
            out.truncate(start);
            out.extend_from_slice(&self.rival);
        }
    }
}

/// The step from whose grid the timestamps stray least, among likely ones. There are at
/// least two timestamps.
fn fitting_step(timestamps: &[i64]) -> i64 {
    let middle = timestamps.len() / 2;
    let start = middle.saturating_sub(SAMPLES / 2);
    let samples = &timestamps[start..timestamps.len().min(start + SAMPLES)];
    let mut steps: Vec<i64> =
        samples.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    let half = steps.len() / 2;
    let median = *steps.select_nth_unstable(half).1;
    let rounded = |to: &i64| median.saturating_add(to / 2).div_euclid(*to).wrapping_mul(*to);
    let mut best = (straying(samples, median), median);
    for step in ROUND_NS.iter().map(rounded) {
        best = best.min((straying(samples, step), step));
    }
    best.1
}

/// How far apart the distances from the grid of this step are.
fn straying(samples: &[i64], step: i64) -> u64 {
    let (mut least, mut most) = (i64::MAX, i64::MIN);
    for (index, at) in (0..).zip(samples) {
        let distance = at.wrapping_sub(step.wrapping_mul(index));
        least = least.min(distance);
        most = most.max(distance);
    }
    most.wrapping_sub(least) as u64
}

/// Reads back `count` timestamps into `out`, which is emptied first.
///
/// # Errors
/// Where `bytes` are not what [`encode`] appends for `count` timestamps.
pub fn decode(bytes: &[u8], count: usize, out: &mut Vec<i64>) -> Result<(), Error> {
    if bytes.first() != Some(&GRID) {
        return integers::decode(bytes, count, out);
    }
    prepare(out, count)?;
    let mut cursor = Cursor::new(bytes);
    cursor.u8()?;
    let step = cursor.zigzag()?;
    integers::read_into(&mut cursor, count, out)?;
    for (index, at) in (0..).zip(out.iter_mut()) {
        *at = at.wrapping_add(step.wrapping_mul(index));
    }
    cursor.finish()
}

/// Timestamps that are all told by two numbers: `start + index * step` for each index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grid {
    /// The first timestamp, in nanoseconds.
    pub start: i64,
    /// From one to the next; 0 where all are equal. It wraps where the timestamps do.
    pub step: i64,
    /// How many there are.
    pub count: usize,
}

impl Grid {
    /// The timestamp at `index`.
    #[inline]
    pub fn at(&self, index: usize) -> i64 {
        self.start.wrapping_add(self.step.wrapping_mul(index as i64))
    }

    /// Whether each timestamp is after the one before it, by a step that is positive: two
    /// that are 2^63 or more apart are not told from falling ones.
    pub fn is_rising(&self) -> bool {
        let length = i128::from(self.step) * self.count.saturating_sub(1) as i128;
        self.step > 0 && i128::from(self.start) + length <= i128::from(i64::MAX)
    }

    /// How many timestamps of a rising grid are before `timestamp`: the index of the first
    /// that is not.
    #[inline]
    pub fn count_before(&self, timestamp: i64) -> usize {
        debug_assert!(self.is_rising());
        if timestamp <= self.start {
            return 0;
        }
        // Two timestamps may be further apart than a signed number tells, not an unsigned one.
        let distance = timestamp.wrapping_sub(self.start) as u64;
        let before = distance.div_ceil(self.step.cast_unsigned().max(1));
        usize::try_from(before).unwrap_or(usize::MAX).min(self.count)
    }
}

/// The grid on which these `count` timestamps lie exactly, where they were written so; none
/// where they must be decoded.
///
/// # Errors
/// Where `bytes` are not what [`encode`] appends for `count` timestamps, as far as read.
pub fn exact_grid(bytes: &[u8], count: usize) -> Result<Option<Grid>, Error> {
    check_count(count)?;
    let Some((start, step)) = integers::progression(bytes)? else { return Ok(None) };
    Ok(Some(Grid { start, step, count }))
}

#[cfg(test)]
mod tests;
