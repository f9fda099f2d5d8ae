//! Keys of groups: end to end, each once, in the order they were met.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;
use std::sync::Arc;

/// Keys of groups, which have a number each.
#[derive(Debug, Default)]
pub struct GroupKeys {
    /// How many values a key has.
    width: usize,
    count: usize,
    /// The keys, end to end.
    texts: Vec<Arc<str>>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl GroupKeys {
    /// No keys yet, of so many values each.
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// The number of a key.
    pub fn number(&mut self, key: &[Arc<str>]) -> u32 {
        let Self { width, texts, numbers, hasher, .. } = self;
        let of = |number: &u32| &texts[*number as usize * *width..][..*width];
        let hash = hasher.hash_one(key);
        if let Some(known) = numbers.find(hash, |number| of(number) == key) {
            return *known;
        }
        let number = self.count as u32;
        numbers.insert_unique(hash, number, |number| hasher.hash_one(of(number)));
        self.count += 1;
        self.texts.extend_from_slice(key);
        number
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// How many there are, and all of them end to end.
    pub fn into_texts(self) -> (usize, Vec<Arc<str>>) {
        (self.count, self.texts)
    }
}
