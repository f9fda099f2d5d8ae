//! Doubles, every bit pattern: as integers wherever that is lossless.
//!
//! Metrics are mostly decimals that somebody printed. Such a run becomes integers over one
//! power of ten (`decimal`) with the few values that are none patched, whole numbers beyond
//! its range become 64-bit integers, and anything else is kept by its bits (`pattern`), those
//! of the `f32` where it was one, in an order in which near values are near integers. The
//! integer layer packs what comes out.

use crate::cursor::Cursor;
use crate::dispatch::{self, Processor, Work};
use crate::varint::put_u64;
use crate::{Effort, Error, assert_count, integers, prepare};
use decimal::Decimals;
use pattern::{fill_singles, order, unorder, unorder_single};

mod decimal;
mod mode;
mod pattern;
mod values;

pub use decimal::Scale;
pub use mode::mode;
pub use values::{Scaled, Scratch, Values, decode_into};

/// The bit of the head that says that exceptions follow.
const EXCEPTIONS: u8 = 0x40;

/// The integers are bit patterns, ordered.
const BITS: u8 = 0x30;

/// The integers are bit patterns of `f32`, ordered.
const SINGLE: u8 = 0x32;

/// Where one in so many values is an exception, bit patterns are tried as well.
const EXCEPTIONS_DEAR: usize = 8;

/// Encodes runs of doubles; it keeps its scratch memory between them.
#[derive(Debug, Default)]
pub struct Encoder {
    decimals: Decimals,
    integers: integers::Encoder,
    /// Bit patterns or whole numbers, as the integers to write.
    ints: Vec<i64>,
    /// Places of values that are no singles.
    exceptions: Vec<i64>,
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
        let Decimals { ints, exceptions, .. } = &self.decimals;
        put_head(scale.head(), exceptions, values, &mut self.integers, out);
        self.integers.encode(ints, out);
    }

    /// Appends values that are no decimals: whole numbers or singles where all, or nearly all,
    /// are, else bit patterns.
    fn encode_otherwise(&mut self, values: &[f64], out: &mut Vec<u8>) {
        let is_whole = |value: &f64| (*value as i64 as f64).to_bits() == value.to_bits();
        if values.iter().all(is_whole) {
            self.ints.clear();
            self.ints.extend(values.iter().map(|value| *value as i64));
            out.push(Scale::WHOLE.head());
        } else if fill_singles(values, &mut self.ints, &mut self.exceptions) {
            put_head(SINGLE, &self.exceptions, values, &mut self.integers, out);
        } else {
            self.ints.clear();
            self.ints.extend(values.iter().map(|value| order(*value)));
            out.push(BITS);
        }
        self.integers.encode(&self.ints, out);
    }
}

/// Appends the head, and the values at these places as exceptions.
fn put_head(
    head: u8,
    exceptions: &[i64],
    values: &[f64],
    integers: &mut integers::Encoder,
    out: &mut Vec<u8>,
) {
    if exceptions.is_empty() {
        return out.push(head);
    }
    out.push(head | EXCEPTIONS);
    put_u64(out, exceptions.len() as u64);
    integers.encode(exceptions, out);
    let patterns: Vec<i64> = exceptions.iter().map(|at| order(values[*at as usize])).collect();
    integers.encode(&patterns, out);
}

/// What the integers of a run are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Of this scale.
    Scaled(Scale),
    /// Patterns of `f32`.
    Single,
    /// Patterns of doubles.
    Bits,
}

impl Form {
    /// The form that a head names, and whether exceptions follow it.
    fn from_head(head: u8) -> Result<(Self, bool), Error> {
        let has_exceptions = head & EXCEPTIONS != 0;
        let form = match head & !EXCEPTIONS {
            BITS if !has_exceptions => Some(Self::Bits),
            SINGLE => Some(Self::Single),
            head => Scale::from_head(head)
                .filter(|scale| *scale != Scale::WHOLE || !has_exceptions)
                .map(Self::Scaled),
        };
        let unknown = Error::Mode { what: "floats", offset: 0, mode: head };
        form.map(|form| (form, has_exceptions)).ok_or(unknown)
    }

    /// Turns integers into their doubles, of which there are as many.
    #[inline(always)]
    fn convert<P: Processor>(self, ints: &[i64], doubles: &mut [f64]) {
        match self {
            Self::Scaled(scale) => scale.convert::<P>(ints, doubles),
            Self::Single => decimal::each(ints, doubles, unorder_single),
            Self::Bits => decimal::each(ints, doubles, unorder),
        }
    }
}

/// Reads back `count` values into `out`, which is emptied first.
///
/// # Errors
/// Where `bytes` are not what [`Encoder::encode`] appends for `count` values.
pub fn decode(bytes: &[u8], count: usize, out: &mut Vec<f64>) -> Result<(), Error> {
    let mut cursor = Cursor::new(bytes);
    read(&mut cursor, count, out)?;
    cursor.finish()
}

/// The same from a cursor, which is left behind the run: a run tells where it ends.
///
/// # Errors
/// Where what follows is not what [`Encoder::encode`] appends for `count` values.
pub fn read(cursor: &mut Cursor<'_>, count: usize, out: &mut Vec<f64>) -> Result<(), Error> {
    prepare(out, count)?;
    let (form, has_exceptions) = Form::from_head(cursor.u8()?)?;
    let exceptions = if has_exceptions { Some(Exceptions::read(cursor, count)?) } else { None };
    dispatch::run(ReadForm { cursor, count, form, out })?;
    exceptions.map_or(Ok(()), |exceptions| exceptions.put(out))
}

/// Decoding of integers into the doubles of a form.
struct ReadForm<'a, 'b> {
    cursor: &'a mut Cursor<'b>,
    count: usize,
    form: Form,
    out: &'a mut Vec<f64>,
}

impl Work for ReadForm<'_, '_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn on<P: Processor>(self) -> Self::Output {
        let Self { cursor, count, form, out } = self;
        let mut reader = integers::Reader::new(cursor, count)?;
        let (mut room, mut doubles) = ([0; integers::GROUP], [0.0; integers::GROUP]);
        for _ in 0..count.div_ceil(integers::GROUP) {
            let ints = reader.next(&mut room)?;
            let doubles = &mut doubles[..ints.len()];
            form.convert::<P>(ints, doubles);
            out.extend_from_slice(doubles);
        }
        reader.finish()
    }
}

/// Values that are not of the form of their run.
struct Exceptions {
    places: Vec<i64>,
    patterns: Vec<i64>,
    /// Where the places stand.
    offset: usize,
}

impl Exceptions {
    /// Reads those of a run of `count` values.
    fn read(cursor: &mut Cursor<'_>, count: usize) -> Result<Self, Error> {
        let offset = cursor.offset();
        let exceptions = match usize::try_from(cursor.varint()?) {
            Ok(exceptions) if exceptions <= count => exceptions,
            _ => return Err(Error::Invalid { what: "count of exceptions", offset }),
        };
        let offset = cursor.offset();
        let (mut places, mut patterns) = (Vec::new(), Vec::new());
        integers::read_into(cursor, exceptions, &mut places)?;
        integers::read_into(cursor, exceptions, &mut patterns)?;
        Ok(Self { places, patterns, offset })
    }

    /// Puts them in their places.
    fn put(self, values: &mut [f64]) -> Result<(), Error> {
        for (place, pattern) in self.places.into_iter().zip(self.patterns) {
            let value = usize::try_from(place).ok().and_then(|place| values.get_mut(place));
            let invalid = Error::Invalid { what: "place of an exception", offset: self.offset };
            *value.ok_or(invalid)? = unorder(pattern);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
