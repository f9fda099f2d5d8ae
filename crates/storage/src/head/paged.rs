//! A growing array in pages, so that growing copies at most one page.
//!
//! At millions of entries a `Vec` would stop its writer for as long as it moves all of them.

use std::ops::{Index, IndexMut};

/// Entries in a page: some hundred KiB of the entries there are, moved in well under 1 ms.
const PAGE: usize = 1 << 14;

/// A growing array in pages.
pub struct Paged<T> {
    /// All but the last are full.
    pages: Vec<Vec<T>>,
}

impl<T> Paged<T> {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.pages.last().map_or(0, |last| (self.pages.len() - 1) * PAGE + last.len())
    }

    /// Adds an entry and answers its place.
    pub fn push(&mut self, entry: T) -> u32 {
        let at = self.len() as u32;
        match self.pages.last_mut().filter(|last| last.len() < PAGE) {
            Some(last) => last.push(entry),
            None => {
                // The first page grows from nothing: most partitions stay small.
                let mut page = Vec::with_capacity(if self.pages.is_empty() { 4 } else { PAGE });
                page.push(entry);
                self.pages.push(page);
            }
        }
        at
    }

    /// The entry at `at`, if there is one.
    #[inline]
    pub fn get(&self, at: u32) -> Option<&T> {
        self.pages.get(at as usize / PAGE)?.get(at as usize % PAGE)
    }

    /// The entry at `at`, if there is one.
    #[inline]
    pub fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        self.pages.get_mut(at as usize / PAGE)?.get_mut(at as usize % PAGE)
    }

    /// Every entry with its place.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(self.pages.iter().flatten())
    }

    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// Every entry of a page with its place.
    pub fn page_mut(&mut self, page: usize) -> impl Iterator<Item = (u32, &mut T)> {
        let first = (page * PAGE) as u32;
        (first..).zip(self.pages[page].iter_mut())
    }
}

impl<T: Default> Paged<T> {
    /// The entry at `at`; those up to it are made where they are missing.
    #[inline]
    pub fn reach(&mut self, at: u32) -> &mut T {
        while self.len() <= at as usize {
            self.push(T::default());
        }
        &mut self[at]
    }
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Self { pages: Vec::new() }
    }
}

impl<T> Index<u32> for Paged<T> {
    type Output = T;

    #[inline]
    fn index(&self, at: u32) -> &T {
        &self.pages[at as usize / PAGE][at as usize % PAGE]
    }
}

impl<T> IndexMut<u32> for Paged<T> {
    #[inline]
    fn index_mut(&mut self, at: u32) -> &mut T {
        &mut self.pages[at as usize / PAGE][at as usize % PAGE]
    }
}
