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
    fn or_patched(self, numbers: &[i64], reference: i64) -> Self {
        let sizes = Sizes::of(numbers, reference);
        let mut best = self;
        let mut patches: usize = sizes.below.iter().map(|count| usize::from(*count)).sum();
        let mut wider = 0;
        // A width that no number needs in full is never shorter than the next that one does.
        for width in sizes.distances().rev().chain([0]) {
            patches += wider;
            wider = usize::from(sizes.above[width]);
            if patches > numbers.len() / PATCH_SHARE {
                break;
            }
            if patches > 0 && width < WIDTH_MAX as usize {
                let plain = Self::plain(numbers.len(), reference, width as u32);
                let len = plain.len + 1 + sizes.patches_len(width);
                if len < best.len {
                    best = Self { patched: true, len, ..plain };
                }
            }
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

/// How many distances from a reference have how many bits.
struct Sizes {
    /// Of distances that are not negative, by their bits.
    above: [u8; 65],
    /// Of negative ones, by the bits of their complement.
    below: [u8; 65],
    /// Which sizes there are, above and below.
    present: u128,
}

impl Sizes {
    fn of(numbers: &[i64], reference: i64) -> Self {
        let mut sizes = Self { above: [0; 65], below: [0; 65], present: 0 };
        for number in numbers {
            let distance = number.wrapping_sub(reference);
            let size = bits((distance ^ (distance >> 63)) as u64) as usize;
            sizes.present |= 1 << size;
            if distance < 0 {
                sizes.below[size] += 1;
            } else {
                sizes.above[size] += 1;
            }
        }
        sizes
    }

    /// Sizes from 1 bit on that some distance has.
    fn distances(&self) -> impl DoubleEndedIterator<Item = usize> {
        (1..=64).filter(|size| self.present >> size & 1 == 1)
    }

    /// The bytes of patches for all that do not fit in `width` bits.
    fn patches_len(&self, width: usize) -> usize {
        let below_one = usize::from(self.below[0]) * patch_len(0);
        let others = self.distances().map(|size| {
            let above = if size > width { self.above[size] } else { 0 };
            usize::from(self.below[size] + above) * patch_len(size.saturating_sub(width))
        });
        below_one + others.sum::<usize>()
    }
}

/// The mean distance from `middle`.
fn spread_around(middle: i64, numbers: &[i64]) -> u64 {
    let distances = numbers.iter().map(|number| number.wrapping_sub(middle).unsigned_abs());
    distances.fold(0u64, u64::wrapping_add) / numbers.len() as u64
}

/// The least of the numbers that are no outliers: `mean` and `spread` are those of all, and
/// are taken again of those near, since far outliers pull both.
fn reference_of_most(numbers: &[i64], mean: i64, spread: u64) -> i64 {
    let is_near = |number: i64, middle: i64, spread: u64| {
        number.wrapping_sub(middle).unsigned_abs() / OUTLIER_SPREADS <= spread
    };
    let (mut count, mut sum, mut far) = (0, 0i64, 0u64);
    for &number in numbers.iter().filter(|number| is_near(**number, mean, spread)) {
        count += 1;
        sum = sum.wrapping_add(number.wrapping_sub(mean));
        far = far.wrapping_add(number.wrapping_sub(mean).unsigned_abs());
    }
    let count = count.max(1);
    let middle = mean.wrapping_add(sum / count);
    let spread = far / count as u64;
    let near = numbers.iter().copied().filter(|number| is_near(*number, middle, spread));
    near.min().unwrap_or(i64::MIN)
}

/// How many bits `number` has.
#[inline]
fn bits(number: u64) -> u32 {
    u64::BITS - number.leading_zeros()
}

/// How many bytes a patch takes whose high part has so many bits: an index, and a number
/// that zigzag has made one bit longer.
fn patch_len(bits: usize) -> usize {
    1 + len_u64(1 << bits.min(63))
}

/// Reads a group of `distances.len()` numbers: their distances, and the reference returned.
#[inline]
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
