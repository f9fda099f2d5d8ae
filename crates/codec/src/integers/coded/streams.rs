//! Numbers in four strings of bits that take turns: number `i` is in string `i % 4`.
//!
//! Where a number ends in its string is known only once it is read; four strings let a
//! processor work on four numbers at a time. Each string ends with a whole byte.

use super::code::{CODE_BITS_MAX, Code};
use super::table::Table;
use super::token::Token;
use crate::Error;
use crate::cursor::Cursor;
use crate::varint::{len_u64, put_u64, unfold};

const STREAMS: usize = 4;

/// How many bits a word read at any bit has at least.
const WORD_BITS: u32 = u64::BITS - 7;

/// At most how many bytes strings of so many bits in all take.
pub(super) fn len_at_most(bits: u64) -> usize {
    let bytes = bits.div_ceil(8) as usize + STREAMS;
    bytes + STREAMS * len_u64(bytes as u64)
}

/// Appends the lengths of the strings, and the strings.
pub(super) fn write(numbers: &[u64], code: &Code, out: &mut Vec<u8>) {
    let mut strings = Vec::new();
    let mut end = 0;
    for stream in 0..STREAMS {
        write_string(numbers.iter().skip(stream).step_by(STREAMS), code, &mut strings);
        put_u64(out, (strings.len() - std::mem::replace(&mut end, strings.len())) as u64);
    }
    out.extend_from_slice(&strings);
}

fn write_string<'a>(numbers: impl Iterator<Item = &'a u64>, code: &Code, out: &mut Vec<u8>) {
    let mut writer = Writer { out, pending: 0, bits: 0 };
    for &number in numbers {
        let token = Token::of(number);
        let (code, length) = code.get(token);
        let raw_bits = token.raw_bits();
        let raw = number & ((1 << raw_bits) - 1);
        if length + raw_bits <= Writer::ONCE_MAX {
            writer.put(code | raw << length, length + raw_bits);
        } else {
            writer.put(code, length);
            let low_bits = raw_bits.min(Writer::ONCE_MAX);
            writer.put(raw & ((1 << low_bits) - 1), low_bits);
            writer.put(raw >> low_bits, raw_bits - low_bits);
        }
    }
    writer.finish();
}

/// Appends bits, least significant first.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    pending: u64,
    bits: u32,
}

impl Writer<'_> {
    /// The most bits that can be put at once, as fewer than 32 are pending.
    const ONCE_MAX: u32 = 32;

    #[inline(always)]
    fn put(&mut self, value: u64, bits: u32) {
        self.pending |= value << self.bits;
        self.bits += bits;
        if self.bits >= 32 {
            self.out.extend_from_slice(&(self.pending as u32).to_le_bytes());
            self.pending >>= 32;
            self.bits -= 32;
        }
    }

    fn finish(self) {
        let bytes = self.bits.div_ceil(8) as usize;
        self.out.extend_from_slice(&self.pending.to_le_bytes()[..bytes]);
    }
}

/// Reads the strings side by side.
pub(super) struct Reader<'a> {
    /// The strings end to end.
    bytes: &'a [u8],
    /// Where they begin among all bytes.
    offset: usize,
    /// The next bit of each.
    bits: [usize; STREAMS],
    /// Behind the last byte of each.
    ends: [usize; STREAMS],
}

impl<'a> Reader<'a> {
    /// Takes all strings, behind their lengths. They hold `count` numbers.
    pub(super) fn new(cursor: &mut Cursor<'a>, count: usize) -> Result<Self, Error> {
        let lengths_offset = cursor.offset();
        let (mut bits, mut ends) = ([0; STREAMS], [0; STREAMS]);
        let mut end = 0;
        for stream in 0..STREAMS {
            let length = cursor.varint()?;
            if length > cursor.remaining() as u64 {
                return Err(Error::Invalid { what: "length of a stream", offset: lengths_offset });
            }
            bits[stream] = end * 8;
            end += length as usize;
            ends[stream] = end;
        }
        let offset = cursor.offset();
        // No code is shorter than a bit; so a damaged count is seen before values are made.
        if count > end * 8 {
            return Err(Error::Invalid { what: "length of a stream", offset: lengths_offset });
        }
        Ok(Self { bytes: cursor.bytes(end)?, offset, bits, ends })
    }

    /// Reads the next numbers, unfolded. Their number is a multiple of four but at the end.
    #[inline(always)]
    pub(super) fn read(&mut self, table: &Table, numbers: &mut [i64]) {
        let read = if table.has_numbers() {
            self.read_numbers(table, numbers)
        } else if table.bits_max() * 2 <= WORD_BITS {
            self.read_tokens::<2>(table, numbers)
        } else if table.bits_max() <= WORD_BITS {
            self.read_tokens::<1>(table, numbers)
        } else {
            0
        };
        for row in numbers[read..].chunks_mut(STREAMS) {
            for (number, bit) in row.iter_mut().zip(&mut self.bits) {
                (*number, *bit) = number_at((self.bytes, *bit), table);
            }
        }
    }

    /// Reads as many numbers as are a whole number of rounds, most of them with one look
    /// into the table; answers how many.
    #[inline(always)]
    fn read_numbers(&mut self, table: &Table, numbers: &mut [i64]) -> usize {
        const ROWS: usize = 4;
        const _: () = assert!(ROWS as u32 * CODE_BITS_MAX <= WORD_BITS);
        let (bytes, mut bits, entries) = (self.bytes, self.bits, table.entries());
        let (rounds, _) = numbers.as_chunks_mut::<{ ROWS * STREAMS }>();
        for round in &mut *rounds {
            let mut words = bits.map(|bit| Word::at(bytes, bit));
            for row in round.as_chunks_mut::<STREAMS>().0 {
                for (number, (word, bit)) in row.iter_mut().zip(words.iter_mut().zip(&mut bits)) {
                    let entry = entries.get(word.0);
                    *number = entry.number();
                    if entry.is_long() {
                        (*number, *bit) = long_number_at((bytes, *bit + word.read()), table);
                        *word = Word::at(bytes, *bit);
                    } else {
                        word.skip(entry.code_bits());
                    }
                }
            }
            for (word, bit) in words.iter().zip(&mut bits) {
                *bit += word.read();
            }
        }
        self.bits = bits;
        rounds.len() * ROWS * STREAMS
    }

    /// The same, token by token and `ROWS` of a string from a word, which must have as many.
    #[inline(always)]
    fn read_tokens<const ROWS: usize>(&mut self, table: &Table, numbers: &mut [i64]) -> usize {
        let (bytes, mut bits, entries) = (self.bytes, self.bits, table.entries());
        let read = numbers.len() / (ROWS * STREAMS) * (ROWS * STREAMS);
        let numbers = &mut numbers[..read];
        for round in numbers.chunks_exact_mut(ROWS * STREAMS) {
            let mut words = bits.map(|bit| Word::at(bytes, bit));
            for row in round.as_chunks_mut::<STREAMS>().0 {
                for (number, word) in row.iter_mut().zip(&mut words) {
                    let entry = entries.get(word.0);
                    let raw_bits = entry.raw_bits();
                    word.skip(entry.code_bits());
                    let raw = word.0 & ((1 << raw_bits) - 1);
                    word.skip(raw_bits);
                    *number = (entry.lead() << raw_bits | raw).cast_signed();
                }
            }
            for (word, bit) in words.iter().zip(&mut bits) {
                *bit += word.read();
            }
        }
        self.bits = bits;
        // All together, as this is done in vector registers.
        numbers.iter_mut().for_each(|number| *number = unfold(number.cast_unsigned()));
        read
    }

    /// Makes sure that all strings end where their last numbers do.
    pub(super) fn finish(&self) -> Result<(), Error> {
        for (bit, end) in self.bits.iter().zip(self.ends) {
            if bit.div_ceil(8) != end {
                let offset = self.offset + end;
                return Err(Error::Invalid { what: "end of a stream", offset });
            }
        }
        Ok(())
    }
}

/// Bits that were read from a string, and how many of them were skipped: the highest bit is
/// set before any is, so that it tells by where it has gone. The bits below it are zeros or
/// bits of the string.
#[derive(Clone, Copy)]
struct Word(u64);

impl Word {
    const MARK: u64 = 1 << (u64::BITS - 1);

    /// At least [`WORD_BITS`] bits from this one on; zeros where the bytes end.
    #[inline(always)]
    fn at(bytes: &[u8], bit: usize) -> Self {
        Self(word_at(bytes, bit) | Self::MARK)
    }

    /// Skips bits, fewer than 64.
    #[inline(always)]
    fn skip(&mut self, bits: u32) {
        self.0 >>= bits % u64::BITS;
    }

    /// How many were skipped.
    #[inline(always)]
    fn read(self) -> usize {
        self.0.leading_zeros() as usize
    }
}

/// The number at a bit, however long it is, and the bit behind it.
#[inline(always)]
fn number_at((bytes, bit): (&[u8], usize), table: &Table) -> (i64, usize) {
    let entry = table.entries().get(word_at(bytes, bit));
    let behind = bit + entry.code_bits() as usize;
    if !entry.is_long() {
        return (entry.number(), behind);
    }
    let raw_bits = entry.raw_bits();
    let raw = raw_at(bytes, behind, raw_bits);
    (unfold(entry.lead() << raw_bits | raw), behind + raw_bits as usize)
}

/// The same, for numbers that are rare.
#[cold]
#[inline(never)]
fn long_number_at(place: (&[u8], usize), table: &Table) -> (i64, usize) {
    number_at(place, table)
}

/// As many bits as that, of which one word need not have all.
#[inline(always)]
fn raw_at(bytes: &[u8], bit: usize, raw_bits: u32) -> u64 {
    const HALF: u32 = u64::BITS / 2;
    let low = word_at(bytes, bit);
    let both = if raw_bits > WORD_BITS {
        low & u64::from(u32::MAX) | word_at(bytes, bit + HALF as usize) << HALF
    } else {
        low
    };
    both & ((1 << raw_bits) - 1)
}

/// At least [`WORD_BITS`] bits from this one on; zeros where the bytes end.
#[inline(always)]
fn word_at(bytes: &[u8], bit: usize) -> u64 {
    let at = bit / 8;
    let word = match bytes.get(at..at + 8) {
        Some(word) => u64::from_le_bytes(word.try_into().unwrap_or_default()),
        None => word_at_end(bytes, at),
    };
    word >> (bit % 8)
}

#[cold]
#[inline(never)]
fn word_at_end(bytes: &[u8], at: usize) -> u64 {
    let left = bytes.get(at..).unwrap_or_default();
    let mut word = [0; 8];
    word[..left.len()].copy_from_slice(left);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests;
