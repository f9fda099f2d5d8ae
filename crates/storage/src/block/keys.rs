//! What groups streams of a block, without their names: ranks of some of their tags.

use super::dictionary::Dictionary;
use super::streams::{Ranks, STREAMS, Streams};
use super::{Block, Lookup};
use crate::error::Error;
use crate::identity::PolicyId;
use model::TimeRange;
use std::sync::Arc;

/// What is known of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Who it is, without its policy.
    pub hash: u128,
    /// Its policy.
    pub policy: PolicyId,
    /// Its shape, by its place in the measurement.
    pub shape: u32,
    /// When it has rows, rounded outwards.
    pub range: TimeRange,
}

/// Looks at streams by some of their tags; fastest in the order of ordinals.
pub struct Keys<'a> {
    block: &'a Block,
    look: Lookup<'a>,
    dictionary: Arc<Dictionary>,
    /// The numbers of the tags looked at, where the block has them.
    tags: Vec<Option<u32>>,
    /// The page that was read last, with its ranks where any tag is looked at.
    page: Option<(u32, Arc<Streams>, Option<Arc<Ranks>>)>,
}

impl<'a> Keys<'a> {
    /// Looks at the tags of these names.
    ///
    /// # Errors
    /// When the block is damaged or cannot be read.
    pub fn new(block: &'a Block, names: &[&str]) -> Result<Self, Error> {
        let dictionary = block.dictionary()?;
        let number = |name: &&str| {
            let at = dictionary.tags.binary_search_by(|tag| tag.name.as_ref().cmp(name));
            at.ok().map(|at| at as u32)
        };
        let tags = names.iter().map(number).collect();
        Ok(Self { block, look: Lookup::new(block)?, dictionary, tags, page: None })
    }

    /// A stream, and to `ranks` the rank of each tag plus one, 0 where it lacks the tag.
    ///
    /// # Errors
    /// When its page is damaged or cannot be read.
    pub fn stream(&mut self, ordinal: u32, ranks: &mut Vec<u32>) -> Result<Known, Error> {
        let index = ordinal / STREAMS;
        if self.page.as_ref().is_none_or(|(known, ..)| *known != index) {
            let streams = self.block.streams_in(index)?;
            let ranks = match self.tags.iter().any(Option::is_some) {
                true => Some(self.block.ranks_in(index, &streams, &self.dictionary)?),
                false => None,
            };
            self.page = Some((index, streams, ranks));
        }
        let (_, streams, all) = self.page.as_ref().expect("it was just read");
        let at = (ordinal % STREAMS) as usize;
        let stream = streams.stream(at);
        // Where none of the tags is there, nobody has checked that the set is.
        let set = self.dictionary.sets.get(stream.common.tags as usize);
        for tag in &self.tags {
            let place = tag.and_then(|tag| set?.binary_search(&tag).ok());
            let rank = all.as_ref().zip(place).and_then(|(all, place)| all.of(at).nth(place));
            ranks.push(rank.map_or(0, |rank| rank.saturating_add(1)));
        }
        let (policy, shape) = (self.look.policy(&stream)?, stream.common.shape);
        Ok(Known { hash: stream.hash, policy, shape, range: stream.range })
    }

    /// The value of tag `at` of those looked at that has a rank, given as above.
    ///
    /// # Errors
    /// When a page is damaged or cannot be read.
    pub fn text(&mut self, at: usize, rank: u32) -> Result<Arc<str>, Error> {
        match (self.tags[at], rank.checked_sub(1)) {
            (Some(tag), Some(rank)) => self.look.text(&self.dictionary, tag, rank),
            _ => Ok(Arc::from("")),
        }
    }
}
