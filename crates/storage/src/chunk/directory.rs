//! The directory of a chunk: where its sections are, and statistics of its columns.

use super::decode_values;
use crate::error::Damage;
use crate::notation::number;
use codec::checksum::crc32c;
use codec::cursor::Cursor;
use codec::varint::{put_i64, put_u64};
use model::{Accumulator, Column, Kind, TimeRange, Timestamp};

/// Bits of a column's flags.
const IS_PARTIAL: u8 = 1;
const HAS_STATISTICS: u8 = 2;

/// Some bytes of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Where they begin, counted from the chunk's first byte.
    pub offset: u32,
    /// How many there are.
    pub bytes: u32,
    /// Their checksum.
    pub crc: u32,
}

impl Section {
    /// A section of these bytes.
    pub fn new(offset: usize, bytes: &[u8]) -> Self {
        Self { offset: offset as u32, bytes: bytes.len() as u32, crc: crc32c(bytes) }
    }

    /// Its bytes out of a whole chunk, checked.
    ///
    /// # Errors
    /// Where they are not there or damaged.
    pub fn of<'a>(&self, chunk: &'a [u8]) -> Result<&'a [u8], Damage> {
        let rest = chunk.get(self.offset as usize..);
        let found = rest.and_then(|rest| rest.get(..self.bytes as usize));
        let found = found.ok_or_else(|| self.damage("chunk section is cut short"))?;
        self.check(found)?;
        Ok(found)
    }

    /// Checks bytes that were read from where it says.
    ///
    /// # Errors
    /// Where they are damaged.
    pub fn check(&self, found: &[u8]) -> Result<(), Damage> {
        if crc32c(found) == self.crc {
            return Ok(());
        }
        Err(self.damage("chunk section has a checksum that does not match"))
    }

    fn damage(&self, what: &str) -> Damage {
        Damage::new(u64::from(self.offset), what)
    }
}

/// What the directory says of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnEntry {
    /// Which column of the stream's shape it is.
    pub ordinal: u32,
    /// What it holds.
    pub kind: Kind,
    /// How many rows have a value.
    pub count: u32,
    /// How many bytes of the section say which rows have one; 0 where all have.
    pub presence_bytes: u32,
    /// Presence and values.
    pub section: Section,
    /// What is known of its values, staleness markers left out; none of text, and none
    /// where a value is not finite.
    pub statistics: Option<Accumulator>,
}

impl ColumnEntry {
    /// Decodes its values, and which rows have one; answers whether some have none.
    /// `chunk` are all bytes of the chunk.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn decode(
        &self,
        chunk: &[u8],
        rows: u32,
        present: &mut Vec<bool>,
        values: &mut Column,
    ) -> Result<bool, Damage> {
        self.decode_section(self.section.of(chunk)?, rows, present, values)
    }

    /// The same, out of the bytes of its section alone, which were checked.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn decode_section(
        &self,
        section: &[u8],
        rows: u32,
        present: &mut Vec<bool>,
        values: &mut Column,
    ) -> Result<bool, Damage> {
        let at = u64::from(self.section.offset);
        let presence = self.presence_bytes as usize;
        let (presence, encoded) = section
            .split_at_checked(presence)
            .ok_or_else(|| Damage::new(at, "presence is longer than its section"))?;
        present.clear();
        let is_partial = !presence.is_empty();
        let mut expected = rows as usize;
        if is_partial {
            codec::bools::decode(presence, rows as usize, present)?;
            expected = present.iter().filter(|has| **has).count();
        }
        if expected != self.count as usize {
            return Err(Damage::new(at, "a column has more or fewer values than rows"));
        }
        decode_values(encoded, expected, values)?;
        Ok(is_partial)
    }
}

/// The directory of a chunk, read column by column.
#[derive(Clone, Debug)]
pub struct Directory<'a> {
    /// How many rows the chunk has.
    pub rows: u32,
    /// Its timestamps.
    pub timestamps: Section,
    first: i64,
    columns_left: u64,
    next_offset: u64,
    from: Cursor<'a>,
}

impl<'a> Directory<'a> {
    /// Reads the front of a directory. `bytes` are all of it.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Damage> {
        let Some((body, sum)) = bytes.split_last_chunk::<4>() else {
            return Err(Damage::new(0, "chunk directory is cut short"));
        };
        if crc32c(body) != u32::from_le_bytes(*sum) {
            return Err(Damage::new(0, "chunk directory has a checksum that does not match"));
        }
        let mut from = Cursor::new(body);
        let rows = number(&mut from)?;
        let first = from.zigzag()?;
        let mut directory = Self {
            rows,
            timestamps: Section { offset: bytes.len() as u32, bytes: 0, crc: 0 },
            first,
            columns_left: 0,
            next_offset: bytes.len() as u64,
            from,
        };
        directory.timestamps = directory.next_section()?;
        directory.columns_left = directory.from.varint()?;
        Ok(directory)
    }

    /// The next column; none behind the last.
    ///
    /// # Errors
    /// Where the directory is damaged.
    pub fn next_column(&mut self) -> Result<Option<ColumnEntry>, Damage> {
        if self.columns_left == 0 {
            return Ok(None);
        }
        self.columns_left -= 1;
        let ordinal = number(&mut self.from)?;
        let number_of_kind = self.from.u8()?;
        let kind = Kind::from_u8(number_of_kind).ok_or_else(|| {
            Damage::new(0, format!("value kind {number_of_kind} is not known to this version"))
        })?;
        let flags = self.from.u8()?;
        let count = number(&mut self.from)?;
        let presence_bytes = if flags & IS_PARTIAL != 0 { number(&mut self.from)? } else { 0 };
        let section = self.next_section()?;
        let statistics =
            if flags & HAS_STATISTICS != 0 { Some(self.read_statistics()?) } else { None };
        Ok(Some(ColumnEntry { ordinal, kind, count, presence_bytes, section, statistics }))
    }

    /// The column with this ordinal, where the chunk has it. Columns stand in the order of
    /// ordinals, and one that was passed is not found again.
    ///
    /// # Errors
    /// Where the directory is damaged.
    pub fn column(&mut self, ordinal: u32) -> Result<Option<ColumnEntry>, Damage> {
        while let Some(entry) = self.next_column()? {
            if entry.ordinal >= ordinal {
                return Ok((entry.ordinal == ordinal).then_some(entry));
            }
        }
        Ok(None)
    }

    fn next_section(&mut self) -> Result<Section, Damage> {
        let bytes: u32 = number(&mut self.from)?;
        let crc = self.from.u32()?;
        let offset = u32::try_from(self.next_offset);
        let offset = offset.map_err(|_| Damage::new(0, "a chunk is longer than 4 GiB"))?;
        self.next_offset += u64::from(bytes);
        Ok(Section { offset, bytes, crc })
    }

    fn read_statistics(&mut self) -> Result<Accumulator, Damage> {
        let count = self.from.varint()?;
        if count == 0 {
            return Ok(Accumulator::default());
        }
        let first = self.first;
        let mut value = || get_f64(&mut self.from);
        let (sum, compensation) = (value()?, value()?);
        let (min, max, ends) = (value()?, value()?, (value()?, value()?));
        let increase = value()?;
        let resets = self.from.varint()?;
        let mut time = || self.from.zigzag().map(|after| first.wrapping_add(after));
        let (min_at, max_at, first_at, last_at) = (time()?, time()?, time()?, time()?);
        let mut window = Accumulator::default().with_sum_parts(sum, compensation);
        window.count = count;
        (window.min, window.min_at) = (min, min_at);
        (window.max, window.max_at) = (max, max_at);
        (window.first, window.first_at) = (ends.0, first_at);
        (window.last, window.last_at) = (ends.1, last_at);
        (window.increase, window.resets) = (increase, resets);
        Ok(window)
    }
}

/// What the directory of a chunk begins with.
pub fn put_front(out: &mut Vec<u8>, range: TimeRange, rows: usize) {
    put_u64(out, rows as u64);
    put_i64(out, range.start.0);
}

/// Size and checksum of a section; its offset follows from those before it.
pub fn put_section(out: &mut Vec<u8>, section: &Section) {
    put_u64(out, u64::from(section.bytes));
    out.extend_from_slice(&section.crc.to_le_bytes());
}

/// One column of the directory.
pub fn put_column(out: &mut Vec<u8>, entry: &ColumnEntry, first: Timestamp) {
    put_u64(out, u64::from(entry.ordinal));
    out.push(entry.kind as u8);
    let is_partial = if entry.presence_bytes > 0 { IS_PARTIAL } else { 0 };
    out.push(is_partial | if entry.statistics.is_some() { HAS_STATISTICS } else { 0 });
    put_u64(out, u64::from(entry.count));
    if entry.presence_bytes > 0 {
        put_u64(out, u64::from(entry.presence_bytes));
    }
    put_section(out, &entry.section);
    if let Some(window) = &entry.statistics {
        put_statistics(out, window, first);
    }
}

fn put_statistics(out: &mut Vec<u8>, window: &Accumulator, first: Timestamp) {
    put_u64(out, window.count);
    if window.count == 0 {
        return;
    }
    let (sum, compensation) = window.sum_parts();
    let ends = [window.first, window.last];
    for value in [sum, compensation, window.min, window.max, ends[0], ends[1], window.increase] {
        put_f64(out, value);
    }
    put_u64(out, window.resets);
    for at in [window.min_at, window.max_at, window.first_at, window.last_at] {
        put_i64(out, at.wrapping_sub(first.0));
    }
}

/// How a float is written: the low two bits of a varint. The upper ones hold a whole number
/// `n`, folded as zigzag, which the float is, or is divided by a power of ten.
const WHOLE: u64 = 0;
const RAW: u64 = 1;
const TENTHS: u64 = 2;
const THOUSANDTHS: u64 = 3;

/// A float, short where it has few digits, as most values, extremes and ends have.
fn put_f64(out: &mut Vec<u8>, value: f64) {
    for (form, divisor) in [(WHOLE, 1.0), (TENTHS, 10.0), (THOUSANDTHS, 1000.0)] {
        let whole = (value * divisor).round() as i64;
        let is_exact = (whole as f64 / divisor).to_bits() == value.to_bits();
        if is_exact && whole.unsigned_abs() < 1 << 60 {
            let folded = ((whole << 1) ^ (whole >> 63)).cast_unsigned();
            return put_u64(out, folded << 2 | form);
        }
    }
    put_u64(out, RAW);
    out.extend_from_slice(&value.to_bits().to_le_bytes());
}

fn get_f64(from: &mut Cursor<'_>) -> Result<f64, codec::Error> {
    let front = from.varint()?;
    let folded = front >> 2;
    let whole = ((folded >> 1).cast_signed() ^ -((folded & 1).cast_signed())) as f64;
    Ok(match front & 3 {
        WHOLE => whole,
        TENTHS => whole / 10.0,
        THOUSANDTHS => whole / 1000.0,
        _ => f64::from_bits(from.u64()?),
    })
}

#[cfg(test)]
mod tests;
