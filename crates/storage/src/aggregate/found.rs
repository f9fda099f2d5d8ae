//! The series of a question: which group each is of, and where its samples are.
//!
//! No names are made but those of groups. A series is a few numbers: its group, its policy's
//! time, and its parts from the oldest to the newest, each a column of a block with the
//! stream's ordinal there, or rows of the head.

use super::keys::GroupKeys;
use crate::block::{Block, Group};
use crate::head::HeadPart;
use crate::tombstone::Hidden;
use model::{Kind, TimeRange};
use std::sync::Arc;

/// A column of one measurement of a block.
#[derive(Debug)]
pub struct BlockColumn {
    /// The block.
    pub block: Arc<Block>,
    /// What it is called.
    pub field: Arc<str>,
    /// What tombstones hide of the block.
    pub hidden: Arc<[Hidden]>,
    /// All its groups.
    pub groups: Vec<Group>,
    /// What it holds.
    pub kind: Kind,
    /// Whether so many of its streams are asked for that whole groups are worth reading.
    pub is_dense: bool,
}

/// Where samples of a series are.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// A column of a block by its number, and the ordinal of the stream there.
    Block(u32, u32),
    /// Rows of the head by their number.
    Head(u32),
}

/// A series.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its group.
    pub group: u32,
    /// The time that its policy keeps, by its number.
    pub visible: u32,
    /// Its first part, and how many it has.
    pub parts: (u32, u32),
    /// What it holds; float where its parts differ.
    pub kind: Kind,
}

/// The series of a question.
#[derive(Debug, Default)]
pub struct Found {
    /// Columns of blocks.
    pub columns: Vec<BlockColumn>,
    /// Rows of the head, and which of their columns is meant.
    pub heads: Vec<(HeadPart, u32)>,
    /// The series, in the order in which they are best read.
    pub series: Vec<Entry>,
    /// Their parts, those of one series together.
    pub parts: Vec<Part>,
    /// The times that policies keep.
    pub visible: Vec<TimeRange>,
    /// The keys of groups, end to end.
    pub keys: Vec<Arc<str>>,
    /// How many groups there are.
    pub groups: usize,
}

impl Found {
    /// What was found in several places, of which no two have a series in common, one behind
    /// the other. `attributes` is how many values the key of a group has.
    pub fn joined(found: Vec<Self>, attributes: usize) -> Self {
        let mut found = found.into_iter();
        let Some(mut all) = found.next() else { return Self::default() };
        if found.len() == 0 {
            return all;
        }
        let mut keys = GroupKeys::new(attributes);
        let mut numbers = |of: &Self| -> Vec<u32> {
            let key = |group: usize| &of.keys[group * attributes..][..attributes];
            (0..of.groups).map(|group| keys.number(key(group))).collect()
        };
        // The first ones keep their numbers.
        numbers(&all);
        for more in found {
            let groups = numbers(&more);
            all.append(more, &groups);
        }
        (all.groups, all.keys) = keys.into_texts();
        all
    }

    /// Appends series whose groups have these numbers here.
    fn append(&mut self, more: Self, groups: &[u32]) {
        let columns = self.columns.len() as u32;
        let heads = self.heads.len() as u32;
        let parts = self.parts.len() as u32;
        let visible = self.visible.len() as u32;
        self.columns.extend(more.columns);
        self.heads.extend(more.heads);
        self.visible.extend(more.visible);
        self.parts.extend(more.parts.into_iter().map(|part| match part {
            Part::Block(column, ordinal) => Part::Block(column + columns, ordinal),
            Part::Head(number) => Part::Head(number + heads),
        }));
        self.series.extend(more.series.into_iter().map(|entry| Entry {
            group: groups[entry.group as usize],
            visible: entry.visible + visible,
            parts: (entry.parts.0 + parts, entry.parts.1),
            kind: entry.kind,
        }));
    }

    /// The parts of a series, from the oldest to the newest.
    pub fn parts_of(&self, entry: &Entry) -> &[Part] {
        let (first, count) = entry.parts;
        &self.parts[first as usize..][..count as usize]
    }
}

#[cfg(test)]
mod tests;
