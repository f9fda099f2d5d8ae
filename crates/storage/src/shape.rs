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
    id: u32,
    columns: Box<[ColumnDef]>,
    kinds: Box<[Kind]>,
    by_name: HashMap<Arc<str>, u32>,
    is_words: bool,
}

impl Shape {
    fn new(id: u32, columns: &[ColumnDef]) -> Self {
        let mut by_name = HashMap::new();
        if columns.len() >= MAPPED_FROM {
            by_name.extend(columns.iter().zip(0..).map(|(c, at)| (c.name.clone(), at)));
        }
        let is_words =
            columns.iter().all(|c| !matches!(c.kind, Kind::Str | Kind::Histogram | Kind::Bool));
        let kinds = columns.iter().map(|column| column.kind).collect();
        Self { id, columns: columns.into(), kinds, by_name, is_words }
    }

    /// Its number, which is never given to another; 0 is the one without columns.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What each column holds.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
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
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_columns: HashMap<Box<[ColumnDef]>, Arc<Shape>>,
    by_id: HashMap<u32, Arc<Shape>>,
    /// How many there ever were, beside the one without columns.
    made: u32,
}

/// How many of a shape's owners are [`Shapes`] itself.
const OWN: usize = 2;

impl Shapes {
    /// The shape with these columns.
    pub fn intern(&self, columns: &[ColumnDef]) -> Arc<Shape> {
        if columns.is_empty() {
            return Arc::default();
        }
        let mut known = self.known.lock();
        if let Some(shape) = known.by_columns.get(columns) {
            return shape.clone();
        }
        known.made += 1;
        let shape = Arc::new(Shape::new(known.made, columns));
        known.by_columns.insert(columns.into(), shape.clone());
        known.by_id.insert(shape.id, shape.clone());
        shape
    }

    /// The shape with this number; the one without columns where that is gone.
    pub fn get(&self, id: u32) -> Arc<Shape> {
        self.known.lock().by_id.get(&id).cloned().unwrap_or_default()
    }

    /// Forgets those that no stream and no block has any more.
    pub fn sweep(&self) {
        let mut known = self.known.lock();
        let Known { by_columns, by_id, .. } = &mut *known;
        by_columns.retain(|_, shape| {
            let is_used = Arc::strong_count(shape) > OWN;
            if !is_used {
                by_id.remove(&shape.id);
            }
            is_used
        });
    }
}

#[cfg(test)]
mod tests;
