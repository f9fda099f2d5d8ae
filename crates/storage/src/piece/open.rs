//! Tables of blocks that are read over and over while series are read one after the other:
//! directories of groups, their statistics, and timestamps.

use crate::block::{
    Block, Chunk, ColumnGroups, Directory, Group, Scan, Statistics, TimeList, TimePage, Told,
};
use crate::chunk::decode_timestamps;
use crate::error::{Damage, Error};
use hashbrown::HashMap;
use model::Accumulator;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many of each are kept: the columns of a usual measurement in the blocks of a merge.
const KEPT_MAX: usize = 256;

/// Whoever asks for so many series is likely to ask for most: then all groups of a column are
/// looked up at once.
const GROUPS_FROM: u64 = 8;

/// How many groups are kept whole: some columns of a few blocks.
const SCANS_MAX: usize = 16;
/// A larger group, of long texts, is never read whole.
const SCAN_BYTES_MAX: u32 = 1 << 20;

/// A block, and where in it.
type Key = (u64, u64);

/// What was read last, by block and where in it.
#[derive(Debug)]
struct Kept<T> {
    found: HashMap<Key, Arc<T>>,
    /// From the first that was read to the last.
    order: VecDeque<Key>,
}

/// Tables that were read.
#[derive(Debug, Default)]
pub struct Open {
    directories: Kept<Directory>,
    statistics: Kept<Statistics>,
    pages: Kept<TimePage>,
    /// Where all groups of a column are, once enough of them were asked for.
    groups: Kept<Vec<Group>>,
    asked: u64,
    /// Groups that were read whole.
    scans: Vec<(Key, Scan)>,
    /// Groups of which one chunk was read.
    touched: VecDeque<Key>,
    bytes: Vec<u8>,
    /// The list whose timestamps are decoded.
    decoded: Option<(u64, u32)>,
    timestamps: Vec<i64>,
}

impl Open {
    /// The groups of a column that may have chunks of a stream, in their order.
    ///
    /// # Errors
    /// When a page of groups is damaged or cannot be read.
    pub fn groups_of(
        &mut self,
        block: &Block,
        groups: &ColumnGroups,
        ordinal: u32,
    ) -> Result<Vec<Group>, Error> {
        self.asked += 1;
        let ColumnGroups::Paged(_, first_page) = groups else {
            return block.groups_of(groups, ordinal);
        };
        if self.asked < GROUPS_FROM {
            return block.groups_of(groups, ordinal);
        }
        let key = (block.number(), u64::from(*first_page));
        let all = self.groups.keep(key, || block.all_groups(groups).map(Arc::new))?;
        let first = all.partition_point(|group| group.first < ordinal).saturating_sub(1);
        let may_have = |group: &&Group| group.first <= ordinal;
        Ok(all[first..].iter().take_while(may_have).copied().collect())
    }

    /// The directory of a group.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub fn directory(&mut self, block: &Block, group: Group) -> Result<Arc<Directory>, Error> {
        let key = (block.number(), group.offset);
        self.directories.keep(key, || block.directory(group))
    }

    /// The statistics of chunk `at` of a group, times being rows.
    ///
    /// # Errors
    /// When they are damaged or cannot be read.
    pub fn statistics(
        &mut self,
        block: &Block,
        group: Group,
        at: usize,
    ) -> Result<Option<Accumulator>, Error> {
        let directory = self.directory(block, group)?;
        let key = (block.number(), group.offset);
        let found = self.statistics.keep(key, || block.statistics(&directory))?;
        Ok(found.get(at).copied().flatten())
    }

    /// The encoded values of a chunk of a group, checked. Whoever asks for a second chunk of a
    /// group is likely to want them all: then it is read whole.
    ///
    /// # Errors
    /// When they are damaged or cannot be read.
    pub fn values(&mut self, block: &Block, group: Group, chunk: &Chunk) -> Result<&[u8], Error> {
        let key = (block.number(), group.offset);
        let kept = self.scans.iter().rposition(|(known, _)| *known == key);
        let at = match kept {
            Some(at) => at,
            None if group.bytes > SCAN_BYTES_MAX || !self.touched.contains(&key) => {
                self.touched.truncate(KEPT_MAX - 1);
                self.touched.push_front(key);
                return block.values(chunk, &mut self.bytes);
            }
            None => {
                let is_full = self.scans.len() >= SCANS_MAX;
                let mut scan = if is_full { self.scans.remove(0).1 } else { Scan::default() };
                scan.read(block, group)?;
                self.scans.push((key, scan));
                self.scans.len() - 1
            }
        };
        self.scans[at].1.values(block, chunk)
    }

    /// What is known of a list of timestamps.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub fn list(&mut self, block: &Block, number: u32) -> Result<TimeList, Error> {
        let (page, at) = self.place(block, number)?;
        page.list(at).ok_or_else(|| missing(block, number))
    }

    /// The timestamps of a list, which rise strictly.
    ///
    /// # Errors
    /// When they are damaged or cannot be read.
    pub fn timestamps(&mut self, block: &Block, number: u32) -> Result<&[i64], Error> {
        let wanted = Some((block.number(), number));
        if self.decoded != wanted {
            self.decoded = None;
            let mut timestamps = std::mem::take(&mut self.timestamps);
            let decoded = self.decode(block, number, &mut timestamps);
            self.timestamps = timestamps;
            decoded?;
            self.decoded = wanted;
        }
        Ok(&self.timestamps)
    }

    /// The timestamps that were decoded last.
    pub fn decoded(&self) -> &[i64] {
        &self.timestamps
    }

    fn decode(&mut self, block: &Block, number: u32, out: &mut Vec<i64>) -> Result<(), Error> {
        let (page, at) = self.place(block, number)?;
        let list = page.list(at).ok_or_else(|| missing(block, number))?;
        let told = page.told(at).map_err(|damage| damaged(block, number, &damage))?;
        match told {
            Told::Grid => {
                let (first, step) = (list.range.start.0, list.step.unwrap_or(1));
                out.clear();
                let count = i64::from(list.count);
                out.extend((0..count).map(|row| first.wrapping_add(step.wrapping_mul(row))));
            }
            Told::Listed(bytes) => {
                let decoded = decode_timestamps(bytes, list.count, out);
                decoded.map_err(|damage| damaged(block, number, &damage))?;
            }
            Told::Subset(parent, rows, bits) => {
                if parent >= number {
                    return Err(missing(block, parent));
                }
                self.decode(block, parent, out)?;
                let mut present = Vec::new();
                let bits = codec::bools::decode(bits, rows, &mut present);
                bits.map_err(|error| damaged(block, number, &error.into()))?;
                if rows != out.len() {
                    return Err(missing(block, number));
                }
                let mut has = present.iter();
                out.retain(|_| has.next().is_some_and(|has| *has));
            }
        }
        if out.len() == list.count as usize { Ok(()) } else { Err(missing(block, number)) }
    }

    fn place(&mut self, block: &Block, number: u32) -> Result<(Arc<TimePage>, usize), Error> {
        let (page, at) = block.time_place(number)?;
        let key = (block.number(), u64::from(page));
        Ok((self.pages.keep(key, || block.time_page(page))?, at))
    }
}

fn missing(block: &Block, number: u32) -> Error {
    damaged(block, number, &Damage::new(0, "its timestamps are not there"))
}

fn damaged(block: &Block, number: u32, damage: &Damage) -> Error {
    let what = format!("list {number} of timestamps: {}", damage.what);
    block.damaged(Damage::new(damage.offset, what), 0)
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { found: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Kept<T> {
    /// What was read from there, or what `read` does now.
    fn keep(
        &mut self,
        key: Key,
        read: impl FnOnce() -> Result<Arc<T>, Error>,
    ) -> Result<Arc<T>, Error> {
        if let Some(found) = self.found.get(&key) {
            return Ok(found.clone());
        }
        let fresh = read()?;
        if self.order.len() >= KEPT_MAX
            && let Some(first) = self.order.pop_front()
        {
            self.found.remove(&first);
        }
        self.order.push_back(key);
        self.found.insert(key, fresh.clone());
        Ok(fresh)
    }
}
