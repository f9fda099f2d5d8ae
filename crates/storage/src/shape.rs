//! The columns of a stream, shared by all streams that have the same ones.
//!
//! Invariants: no name twice; a stream's shape only ever grows at its end, so that an
//! ordinal means the same column for as long as the stream is in the head.

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use model::Kind;
use parking_lot::Mutex;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

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
    /// Of the columns one after the other, so that it goes on where columns are added.
    hash: u64,
    columns: Box<[ColumnDef]>,
    kinds: Box<[Kind]>,
    /// Ordinals by the hash of their names, where there are many.
    by_name: HashTable<u32>,
    is_words: bool,
    shared: Shared,
}

/// What all shapes of one [`Shapes`] have.
#[derive(Clone, Debug, Default)]
struct Shared {
    hasher: DefaultHashBuilder,
    /// How much memory they take.
    bytes: Arc<AtomicU64>,
}

impl Shape {
    /// The columns of `before` and more.
    fn new(id: u32, hash: u64, before: &Shape, more: &[ColumnDef], shared: Shared) -> Self {
        let columns: Box<[ColumnDef]> = before.columns.iter().chain(more).cloned().collect();
        // As a copy of memory, far cheaper than to hash all names again.
        let mut by_name = before.by_name.clone();
        if columns.len() >= MAPPED_FROM {
            let hash = |at: &u32| shared.hasher.hash_one(columns[*at as usize].name.as_ref());
            let known = by_name.len();
            for at in known as u32..columns.len() as u32 {
                by_name.insert_unique(hash(&at), at, hash);
            }
        }
        let kinds: Box<[Kind]> = columns.iter().map(|column| column.kind).collect();
        let is_words = !kinds.iter().any(|k| matches!(k, Kind::Str | Kind::Histogram | Kind::Bool));
        let shape = Self { id, hash, columns, kinds, by_name, is_words, shared };
        shape.shared.bytes.fetch_add(shape.memory(), Ordering::Relaxed);
        shape
    }

    /// How much memory it takes, without the names, which streams share.
    fn memory(&self) -> u64 {
        let each = size_of::<ColumnDef>() + size_of::<Kind>();
        (size_of::<Self>() + self.len() * each + self.by_name.allocation_size()) as u64
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
            let is_it = |at: &u32| self.columns[*at as usize].name.as_ref() == name;
            let found = self.by_name.find(self.shared.hasher.hash_one(name), is_it);
            return found.map(|at| *at as usize);
        }
        self.columns.iter().position(|column| column.name.as_ref() == name)
    }
}

impl Drop for Shape {
    fn drop(&mut self) {
        if self.id != 0 {
            self.shared.bytes.fetch_sub(self.memory(), Ordering::Relaxed);
        }
    }
}

/// Every shape in use. It keeps none alive: of a stream that gains one column after the
/// other, the shapes in between go as it grows.
#[derive(Default)]
pub struct Shapes {
    known: Mutex<Known>,
    shared: Shared,
}

#[derive(Default)]
struct Known {
    /// By the hashes beside them.
    by_columns: HashTable<(u64, Weak<Shape>)>,
    by_id: HashMap<u32, Weak<Shape>>,
    /// How many there ever were, beside the one without columns.
    made: u32,
    /// With so many, those that are gone are forgotten.
    swept_at: usize,
}

/// So many shapes are forgotten together at least.
const SWEPT_MIN: usize = 64;

impl Shapes {
    /// The shape with these columns.
    pub fn intern(&self, columns: &[ColumnDef]) -> Arc<Shape> {
        self.widen(&Arc::default(), columns)
    }

    /// The shape with the columns of another and `more`.
    pub fn widen(&self, before: &Arc<Shape>, more: &[ColumnDef]) -> Arc<Shape> {
        if more.is_empty() {
            return before.clone();
        }
        let go_on = |hash: u64, column: &ColumnDef| self.shared.hasher.hash_one((hash, column));
        let hash = more.iter().fold(before.hash, go_on);
        let is_it = |(known, shape): &(u64, Weak<Shape>)| {
            let shape = (*known == hash).then(|| shape.upgrade()).flatten()?;
            let (first, rest) = shape.columns.split_at_checked(before.len())?;
            (first == before.columns.as_ref() && rest == more).then_some(shape)
        };
        let mut found = None;
        let mut known = self.known.lock();
        known.by_columns.find(hash, |entry| {
            found = is_it(entry);
            found.is_some()
        });
        if let Some(found) = found {
            return found;
        }
        if known.by_id.len() >= known.swept_at {
            known.sweep();
        }
        known.made += 1;
        let shape = Arc::new(Shape::new(known.made, hash, before, more, self.shared.clone()));
        known.by_columns.insert_unique(hash, (hash, Arc::downgrade(&shape)), |(hash, _)| *hash);
        known.by_id.insert(shape.id, Arc::downgrade(&shape));
        shape
    }

    /// The shape with this number; the one without columns where that is gone.
    pub fn get(&self, id: u32) -> Arc<Shape> {
        let known = self.known.lock();
        known.by_id.get(&id).and_then(Weak::upgrade).unwrap_or_default()
    }

    /// How much memory shapes take.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// Forgets those that no stream and no block has any more.
    pub fn sweep(&self) {
        self.known.lock().sweep();
    }
}

impl Known {
    fn sweep(&mut self) {
        self.by_columns.retain(|(_, shape)| shape.strong_count() > 0);
        self.by_id.retain(|_, shape| shape.strong_count() > 0);
        self.swept_at = (2 * self.by_id.len()).max(SWEPT_MIN);
    }
}

#[cfg(test)]
mod tests;
