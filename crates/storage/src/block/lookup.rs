//! Looks at the streams of a block, one after the other, and keeps the pages they are on.

use super::Block;
use super::dictionary::Dictionary;
use super::measurements::{Fence, Measurement};
use super::streams::{Ranks, STREAMS, Stream, Streams};
use super::values::{VALUES, Values};
use crate::error::Error;
use crate::identity::{Pair, PolicyId, PolicyName};
use hashbrown::HashMap;
use model::{StreamKey, Tags};
use std::sync::Arc;

/// Texts that are kept: those that many streams share are soon here again.
const TEXTS_MAX: usize = 1 << 16;

/// Looks at the streams of a block; fastest in the order of ordinals.
pub struct Lookup<'a> {
    block: &'a Block,
    fences: Arc<Vec<Fence>>,
    /// The page of measurements that was read last, by its place among the fences.
    measurements: Option<(usize, Arc<Vec<Arc<Measurement>>>)>,
    /// The page of streams that was read last, and the ranks of their tags once they were
    /// asked for.
    streams: Option<(u32, Arc<Streams>, Option<Arc<Ranks>>)>,
    dictionary: Option<Arc<Dictionary>>,
    /// By tag and rank, texts that were read.
    texts: HashMap<(u32, u32), Arc<str>>,
    /// By tag, the page of values that was read last.
    values: HashMap<u32, (u32, Values)>,
}

impl<'a> Lookup<'a> {
    /// Looks at the streams of `block`.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub fn new(block: &'a Block) -> Result<Self, Error> {
        Ok(Self {
            block,
            fences: block.fences()?,
            measurements: None,
            streams: None,
            dictionary: None,
            texts: HashMap::new(),
            values: HashMap::new(),
        })
    }

    /// Hands every measurement with its number to `each`.
    ///
    /// # Errors
    /// When a page is damaged or cannot be read.
    pub fn each_measurement(
        &mut self,
        mut each: impl FnMut(u32, &Arc<Measurement>),
    ) -> Result<(), Error> {
        for index in 0..self.fences.len() {
            let first = self.fences[index].first;
            let page = self.measurement_page(index)?;
            (first..).zip(page).for_each(|(number, one)| each(number, one));
        }
        Ok(())
    }

    /// The measurement of this name, and its number.
    ///
    /// # Errors
    /// When a page is damaged or cannot be read.
    pub fn find_measurement(
        &mut self,
        name: &str,
    ) -> Result<Option<(u32, Arc<Measurement>)>, Error> {
        let after = self.fences.partition_point(|fence| fence.name.as_ref() <= name);
        let Some(index) = after.checked_sub(1) else { return Ok(None) };
        let first = self.fences[index].first;
        let mut page = (first..).zip(self.measurement_page(index)?);
        let found = page.find(|(_, one)| one.name.as_ref() == name);
        Ok(found.map(|(number, one)| (number, one.clone())))
    }

    /// The measurement of this number.
    ///
    /// # Errors
    /// When it is not there, or its page is damaged or cannot be read.
    pub fn measurement(&mut self, number: u32) -> Result<Arc<Measurement>, Error> {
        let after = self.fences.partition_point(|fence| fence.first <= number);
        let index = after.saturating_sub(1);
        let first = self.fences.get(index).map_or(0, |fence| fence.first);
        let block = self.block;
        let page = self.measurement_page(index)?;
        // The first fence may begin behind it, where it was not written by this program.
        let at = number.checked_sub(first);
        let found = at.and_then(|at| page.get(at as usize)).cloned();
        found.ok_or_else(|| {
            Error::damaged(block.path(), 0, format!("measurement {number} is not there"))
        })
    }

    fn measurement_page(&mut self, index: usize) -> Result<&[Arc<Measurement>], Error> {
        if self.measurements.as_ref().is_none_or(|(known, _)| *known != index) {
            let page = match self.fences.get(index) {
                Some(fence) => self.block.measurements_in(fence.page)?,
                None => Arc::default(),
            };
            self.measurements = Some((index, page));
        }
        Ok(self.measurements.as_ref().map_or(&[], |(_, page)| page.as_slice()))
    }

    /// A stream.
    ///
    /// # Errors
    /// When its page is damaged or cannot be read.
    pub fn stream(&mut self, ordinal: u32) -> Result<Stream, Error> {
        let page = self.stream_page(ordinal / STREAMS)?;
        Ok(page.0.stream((ordinal % STREAMS) as usize))
    }

    fn stream_page(&mut self, index: u32) -> Result<(&Streams, &mut Option<Arc<Ranks>>), Error> {
        let is_here = self.streams.as_ref().is_some_and(|(known, ..)| *known == index);
        if !is_here {
            self.streams = Some((index, self.block.streams_in(index)?, None));
        }
        let (_, page, ranks) = self.streams.as_mut().expect("it was just read");
        Ok((page, ranks))
    }

    /// The policy of a stream.
    ///
    /// # Errors
    /// When the block is damaged.
    pub fn policy(&self, stream: &Stream) -> Result<PolicyId, Error> {
        let policy = self.block.root.policies.get(stream.common.policy as usize);
        let missing =
            || Error::damaged(self.block.path(), 0, "the policy of a stream is not there");
        Ok(policy.ok_or_else(missing)?.0)
    }

    /// The names of a stream, whose policy is called `policy`.
    ///
    /// # Errors
    /// When a page is damaged or cannot be read.
    pub fn key(&mut self, ordinal: u32, policy: &PolicyName) -> Result<StreamKey, Error> {
        let stream = self.stream(ordinal)?;
        let measurement = self.measurement(stream.common.measurement)?.name.clone();
        let pairs = self.pairs(ordinal, &stream)?;
        Ok(StreamKey {
            database: policy.database.clone(),
            policy: policy.policy.clone(),
            measurement,
            tags: Tags::new(pairs),
        })
    }

    fn pairs(&mut self, ordinal: u32, stream: &Stream) -> Result<Vec<Pair>, Error> {
        let dictionary = match self.dictionary.take() {
            Some(dictionary) => dictionary,
            None => self.block.dictionary()?,
        };
        let block = self.block;
        let index = ordinal / STREAMS;
        let (page, known) = self.stream_page(index)?;
        if known.is_none() {
            *known = Some(block.ranks_in(index, page, &dictionary)?);
        }
        let ranks = known.as_ref().map(|ranks| ranks.of((ordinal % STREAMS) as usize));
        let ranks: Vec<u32> = ranks.into_iter().flatten().collect();
        let mut pairs = Vec::with_capacity(ranks.len());
        for (tag, rank) in dictionary.sets[stream.common.tags as usize].iter().zip(ranks) {
            let name = dictionary.tags[*tag as usize].name.clone();
            pairs.push((name, self.text(&dictionary, *tag, rank)?));
        }
        self.dictionary = Some(dictionary);
        Ok(pairs)
    }

    /// The value of `rank` that a tag has.
    ///
    /// # Errors
    /// When a page is damaged or cannot be read.
    pub(super) fn text(
        &mut self,
        dictionary: &Dictionary,
        tag: u32,
        rank: u32,
    ) -> Result<Arc<str>, Error> {
        if let Some(text) = self.texts.get(&(tag, rank)) {
            return Ok(text.clone());
        }
        let index = rank / VALUES;
        let of = &dictionary.tags[tag as usize];
        let values = match self.values.get(&tag).filter(|(known, _)| *known == index) {
            Some((_, values)) => values.clone(),
            None => {
                let values = self.block.values_in(of, index)?;
                self.values.insert(tag, (index, values.clone()));
                values
            }
        };
        let text = values.text((rank % VALUES) as usize);
        let text = text.map_err(|damage| self.block.damaged_value(of, index, damage))?;
        let text: Arc<str> = text.into();
        if self.texts.len() >= TEXTS_MAX {
            self.texts.clear();
        }
        self.texts.insert((tag, rank), text.clone());
        Ok(text)
    }
}
