//! Rows to chunk bytes, with scratch memory that is kept from chunk to chunk.

use super::directory::{ColumnEntry, Section, put_column, put_front, put_section};
use super::values::ValueEncoder;
use super::{Sealed, Summary, TEXT_BYTES_MAX, range_of};
use crate::rowset::{ABSENT, Cells, RowSet};
use crate::shape::Shape;
use codec::checksum::crc32c;
use model::value::is_stale;
use model::{Accumulator, Column, Kind};
use std::ops::Range;
use std::sync::Arc;

/// Shorter chunks are decoded as fast as their statistics would be read, which would take
/// more space than the values.
pub const STATISTICS_ROWS_MIN: usize = 128;

/// Encodes chunks.
#[derive(Default)]
pub struct Encoder {
    values: ValueEncoder,
    present: Vec<bool>,
    directory: Vec<u8>,
    sections: Vec<u8>,
    entries: Vec<ColumnEntry>,
}

impl Encoder {
    /// Appends some rows of a set to `out` as one chunk. There must be at least one.
    pub fn encode(&mut self, rows: &RowSet, range: Range<usize>, out: &mut Vec<u8>) -> Summary {
        let timestamps = &rows.timestamps[range.clone()];
        assert!(timestamps.is_sorted_by(|a, b| a < b), "timestamps of a chunk rise strictly");
        assert!(!timestamps.is_empty(), "a chunk has rows");
        self.sections.clear();
        self.entries.clear();
        codec::timestamps::encode(timestamps, &mut self.sections);
        let times = Section::new(0, &self.sections);
        for (ordinal, cells) in rows.columns.iter().enumerate() {
            self.encode_column(ordinal, cells, range.clone(), timestamps);
        }
        let time_range = range_of(timestamps);
        self.directory.clear();
        put_front(&mut self.directory, time_range, timestamps.len());
        put_section(&mut self.directory, &times);
        codec::varint::put_u64(&mut self.directory, self.entries.len() as u64);
        for entry in &self.entries {
            put_column(&mut self.directory, entry, time_range.start);
        }
        let sum = crc32c(&self.directory);
        self.directory.extend_from_slice(&sum.to_le_bytes());
        out.extend_from_slice(&self.directory);
        out.extend_from_slice(&self.sections);
        let bytes = self.directory.len() + self.sections.len();
        Summary {
            bytes: u32::try_from(bytes).expect("texts of a chunk were cut to TEXT_BYTES_MAX"),
            directory_bytes: self.directory.len() as u32,
            rows: timestamps.len() as u32,
            range: time_range,
        }
    }

    /// Seals all rows of a set into one chunk in memory.
    pub fn seal(&mut self, rows: &RowSet, shape: &Arc<Shape>) -> Sealed {
        let mut bytes = Vec::new();
        let summary = self.encode(rows, 0..rows.timestamps.len(), &mut bytes);
        Sealed { shape: shape.clone(), summary, bytes: bytes.into() }
    }

    fn encode_column(
        &mut self,
        ordinal: usize,
        cells: &Cells,
        rows: Range<usize>,
        timestamps: &[i64],
    ) {
        let (values, ranks) = cells.cut(rows);
        if values.is_empty() {
            return;
        }
        let start = self.sections.len();
        self.present.clear();
        if values.len() < timestamps.len() {
            self.present.extend(ranks.iter().map(|rank| *rank != ABSENT));
            codec::bools::encode(&self.present, &mut self.sections);
        }
        let presence_bytes = (self.sections.len() - start) as u32;
        self.values.encode(&cells.values, values.clone(), &mut self.sections);
        let count = values.len() as u32;
        let statistics = self.statistics(&cells.values, values, timestamps);
        let section = Section::new(start, &self.sections[start..]);
        let (ordinal, kind) = (ordinal as u32, cells.values.kind());
        let entry = ColumnEntry { ordinal, kind, count, presence_bytes, section, statistics };
        self.entries.push(entry);
    }

    /// What windows need of these values; none where they must be decoded for it.
    fn statistics(
        &self,
        values: &Column,
        at: Range<usize>,
        timestamps: &[i64],
    ) -> Option<Accumulator> {
        if !values.kind().is_numeric() || timestamps.len() < STATISTICS_ROWS_MIN {
            return None;
        }
        let mut window = Accumulator::default();
        let mut is_finite = true;
        let has = |row: &usize| self.present.get(*row).is_none_or(|has| *has);
        for (row, index) in (0..timestamps.len()).filter(has).zip(at) {
            let value = values.get(index).as_f64()?;
            is_finite &= value.is_finite() || is_stale(value);
            if !is_stale(value) {
                window.push(timestamps[row], value);
            }
        }
        // Sums of finite values may still overflow, and then no longer merge.
        (is_finite && window.sum().is_finite()).then_some(window)
    }
}

/// Where to cut rows into chunks: of about `aim` rows, a quarter more at most, and of texts
/// at most [`TEXT_BYTES_MAX`] where that is more than one row. Chunks come out of about one
/// length.
pub fn cuts(rows: &RowSet, range: Range<usize>, aim: usize) -> Vec<Range<usize>> {
    let texts: Vec<&Cells> = rows
        .columns
        .iter()
        .filter(|cells| matches!(cells.values.kind(), Kind::Str | Kind::Histogram))
        .collect();
    let pieces = chunks_of(range.len(), aim);
    let rows_each = range.len().div_ceil(pieces).max(1);
    let text_bytes = |row: usize| -> usize {
        let of = |cells: &&Cells| match cells.get(row) {
            Some(model::ValueRef::Str(text)) => text.len(),
            Some(model::ValueRef::Histogram(bytes)) => bytes.len(),
            _ => 0,
        };
        texts.iter().map(of).sum()
    };
    let mut cuts = Vec::with_capacity(pieces);
    let (mut start, mut bytes) = (range.start, 0);
    for row in range.clone() {
        let more = if texts.is_empty() { 0 } else { text_bytes(row) };
        if row > start && (row - start >= rows_each || bytes + more > TEXT_BYTES_MAX) {
            cuts.push(start..row);
            (start, bytes) = (row, 0);
        }
        bytes += more;
    }
    if start < range.end {
        cuts.push(start..range.end);
    }
    cuts
}

/// How many chunks of about `aim` rows so many rows make: a few more are no reason for
/// two short chunks in place of one.
pub fn chunks_of(rows: usize, aim: usize) -> usize {
    rows.div_ceil(aim + aim / 4).max(1)
}
