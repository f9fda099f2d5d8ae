//! What stays in memory of a block: where its pages are, and how to begin looking.

use super::array;
use super::output::Place;
use super::postings::Set;
use crate::error::Damage;
use crate::identity::PolicyId;
use codec::cursor::Cursor;
use codec::varint::put_u64;

/// What stays in memory of a block.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Root {
    /// How many streams it has.
    pub streams: u32,
    /// The policies its streams are of, and which are of each.
    pub policies: Vec<(PolicyId, Set)>,
    /// The page that says where measurements are.
    pub measurements: u32,
    /// The page with the dictionary of tags.
    pub dictionary: u32,
    /// The first page of streams; the others follow it.
    pub stream_pages: u32,
    /// The first list of timestamps of each page of them, and the page's number.
    pub times: Vec<(u32, u32)>,
    /// Where each page is.
    pub pages: Vec<Place>,
}

impl Root {
    /// Its bytes; `sets` are those of the policies, as they are written.
    pub fn encode(&self, sets: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put_u64(&mut out, u64::from(self.streams));
        put_u64(&mut out, self.policies.len() as u64);
        self.policies.iter().for_each(|(id, _)| put_u64(&mut out, u64::from(id.0)));
        out.extend_from_slice(sets);
        for page in [self.measurements, self.dictionary, self.stream_pages] {
            put_u64(&mut out, u64::from(page));
        }
        put_u64(&mut out, self.times.len() as u64);
        let numbers = |of: fn(&(u32, u32)) -> u32| -> Vec<i64> {
            self.times.iter().map(|entry| i64::from(of(entry))).collect()
        };
        array::put(&mut out, &numbers(|entry| entry.0));
        array::put(&mut out, &numbers(|entry| entry.1));
        put_u64(&mut out, self.pages.len() as u64);
        let offsets: Vec<i64> = self.pages.iter().map(|page| page.offset.cast_signed()).collect();
        let lengths: Vec<i64> = self.pages.iter().map(|page| i64::from(page.bytes)).collect();
        array::put(&mut out, &offsets);
        array::put(&mut out, &lengths);
        out
    }

    /// Reads it.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let from = &mut Cursor::new(bytes);
        let streams = array::number(from)?;
        let mut ids = Vec::new();
        for _ in 0..from.varint()? {
            ids.push(PolicyId(array::number(from)?));
        }
        let mut policies = Vec::with_capacity(ids.len());
        for id in ids {
            policies.push((id, Set::get(from)?));
        }
        let measurements = array::number(from)?;
        let (dictionary, stream_pages) = (array::number(from)?, array::number(from)?);
        let count = array::number(from)?;
        let firsts: Vec<u32> = array::get_as(from, count)?;
        let numbers: Vec<u32> = array::get_as(from, count)?;
        let times = firsts.into_iter().zip(numbers).collect();
        let count = array::number(from)?;
        let offsets: Vec<u64> = array::get_as(from, count)?;
        let lengths: Vec<u32> = array::get_as(from, count)?;
        let place = |(offset, bytes)| Place { offset, bytes };
        let pages = offsets.into_iter().zip(lengths).map(place).collect();
        from.finish()?;
        Ok(Self { streams, policies, measurements, dictionary, stream_pages, times, pages })
    }

    /// How much memory it takes.
    pub fn memory(&self) -> usize {
        size_of::<Self>()
            + self.times.len() * size_of::<(u32, u32)>()
            + self.pages.len() * size_of::<Place>()
            + self.policies.len() * size_of::<(PolicyId, Set)>()
    }
}
