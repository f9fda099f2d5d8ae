//! Which tags the streams of a block have: names, where their values are, and sets of them.

use super::array;
use super::postings::Set;
use crate::error::Damage;
use codec::cursor::Cursor;
use std::sync::Arc;

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub name: Arc<str>,
    /// How many values it has.
    pub values: u32,
    /// The page of the first values; the others follow it.
    pub first_page: u32,
    /// The page with the first value of each page; none where there is only one.
    pub fence: Option<u32>,
    /// The streams that have it.
    pub streams: Set,
}

/// Which tags there are, and which of them streams have.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    /// By their names, sorted.
    pub tags: Vec<Tag>,
    /// Which tags a stream has, by their numbers, rising.
    pub sets: Vec<Box<[u32]>>,
}

impl Dictionary {
    /// Reads it.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let from = &mut Cursor::new(bytes);
        let mut dictionary = Self::default();
        for _ in 0..from.varint()? {
            let name = array::get_text(from)?.into();
            let (values, first_page) = (array::number(from)?, array::number(from)?);
            let fence: u32 = array::number(from)?;
            let streams = Set::get(from)?;
            let fence = fence.checked_sub(1);
            dictionary.tags.push(Tag { name, values, first_page, fence, streams });
        }
        for _ in 0..from.varint()? {
            let at = from.offset() as u64;
            let mut set = Vec::new();
            for _ in 0..from.varint()? {
                set.push(array::number(from)?);
            }
            if set.iter().any(|tag| *tag as usize >= dictionary.tags.len()) {
                return Err(Damage::new(at, "a set of tags names one that is not there"));
            }
            dictionary.sets.push(set.into());
        }
        from.finish()?;
        Ok(dictionary)
    }

    /// About how much memory it takes.
    pub fn memory(&self) -> usize {
        let streams = |tag: &Tag| match &tag.streams {
            Set::Few(few) => few.len() * size_of::<u32>(),
            Set::All | Set::Paged(..) => 0,
        };
        let tags = self.tags.iter().map(|tag| size_of::<Tag>() + tag.name.len() + streams(tag));
        let sets = self.sets.iter().map(|set| size_of::<Box<[u32]>>() + size_of_val(&**set));
        size_of::<Self>() + tags.sum::<usize>() + sets.sum::<usize>()
    }

    /// The tag of this name, and its number.
    pub fn find(&self, name: &str) -> Option<&Tag> {
        let at = self.tags.binary_search_by(|tag| tag.name.as_ref().cmp(name)).ok()?;
        Some(&self.tags[at])
    }
}
