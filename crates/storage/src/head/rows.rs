//! The open rows of one stream, row by row in one piece of memory.
//!
//! A row is `time | which columns it has (one bit each) | one word for each column`, so that
//! taking in a row touches one place and not one for each column. Texts and histograms lie
//! in `bytes`, their word says where. Rows are kept in the order they came; times need not
//! rise and may repeat, the later row wins.

use crate::rowset::RowSource;
use crate::shape::Shape;
use model::{Kind, TimeRange, Timestamp, ValueRef};
use std::sync::Arc;

/// The open rows of one stream.
#[derive(Clone, Debug)]
pub struct Rows {
    shape: Arc<Shape>,
    data: Vec<u64>,
    bytes: Vec<u8>,
    range: TimeRange,
    is_rising: bool,
}

impl Rows {
    /// No rows of this shape.
    pub fn new(shape: Arc<Shape>) -> Self {
        Self {
            shape,
            data: Vec::new(),
            bytes: Vec::new(),
            range: TimeRange::new(Timestamp::MAX, Timestamp::MIN),
            is_rising: true,
        }
    }

    /// The columns they have.
    pub fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.data.len() / self.stride()
    }

    /// The first and the last time.
    pub fn range(&self) -> TimeRange {
        self.range
    }

    /// Whether times rise strictly.
    pub fn is_rising(&self) -> bool {
        self.is_rising
    }

    /// How much memory they take.
    pub fn memory(&self) -> usize {
        self.data.capacity() * size_of::<u64>() + self.bytes.capacity()
    }

    /// How many bytes of text there are.
    pub fn text_bytes(&self) -> usize {
        self.bytes.len()
    }

    fn stride(&self) -> usize {
        1 + self.presence() + self.shape.len()
    }

    /// How many words say which columns a row has.
    fn presence(&self) -> usize {
        self.shape.len().div_ceil(u64::BITS as usize)
    }

    /// Begins a row, or goes on with the last one where that has the same time; answers
    /// where it is.
    pub fn open(&mut self, timestamp: i64) -> usize {
        let stride = self.stride();
        let last = self.data.len().checked_sub(stride);
        match last.map(|at| (at, self.data[at].cast_signed())) {
            Some((at, same)) if same == timestamp => return at,
            Some((_, before)) => self.is_rising &= before < timestamp,
            None => {}
        }
        let at = self.data.len();
        self.data.resize(at + stride, 0);
        self.data[at] = timestamp.cast_unsigned();
        let time = Timestamp(timestamp);
        self.range = self.range.union(&TimeRange::new(time, time));
        at
    }

    /// Sets a value of the row at `at`.
    pub fn set(&mut self, at: usize, column: usize, value: ValueRef<'_>) {
        let word = match value {
            ValueRef::F64(v) => v.to_bits(),
            ValueRef::I64(v) => v.cast_unsigned(),
            ValueRef::U64(v) => v,
            ValueRef::Bool(v) => u64::from(v),
            ValueRef::Str(text) => self.keep(text.as_bytes()),
            ValueRef::Histogram(bytes) => self.keep(bytes),
        };
        let presence = self.presence();
        self.data[at + 1 + column / 64] |= 1 << (column % 64);
        self.data[at + 1 + presence + column] = word;
    }

    /// Sets the first columns of the row at `at` from words as they stand in the log.
    pub fn set_words(&mut self, at: usize, values: &[u8]) {
        let presence = self.presence();
        let (words, _) = values.as_chunks::<8>();
        let row = &mut self.data[at..];
        for (slot, word) in row[1 + presence..].iter_mut().zip(words) {
            *slot = u64::from_le_bytes(*word);
        }
        let mut left = words.len();
        for bits in &mut row[1..=presence] {
            *bits |= if left >= 64 { u64::MAX } else { (1 << left) - 1 };
            left = left.saturating_sub(64);
        }
    }

    /// Lays `bytes` down and answers the word that says where.
    fn keep(&mut self, bytes: &[u8]) -> u64 {
        let start = self.bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        start << 32 | bytes.len() as u64
    }

    /// Gives the rows more columns, which none of them has yet.
    pub fn widen(&mut self, shape: &Arc<Shape>) {
        let old_presence = self.presence();
        let old = std::mem::take(&mut self.data);
        let old_stride = self.stride();
        self.shape = shape.clone();
        let (stride, presence) = (self.stride(), self.presence());
        self.data.reserve(old.len() / old_stride * stride);
        for row in old.chunks_exact(old_stride) {
            let start = self.data.len();
            self.data.extend_from_slice(&row[..=old_presence]);
            self.data.resize(start + 1 + presence, 0);
            self.data.extend_from_slice(&row[1 + old_presence..]);
            self.data.resize(start + stride, 0);
        }
    }
}

impl RowSource for Rows {
    fn len(&self) -> usize {
        self.count()
    }

    fn timestamp(&self, row: usize) -> i64 {
        self.data[row * self.stride()].cast_signed()
    }

    fn cell(&self, row: usize, column: usize) -> Option<ValueRef<'_>> {
        let kind = self.shape.columns().get(column)?.kind;
        let at = row * self.stride();
        if self.data[at + 1 + column / 64] >> (column % 64) & 1 == 0 {
            return None;
        }
        let word = self.data[at + 1 + self.presence() + column];
        Some(match kind {
            Kind::F64 => ValueRef::F64(f64::from_bits(word)),
            Kind::I64 => ValueRef::I64(word.cast_signed()),
            Kind::U64 => ValueRef::U64(word),
            Kind::Bool => ValueRef::Bool(word != 0),
            // Texts were checked when they came in.
            Kind::Str => ValueRef::Str(std::str::from_utf8(self.kept(word)).unwrap_or_default()),
            Kind::Histogram => ValueRef::Histogram(self.kept(word)),
        })
    }
}

impl Rows {
    fn kept(&self, word: u64) -> &[u8] {
        let (start, length) = ((word >> 32) as usize, word as u32 as usize);
        &self.bytes[start..start + length]
    }
}
