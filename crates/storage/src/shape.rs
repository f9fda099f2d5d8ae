//! The columns of a stream, shared by all streams that have the same ones.
//!
//! Invariants: no name twice; a stream's shape only ever grows at its end, so that an
//! ordinal means the same column for as long as the stream is in the head.

use hashbrown::HashMap;
use model::Kind;
use parking_lot::Mutex;
use std::sync::Arc;

/// From this many columns on, a map finds them; below, looking through them is faster.
const MAPPED_FROM: usize = 16;

/// One column.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ColumnDef {
    /// The field's name.
    pub name: Arc<str>,
    /// What it holds.
    pub kind: Kind,
}

/// Columns in their order.
#[derive(Debug, Default)]
pub struct Shape {
    columns: Box<[ColumnDef]>,
    by_name: HashMap<Arc<str>, u32>,
    is_words: bool,
}

impl Shape {
    fn new(columns: &[ColumnDef]) -> Self {
        let mut by_name = HashMap::new();
        if columns.len() >= MAPPED_FROM {
            by_name.extend(columns.iter().zip(0..).map(|(c, at)| (c.name.clone(), at)));
        }
        let is_words =
            columns.iter().all(|c| !matches!(c.kind, Kind::Str | Kind::Histogram | Kind::Bool));
        Self { columns: columns.into(), by_name, is_words }
    }

    /// The columns.
    pub fn columns(&self) -> &[ColumnDef] {
        &self.columns
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether every value is eight bytes as they are: floats and integers only.
    pub fn is_words(&self) -> bool {
        self.is_words
    }

    /// Where the column `name` stands; `guess` is tried first.
    #[inline]
    pub fn find(&self, name: &str, guess: usize) -> Option<usize> {
        if self.columns.get(guess).is_some_and(|column| column.name.as_ref() == name) {
            return Some(guess);
        }
        if self.columns.len() >= MAPPED_FROM {
            return self.by_name.get(name).map(|at| *at as usize);
        }
        self.columns.iter().position(|column| column.name.as_ref() == name)
    }
}

/// Every shape in use.
#[derive(Default)]
pub struct Shapes {
    known: Mutex<HashMap<Box<[ColumnDef]>, Arc<Shape>>>,
}

impl Shapes {
    /// The shape with these columns.
    pub fn intern(&self, columns: &[ColumnDef]) -> Arc<Shape> {
        let mut known = self.known.lock();
        if let Some(shape) = known.get(columns) {
            return shape.clone();
        }
        let shape = Arc::new(Shape::new(columns));
        known.insert(columns.into(), shape.clone());
        shape
    }

    /// Forgets those that no stream and no block has any more.
    pub fn sweep(&self) {
        self.known.lock().retain(|_, shape| Arc::strong_count(shape) > 1);
    }
}

#[cfg(test)]
mod tests;
