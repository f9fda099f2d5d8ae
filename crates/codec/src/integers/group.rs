//! One group of up to 128 numbers: a reference, a width, packed distances, patches.
//!
//! A number is `reference + low + (high << width)`: the low `width` bits of its distance are
//! packed, and the few numbers whose distance does not fit have a patch with its high part,
//! which is negative for numbers below the reference. Deciding ([`Plan::of`]) and writing
//! are apart, since the encoder compares whole plans before it writes one.

use crate::Error;
use crate::cursor::Cursor;
use crate::packing::{GROUP, WIDTH_MAX, pack, packed_len, unpack};
use crate::varint::{len_i64, len_u64, put_i64};

/// The bit of the width byte that says that patches follow.
const PATCHED: u8 = 0x80;
// The width itself is below that bit.
const _: () = assert!(WIDTH_MAX < PATCHED as u32);
// A count of patches and an index into a group fit in a byte.
const _: () = assert!(GROUP <= 1 << 7);

/// Patches are tried where the width is this many bits above that of the mean distance
/// from the middle; the bits of a bell curve are about 3 above.
const SPREAD_BITS: u32 = 3;

/// No more than one in so many numbers is patched: more of them cost decoding time
/// and seldom save space.
const PATCH_SHARE: usize = 6;

/// A number is taken for an outlier beyond so many mean distances from the middle, where
/// one in sixty of a bell curve lies.
const OUTLIER_SPREADS: u64 = 3;

/// How a group will be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    reference: i64,
    width: u32,
    patched: bool,
    len: usize,
}

impl Plan {
    /// The shortest way to write `numbers`, of which there are 1 to 128.
    #[inline(always)]
    pub(super) fn of(numbers: &[i64]) -> Self {
        let (mut least, mut most, mut sum) = (numbers[0], numbers[0], 0i64);
        for &number in numbers {
            least = least.min(number);
            most = most.max(number);
            sum = sum.wrapping_add(number.wrapping_sub(numbers[0]));
        }
        let width = bits(most.wrapping_sub(least) as u64);
        let plain = Self::plain(numbers.len(), least, width);
        if width < 2 {
            return plain;
        }
        // Where sums overflow this is not the mean; the plan is then longer, never wrong.
        let mean = numbers[0].wrapping_add(sum / numbers.len() as i64);
        let spread = spread_around(mean, numbers);
        if width < bits(spread) + SPREAD_BITS {
            return plain;
        }
        let best = plain.or_patched(numbers, least);
        match reference_of_most(numbers, mean, spread) {
            reference if reference > least => best.or_patched(numbers, reference),
            _ => best,
        }
    }

    /// How many bytes it takes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn plain(count: usize, reference: i64, width: u32) -> Self {
        let len = 1 + len_i64(reference) + packed_len(count, width);
        Self { reference, width, patched: false, len }
    }

    /// The shorter of this plan and the best one with patches at `reference`.
    #[inline(always)]
    fn or_patched(self, numbers: &[i64], reference: i64) -> Self {
        let sizes = Sizes::of(numbers, reference);
        let mut best = self;
        let mut patches: usize = sizes.below.iter().map(|count| usize::from(*count)).sum();
        let widest = sizes.above.iter().rposition(|count| *count > 0).unwrap_or(0);
        for width in (0..=widest).rev() {
            if patches > numbers.len() / PATCH_SHARE {
                break;
            }
            // A width that no number needs in full is never shorter than the next that one does.
            let wider = usize::from(sizes.above[width]);
            if patches > 0 && (wider > 0 || width == 0) {
                let plain = Self::plain(numbers.len(), reference, width as u32);
                let len = plain.len + 1 + sizes.patches_len(width);
                if len < best.len {
                    best = Self { patched: true, len, ..plain };
                }
            }
            patches += wider;
        }
        best
    }

    /// Appends the numbers this plan was made of.
    pub(super) fn write(&self, numbers: &[i64], out: &mut Vec<u8>) {
        let start = out.len();
        out.push(self.width as u8 | if self.patched { PATCHED } else { 0 });
        put_i64(out, self.reference);
        let mut distances = [0; GROUP];
        for (distance, number) in distances.iter_mut().zip(numbers) {
            *distance = number.wrapping_sub(self.reference) as u64;
        }
        let distances = &distances[..numbers.len()];
        pack(distances, self.width, out);
        if self.patched {
            let count_at = out.len();
            out.push(0);
            for (index, distance) in distances.iter().enumerate() {
                let high = *distance as i64 >> self.width;
                if high != 0 {
                    out[count_at] += 1;
                    out.push(index as u8);
                    put_i64(out, high);
                }
            }
        }
        debug_assert_eq!(out.len() - start, self.len);
    }
}

/// Distances have 0 to 63 bits: those from 2^63 on count as negative.
const DISTANCE_SIZES: usize = 64;

/// In how many tables sizes are counted.
const TABLES: usize = 4;

/// How many distances from a reference have how many bits.
struct Sizes {
    /// Of distances that are not negative, by their bits.
    above: [u8; DISTANCE_SIZES],
    /// Of negative ones, by the bits of their complement.
    below: [u8; DISTANCE_SIZES],
}

impl Sizes {
    #[inline(always)]
    fn of(numbers: &[i64], reference: i64) -> Self {
        // Neighbours are counted in different tables, as a count that was just written is not
        // at once read again; and both signs in one, so that no branch has to guess them.
        let mut tables = [[0u8; 2 * DISTANCE_SIZES]; TABLES];
        let mut count = |table: usize, number: &i64| {
            let distance = number.wrapping_sub(reference);
            let sign = distance >> 63;
            let size = bits((distance ^ sign) as u64) as usize;
            let side = sign as usize & DISTANCE_SIZES;
            tables[table][(side | size) % (2 * DISTANCE_SIZES)] += 1;
        };
        let (rows, last) = numbers.as_chunks::<TABLES>();
        for row in rows {
            row.iter().enumerate().for_each(|(table, number)| count(table, number));
        }
        last.iter().for_each(|number| count(0, number));
        let mut sizes = Self { above: [0; DISTANCE_SIZES], below: [0; DISTANCE_SIZES] };
        for table in &tables {
            let (above, below) = table.split_at(DISTANCE_SIZES);
            sizes.above.iter_mut().zip(above).for_each(|(sum, count)| *sum += count);
            sizes.below.iter_mut().zip(below).for_each(|(sum, count)| *sum += count);
        }
        sizes
    }

    /// The bytes of patches for all that do not fit in `width` bits.
    fn patches_len(&self, width: usize) -> usize {
        let len = |(size, count): (usize, &u8)| match count {
            0 => 0,
            count => usize::from(*count) * patch_len(size.saturating_sub(width)),
        };
        let below = self.below.iter().enumerate().map(len);
        let above = self.above.iter().enumerate().skip(width + 1).map(len);
        below.sum::<usize>() + above.sum::<usize>()
    }
}

/// The mean distance from `middle`.
#[inline(always)]
fn spread_around(middle: i64, numbers: &[i64]) -> u64 {
    let distances = numbers.iter().map(|number| number.wrapping_sub(middle).unsigned_abs());
    distances.fold(0u64, u64::wrapping_add) / numbers.len() as u64
}

/// The least of the numbers that are no outliers: `mean` and `spread` are those of all, and
/// are taken again of those near, since far outliers pull both.
#[inline(always)]
fn reference_of_most(numbers: &[i64], mean: i64, spread: u64) -> i64 {
    let (mut count, mut sum, mut far) = (0, 0i64, 0u64);
    let limit = near_limit(spread);
    for number in numbers {
        let distance = number.wrapping_sub(mean);
        let near = distance.unsigned_abs() <= limit;
        // Sums of all numbers, most of them masked, are quicker than a branch.
        let mask = -i64::from(near);
        count -= mask;
        sum = sum.wrapping_add(distance & mask);
        far = far.wrapping_add(distance.unsigned_abs() & mask as u64);
    }
    let count = count.max(1);
    let middle = mean.wrapping_add(sum / count);
    let limit = near_limit(far / count as u64);
    let mut least = i64::MAX;
    for number in numbers {
        let near = number.wrapping_sub(middle).unsigned_abs() <= limit;
        least = least.min(if near { *number } else { i64::MAX });
    }
    // Where none is near, no reference is better than the least number.
    if least == i64::MAX { i64::MIN } else { least }
}

/// What the distance of numbers near a middle is at most.
fn near_limit(spread: u64) -> u64 {
    spread.saturating_mul(OUTLIER_SPREADS).saturating_add(OUTLIER_SPREADS - 1)
}

/// How many bits `number` has.
#[inline(always)]
fn bits(number: u64) -> u32 {
    u64::BITS - number.leading_zeros()
}

/// How many bytes a patch takes whose high part has so many bits: an index, and a number
/// that zigzag has made one bit longer.
fn patch_len(bits: usize) -> usize {
    1 + len_u64(1 << bits.min(63))
}

/// Reads a group of `distances.len()` numbers: their distances, and the reference returned.
#[inline(always)]
pub(super) fn read(cursor: &mut Cursor<'_>, distances: &mut [i64]) -> Result<i64, Error> {
    let offset = cursor.offset();
    let head = cursor.u8()?;
    let (width, patched) = (u32::from(head & !PATCHED), head & PATCHED != 0);
    if width > WIDTH_MAX || (patched && width == WIDTH_MAX) {
        return Err(Error::Invalid { what: "width of a group", offset });
    }
    let reference = cursor.zigzag()?;
    let packed = cursor.bytes(packed_len(distances.len(), width))?;
    unpack(packed, width, distances);
    if patched {
        patch(cursor, width, distances)?;
    }
    Ok(reference)
}

fn patch(cursor: &mut Cursor<'_>, width: u32, distances: &mut [i64]) -> Result<(), Error> {
    for _ in 0..cursor.u8()? {
        let offset = cursor.offset();
        let Some(distance) = distances.get_mut(cursor.u8()? as usize) else {
            return Err(Error::Invalid { what: "index of a patch", offset });
        };
        *distance |= cursor.zigzag()? << width;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
