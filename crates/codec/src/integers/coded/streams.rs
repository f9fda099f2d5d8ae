//! Numbers in four strings of bits that take turns: number `i` is in string `i % 4`.
//!
//! Where a number ends in its string is known only once it is read; four strings let a
//! processor work on four numbers at a time. Each string ends with a whole byte.

use super::code::{CODE_BITS_MAX, Code, Table};
use super::token::Token;
use crate::Error;
use crate::cursor::Cursor;
use crate::varint::{len_u64, put_u64};

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
        if table.raw_bits_max() + CODE_BITS_MAX <= WORD_BITS {
            self.read_all::<false>(table, numbers);
        } else {
            self.read_all::<true>(table, numbers);
        }
    }

    #[inline(always)]
    fn read_all<const WIDE: bool>(&mut self, table: &Table, numbers: &mut [i64]) {
        let mut bits = self.bits;
        let (rows, last) = numbers.as_chunks_mut::<STREAMS>();
        for row in rows {
            for (number, bit) in row.iter_mut().zip(&mut bits) {
                *number = self.number::<WIDE>(table, bit);
            }
        }
        for (number, bit) in last.iter_mut().zip(&mut bits) {
            *number = self.number::<WIDE>(table, bit);
        }
        self.bits = bits;
    }

    #[inline(always)]
    fn number<const WIDE: bool>(&self, table: &Table, bit: &mut usize) -> i64 {
        let word = self.word(*bit);
        let entry = table.get(word);
        let (code_bits, raw_bits) = (entry.code_bits(), entry.raw_bits());
        let raw = if WIDE {
            self.raw(*bit + code_bits as usize, raw_bits)
        } else {
            word >> code_bits & ((1 << raw_bits) - 1)
        };
        *bit += (code_bits + raw_bits) as usize;
        crate::varint::unfold(entry.lead() << raw_bits | raw)
    }

    /// As many bits as that, of which one word need not have all.
    #[inline(always)]
    fn raw(&self, bit: usize, raw_bits: u32) -> u64 {
        const HALF: u32 = u64::BITS / 2;
        let low = self.word(bit);
        let both = if raw_bits > WORD_BITS {
            low & u64::from(u32::MAX) | self.word(bit + HALF as usize) << HALF
        } else {
            low
        };
        both & ((1 << raw_bits) - 1)
    }

    /// At least [`WORD_BITS`] bits from this one on; zeros where the bytes end.
    #[inline(always)]
    fn word(&self, bit: usize) -> u64 {
        let at = bit / 8;
        let word = match self.bytes.get(at..).and_then(<[u8]>::first_chunk) {
            Some(word) => u64::from_le_bytes(*word),
            None => self.word_at_end(at),
        };
        word >> (bit % 8)
    }

    #[cold]
    fn word_at_end(&self, at: usize) -> u64 {
        let left = self.bytes.get(at..).unwrap_or_default();
        let mut word = [0; 8];
        word[..left.len()].copy_from_slice(left);
        u64::from_le_bytes(word)
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

#[cfg(test)]
mod tests;
