//! Looks at every byte of a block, and says what they are for.
//!
//! A query reads what it needs and stops at the first damage. This goes on behind it, so
//! that one look tells of everything that is damaged.

use super::dictionary::{Dictionary, Tag};
use super::group::Place as Group;
use super::measurements::Column;
use super::streams::STREAMS;
use super::values::VALUES;
use super::{Block, Directory, Scan};
use crate::error::{Damage, Error};
use std::collections::HashSet;

/// What the bytes of blocks are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// Names, labels, where columns are, headers and footers.
    pub index: u64,
    /// Timestamps.
    pub times: u64,
    /// Directories of groups: whose chunks are where.
    pub directories: u64,
    /// Statistics of chunks.
    pub statistics: u64,
    /// Values.
    pub values: u64,
}

impl Shares {
    /// Adds those of another block.
    pub fn add(&mut self, other: &Self) {
        self.index += other.index;
        self.times += other.times;
        self.directories += other.directories;
        self.statistics += other.statistics;
        self.values += other.values;
    }
}

/// Hands on each damage once: several ways may lead to one page.
struct Teller<'a> {
    told: HashSet<String>,
    tell: &'a mut dyn FnMut(Error),
}

impl Teller<'_> {
    fn check<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(found) => Some(found),
            Err(error) => {
                if self.told.insert(error.to_string()) {
                    (self.tell)(error);
                }
                None
            }
        }
    }
}

impl Block {
    /// Reads every section, checks its checksum and that it can be read, and hands each
    /// damage to `tell`. Values and timestamps are not decoded.
    pub fn audit(&self, tell: &mut dyn FnMut(Error)) {
        let mut teller = Teller { told: HashSet::new(), tell };
        for page in 0..self.root.pages.len() as u32 {
            teller.check(self.page(page));
        }
        if let Some(dictionary) = teller.check(self.dictionary()) {
            self.audit_streams(&dictionary, &mut teller);
            dictionary.tags.iter().for_each(|tag| self.audit_tag(tag, &mut teller));
        }
        for (_, page) in &self.root.times {
            teller.check(self.time_page(*page));
        }
        for (_, set) in &self.root.policies {
            teller.check(self.set(set));
        }
        for fence in teller.check(self.fences()).unwrap_or_default().iter() {
            for one in teller.check(self.measurements_in(fence.page)).unwrap_or_default().iter() {
                one.columns.iter().for_each(|column| self.audit_column(column, &mut teller));
            }
        }
    }

    fn audit_streams(&self, dictionary: &Dictionary, teller: &mut Teller<'_>) {
        for index in 0..self.root.streams.div_ceil(STREAMS) {
            let Some(page) = teller.check(self.streams_in(index)) else { continue };
            let ranks = page.ranks(&dictionary.sets);
            teller.check(ranks.map_err(|damage| self.damaged_streams(index, damage)));
        }
    }

    fn audit_tag(&self, tag: &Tag, teller: &mut Teller<'_>) {
        teller.check(self.set(&tag.streams));
        if let Some(fence) = tag.fence {
            teller.check(self.fence(fence));
        }
        for index in 0..tag.values.div_ceil(VALUES) {
            let Some(page) = teller.check(self.values_in(tag, index)) else { continue };
            let read = page.each(|_, _| {});
            teller.check(read.map_err(|damage| self.damaged_value(tag, index, damage)));
            let all: Vec<usize> = (0..page.count).collect();
            let sets = page.each_set(&all, |set| self.set(&set).map(drop));
            let sets = sets.map_err(|damage| self.damaged_value(tag, index, damage));
            teller.check(sets.and_then(|inner| inner));
        }
    }

    fn audit_column(&self, column: &Column, teller: &mut Teller<'_>) {
        let mut scan = Scan::default();
        for group in teller.check(self.all_groups(&column.groups)).unwrap_or_default() {
            let Some(directory) = teller.check(self.directory(group)) else { continue };
            teller.check(self.statistics(&directory));
            if teller.check(scan.read(self, group)).is_none() {
                continue;
            }
            for chunk in (0..directory.len()).map(|at| directory.chunk(at)) {
                teller.check(self.time_place(chunk.times));
                teller.check(scan.values(self, &chunk).map(drop));
            }
        }
    }

    /// What its bytes are for, values apart; [`Self::each_group`] adds those.
    pub fn shares(&self) -> Shares {
        let is_times = |page: u32| self.root.times.iter().any(|(_, number)| *number == page);
        let mut shares = Shares::default();
        for (page, place) in (0..).zip(&self.root.pages) {
            let of = if is_times(page) { &mut shares.times } else { &mut shares.index };
            *of += u64::from(place.bytes);
        }
        shares
    }

    /// The number of timestamps in each list of them.
    ///
    /// # Errors
    /// When a page is damaged or cannot be read.
    pub fn list_lengths(&self) -> Result<Vec<u32>, Error> {
        let mut lengths = Vec::new();
        for (_, number) in &self.root.times {
            let page = self.time_page(*number)?;
            lengths.extend((0..).map_while(|at| page.list(at)).map(|list| list.count));
        }
        Ok(lengths)
    }

    /// Hands the directory of each group of a column to `each`.
    ///
    /// # Errors
    /// When one is damaged or cannot be read.
    pub fn each_group(
        &self,
        column: &Column,
        mut each: impl FnMut(Group, &Directory),
    ) -> Result<(), Error> {
        for group in self.all_groups(&column.groups)? {
            let directory = self.directory(group)?;
            each(group, &directory);
        }
        Ok(())
    }

    /// Hands which timestamps each chunk of a column has, and its encoded values, to `each`.
    ///
    /// # Errors
    /// When one is damaged or cannot be read, or `each` finds it so.
    pub fn each_chunk(
        &self,
        column: &Column,
        mut each: impl FnMut(u32, &[u8]) -> Result<(), Damage>,
    ) -> Result<(), Error> {
        let mut scan = Scan::default();
        for group in self.all_groups(&column.groups)? {
            let directory = self.directory(group)?;
            scan.read(self, group)?;
            for chunk in (0..directory.len()).map(|at| directory.chunk(at)) {
                let done = each(chunk.times, scan.values(self, &chunk)?);
                done.map_err(|damage| self.damaged(damage, chunk.span.offset))?;
            }
        }
        Ok(())
    }
}
