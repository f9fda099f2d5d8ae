//! What a partition keeps for one stream.

use super::rows::Rows;
use super::stream::Stream;
use crate::chunk::{Encoder, ROWS_MAX, Sealed, TEXT_BYTES_MAX};
use crate::error::Damage;
use crate::identity::Identity;
use crate::rowset::merge;
use crate::shape::Shape;
use crate::wal::entry::Entry;
use model::TimeRange;
use std::sync::Arc;

/// A stream without rows for this many flushes leaves the head.
const IDLE_FLUSHES_MAX: u64 = 2;

/// Rows of a stream that no longer change.
#[derive(Clone, Debug)]
pub enum HeadPart {
    /// As they came.
    Rows(Arc<Rows>),
    /// As a chunk.
    Sealed(Arc<Sealed>),
}

impl HeadPart {
    /// The first and the last time.
    pub fn range(&self) -> TimeRange {
        match self {
            Self::Rows(rows) => rows.range(),
            Self::Sealed(sealed) => sealed.summary.range,
        }
    }

    /// The columns they have.
    pub fn shape(&self) -> &Arc<Shape> {
        match self {
            Self::Rows(rows) => rows.shape(),
            Self::Sealed(sealed) => &sealed.shape,
        }
    }

    /// How much memory it takes.
    pub fn memory(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.memory(),
            Self::Sealed(sealed) => sealed.bytes.len(),
        }
    }
}

/// What a partition keeps for one stream.
#[derive(Debug)]
pub struct Slot {
    stream: Arc<Stream>,
    shape: Arc<Shape>,
    /// Shared with queries that read just now; then the next row copies them first.
    rows: Arc<Rows>,
    /// Sealed since the last flush began, the oldest first.
    sealed: Vec<Arc<Sealed>>,
    /// Being flushed, the oldest first.
    flushing: Vec<HeadPart>,
    /// The segment it was last defined in, and with how many columns.
    defined: (u64, usize),
    /// The flush before which its last row came.
    used_at: u64,
}

impl Slot {
    /// A stream without rows.
    pub fn new(stream: Arc<Stream>, flushes: u64) -> Self {
        let shape = stream.shape.read().clone();
        Self {
            stream,
            rows: Arc::new(Rows::new(shape.clone())),
            shape,
            sealed: Vec::new(),
            flushing: Vec::new(),
            defined: (0, 0),
            used_at: flushes,
        }
    }

    /// Whose rows these are.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Its columns, as of its last row.
    pub fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// Whose rows these are.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.stream.identity
    }

    /// How much memory its rows take.
    pub fn memory(&self) -> usize {
        let sealed = self.sealed.iter().map(|sealed| sealed.bytes.len()).sum::<usize>();
        let flushing = self.flushing.iter().map(HeadPart::memory).sum::<usize>();
        self.rows.memory() + sealed + flushing
    }

    /// Takes in one row; answers by how many bytes the head grew.
    ///
    /// # Errors
    /// When the row is not what was written for this stream.
    pub fn apply(
        &mut self,
        entry: &Entry<'_>,
        flushes: u64,
        encoder: &mut Encoder,
    ) -> Result<i64, Damage> {
        let before = self.rows.memory();
        let rows = Arc::make_mut(&mut self.rows);
        if self.shape.len() < entry.count || !entry.is_dense {
            // Columns only become more, so that fewer are no sign of a new shape.
            let shape = self.stream.shape.read().clone();
            if shape.len() > self.shape.len() {
                rows.widen(&shape);
                self.shape = shape;
            }
        }
        let is_words = entry.is_dense && self.shape.is_words();
        if is_words && entry.values.len() == entry.count * 8 && entry.count <= self.shape.len() {
            let at = rows.open(entry.timestamp);
            rows.set_words(at, entry.values);
        } else {
            let at = rows.open(entry.timestamp);
            entry.each(self.shape.columns(), |column, value| rows.set(at, column, value))?;
        }
        self.used_at = flushes;
        let mut grown = rows.memory() as i64 - before as i64;
        if rows.count() >= ROWS_MAX || rows.text_bytes() >= TEXT_BYTES_MAX {
            grown += self.seal(encoder);
        }
        Ok(grown)
    }

    /// Turns the open rows into a chunk; answers by how many bytes the head grew.
    fn seal(&mut self, encoder: &mut Encoder) -> i64 {
        let before = self.rows.memory();
        let rows = merge(&[self.rows.as_ref()], self.shape.columns(), TimeRange::ALL);
        let sealed = encoder.seal(&rows, &self.shape);
        let mut grown = sealed.bytes.len() as i64;
        self.sealed.push(Arc::new(sealed));
        // Fresh ones: memory for a full buffer in each of many streams would be too much.
        self.rows = Arc::new(Rows::new(self.shape.clone()));
        grown += self.rows.memory() as i64 - before as i64;
        grown
    }

    /// Whether it must be defined in `segment` before its next row there.
    pub fn needs_definition(&self, segment: u64) -> bool {
        self.defined != (segment, self.shape.len())
    }

    /// Notes that it is defined in `segment` with the columns it has now.
    pub fn set_defined(&mut self, segment: u64) {
        self.defined = (segment, self.shape.len());
    }

    /// Moves all rows to those being flushed, and answers all of these.
    pub fn freeze(&mut self) -> &[HeadPart] {
        self.flushing.extend(self.sealed.drain(..).map(HeadPart::Sealed));
        if self.rows.count() > 0 {
            let fresh = Arc::new(Rows::new(self.shape.clone()));
            self.flushing.push(HeadPart::Rows(std::mem::replace(&mut self.rows, fresh)));
        }
        &self.flushing
    }

    /// Forgets what was being flushed, which is in blocks now; answers how many bytes that
    /// were.
    pub fn thaw(&mut self) -> u64 {
        self.flushing.drain(..).map(|part| part.memory() as u64).sum()
    }

    /// Everything it has, from the oldest to the newest, that may be inside `range`.
    pub fn parts(&self, range: TimeRange) -> impl Iterator<Item = HeadPart> {
        let sealed = self.sealed.iter().map(|sealed| HeadPart::Sealed(sealed.clone()));
        let open = (self.rows.count() > 0).then(|| HeadPart::Rows(self.rows.clone()));
        let all = self.flushing.iter().cloned().chain(sealed).chain(open);
        all.filter(move |part| part.range().overlaps(&range))
    }

    /// Whether it has had no row for some time, and has none now.
    pub fn is_idle(&self, flushes: u64) -> bool {
        flushes >= self.used_at + IDLE_FLUSHES_MAX
            && self.rows.count() == 0
            && self.sealed.is_empty()
            && self.flushing.is_empty()
    }
}
