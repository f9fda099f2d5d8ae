//! One row inside a frame: slot of its stream, time, and values.
//!
//! The length stands first, so that a row of a stream whose definition was lost can be
//! skipped. Numbers and truth values take eight bytes as they are: the head copies them,
//! and the log lives too short to be worth compressing.

use crate::error::Damage;
use crate::shape::ColumnDef;
use codec::cursor::Cursor;
use codec::varint::put_u64;
use model::{Kind, ValueRef};

/// A row has values of the first columns, each once and in their order.
const IS_DENSE: u64 = 1;

/// Appends a row whose values stand in the order of the first columns.
pub fn put_dense<'a>(
    out: &mut Vec<u8>,
    slot: u32,
    timestamp: i64,
    values: impl ExactSizeIterator<Item = ValueRef<'a>>,
) {
    let start = begin(out, slot, timestamp, values.len(), IS_DENSE);
    for value in values {
        put_value(out, value);
    }
    finish(out, start);
}

/// Appends a row whose values say which columns they are of.
pub fn put_sparse<'a>(
    out: &mut Vec<u8>,
    slot: u32,
    timestamp: i64,
    values: impl ExactSizeIterator<Item = (u32, ValueRef<'a>)>,
) {
    let start = begin(out, slot, timestamp, values.len(), 0);
    for (ordinal, value) in values {
        put_u64(out, u64::from(ordinal));
        put_value(out, value);
    }
    finish(out, start);
}

fn begin(out: &mut Vec<u8>, slot: u32, timestamp: i64, count: usize, form: u64) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&slot.to_le_bytes());
    out.extend_from_slice(&timestamp.to_le_bytes());
    put_u64(out, (count as u64) << 1 | form);
    start
}

fn finish(out: &mut [u8], start: usize) {
    let length = u32::try_from(out.len() - start - 4).expect("a row is far below 4 GiB");
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

#[inline]
fn put_value(out: &mut Vec<u8>, value: ValueRef<'_>) {
    let word = match value {
        ValueRef::F64(v) => v.to_bits(),
        ValueRef::I64(v) => v.cast_unsigned(),
        ValueRef::U64(v) => v,
        ValueRef::Bool(v) => u64::from(v),
        ValueRef::Str(text) => return put_bytes(out, text.as_bytes()),
        ValueRef::Histogram(bytes) => return put_bytes(out, bytes),
    };
    out.extend_from_slice(&word.to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A row that was read; its values are not yet.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Which stream it is of.
    pub slot: u32,
    /// Its time.
    pub timestamp: i64,
    /// How many values it has.
    pub count: usize,
    /// Whether these are of the first columns in their order.
    pub is_dense: bool,
    /// Their bytes.
    pub values: &'a [u8],
}

impl<'a> Entry<'a> {
    /// The next row of a frame's payload.
    ///
    /// # Errors
    /// Where it is not what was written.
    pub fn read(from: &mut Cursor<'a>) -> Result<Self, Damage> {
        let length = from.u32()? as usize;
        let body = &mut Cursor::new(from.bytes(length)?);
        let (slot, timestamp) = (body.u32()?, body.u64()?.cast_signed());
        let form = body.varint()?;
        let values = body.bytes(body.remaining())?;
        let count = (form >> 1) as usize;
        if count > values.len() {
            return Err(Damage::new(0, "a row claims more values than it has bytes"));
        }
        Ok(Self { slot, timestamp, count, is_dense: form & IS_DENSE != 0, values })
    }

    /// Whether all its values are of these columns.
    ///
    /// # Errors
    /// Where the values are not what was written for them.
    pub fn fits(&self, columns: &[ColumnDef]) -> Result<bool, Damage> {
        if self.is_dense {
            return Ok(self.count <= columns.len());
        }
        let mut from = Cursor::new(self.values);
        for _ in 0..self.count {
            let ordinal = usize::try_from(from.varint()?).unwrap_or(usize::MAX);
            let Some(column) = columns.get(ordinal) else { return Ok(false) };
            read_value(&mut from, column.kind)?;
        }
        Ok(true)
    }

    /// Hands each value with its column's ordinal to `each`.
    ///
    /// # Errors
    /// Where the values are not what was written for `columns`.
    pub fn each(
        &self,
        columns: &[ColumnDef],
        mut each: impl FnMut(usize, ValueRef<'a>),
    ) -> Result<(), Damage> {
        let mut from = Cursor::new(self.values);
        for place in 0..self.count {
            let ordinal =
                if self.is_dense { place } else { from.varint()?.try_into().unwrap_or(usize::MAX) };
            let column = columns.get(ordinal);
            let column = column.ok_or_else(|| Damage::new(0, "a row has a column too many"))?;
            each(ordinal, read_value(&mut from, column.kind)?);
        }
        Ok(from.finish()?)
    }
}

fn read_value<'a>(from: &mut Cursor<'a>, kind: Kind) -> Result<ValueRef<'a>, Damage> {
    Ok(match kind {
        Kind::F64 => ValueRef::F64(f64::from_bits(from.u64()?)),
        Kind::I64 => ValueRef::I64(from.u64()?.cast_signed()),
        Kind::U64 => ValueRef::U64(from.u64()?),
        Kind::Bool => ValueRef::Bool(from.u64()? != 0),
        Kind::Str => {
            let text = std::str::from_utf8(read_bytes(from)?);
            ValueRef::Str(text.map_err(|_| Damage::new(0, "a text is not UTF-8"))?)
        }
        Kind::Histogram => ValueRef::Histogram(read_bytes(from)?),
    })
}

fn read_bytes<'a>(from: &mut Cursor<'a>) -> Result<&'a [u8], Damage> {
    let count = usize::try_from(from.varint()?).unwrap_or(usize::MAX);
    Ok(from.bytes(count)?)
}
