//! Unsigned numbers of one bit width, back to back: up to 128 of them, a *group*.
//!
//! A whole group of 128 lies in *lanes*, so that one instruction handles several numbers:
//! number `i` is in lane `i % L`, and each lane is a string of bits, least significant
//! first, cut into words that take turns with those of the other lanes. Widths up to 32 have
//! four lanes of 32-bit words (128 = 4 × 32 numbers), wider ones two lanes of 64-bit words
//! (128 = 2 × 64); so every lane fills whole words at every width, and a row of words is one
//! 16-byte register. A shorter group, the last of a run, is one string of bits.
//!
//! Both forms take `count * width` bits, rounded up to bytes. Neither needs `unsafe` nor a
//! processor beyond the ordinary: shifts are equal in all lanes, which SSE2 and NEON have.
//! (So whole groups are not compiled for AVX2 as well: there the compiler makes registers of
//! two rows, whose shifts differ, and takes half as long again.)

/// How many numbers a whole group holds.
pub(crate) const GROUP: usize = 128;

/// The widest number.
pub(crate) const WIDTH_MAX: u32 = u64::BITS;

/// How many bytes `count` numbers of `width` bits take.
#[inline]
pub(crate) fn packed_len(count: usize, width: u32) -> usize {
    (count * width as usize).div_ceil(8)
}

/// Appends the low `width` bits of each number. There are at most [`GROUP`] of them.
pub(crate) fn pack(numbers: &[u64], width: u32, out: &mut Vec<u8>) {
    debug_assert!(numbers.len() <= GROUP && width <= WIDTH_MAX);
    match (<&[u64; GROUP]>::try_from(numbers), width) {
        (_, 0) => {}
        (Ok(group), 1..=32) => lanes_of_32::pack(group, width, out),
        (Ok(group), _) => lanes_of_64::pack(group, width, out),
        (Err(_), _) => pack_string(numbers, width, out),
    }
}

/// Reads `numbers.len()` numbers of `width` bits, at most [`GROUP`], from the
/// [`packed_len`] bytes that hold them; a number of all 64 bits comes out as its bits.
#[inline(always)]
pub(crate) fn unpack(packed: &[u8], width: u32, numbers: &mut [i64]) {
    debug_assert!(numbers.len() <= GROUP && width <= WIDTH_MAX);
    debug_assert_eq!(packed.len(), packed_len(numbers.len(), width));
    match (<&mut [i64; GROUP]>::try_from(&mut *numbers), width) {
        (_, 0) => numbers.fill(0),
        (Ok(group), 1..=32) => lanes_of_32::unpack(packed, width, group),
        (Ok(group), _) => lanes_of_64::unpack(packed, width, group),
        (Err(_), _) => unpack_string(packed, width, numbers),
    }
}

/// The bits that a number of `width` bits may have.
#[inline]
fn mask(width: u32) -> u64 {
    if width == 0 { 0 } else { u64::MAX >> (WIDTH_MAX - width) }
}

/// Packs and unpacks whole groups in lanes of one word type.
macro_rules! lanes {
    ($name:ident, $word:ty) => {
        mod $name {
            use super::GROUP;

            const BITS: usize = <$word>::BITS as usize;
            const BYTES: usize = BITS / 8;
            /// Lanes fill a register of 16 bytes.
            const LANES: usize = 16 / BYTES;
            const ROWS: usize = GROUP / LANES;
            // So a lane of numbers of width w takes exactly w words.
            const _: () = assert!(ROWS == BITS);

            /// One word more than the widest group has, so that a row may look ahead.
            type Words = [[$word; LANES]; BITS + 1];

            pub(super) fn pack(group: &[u64; GROUP], width: u32, out: &mut Vec<u8>) {
                let mask = <$word>::MAX >> (BITS as u32 - width);
                let mut words: Words = [[0; LANES]; BITS + 1];
                for (row, numbers) in group.as_chunks::<LANES>().0.iter().enumerate() {
                    let bit = row * width as usize;
                    let (at, shift) = (bit / BITS % BITS, (bit % BITS) as u32);
                    for lane in 0..LANES {
                        let number = numbers[lane] as $word & mask;
                        words[at][lane] |= number << shift;
                        // In two steps, as a shift by all bits is none.
                        words[at + 1][lane] |= (number >> 1) >> (BITS as u32 - 1 - shift);
                    }
                }
                for row in &words[..width as usize] {
                    out.extend_from_slice(row.map(<$word>::to_le_bytes).as_flattened());
                }
            }

            pub(super) fn unpack(packed: &[u8], width: u32, group: &mut [i64; GROUP]) {
                let mask = <$word>::MAX >> (BITS as u32 - width);
                let mut words: Words = [[0; LANES]; BITS + 1];
                let stored = packed.as_chunks::<BYTES>().0.as_chunks::<LANES>().0;
                for (row, stored) in words.iter_mut().zip(stored) {
                    for (word, stored) in row.iter_mut().zip(stored) {
                        *word = <$word>::from_le_bytes(*stored);
                    }
                }
                for (row, numbers) in group.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                    let bit = row * width as usize;
                    let (at, shift) = (bit / BITS % BITS, (bit % BITS) as u32);
                    let (low, high) = (words[at], words[at + 1]);
                    for lane in 0..LANES {
                        let above = (high[lane] << 1) << (BITS as u32 - 1 - shift);
                        numbers[lane] = ((low[lane] >> shift | above) & mask) as i64;
                    }
                }
            }
        }
    };
}

lanes!(lanes_of_32, u32);
lanes!(lanes_of_64, u64);

/// A short group as one string of bits, least significant first.
fn pack_string(numbers: &[u64], width: u32, out: &mut Vec<u8>) {
    let end = out.len() + packed_len(numbers.len(), width);
    let (mut pending, mut bits) = (0u128, 0);
    for number in numbers {
        pending |= u128::from(number & mask(width)) << bits;
        bits += width;
        if bits >= u64::BITS {
            out.extend_from_slice(&(pending as u64).to_le_bytes());
            pending >>= u64::BITS;
            bits -= u64::BITS;
        }
    }
    out.extend_from_slice(&(pending as u64).to_le_bytes());
    out.truncate(end);
}

/// The most bits of a number that a word has whole, whatever bit of its first byte it
/// begins with.
const WORD_BITS: u32 = u64::BITS - 7;

/// Reads numbers of at most [`WORD_BITS`] as long as there are eight bytes to read; answers
/// how many. Eight of them take whole bytes, so that they begin with the same bits as the
/// eight before.
fn unpack_words(packed: &[u8], width: u32, numbers: &mut [i64]) -> usize {
    let mask = mask(width);
    let bits: [usize; 8] = std::array::from_fn(|index| index * width as usize);
    let (rows, _) = numbers.as_chunks_mut::<8>();
    let mut read = 0;
    for (row, numbers) in rows.iter_mut().enumerate() {
        let Some(rest) = packed.get(row * width as usize..) else { break };
        let Some(rest) = rest.get(..bits[7] / 8 + 8) else { break };
        for (bit, number) in bits.iter().zip(numbers) {
            let word = rest.get(bit / 8..bit / 8 + 8).and_then(<[u8]>::first_chunk);
            *number = (word.map_or(0, |word| u64::from_le_bytes(*word)) >> (bit % 8) & mask) as i64;
        }
        read += 8;
    }
    read
}

fn unpack_string(packed: &[u8], width: u32, numbers: &mut [i64]) {
    let mask = mask(width);
    let whole = if width <= WORD_BITS { unpack_words(packed, width, numbers) } else { 0 };
    // The last eight bytes, and zeros behind them, so that eight can be read from any byte.
    let tail_at = packed.len().saturating_sub(8);
    let mut tail = [0; 16];
    tail[..packed.len() - tail_at].copy_from_slice(&packed[tail_at..]);
    for (index, number) in numbers.iter_mut().enumerate().skip(whole) {
        let bit = index * width as usize;
        let (at, shift) = (bit / 8, (bit % 8) as u32);
        let word = if at < tail_at { &packed[at..at + 8] } else { &tail[at - tail_at..][..8] };
        let word = word.first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
        // A number that begins inside a byte may end in a ninth one.
        let above = if shift + width > u64::BITS {
            u64::from(packed[at + 8]) << (u64::BITS - shift)
        } else {
            0
        };
        *number = ((word >> shift | above) & mask) as i64;
    }
}

#[cfg(test)]
mod tests;
