//! Rows of one stream in few bytes, as the head keeps them: each row is what differs from
//! the one before, so that a row costs what it holds.
//!
//! A piece goes on where the one before it ended, so that short ones cost little more than
//! long ones; the first begins with all columns at 0 and a time of 0.
//!
//! ```text
//! row:    control u8
//!           0x00–0x3f   so many rows and one more, like the last in columns and values, each
//!                       as long after the one before as that was
//!           0x40 | columns << 2 | time
//!         time      0 as long after the last row as that was after its own
//!                   1 that and i8 milliseconds more     2 that and a code of nanoseconds more
//!         columns   0 the first ones, as many as last    1 the first ones: count as a code
//!                   2 count as a code, then before each value its column as a code
//!         value     code of the difference to the column's last number, or one of
//!                   RAW   eight bytes, the number stays what it was
//!                   FORM  u8 by which power of ten the float's number is divided, code of it
//!                   TEXT  length u32, bytes
//! begin:  0x50, what follows is as in a first piece
//! code:   0x00–0xcf itself, 0xd0–0xef: 13 bits more than that, the high ones first,
//!         0xf0 + n: n bytes; signed numbers are folded as zigzag
//! ```
//!
//! It never leaves memory, so that there is no version and no checksum.

use model::{Kind, ValueRef};

/// Controls of rows that are written out.
pub const ROW: u8 = 0x40;
/// What follows does not go on from what was before.
pub const BEGIN: u8 = 0x50;
/// The most rows of a control that repeats.
pub const REPEATS_MAX: u8 = 0x3f;
pub const TIME_MILLIS: u8 = 1;
pub const TIME_NANOS: u8 = 2;
pub const COLUMNS_FIRST: u8 = 1 << 2;
pub const COLUMNS_LISTED: u8 = 2 << 2;
/// Codes up to this stand for themselves.
const PLAIN_MAX: u8 = 0xcf;
/// From here to `LONG`, codes have one byte more.
const SHORT: u8 = PLAIN_MAX + 1;
/// This and how many bytes more a code has.
const LONG: u8 = 0xf0;
/// The greatest number of a code of two bytes.
const SHORT_MAX: u64 = SHORT as u64 + (((LONG - SHORT) as u64) << 8) - 1;
pub const RAW: u8 = 0xf9;
pub const FORM: u8 = 0xfa;
pub const TEXT: u8 = 0xfb;
pub const MILLIS: i64 = 1_000_000;

/// A float of form `n` is its number divided by the `n`th of these.
pub const POWERS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Folds a signed number so that small magnitudes are small.
#[inline]
pub fn fold(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

#[inline]
fn unfold(folded: u64) -> i64 {
    (folded >> 1).cast_signed() ^ -((folded & 1).cast_signed())
}

/// Takes what a piece holds, row by row.
pub trait Take {
    /// A row begins.
    fn row(&mut self, time: i64);

    /// A value of the row that began last.
    fn value(&mut self, column: u32, value: ValueRef<'_>);
}

/// Reads the pieces of a stream, from the oldest to the newest.
pub struct Reader {
    numbers: Vec<u64>,
    forms: Vec<u8>,
    last: Last,
}

/// What a row is read from besides its bytes.
#[derive(Clone, Copy, Default)]
struct Last {
    has_rows: bool,
    time: i64,
    step: i64,
    /// How many of the first columns the last row had.
    width: u32,
}

/// Where in a piece a reader is.
struct At<'a> {
    bytes: &'a [u8],
    place: usize,
    last: Last,
}

impl Reader {
    /// Reads pieces of a stream with these columns.
    pub fn new(kinds: &[Kind]) -> Self {
        Self { numbers: vec![0; kinds.len()], forms: vec![0; kinds.len()], last: Last::default() }
    }

    /// Hands the rows of the next piece to `take`: all columns, or `only` one, which must be
    /// the same for all pieces.
    pub fn read(&mut self, piece: &[u8], kinds: &[Kind], only: Option<u32>, take: &mut impl Take) {
        let at = &mut At { bytes: piece, place: 0, last: self.last };
        while at.place < at.bytes.len() {
            let control = at.byte();
            if control <= REPEATS_MAX {
                self.repeat(at, control, kinds, only, take);
                continue;
            }
            if control == BEGIN {
                self.numbers.fill(0);
                self.forms.fill(0);
                at.last = Last::default();
                continue;
            }
            at.read_time(control & 3);
            take.row(at.last.time);
            if control & 0xc == COLUMNS_LISTED {
                for _ in 0..at.code() {
                    let column = at.code() as u32;
                    self.value(at, column, kinds, only, take);
                }
            } else {
                if control & 0xc == COLUMNS_FIRST {
                    at.last.width = at.code() as u32;
                }
                for column in 0..at.last.width {
                    self.value(at, column, kinds, only, take);
                }
            }
        }
        self.last = at.last;
    }

    fn repeat(
        &self,
        at: &mut At<'_>,
        more: u8,
        kinds: &[Kind],
        only: Option<u32>,
        take: &mut impl Take,
    ) {
        for _ in 0..=more {
            at.last.time = at.last.time.wrapping_add(at.last.step);
            take.row(at.last.time);
            match only {
                Some(column) if column < at.last.width => {
                    take.value(column, self.current(column, kinds));
                }
                Some(_) => {}
                None => {
                    (0..at.last.width).for_each(|c| take.value(c, self.current(c, kinds)));
                }
            }
        }
    }

    #[inline]
    fn value(
        &mut self,
        at: &mut At<'_>,
        column: u32,
        kinds: &[Kind],
        only: Option<u32>,
        take: &mut impl Take,
    ) {
        if only.is_some_and(|only| only != column) {
            return at.skip();
        }
        let place = column as usize;
        let kind = kinds[place];
        match at.bytes[at.place] {
            RAW => {
                at.place += 1;
                let word = at.word();
                return take.value(column, number_of(kind, word));
            }
            TEXT => {
                at.place += 1;
                let bytes = at.text();
                return take.value(column, text_of(kind, bytes));
            }
            FORM => {
                at.place += 1;
                self.forms[place] = at.byte();
                self.numbers[place] = unfold(at.code()).cast_unsigned();
            }
            _ => {
                let difference = unfold(at.code()).cast_unsigned();
                self.numbers[place] = self.numbers[place].wrapping_add(difference);
            }
        }
        take.value(column, self.current(column, kinds));
    }

    /// The value that a column's number stands for.
    #[inline]
    fn current(&self, column: u32, kinds: &[Kind]) -> ValueRef<'static> {
        let (number, kind) = (self.numbers[column as usize], kinds[column as usize]);
        match kind {
            Kind::F64 => {
                let power = POWERS[usize::from(self.forms[column as usize])];
                ValueRef::F64(number.cast_signed() as f64 / power)
            }
            _ => number_of(kind, number),
        }
    }
}

fn number_of(kind: Kind, word: u64) -> ValueRef<'static> {
    match kind {
        Kind::F64 => ValueRef::F64(f64::from_bits(word)),
        Kind::U64 => ValueRef::U64(word),
        Kind::Bool => ValueRef::Bool(word != 0),
        _ => ValueRef::I64(word.cast_signed()),
    }
}

fn text_of(kind: Kind, bytes: &[u8]) -> ValueRef<'_> {
    match kind {
        Kind::Histogram => ValueRef::Histogram(bytes),
        // Texts were checked when they came in.
        _ => ValueRef::Str(std::str::from_utf8(bytes).unwrap_or_default()),
    }
}

impl<'a> At<'a> {
    #[inline]
    fn byte(&mut self) -> u8 {
        self.place += 1;
        self.bytes[self.place - 1]
    }

    fn word(&mut self) -> u64 {
        let bytes = self.bytes[self.place..].first_chunk().expect("a piece is whole");
        self.place += 8;
        u64::from_le_bytes(*bytes)
    }

    fn text(&mut self) -> &'a [u8] {
        let length = self.bytes[self.place..].first_chunk().expect("a piece is whole");
        let start = self.place + 4;
        self.place = start + u32::from_le_bytes(*length) as usize;
        &self.bytes[start..self.place]
    }

    #[inline]
    fn code(&mut self) -> u64 {
        let first = self.byte();
        if first <= PLAIN_MAX {
            return u64::from(first);
        }
        if first < LONG {
            return u64::from(SHORT) + (u64::from(first - SHORT) << 8 | u64::from(self.byte()));
        }
        let count = usize::from(first - LONG);
        let mut word = [0; 8];
        word[..count].copy_from_slice(&self.bytes[self.place..self.place + count]);
        self.place += count;
        u64::from_le_bytes(word)
    }

    /// Passes over one value.
    #[inline]
    fn skip(&mut self) {
        match self.bytes[self.place] {
            ..SHORT => self.place += 1,
            SHORT..LONG => self.place += 2,
            RAW => self.place += 9,
            TEXT => {
                self.place += 1;
                self.text();
            }
            FORM => {
                self.place += 2;
                self.code();
            }
            long => self.place += 1 + usize::from(long - LONG),
        }
    }

    #[inline]
    fn read_time(&mut self, how: u8) {
        let more = match how {
            TIME_MILLIS => i64::from(self.byte().cast_signed()) * MILLIS,
            TIME_NANOS => unfold(self.code()),
            _ => 0,
        };
        let last = &mut self.last;
        if last.has_rows {
            last.step = last.step.wrapping_add(more);
            last.time = last.time.wrapping_add(last.step);
        } else {
            (last.has_rows, last.time) = (true, more);
        }
    }
}

/// Writes codes into a buffer that has room for them.
pub struct Out<'a> {
    pub bytes: &'a mut [u8],
    pub place: usize,
}

impl Out<'_> {
    #[inline]
    pub fn byte(&mut self, byte: u8) {
        self.bytes[self.place] = byte;
        self.place += 1;
    }

    /// Needs room for nine bytes.
    #[inline]
    pub fn code(&mut self, number: u64) {
        if number <= u64::from(PLAIN_MAX) {
            return self.byte(number as u8);
        }
        if number <= SHORT_MAX {
            let rest = number - u64::from(SHORT);
            self.byte(SHORT + (rest >> 8) as u8);
            return self.byte(rest as u8);
        }
        let count = (64 - number.leading_zeros()).div_ceil(8) as u8;
        self.byte(LONG + count);
        self.word(number);
        self.place -= 8 - usize::from(count);
    }

    #[inline]
    pub fn word(&mut self, word: u64) {
        self.bytes[self.place..self.place + 8].copy_from_slice(&word.to_le_bytes());
        self.place += 8;
    }

    pub fn text(&mut self, text: &[u8]) {
        self.byte(TEXT);
        let length = u32::try_from(text.len()).expect("a text is far below 4 GiB");
        self.bytes[self.place..self.place + 4].copy_from_slice(&length.to_le_bytes());
        self.place += 4;
        self.bytes[self.place..self.place + text.len()].copy_from_slice(text);
        self.place += text.len();
    }

    /// A float by what it differs from the column's number, which it replaces. `form` is
    /// the column's, see [`Forms`].
    #[inline]
    pub fn float(&mut self, word: u64, number: &mut u64, form: &mut u8) {
        if usize::from(*form) < POWERS.len()
            && let Some(scaled) = scale(word, usize::from(*form))
        {
            self.code(fold(scaled.wrapping_sub(number.cast_signed())));
            *number = scaled.cast_unsigned();
            return;
        }
        self.float_anew(word, number, form);
    }

    /// A float for which the column's form does not do.
    fn float_anew(&mut self, word: u64, number: &mut u64, form: &mut u8) {
        let is_waiting = *form > WAITING;
        if !is_waiting {
            // What was found for the piece before is tried first: it mostly does again.
            let hint = usize::from(*form & !HINT);
            let hint = (*form & HINT != 0 && hint < POWERS.len()).then_some(hint);
            let found = hint.into_iter().chain(0..POWERS.len());
            let found = found.filter_map(|form| Some((form, scale(word, form)?))).next();
            if let Some((at, scaled)) = found {
                (*form, *number) = (at as u8, scaled.cast_unsigned());
                self.byte(FORM);
                self.byte(at as u8);
                return self.code(fold(scaled));
            }
        }
        // One value that is no decimal, as a marker, says little of the next; two say more.
        *form = match *form {
            WAITING => WAITING + WAITS,
            waiting @ WAITING.. => waiting - 1,
            _ if f64::from_bits(word).is_nan() => *form,
            _ => WAITING,
        };
        self.byte(RAW);
        self.word(word);
    }
}

/// Form of a column before its first value of a piece: this and the form it had before.
pub const HINT: u8 = 0x20;
/// Form of a column whose last value was no decimal; above, so many values are not tried.
const WAITING: u8 = 0x80;
const WAITS: u8 = 16;

/// The form a column begins its next piece with.
pub fn hint(form: u8) -> u8 {
    if usize::from(form) < POWERS.len() { form | HINT } else { form }
}

/// The number that, divided by a power of ten, is the float with these bits.
#[inline]
fn scale(word: u64, form: usize) -> Option<i64> {
    // Adding 1.5 × 2^52 leaves the nearest whole number in the low bits.
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    let shifted = f64::from_bits(word) * POWERS[form] + MAGIC;
    let number = shifted.to_bits().wrapping_sub(MAGIC.to_bits()).cast_signed();
    ((number as f64 / POWERS[form]).to_bits() == word).then_some(number)
}
