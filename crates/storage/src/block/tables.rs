//! Reads the pages of a block, checked and through the cache.

use super::cache::Page;
use super::dictionary::Dictionary;
use super::group::{self, Directory};
use super::measurements::{self, Fence, GROUPS, Groups, Measurement};
use super::output::Place;
use super::postings::{self, Set};
use super::streams::{Ranks, STREAMS, Streams};
use super::values::{VALUES, Values};
use super::{Block, dictionary, times};
use crate::error::{Damage, Error};
use codec::checksum::crc32c;
use model::Accumulator;
use roaring::RoaringBitmap;
use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

/// Tell what was parsed out of a page, and the ranks of a page of streams, from its bytes: no
/// file is so long that an offset has these bits.
const PARSED: u64 = 1 << 63;
const RANKS: u64 = 1 << 62;

/// Statistics of the chunks of a group, times being rows; none of those without.
pub type Statistics = Vec<Option<Accumulator>>;

impl Block {
    /// What is damaged in bytes that begin at `base`.
    pub fn damaged(&self, damage: Damage, base: u64) -> Error {
        damage.in_file(&self.path, base)
    }

    /// A page, and where it is in the file.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub(super) fn page(&self, number: u32) -> Result<(Page, u64), Error> {
        let place = self.root.pages.get(number as usize).copied();
        let place = place.ok_or_else(|| self.no_page(number))?;
        let key = (self.number, place.offset);
        if let Some(page) = self.context.cache.get(key) {
            return Ok((page, place.offset));
        }
        let page = self.load(place)?;
        self.context.cache.put(key, &page);
        Ok((page, place.offset))
    }

    fn load(&self, place: Place) -> Result<Page, Error> {
        let mut bytes = Vec::new();
        self.read(place.offset, place.bytes as usize, &mut bytes)?;
        let damaged = |what| Error::damaged(&self.path, place.offset, what);
        let Some((body, sum)) = bytes.split_last_chunk::<4>() else {
            return Err(damaged("page is cut short"));
        };
        if crc32c(body) != u32::from_le_bytes(*sum) {
            return Err(damaged("page has a checksum that does not match"));
        }
        Ok(Page::new(body))
    }

    /// What is parsed out of a page that every question needs: kept as that, and not as bytes,
    /// which would have to be parsed each time. `memory` tells how much it takes.
    fn kept<T: Any + Send + Sync>(
        &self,
        number: u32,
        parse: impl FnOnce(Page) -> Result<T, Damage>,
        memory: impl FnOnce(&T) -> usize,
    ) -> Result<Arc<T>, Error> {
        let place = self.root.pages.get(number as usize).copied();
        let Some(place) = place else { return Err(self.no_page(number)) };
        let parse = |page| parse(page).map_err(|damage| self.damaged(damage, place.offset));
        self.kept_of(place.offset, || self.load(place), parse, memory)
    }

    /// The same of bytes at an offset that `load` reads. What takes too much memory to be kept
    /// parsed is kept as bytes.
    fn kept_of<T: Any + Send + Sync>(
        &self,
        offset: u64,
        load: impl FnOnce() -> Result<Page, Error>,
        parse: impl FnOnce(Page) -> Result<T, Error>,
        memory: impl FnOnce(&T) -> usize,
    ) -> Result<Arc<T>, Error> {
        let (key, bytes) = ((self.number, offset | PARSED), (self.number, offset));
        if let Some(found) = self.context.cache.parsed(key) {
            return Ok(found);
        }
        let page = match self.context.cache.peek(bytes) {
            Some(page) => page,
            None => {
                self.context.cache.count_miss();
                load()?
            }
        };
        let parsed = Arc::new(parse(page.clone())?);
        if !self.context.cache.put_parsed(key, &parsed, memory(&parsed)) {
            self.context.cache.put(bytes, &page);
        }
        Ok(parsed)
    }

    fn load_at(&self, offset: u64, count: usize) -> Result<Page, Error> {
        let mut bytes = Vec::new();
        self.read(offset, count, &mut bytes)?;
        Ok(Page::new(&bytes))
    }

    fn no_page(&self, number: u32) -> Error {
        Error::damaged(&self.path, 0, format!("page {number} is not there"))
    }

    fn parsed<T>(
        &self,
        number: u32,
        parse: impl FnOnce(Page) -> Result<T, Damage>,
    ) -> Result<T, Error> {
        let (page, offset) = self.page(number)?;
        parse(page).map_err(|damage| self.damaged(damage, offset))
    }

    /// Which tags its streams have.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub(super) fn dictionary(&self) -> Result<Arc<Dictionary>, Error> {
        self.kept(self.root.dictionary, |page| Dictionary::parse(&page), Dictionary::memory)
    }

    /// Where measurements are.
    ///
    /// # Errors
    /// When that is damaged or cannot be read.
    pub(super) fn fences(&self) -> Result<Arc<Vec<Fence>>, Error> {
        let memory =
            |all: &Vec<Fence>| all.iter().map(|one| size_of::<Fence>() + one.name.len()).sum();
        self.kept(self.root.measurements, |page| measurements::parse_fence(&page), memory)
    }

    /// The measurements of a page.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub(super) fn measurements_in(&self, page: u32) -> Result<Arc<Vec<Arc<Measurement>>>, Error> {
        let parse = |page: Page| {
            let found = measurements::parse(&page, &self.context.shapes)?;
            Ok(found.into_iter().map(Arc::new).collect())
        };
        let memory = |all: &Vec<Arc<Measurement>>| all.iter().map(|one| one.memory()).sum();
        self.kept(page, parse, memory)
    }

    /// The streams of page `index` of them.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub(super) fn streams_in(&self, index: u32) -> Result<Arc<Streams>, Error> {
        let number = self.root.stream_pages.saturating_add(index);
        let page = self.kept(number, Streams::parse, Streams::memory)?;
        let expected = (self.root.streams - index * STREAMS).min(STREAMS);
        if page.len() != expected as usize {
            let place = self.root.pages.get(number as usize);
            let what = "a page of streams has more or fewer than it should";
            return Err(Error::damaged(&self.path, place.map_or(0, |place| place.offset), what));
        }
        Ok(page)
    }

    /// The ranks of the streams of page `index` of them, which is `page`.
    ///
    /// # Errors
    /// When it is damaged.
    pub(super) fn ranks_in(
        &self,
        index: u32,
        page: &Streams,
        dictionary: &Dictionary,
    ) -> Result<Arc<Ranks>, Error> {
        let number = self.root.stream_pages.saturating_add(index);
        let offset = self.root.pages.get(number as usize).map_or(0, |place| place.offset);
        let key = (self.number, offset | RANKS);
        if let Some(found) = self.context.cache.parsed(key) {
            return Ok(found);
        }
        let ranks = page.ranks(&dictionary.sets);
        let ranks = Arc::new(ranks.map_err(|damage| self.damaged_streams(index, damage))?);
        self.context.cache.put_parsed(key, &ranks, ranks.memory());
        Ok(ranks)
    }

    /// The values of page `index` of a tag.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub(super) fn values_in(&self, tag: &dictionary::Tag, index: u32) -> Result<Values, Error> {
        self.parsed(tag.first_page.saturating_add(index), Values::parse)
    }

    /// The first value of each page of a tag.
    ///
    /// # Errors
    /// When that is damaged or cannot be read.
    pub(super) fn fence(&self, number: u32) -> Result<Vec<Box<str>>, Error> {
        self.parsed(number, |page| {
            let from = &mut codec::cursor::Cursor::new(&page);
            let mut firsts = Vec::new();
            while from.remaining() > 0 {
                firsts.push(super::array::get_text(from)?.into());
            }
            Ok(firsts)
        })
    }

    /// The pages of a tag that may hold values from `first` on and not beyond those that
    /// `is_beyond` says are.
    ///
    /// # Errors
    /// When the fence is damaged or cannot be read.
    pub(super) fn value_pages(
        &self,
        tag: &dictionary::Tag,
        first: &str,
        is_beyond: impl Fn(&str) -> bool,
    ) -> Result<Range<u32>, Error> {
        let pages = tag.values.div_ceil(VALUES);
        let Some(fence) = tag.fence else { return Ok(0..pages) };
        let fence = self.fence(fence)?;
        let start = fence.partition_point(|value| value.as_ref() <= first).saturating_sub(1);
        let end = fence.partition_point(|value| !is_beyond(value));
        Ok(start as u32..pages.min(end.max(start) as u32))
    }

    /// A set of streams.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub(super) fn set(&self, set: &Set) -> Result<RoaringBitmap, Error> {
        match set {
            Set::All => Ok(self.all()),
            Set::Few(streams) => Ok(streams.iter().copied().collect()),
            Set::Paged(number, at, bytes) => {
                self.parsed(*number, |page| postings::bitmap(&page, *at, *bytes))
            }
        }
    }

    /// Every stream.
    pub(super) fn all(&self) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        all.insert_range(0..self.root.streams);
        all
    }

    /// The groups of a column that may have chunks of a stream, in their order.
    ///
    /// # Errors
    /// When a page of groups is damaged or cannot be read.
    pub fn groups_of(&self, groups: &Groups, ordinal: u32) -> Result<Vec<group::Place>, Error> {
        let (count, first_page) = match groups {
            Groups::One(group) => return Ok(vec![*group]),
            Groups::Paged(count, first_page) => (*count as usize, *first_page),
        };
        let group = |at: usize| self.group(first_page, at);
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = usize::midpoint(low, high);
            if group(middle)?.first < ordinal { low = middle + 1 } else { high = middle }
        }
        // The group before may end with the stream's first chunks.
        let mut found = Vec::new();
        for at in low.saturating_sub(1)..count {
            let group = group(at)?;
            if group.first > ordinal {
                break;
            }
            found.push(group);
        }
        Ok(found)
    }

    /// All groups of a column.
    ///
    /// # Errors
    /// When a page of groups is damaged or cannot be read.
    pub fn all_groups(&self, groups: &Groups) -> Result<Vec<group::Place>, Error> {
        let (count, first_page) = match groups {
            Groups::One(group) => return Ok(vec![*group]),
            Groups::Paged(count, first_page) => (*count as usize, *first_page),
        };
        let mut all = Vec::new();
        for (page, first) in (first_page..).zip((0..count).step_by(GROUPS)) {
            let of_page = GROUPS.min(count - first);
            all.extend(self.parsed(page, |page| measurements::parse_groups(&page, of_page))?);
        }
        Ok(all)
    }

    fn group(&self, first_page: u32, at: usize) -> Result<group::Place, Error> {
        let number = first_page.saturating_add((at / GROUPS) as u32);
        self.parsed(number, |page| measurements::parse_group(&page, at % GROUPS))
    }

    /// The directory of a group.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub fn directory(&self, group: group::Place) -> Result<Arc<Directory>, Error> {
        let load = || self.load_at(group.offset, group.directory as usize);
        let damaged = |damage| self.damaged(damage, group.offset);
        let parse = |page: Page| Directory::parse(&page, group).map_err(damaged);
        self.kept_of(group.offset, load, parse, Directory::memory)
    }

    /// The statistics of the chunks of a group, times being rows; none of those without.
    ///
    /// # Errors
    /// When they are damaged or cannot be read.
    pub fn statistics(&self, of: &Directory) -> Result<Arc<Statistics>, Error> {
        let Some((offset, bytes)) = of.statistics() else { return Ok(Arc::default()) };
        let load = || self.load_at(offset, bytes);
        let damaged = |damage| self.damaged(damage, offset);
        let parse = |page: Page| of.parse_statistics(&page).map_err(damaged);
        self.kept_of(offset, load, parse, |all| size_of_val(all.as_slice()))
    }

    /// Where list `number` of timestamps is: its page, and its place there.
    ///
    /// # Errors
    /// When there is none.
    pub fn time_place(&self, number: u32) -> Result<(u32, usize), Error> {
        let after = self.root.times.partition_point(|(first, _)| *first <= number);
        let missing =
            || Error::damaged(&self.path, 0, format!("list {number} of timestamps is not there"));
        let (first, page) = self.root.times[..after].last().ok_or_else(missing)?;
        Ok((*page, (number - first) as usize))
    }

    /// A page of timestamps.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub fn time_page(&self, number: u32) -> Result<Arc<times::Page>, Error> {
        self.kept(number, times::Page::parse, times::Page::memory)
    }
}

impl Block {
    /// What is damaged in page `index` of the values of a tag.
    pub(super) fn damaged_value(&self, tag: &dictionary::Tag, index: u32, damage: Damage) -> Error {
        self.damaged_page(tag.first_page.saturating_add(index), damage)
    }

    /// What is damaged in page `index` of the streams.
    pub(super) fn damaged_streams(&self, index: u32, damage: Damage) -> Error {
        self.damaged_page(self.root.stream_pages.saturating_add(index), damage)
    }

    fn damaged_page(&self, number: u32, damage: Damage) -> Error {
        let place = self.root.pages.get(number as usize);
        self.damaged(damage, place.map_or(0, |place| place.offset))
    }
}
