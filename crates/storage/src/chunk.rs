//! Rows of one stream as compressed bytes: a directory, timestamps, and columns.
//!
//! The directory says where each section is, with its checksum and, for numbers, with what
//! windows that cover the whole chunk need (count, sum, extremes, ends, increase). Columns
//! share the timestamps; one that lacks rows says which. The head seals its long buffers
//! into such bytes, which never leave memory; blocks hold the same values column by column.
//!
//! Statistics never count staleness markers; a column with another NaN or an infinity has
//! none, so that such chunks are decoded.

mod directory;
mod encoder;
mod values;

pub use directory::{ColumnEntry, Directory, Section};
pub use encoder::{Encoder, chunks_of, cuts};
pub use values::ValueEncoder;

use crate::error::Damage;
use crate::rowset::{Cells, RowSet};
use crate::shape::Shape;
use model::{Column, Kind, TimeRange, Timestamp};
use std::sync::Arc;

/// The most rows in a chunk: beyond about 2,000 decoding gains little (`facts/engine.md`).
pub const ROWS_MAX: usize = 2048;
/// How many rows chunks have that are not expected to change any more.
pub const COLD_ROWS: usize = 8192;
/// The most bytes of text and histograms in a chunk that has more than one row.
pub const TEXT_BYTES_MAX: usize = 4 << 20;

/// What an index knows of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many bytes it takes.
    pub bytes: u32,
    /// How many of these are its directory.
    pub directory_bytes: u32,
    /// How many rows it has.
    pub rows: u32,
    /// The first and the last row.
    pub range: TimeRange,
}

/// A chunk in memory.
#[derive(Debug)]
pub struct Sealed {
    /// The columns that its ordinals mean.
    pub shape: Arc<Shape>,
    /// What an index would know.
    pub summary: Summary,
    /// All its bytes.
    pub bytes: Box<[u8]>,
}

/// Decodes a whole chunk.
///
/// # Errors
/// Where it is damaged.
pub fn decode(bytes: &[u8], summary: &Summary, ordinals: &[Option<u32>]) -> Result<RowSet, Damage> {
    let directory_end = summary.directory_bytes as usize;
    let head = bytes.get(..directory_end).ok_or_else(|| Damage::new(0, "chunk is cut short"))?;
    let mut directory = Directory::parse(head)?;
    let mut rows = RowSet::default();
    let section = directory.timestamps;
    decode_timestamps(section.of(bytes)?, directory.rows, &mut rows.timestamps)?;
    let columns = ordinals.iter().flatten().max().map_or(0, |last| *last as usize + 1);
    rows.columns = (0..columns).map(|_| Cells::new(Kind::F64)).collect();
    let mut present = Vec::new();
    while let Some(entry) = directory.next_column()? {
        let Some(Some(ordinal)) = ordinals.get(entry.ordinal as usize) else { continue };
        let cells = &mut rows.columns[*ordinal as usize];
        *cells = Cells::new(entry.kind);
        let is_partial = entry.decode(bytes, directory.rows, &mut present, &mut cells.values)?;
        if is_partial {
            cells.set_present(&present);
        }
    }
    Ok(rows)
}

/// Decodes timestamps, which must rise strictly.
///
/// # Errors
/// Where they are damaged.
pub fn decode_timestamps(bytes: &[u8], count: u32, out: &mut Vec<i64>) -> Result<(), Damage> {
    codec::timestamps::decode(bytes, count as usize, out)?;
    if out.is_sorted_by(|a, b| a < b) {
        Ok(())
    } else {
        Err(Damage::new(0, "timestamps of a chunk do not rise"))
    }
}

/// Decodes `count` values of the kind that `out` is of.
///
/// # Errors
/// Where they are damaged.
pub fn decode_values(bytes: &[u8], count: usize, out: &mut Column) -> Result<(), Damage> {
    out.clear();
    match out {
        Column::F64(values) => codec::floats::decode(bytes, count, values)?,
        Column::I64(values) => codec::integers::decode(bytes, count, values)?,
        Column::U64(values) => {
            let mut signed = Vec::new();
            codec::integers::decode(bytes, count, &mut signed)?;
            values.extend(signed.into_iter().map(i64::cast_unsigned));
        }
        Column::Bool(values) => codec::bools::decode(bytes, count, values)?,
        Column::Str(values) => {
            let mut is_text = true;
            codec::strings::decode(bytes, count, |entry| {
                is_text &= std::str::from_utf8(entry).is_ok();
                values.push(entry);
            })?;
            if !is_text {
                return Err(Damage::new(0, "a text is not UTF-8"));
            }
        }
        Column::Histogram(values) => {
            codec::strings::decode(bytes, count, |entry| values.push(entry))?;
        }
    }
    Ok(())
}

/// How `count` encoded values of a kind are written: what they are, and how that is packed.
///
/// # Errors
/// Where they are damaged.
pub fn mode(
    kind: Kind,
    bytes: &[u8],
    count: usize,
) -> Result<(&'static str, &'static str), Damage> {
    Ok(match kind {
        Kind::F64 => codec::floats::mode(bytes, count)?,
        Kind::I64 | Kind::U64 => ("integer", codec::integers::mode(bytes)),
        Kind::Bool => ("boolean", "bits or runs"),
        Kind::Str | Kind::Histogram => {
            let is_plain = bytes.first() == Some(&0);
            ("text", if is_plain { "plain" } else { "dictionary" })
        }
    })
}

/// The range from the first to the last of rising timestamps.
fn range_of(timestamps: &[i64]) -> TimeRange {
    match (timestamps.first(), timestamps.last()) {
        (Some(first), Some(last)) => TimeRange::new(Timestamp(*first), Timestamp(*last)),
        _ => TimeRange::new(Timestamp::MAX, Timestamp::MIN),
    }
}

#[cfg(test)]
mod tests;
