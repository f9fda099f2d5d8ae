//! Rows of one stream as a query or a flush has them: still packed, read when asked for.

use super::generation::Generation;
use super::packed::{Reader, Take};
use crate::chunk::Sealed;
use crate::rowset::{ABSENT, Cells, RowSet, merge};
use crate::shape::Shape;
use model::{TimeRange, ValueRef};
use std::sync::Arc;

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
}

/// Where packed rows are.
pub enum Packed {
    /// A copy of what may still grow, pieces behind each other.
    Copied(Box<[u8]>),
    /// In a generation that no longer grows.
    Frozen {
        /// Which.
        generation: Arc<Generation>,
        /// Whose rows.
        slot: u32,
        /// Whether they are those that came late.
        is_late: bool,
    },
}

impl Packed {
    /// A copy of these pieces.
    pub fn copy(pieces: &[&[u8]]) -> Self {
        Self::Copied(pieces.concat().into())
    }

    fn pieces(&self) -> Vec<&[u8]> {
        match self {
            Self::Copied(bytes) => vec![bytes],
            Self::Frozen { generation, slot, is_late: true } => generation.late(*slot),
            Self::Frozen { generation, slot, is_late: false } => match generation.trail(*slot) {
                Some(trail) => generation.in_order(trail),
                None => Vec::new(),
            },
        }
    }
}

/// Rows of one stream.
pub struct Rows {
    shape: Arc<Shape>,
    packed: Packed,
    count: usize,
    range: TimeRange,
    is_rising: bool,
}

impl Rows {
    /// So many rows inside `range`, of which the times rise strictly where `is_rising`.
    pub fn new(
        shape: &Arc<Shape>,
        packed: Packed,
        count: usize,
        range: TimeRange,
        is_rising: bool,
    ) -> Self {
        Self { shape: shape.clone(), packed, count, range, is_rising }
    }

    /// The columns they have.
    pub fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The first and the last time.
    pub fn range(&self) -> TimeRange {
        self.range
    }

    /// Whether times rise strictly.
    pub fn is_rising(&self) -> bool {
        self.is_rising
    }

    /// Hands what one column has to `each`, in the order it came.
    pub fn each(&self, column: u32, each: impl FnMut(i64, ValueRef<'_>)) {
        let mut reader = Reader::new(self.shape.kinds());
        let mut take = OneColumn { time: 0, each };
        for piece in self.packed.pieces() {
            reader.read(piece, self.shape.kinds(), Some(column), &mut take);
        }
    }

    /// All of them, each time once.
    pub fn to_set(&self) -> RowSet {
        let set = gather(&self.packed.pieces(), &self.shape);
        if self.is_rising {
            return set;
        }
        merge(&[&set], self.shape.columns(), TimeRange::ALL)
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Rows").field("count", &self.count).finish_non_exhaustive()
    }
}

/// Reads pieces into columns, rows in the order they came.
pub fn gather(pieces: &[&[u8]], shape: &Shape) -> RowSet {
    let columns = shape.kinds().iter().map(|kind| Cells::new(*kind)).collect();
    let mut set = RowSet { timestamps: Vec::new(), columns };
    let mut reader = Reader::new(shape.kinds());
    for piece in pieces {
        reader.read(piece, shape.kinds(), None, &mut set);
    }
    let rows = set.timestamps.len();
    for cells in &mut set.columns {
        if cells.values.len() == rows {
            cells.ranks.clear();
        } else {
            show_ranks(cells);
            cells.ranks.resize(rows, ABSENT);
        }
    }
    set
}

/// Gives a column whose first rows all have a value ranks for these.
fn show_ranks(cells: &mut Cells) {
    if cells.ranks.is_empty() {
        cells.ranks.extend(0..cells.values.len() as u32);
    }
}

impl Take for RowSet {
    #[inline]
    fn row(&mut self, time: i64) {
        self.timestamps.push(time);
    }

    #[inline]
    fn value(&mut self, column: u32, value: ValueRef<'_>) {
        let row = self.timestamps.len() - 1;
        let cells = &mut self.columns[column as usize];
        if !cells.ranks.is_empty() || cells.values.len() != row {
            show_ranks(cells);
            debug_assert!(cells.ranks.len() <= row, "a row has each column once");
            cells.ranks.resize(row, ABSENT);
            cells.ranks.push(cells.values.len() as u32);
        }
        let fits = cells.values.push(value);
        debug_assert!(fits, "a column has values of its kind");
    }
}

struct OneColumn<F> {
    time: i64,
    each: F,
}

impl<F: FnMut(i64, ValueRef<'_>)> Take for OneColumn<F> {
    #[inline]
    fn row(&mut self, time: i64) {
        self.time = time;
    }

    #[inline]
    fn value(&mut self, _: u32, value: ValueRef<'_>) {
        (self.each)(self.time, value);
    }
}
