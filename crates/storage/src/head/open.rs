//! The newest rows of one stream: what the next row is compared with, and packed bytes that
//! are not yet a piece, in one place of memory.
//!
//! ```text
//! time i64 | step i64 | bytes u16 | width u16 | flags u16
//! number u64 of each column | form u8 of each column | packed bytes
//! ```

use super::arena::Arena;
use super::packed::{
    BEGIN, COLUMNS_FIRST, COLUMNS_LISTED, MILLIS, Out, REPEATS_MAX, ROW, TIME_MILLIS, TIME_NANOS,
    fold, hint,
};
use super::pool::Pool;
use crate::error::Damage;
use crate::shape::Shape;
use crate::wal::entry::Entry;
use model::{Kind, ValueRef};

const HEADER_BYTES: usize = 22;
const BYTES_AT: usize = 16;
const WIDTH_AT: usize = 18;
const FLAGS_AT: usize = 20;
/// The last packed byte is a control that repeats, so that one more row only raises it.
const IS_REPEATING: u16 = 1;
/// There is a row before the next.
const HAS_ROWS: u16 = 1 << 1;
/// Of the rows that are in order and not sealed, some have one time.
pub const HAS_EQUAL_TIMES: u16 = 1 << 2;
/// Earlier rows are sealed.
pub const HAS_SEALED: u16 = 1 << 3;
/// There are late rows.
pub const HAS_LATE: u16 = 1 << 4;
/// Bytes for packed rows, before those for each column. With one column, 64 bytes in all, a
/// cache line: of a column that moves that is a dozen rows.
const PACKED_BYTES: usize = 21;
const PACKED_BYTES_EACH: usize = 12;
const PACKED_BYTES_MAX: usize = 4096;

/// Memory of open rows. Pieces of 32 bytes, two of which are a cache line.
pub type Regions = Pool<u8, 32>;

/// How many bytes a stream with so many columns takes.
pub fn size(columns: usize) -> usize {
    let packed = (PACKED_BYTES + PACKED_BYTES_EACH * columns).min(PACKED_BYTES_MAX);
    Regions::size(HEADER_BYTES + 9 * columns + packed)
}

/// The newest rows of one stream.
pub struct Open<'a> {
    header: &'a mut [u8; HEADER_BYTES],
    numbers: &'a mut [[u8; 8]],
    forms: &'a mut [u8],
    packed: &'a mut [u8],
}

/// The time of the last row that was not late.
pub fn time(region: &[u8]) -> i64 {
    i64::from_le_bytes(*region.first_chunk().expect("a region has a header"))
}

/// The packed rows in the region of a stream with so many columns.
pub fn packed(region: &[u8], columns: usize) -> &[u8] {
    &region[HEADER_BYTES + 9 * columns..][..usize::from(u16_at(region, BYTES_AT))]
}

/// What is known of the rows in this region and of those before.
pub fn flags(region: &[u8]) -> u16 {
    u16_at(region, FLAGS_AT)
}

/// Notes something of them.
pub fn raise(region: &mut [u8], flag: u16) {
    set_flags(region, flags(region) | flag);
}

/// Notes that something is not so any more.
pub fn lower(region: &mut [u8], flag: u16) {
    set_flags(region, flags(region) & !flag);
}

fn set_flags(region: &mut [u8], flags: u16) {
    region[FLAGS_AT..FLAGS_AT + 2].copy_from_slice(&flags.to_le_bytes());
}

#[inline]
fn u16_at(region: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([region[at], region[at + 1]])
}

/// One packed row, in memory that is kept from one to the next.
#[derive(Default)]
pub struct Scratch {
    /// The row stands behind [`BEGIN`].
    bytes: Vec<u8>,
    length: usize,
}

impl Scratch {
    /// The row that was packed last.
    #[inline]
    pub fn row(&self) -> &[u8] {
        &self.bytes[1..=self.length]
    }

    /// The same, so that it can be read behind any other.
    pub fn row_alone(&self) -> &[u8] {
        &self.bytes[..=self.length]
    }
}

/// Where packed rows go that are no longer open.
pub struct Chain<'a> {
    pub arena: &'a mut Arena,
    /// The newest piece.
    pub last: &'a mut u32,
    /// How many bytes pieces took.
    pub grown: &'a mut usize,
}

impl Chain<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let (place, size) = self.arena.put(*self.last, bytes);
        *self.last = place;
        *self.grown += size;
    }
}

impl<'a> Open<'a> {
    /// What is in `region`, which has [`size`] bytes for so many columns.
    #[inline]
    pub fn new(region: &'a mut [u8], columns: usize) -> Self {
        let (header, rest) = region.split_first_chunk_mut().expect("a region has a header");
        let (numbers, rest) = rest.split_at_mut(8 * columns);
        let (forms, packed) = rest.split_at_mut(columns);
        Self { header, numbers: numbers.as_chunks_mut().0, forms, packed }
    }

    /// Makes it empty, whatever was in its memory.
    pub fn clear(&mut self) {
        self.forms.fill(0);
        self.set_times(i64::MIN, 0);
        self.set_flags(0);
        self.begin();
    }

    /// Makes it as empty as another with fewer columns, out of whose memory `state` is: rows
    /// go on from there.
    pub fn carry(&mut self, state: &[u8], columns: usize) {
        self.clear();
        let (header, rest) = state.split_first_chunk().expect("a region has a header");
        let (numbers, rest) = rest.split_at(8 * columns);
        *self.header = *header;
        self.numbers[..columns].copy_from_slice(numbers.as_chunks().0);
        self.forms[..columns].copy_from_slice(&rest[..columns]);
    }

    /// Lets the next row be the first, but for the time of the last.
    pub fn begin(&mut self) {
        self.numbers.fill([0; 8]);
        self.forms.iter_mut().for_each(|form| *form = hint(*form));
        self.set_u16(BYTES_AT, 0);
        self.set_u16(WIDTH_AT, 0);
        self.set_flags(self.flags() & !(IS_REPEATING | HAS_ROWS));
    }

    /// The same, so that it can be read behind any other.
    pub fn begin_alone(&mut self) {
        self.begin();
        self.packed[0] = BEGIN;
        self.set_u16(BYTES_AT, 1);
    }

    /// The time of the last row that was not late.
    #[inline]
    pub fn time(&self) -> i64 {
        self.i64_at(0)
    }

    #[inline]
    fn flags(&self) -> u16 {
        u16_at(self.header, FLAGS_AT)
    }

    #[inline]
    fn set_flags(&mut self, flags: u16) {
        self.set_u16(FLAGS_AT, flags);
    }

    #[inline]
    fn i64_at(&self, at: usize) -> i64 {
        let bytes = self.header[at..].first_chunk().expect("inside the header");
        i64::from_le_bytes(*bytes)
    }

    #[inline]
    fn used(&self) -> usize {
        usize::from(u16_at(self.header, BYTES_AT))
    }

    #[inline]
    fn set_u16(&mut self, at: usize, value: u16) {
        self.header[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }

    #[inline]
    fn set_times(&mut self, time: i64, step: i64) {
        self.header[..8].copy_from_slice(&time.to_le_bytes());
        self.header[8..16].copy_from_slice(&step.to_le_bytes());
    }

    /// Adds a row behind the others.
    ///
    /// # Errors
    /// When the row is not what was written for a stream of this shape.
    #[inline]
    pub fn push(
        &mut self,
        entry: &Entry<'_>,
        shape: &Shape,
        scratch: &mut Scratch,
        chain: &mut Chain<'_>,
    ) -> Result<(), Damage> {
        if let Err(damage) = self.pack(entry, shape, scratch) {
            // Numbers may have moved on without their rows.
            self.end_piece(chain);
            self.begin_alone();
            return Err(damage);
        }
        let has_rows = self.flags() & HAS_ROWS != 0;
        let step = if has_rows { entry.timestamp.wrapping_sub(self.time()) } else { 0 };
        let mut used = self.used();
        if used + scratch.length > self.packed.len() {
            self.end_piece(chain);
            used = 0;
        }
        let mut flags = (self.flags() | HAS_ROWS) & !IS_REPEATING;
        if scratch.length > self.packed.len() {
            chain.put(scratch.row());
        } else if let Some(packed) = self.repeated(scratch.row(), used) {
            self.set_u16(BYTES_AT, packed as u16);
            flags |= IS_REPEATING;
        } else {
            self.packed[used..used + scratch.length].copy_from_slice(scratch.row());
            self.set_u16(BYTES_AT, (used + scratch.length) as u16);
        }
        if entry.is_dense {
            self.set_u16(WIDTH_AT, entry.count as u16);
        }
        self.set_flags(flags);
        self.set_times(entry.timestamp, step);
        Ok(())
    }

    /// Makes a piece of the packed rows; the next row goes on from them.
    pub fn end_piece(&mut self, chain: &mut Chain<'_>) {
        let used = self.used();
        if used > 0 {
            chain.put(&self.packed[..used]);
        }
        self.set_u16(BYTES_AT, 0);
        self.set_flags(self.flags() & !IS_REPEATING);
    }

    /// Packs a row into `scratch` as a first one, whatever rows there are, and leaves none.
    ///
    /// # Errors
    /// When the row is not what was written for a stream of this shape.
    pub fn pack_alone(
        &mut self,
        entry: &Entry<'_>,
        shape: &Shape,
        scratch: &mut Scratch,
    ) -> Result<(), Damage> {
        self.clear();
        self.pack(entry, shape, scratch)
    }

    /// Where the row in `scratch` is like the last, counts it; answers how many bytes there
    /// are then.
    #[inline]
    fn repeated(&mut self, scratch: &[u8], used: usize) -> Option<usize> {
        if self.flags() & HAS_ROWS == 0
            || scratch[0] != ROW
            || scratch[1..].iter().any(|byte| *byte != 0)
        {
            return None;
        }
        if self.flags() & IS_REPEATING != 0 && self.packed[used - 1] < REPEATS_MAX {
            self.packed[used - 1] += 1;
            return Some(used);
        }
        self.packed[used] = 0;
        Some(used + 1)
    }

    /// Packs a row into `scratch` as the next one.
    #[inline]
    fn pack(
        &mut self,
        entry: &Entry<'_>,
        shape: &Shape,
        scratch: &mut Scratch,
    ) -> Result<(), Damage> {
        // A control, a time, a count; each value at most two bytes and a code, or what it is
        // in the log and a few more, and its column; and room for a word behind the last.
        let room = 64 + 24 * entry.count + entry.values.len();
        if scratch.bytes.len() < room {
            scratch.bytes.resize(room, 0);
        }
        let has_rows = self.flags() & HAS_ROWS != 0;
        let last_width = usize::from(u16_at(self.header, WIDTH_AT));
        let (time, step) = if has_rows { (self.time(), self.i64_at(8)) } else { (0, 0) };
        scratch.bytes[0] = BEGIN;
        let mut out = Out { bytes: &mut scratch.bytes, place: 2 };
        let more = entry.timestamp.wrapping_sub(time).wrapping_sub(step);
        let how = put_time(&mut out, more);
        let columns = if !entry.is_dense {
            COLUMNS_LISTED
        } else if last_width == entry.count {
            0
        } else {
            COLUMNS_FIRST
        };
        out.bytes[1] = ROW | columns | how;
        if columns != 0 {
            out.code(entry.count as u64);
        }
        let is_words = entry.is_dense && shape.is_words() && entry.values.len() == entry.count * 8;
        if is_words && entry.count <= shape.len() {
            let (words, _) = entry.values.as_chunks::<8>();
            let state = self.numbers.iter_mut().zip(self.forms.iter_mut());
            for ((word, kind), (number, form)) in words.iter().zip(shape.kinds()).zip(state) {
                put_word(&mut out, *kind, u64::from_le_bytes(*word), number, form);
            }
        } else {
            self.pack_each(entry, shape, &mut out)?;
        }
        scratch.length = out.place - 1;
        Ok(())
    }

    fn pack_each(
        &mut self,
        entry: &Entry<'_>,
        shape: &Shape,
        out: &mut Out<'_>,
    ) -> Result<(), Damage> {
        entry.each(shape.columns(), |column, value| {
            if !entry.is_dense {
                out.code(column as u64);
            }
            let word = match value {
                ValueRef::F64(v) => v.to_bits(),
                ValueRef::I64(v) => v.cast_unsigned(),
                ValueRef::U64(v) => v,
                ValueRef::Bool(v) => u64::from(v),
                ValueRef::Str(text) => return out.text(text.as_bytes()),
                ValueRef::Histogram(bytes) => return out.text(bytes),
            };
            let kind = shape.columns()[column].kind;
            put_word(out, kind, word, &mut self.numbers[column], &mut self.forms[column]);
        })
    }
}

#[inline]
fn put_time(out: &mut Out<'_>, more: i64) -> u8 {
    if more == 0 {
        return 0;
    }
    let millis = more / MILLIS;
    if millis * MILLIS == more && i8::try_from(millis).is_ok() {
        out.byte((millis as i8).cast_unsigned());
        return TIME_MILLIS;
    }
    out.code(fold(more));
    TIME_NANOS
}

#[inline]
fn put_word(out: &mut Out<'_>, kind: Kind, word: u64, number: &mut [u8; 8], form: &mut u8) {
    let mut last = u64::from_le_bytes(*number);
    if kind == Kind::F64 {
        out.float(word, &mut last, form);
    } else {
        out.code(fold(word.wrapping_sub(last).cast_signed()));
        last = word;
    }
    *number = last.to_le_bytes();
}
