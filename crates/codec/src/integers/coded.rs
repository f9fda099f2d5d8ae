//! Numbers told by how far they are from a prediction, in a Huffman code of the run's own.
//!
//! This is the form of cold runs: it takes longer to write and to read than groups do, and
//! less space wherever small residuals are commoner than large ones. The encoder tries several
//! predictors (`predictor`), each residual is split into a token and raw bits (`token`), the
//! tokens get a code of at most 11 bits (`code`), and the values take turns in four strings
//! of bits (`streams`), so that a processor reads four at a time, by one look into a `table`
//! each.
//!
//! All choices are made with integers only: the same numbers give the same bytes everywhere.

use super::reader::{add_up, read_divisor, scale};
use crate::Error;
use crate::cursor::Cursor;
use crate::varint::{fold, len_i64, len_u64, put_i64, put_u64};
use code::Code;
use predictor::{CANDIDATES, Predictor};
use table::Table;
use token::{TOKENS, Token};

mod code;
mod predictor;
mod streams;
mod table;
mod token;

/// Shorter runs are not worth a code.
const COUNT_MIN: usize = 32;

/// The code must save this share (1/32) of the other forms' bytes, which are read faster, or
/// this share of a byte a value.
const SAVING_SHARE: usize = 32;

/// A run as it would be written: the integers divided and either as they are or differenced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers<'a> {
    /// The numbers.
    pub(super) numbers: &'a [i64],
    /// Where counting begins: the value of number 0, or the value before the first.
    pub(super) base: i64,
}

/// The best predictor found, and its code.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    predictor: Predictor,
    code: Code,
    len: usize,
}

impl Plan {
    /// The shortest of the candidates for numbers as they are and differenced, where it
    /// saves enough against `rival_len` bytes.
    pub(super) fn of(
        plain: Numbers<'_>,
        deltas: Numbers<'_>,
        divisor: u64,
        rival_len: usize,
    ) -> Option<Self> {
        if plain.numbers.len() < COUNT_MIN {
            return None;
        }
        let limit = rival_len - rival_len.min(plain.numbers.len()) / SAVING_SHARE;
        let mut best: Option<(u64, Predictor, Frequencies)> = None;
        for candidate in CANDIDATES {
            let numbers = if candidate.differences() { deltas } else { plain };
            let predictor = candidate.fitted(numbers.numbers);
            let frequencies = Frequencies::of(predictor, numbers.numbers);
            let bits = frequencies.estimated_bits();
            if best.as_ref().is_none_or(|(least, ..)| bits < *least) {
                best = Some((bits, predictor, frequencies));
            }
        }
        let (_, predictor, frequencies) = best?;
        let code = Code::of(&frequencies.of);
        let numbers = if predictor.differences() { deltas } else { plain };
        let head = 1 + 1 + len_u64(divisor) + len_i64(numbers.base) + len_i64(predictor.start());
        let bits = code.bits(&frequencies.of) + frequencies.raw_bits;
        let len = head + code.stored_len() + streams::len_at_most(bits);
        (len <= limit).then_some(Self { predictor, code, len })
    }

    /// Appends the run, after its mode byte.
    pub(super) fn write(
        &self,
        plain: Numbers<'_>,
        deltas: Numbers<'_>,
        divisor: u64,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        let Numbers { numbers, base } = if self.predictor.differences() { deltas } else { plain };
        out.push(self.predictor.byte());
        put_u64(out, divisor);
        put_i64(out, base);
        put_i64(out, self.predictor.start());
        self.code.write(out);
        let mut residuals = Vec::with_capacity(numbers.len());
        self.predictor.each_residual(numbers, |residual| residuals.push(fold(residual)));
        streams::write(&residuals, &self.code, out);
        debug_assert!(out.len() - start < self.len);
    }
}

/// How often each token occurs, and how many raw bits follow them.
#[derive(Clone, Debug)]
struct Frequencies {
    of: [u32; TOKENS],
    raw_bits: u64,
}

impl Frequencies {
    fn of(predictor: Predictor, numbers: &[i64]) -> Self {
        let mut of = [0; TOKENS];
        predictor.each_residual(numbers, |residual| {
            of[Token::of(fold(residual)).index()] += 1;
        });
        let raw = |(index, times): (usize, &u32)| {
            u64::from(*times) * u64::from(Token::from_index(index).raw_bits())
        };
        let raw_bits = of.iter().enumerate().map(raw).sum();
        Self { of, raw_bits }
    }

    /// The bits of an ideal code, nearly, and of telling the code.
    fn estimated_bits(&self) -> u64 {
        const BITS_TO_TELL: u64 = 4;
        let count: u32 = self.of.iter().sum();
        let all = log2(count);
        let present = self.of.iter().filter(|times| **times > 0);
        let each = present
            .map(|times| u64::from(*times) * (all - log2(*times)) + (BITS_TO_TELL << LOG_BITS));
        self.raw_bits + (each.sum::<u64>() >> LOG_BITS)
    }
}

/// Bits after the point of [`log2`].
const LOG_BITS: u32 = 16;

/// The logarithm of a positive number, in 1/65,536, off by less than 1/100.
fn log2(number: u32) -> u64 {
    let whole = number.ilog2();
    let fraction = (u64::from(number) << LOG_BITS >> whole) - (1 << LOG_BITS);
    // A parabola through both ends: log2(1 + f) is nearly f + 0.343 f (1 - f).
    let bend = (fraction * ((1 << LOG_BITS) - fraction)) >> LOG_BITS;
    (u64::from(whole) << LOG_BITS) + fraction + ((bend * 351) >> 10)
}

/// A run, of which some values have been read.
pub(super) struct Reader<'a> {
    differences: bool,
    divisor: i64,
    /// What is added to values, or the last value.
    base: i64,
    state: predictor::State,
    table: Table,
    streams: streams::Reader<'a>,
}

impl<'a> Reader<'a> {
    /// At the start of a run, after its mode byte.
    pub(super) fn new(cursor: &mut Cursor<'a>, count: usize) -> Result<Self, Error> {
        let offset = cursor.offset();
        let byte = cursor.u8()?;
        let (divisor, base) = (read_divisor(cursor)?, cursor.zigzag()?);
        let Some(predictor) = Predictor::from_byte(byte, cursor.zigzag()?) else {
            return Err(Error::Invalid { what: "predictor", offset });
        };
        let (differences, state) = (predictor.differences(), predictor.begin());
        let table = Table::read(cursor)?;
        let streams = streams::Reader::new(cursor, count)?;
        Ok(Self { differences, divisor, base, state, table, streams })
    }

    /// The next values, of which there must be so many; a multiple of four but at the end.
    #[inline(always)]
    pub(super) fn fill(&mut self, values: &mut [i64]) {
        self.streams.read(&self.table, values);
        self.state.restore(values);
        if self.differences {
            scale(values, self.divisor, 0);
            add_up(values, &mut self.base);
        } else {
            scale(values, self.divisor, self.base);
        }
    }

    /// Makes sure that nothing is left.
    pub(super) fn finish(&self) -> Result<(), Error> {
        self.streams.finish()
    }
}

#[cfg(test)]
mod tests;
