//! What a string of bits begins with, looked up while numbers are read.
//!
//! Where tokens and raw bits are short, as they are in most runs, the table tells whole
//! numbers: one look and one shift a number. Where most numbers have more bits than it is
//! looked up by, it tells tokens, whose raw bits are taken from behind them. Which of both is
//! not stored: it follows from the code.
//!
//! Invariant: every string of [`CODE_BITS_MAX`] bits has an entry, since codes use up all.

use super::code::{CODE_BITS_MAX, TABLE, each_code, read_lengths, share};
use super::token::{TOKENS, Token};
use crate::Error;
use crate::cursor::Cursor;
use crate::varint::unfold;

/// Where at most this part of all strings begins with a number that is longer than the
/// table is looked up by, it tells whole numbers: a branch that is rarely taken costs less
/// than taking raw bits from behind each token.
const LONG_SHARE: usize = 16;

/// Entries by the next bits of a string.
#[derive(Clone, Debug)]
pub(super) struct Table {
    entries: Box<Entries>,
    has_numbers: bool,
    bits_max: u32,
}

/// An entry for each string of [`CODE_BITS_MAX`] bits.
#[derive(Clone, Debug)]
pub(super) struct Entries([u32; TABLE]);

impl Entries {
    /// What these bits begin with.
    #[inline(always)]
    pub(super) fn get(&self, bits: u64) -> Entry {
        Entry(self.0[bits as usize % TABLE])
    }
}

/// What strings begin with: a whole number, or a token whose raw bits follow.
///
/// Its bytes from the lowest: the bits of the code, those of a whole number's raw bits
/// included; how many raw bits follow a token, and [`Entry::LONG`]; and 16 bits, of a
/// whole number itself, else what stands above the raw bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry(u32);

impl Entry {
    /// Raw bits follow, maybe none.
    const LONG: u32 = 0x8000;

    fn of_token(code_bits: u32, token: Token) -> Self {
        Self(Self::LONG | code_bits | token.raw_bits() << 8 | u32::from(token.lead()) << 16)
    }

    /// A number of at most 14 bits, as numbers in [`CODE_BITS_MAX`] bits are.
    fn of_number(bits: u32, number: u64) -> Self {
        Self(bits | (unfold(number) as u32) << 16)
    }

    /// Whether it is a token.
    #[inline(always)]
    pub(super) fn is_long(self) -> bool {
        self.0 & Self::LONG != 0
    }

    /// The length of the code, of a whole number that of all its bits.
    #[inline(always)]
    pub(super) fn code_bits(self) -> u32 {
        self.0 & 0xff
    }

    /// How many raw bits follow a token.
    #[inline(always)]
    pub(super) fn raw_bits(self) -> u32 {
        self.0 >> 8 & 0x3f
    }

    /// What stands above them.
    #[inline(always)]
    pub(super) fn lead(self) -> u64 {
        u64::from(self.0 >> 16)
    }

    /// The whole number.
    #[inline(always)]
    pub(super) fn number(self) -> i64 {
        i64::from(self.0.cast_signed() >> 16)
    }
}

/// A token, and where it begins.
#[derive(Clone, Copy, Debug)]
struct Symbol {
    code: u16,
    code_bits: u32,
    token: Token,
    /// By how many bits the table tells it: those of its code, or raw bits as well.
    told_by: u32,
}

impl Table {
    /// Reads what [`super::code::Code::write`] wrote.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let offset = cursor.offset();
        let mut room = [0; TOKENS];
        let lengths = read_lengths(cursor, &mut room)?;
        let present = || lengths.iter().filter(|length| **length > 0);
        let (taken, tokens) =
            (present().map(|length| share(*length)).sum::<usize>(), present().count());
        if !(taken == TABLE || tokens == 1 && taken == TABLE / 2) {
            return Err(Error::Invalid { what: "lengths of a code", offset });
        }
        let (mut symbols, mut bits_max, mut long) = (Vec::with_capacity(tokens + 1), 0, 0);
        each_code(lengths, |index, code| {
            let (code_bits, token) = (u32::from(lengths[index]), Token::from_index(index));
            let bits = code_bits + token.raw_bits();
            bits_max = bits_max.max(bits);
            long += if bits > CODE_BITS_MAX { share(lengths[index]) } else { 0 };
            symbols.push(Symbol { code, code_bits, token, told_by: code_bits });
        });
        if tokens == 1 {
            // It is read for the code that is not used, too.
            symbols.push(Symbol { code: 1, ..symbols[0] });
        }
        let has_numbers = long * LONG_SHARE <= TABLE;
        for symbol in symbols.iter_mut().filter(|_| has_numbers) {
            let bits = symbol.code_bits + symbol.token.raw_bits();
            symbol.told_by = if bits > CODE_BITS_MAX { symbol.code_bits } else { bits };
        }
        Ok(Self { entries: entries(&symbols, has_numbers), has_numbers, bits_max })
    }

    /// Whether it tells whole numbers where they are short enough.
    #[inline(always)]
    pub(super) fn has_numbers(&self) -> bool {
        self.has_numbers
    }

    /// The most bits that a number takes.
    #[inline(always)]
    pub(super) fn bits_max(&self) -> u32 {
        self.bits_max
    }

    /// What strings begin with.
    #[inline(always)]
    pub(super) fn entries(&self) -> &Entries {
        &self.entries
    }
}

/// The entries of all strings. A table by one bit more is the one before twice, and what
/// is told by that many bits.
fn entries(symbols: &[Symbol], has_numbers: bool) -> Box<Entries> {
    let mut made = Box::new(Entries([0; TABLE]));
    let entries = &mut made.0;
    for told_by in 1..=CODE_BITS_MAX {
        let size = 1 << told_by;
        let (before, fresh) = entries[..size].split_at_mut(size / 2);
        fresh.copy_from_slice(before);
        for symbol in symbols.iter().filter(|symbol| symbol.told_by == told_by) {
            let Symbol { code, code_bits, token, .. } = *symbol;
            let (code, raw_bits) = (usize::from(code), token.raw_bits());
            if !has_numbers || code_bits + raw_bits > CODE_BITS_MAX {
                entries[code] = Entry::of_token(code_bits, token).0;
                continue;
            }
            let lead = u64::from(token.lead()) << raw_bits;
            for raw in 0..1 << raw_bits {
                let number = Entry::of_number(told_by, lead | raw as u64);
                entries[code | raw << code_bits] = number.0;
            }
        }
    }
    made
}

#[cfg(test)]
mod tests;
