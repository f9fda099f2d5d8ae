//! Doubles, every bit pattern: as integers wherever that is lossless.
//!
//! Metrics are mostly decimals that somebody printed. Such a run becomes integers over one
//! power of ten (`decimal`) with the few values that are none patched, whole numbers beyond
//! its range become 64-bit integers, and anything else is kept by its bits, in an order in
//! which near values are near integers. The integer layer packs what comes out; it also finds
//! the zero bits that doubles born as `f32` end in.

use crate::cursor::Cursor;
use crate::varint::put_u64;
use crate::{Error, assert_count, integers, prepare};
use decimal::Decimals;

mod decimal;
mod values;

pub use decimal::Scale;
pub use values::{Scaled, Scratch, Values, decode_into};

/// The bit of the head that says that exceptions follow.
const EXCEPTIONS: u8 = 0x40;

/// The integers are bit patterns, ordered.
const BITS: u8 = 0x30;

/// Where one in so many values is an exception, bit patterns are tried as well.
const EXCEPTIONS_DEAR: usize = 8;

/// Encodes runs of doubles; it keeps its scratch memory between them.
#[derive(Debug, Default)]
pub struct Encoder {
    decimals: Decimals,
    integers: integers::Encoder,
    /// Bit patterns or whole numbers, as the integers to write.
    ints: Vec<i64>,
    /// A second encoding, to compare with.
    rival: Vec<u8>,
}

impl Encoder {
    /// An encoder without scratch memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends `values`.
    ///
    /// # Panics
    /// Where there are more than [`crate::COUNT_MAX`] values.
    pub fn encode(&mut self, values: &[f64], out: &mut Vec<u8>) {
        assert_count(values.len());
        let Some(scale) = self.decimals.find(values) else {
            return self.encode_otherwise(values, out);
        };
        let start = out.len();
        self.encode_decimals(scale, values, out);
        if self.decimals.exceptions.len() > values.len() / EXCEPTIONS_DEAR {
            let mut rival = std::mem::take(&mut self.rival);
            rival.clear();
            self.encode_otherwise(values, &mut rival);
            if rival.len() < out.len() - start {
                out.truncate(start);
                out.extend_from_slice(&rival);
            }
            self.rival = rival;
        }
    }

    fn encode_decimals(&mut self, scale: Scale, values: &[f64], out: &mut Vec<u8>) {
        let exceptions = &self.decimals.exceptions;
        if exceptions.is_empty() {
            out.push(scale.head());
        } else {
            out.push(scale.head() | EXCEPTIONS);
            put_u64(out, exceptions.len() as u64);
            self.ints.clear();
            self.ints.extend(exceptions.iter().map(|at| order(values[*at as usize])));
            self.integers.encode(exceptions, out);
            self.integers.encode(&self.ints, out);
        }
        self.integers.encode(&self.decimals.ints, out);
    }

    /// Appends values that are no decimals: whole numbers where all are, else bit patterns.
    fn encode_otherwise(&mut self, values: &[f64], out: &mut Vec<u8>) {
        let is_whole = |value: &f64| (*value as i64 as f64).to_bits() == value.to_bits();
        self.ints.clear();
        if values.iter().all(is_whole) {
            self.ints.extend(values.iter().map(|value| *value as i64));
            out.push(Scale::WHOLE.head());
        } else {
            self.ints.extend(values.iter().map(|value| order(*value)));
            out.push(BITS);
        }
        self.integers.encode(&self.ints, out);
    }
}

/// The bits of a double as an integer that is ordered as IEEE 754's total order is.
#[inline]
fn order(value: f64) -> i64 {
    flip(value.to_bits() as i64)
}

/// The double of such an integer.
#[inline]
fn unorder(ordered: i64) -> f64 {
    f64::from_bits(flip(ordered) as u64)
}

/// Negative doubles count downwards: all bits but the sign are inverted. Its own inverse.
#[inline]
fn flip(bits: i64) -> i64 {
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// Reads back `count` values into `out`, which is emptied first.
///
/// # Errors
/// Where `bytes` are not what [`Encoder::encode`] appends for `count` values.
pub fn decode(bytes: &[u8], count: usize, out: &mut Vec<f64>) -> Result<(), Error> {
    prepare(out, count)?;
    let mut cursor = Cursor::new(bytes);
    let head = cursor.u8()?;
    match head {
        BITS => {
            let each = &mut |ints: &[i64]| out.extend(ints.iter().map(|int| unorder(*int)));
            integers::read(&mut cursor, count, each)?;
        }
        _ => {
            let scale = Scale::from_head(head & !EXCEPTIONS);
            let has_exceptions = head & EXCEPTIONS != 0;
            match scale {
                Some(scale) if !has_exceptions => {
                    integers::read(&mut cursor, count, &mut |ints| scale.extend(ints, out))?;
                }
                Some(scale) if scale != Scale::WHOLE => {
                    decode_with_exceptions(&mut cursor, scale, count, out)?;
                }
                _ => return Err(Error::Mode { what: "floats", offset: 0, mode: head }),
            }
        }
    }
    cursor.finish()
}

fn decode_with_exceptions(
    cursor: &mut Cursor<'_>,
    scale: Scale,
    count: usize,
    out: &mut Vec<f64>,
) -> Result<(), Error> {
    let offset = cursor.offset();
    let exceptions = match usize::try_from(cursor.varint()?) {
        Ok(exceptions) if exceptions <= count => exceptions,
        _ => return Err(Error::Invalid { what: "count of exceptions", offset }),
    };
    let places_offset = cursor.offset();
    let (mut places, mut patches) = (Vec::new(), Vec::new());
    integers::read(cursor, exceptions, &mut |some| places.extend_from_slice(some))?;
    integers::read(cursor, exceptions, &mut |some| patches.extend_from_slice(some))?;
    integers::read(cursor, count, &mut |ints| scale.extend(ints, out))?;
    for (place, patch) in places.into_iter().zip(patches) {
        let value = usize::try_from(place).ok().and_then(|place| out.get_mut(place));
        *value.ok_or(Error::Invalid { what: "place of an exception", offset: places_offset })? =
            unorder(patch);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
