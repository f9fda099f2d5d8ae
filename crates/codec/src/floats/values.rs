//! A decoded run as the integers it was written as, so that sums need no doubles.
//!
//! Most runs are integers over one power of ten. Adding such integers is exact and several
//! times faster than turning each into a double and adding those with compensation, and it
//! gives the sum of the decimals, not of their nearest doubles. Runs that are not so, or that
//! have exceptions among them (staleness markers are), come as doubles.

use super::decimal::Scale;
use super::{EXCEPTIONS, decode};
use crate::cursor::Cursor;
use crate::dispatch::{self, Processor, Work};
use crate::{Error, RESERVE_MAX, integers, prepare};
use std::ops::Range;

/// How many integers below 2^51 in magnitude add up within 64 bits.
const SUMMANDS_MAX: usize = 1 << 12;

/// Memory of [`decode_into`], kept from run to run.
#[derive(Debug, Default)]
pub struct Scratch {
    integers: Vec<i64>,
    floats: Vec<f64>,
}

/// The values of a run, in the form that is cheapest to work with.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Finite numbers, each an integer of one scale.
    Scaled(Scaled<'a>),
    /// Any doubles.
    Floats(&'a [f64]),
}

/// Integers of one scale: value `i` of the run is `scale.value(integers[i])`.
#[derive(Clone, Copy, Debug)]
pub struct Scaled<'a> {
    /// One integer a value.
    pub integers: &'a [i64],
    /// What makes a double of each. It keeps order: the least integer is the least value.
    pub scale: Scale,
}

impl Scaled<'_> {
    /// The sum of the values in `range`; 0 where there are none.
    ///
    /// The integers are added exactly and the sum is scaled once. So it is the double nearest
    /// to the sum of the decimals where that has at most 15 digits. From the exact sum of the
    /// doubles it is at most `5 * 2^-53 * Σ|value|` away, whatever their number; adding `n`
    /// doubles one after the other may be off by `n - 1` where this has 5.
    ///
    /// # Panics
    /// Where `range` is not inside the run.
    #[inline]
    pub fn sum(&self, range: Range<usize>) -> f64 {
        self.sum_inline(range)
    }

    #[inline(always)]
    fn sum_inline(&self, range: Range<usize>) -> f64 {
        let integers = &self.integers[range];
        if self.scale.is_bounded() && integers.len() <= SUMMANDS_MAX {
            // Damaged bytes may give any integers, and then some sum.
            let sum = integers.iter().fold(0i64, |sum, integer| sum.wrapping_add(*integer));
            return self.scale.value_of_sum(sum as f64);
        }
        let sum: i128 = integers.iter().map(|integer| i128::from(*integer)).sum();
        self.scale.value_of_sum(sum as f64)
    }

    /// Hands [`Scaled::sum`] of each of `ranges` to `each`, with its name and how many values
    /// it has: many short ranges at once cost less than one after the other.
    ///
    /// # Panics
    /// Where a range is not inside the run.
    #[inline]
    pub fn each_sum<N: Copy>(&self, ranges: &[(N, Range<usize>)], each: impl FnMut(N, usize, f64)) {
        dispatch::run(EachSum { of: self, ranges, each });
    }

    /// The least and the greatest value in `range`; none where there are no values.
    ///
    /// # Panics
    /// Where `range` is not inside the run.
    #[inline]
    pub fn extremes(&self, range: Range<usize>) -> Option<(f64, f64)> {
        let integers = &self.integers[range];
        let least = integers.iter().min()?;
        let most = integers.iter().max()?;
        Some((self.scale.value(*least), self.scale.value(*most)))
    }
}

/// Sums of many ranges.
struct EachSum<'a, 'b, N, E> {
    of: &'a Scaled<'b>,
    ranges: &'a [(N, Range<usize>)],
    each: E,
}

impl<N: Copy, E: FnMut(N, usize, f64)> Work for EachSum<'_, '_, N, E> {
    type Output = ();

    #[inline(always)]
    fn on<P: Processor>(mut self) {
        for (name, range) in self.ranges {
            (self.each)(*name, range.len(), self.of.sum_inline(range.clone()));
        }
    }
}

/// Reads back `count` values, as integers of one scale where they were written so.
///
/// # Errors
/// As [`decode`].
pub fn decode_into<'a>(
    bytes: &[u8],
    count: usize,
    scratch: &'a mut Scratch,
) -> Result<Values<'a>, Error> {
    let head = bytes.first().copied().unwrap_or(EXCEPTIONS);
    let Some(scale) = Scale::from_head(head).filter(|scale| scale.is_additive()) else {
        decode(bytes, count, &mut scratch.floats)?;
        return Ok(Values::Floats(&scratch.floats));
    };
    let out = &mut scratch.integers;
    let mut cursor = Cursor::new(bytes);
    cursor.u8()?;
    if count <= RESERVE_MAX {
        // What is there is written over, so that nothing is filled twice.
        out.resize(count, 0);
        integers::read_over(&mut cursor, out)?;
    } else {
        prepare(out, count)?;
        integers::read_into(&mut cursor, count, out)?;
    }
    cursor.finish()?;
    Ok(Values::Scaled(Scaled { integers: out, scale }))
}

#[cfg(test)]
mod tests;
