//! Streams that have one value: mostly one, a few, or very many.

use roaring::RoaringBitmap;
use std::sync::Arc;

/// Up to so many stand in a plain list, which takes less than containers would.
const LISTED_MAX: usize = 64;

/// A set of streams, and the text that they share.
#[derive(Debug)]
pub enum Postings {
    /// One stream, as a pod's name has: nobody shares its text.
    One(u32),
    /// Others.
    Shared(Box<Shared>),
}

/// Streams that share a text.
#[derive(Debug)]
pub struct Shared {
    text: Arc<str>,
    streams: Streams,
}

#[derive(Debug)]
enum Streams {
    /// Few, or none, rising.
    Few(Vec<u32>),
    /// Many.
    Many(RoaringBitmap),
}

impl Postings {
    /// One stream, of a text that is shared from the beginning.
    pub fn shared(text: Arc<str>, stream: u32) -> Self {
        Self::Shared(Box::new(Shared { text, streams: Streams::Few(vec![stream]) }))
    }

    /// The text that streams share; none where there is only one.
    pub fn text(&self) -> Option<&Arc<str>> {
        match self {
            Self::One(_) => None,
            Self::Shared(shared) => Some(&shared.text),
        }
    }

    /// Adds a stream that is not in it. `text` makes the text that is shared from now on.
    pub fn insert(&mut self, stream: u32, text: impl FnOnce() -> Arc<str>) {
        match self {
            Self::One(first) => {
                let streams = Streams::Few(vec![stream.min(*first), stream.max(*first)]);
                *self = Self::Shared(Box::new(Shared { text: text(), streams }));
            }
            Self::Shared(shared) => shared.streams.insert(stream),
        }
    }

    /// Takes a stream out; answers whether none is left.
    pub fn remove(&mut self, stream: u32) -> bool {
        match self {
            Self::One(only) => *only == stream,
            Self::Shared(shared) => match &mut shared.streams {
                Streams::Few(list) => {
                    list.retain(|known| *known != stream);
                    list.is_empty()
                }
                Streams::Many(set) => {
                    set.remove(stream);
                    set.is_empty()
                }
            },
        }
    }

    /// Hands each stream to `each`.
    pub fn for_each(&self, mut each: impl FnMut(u32)) {
        match self {
            Self::One(only) => each(*only),
            Self::Shared(shared) => match &shared.streams {
                Streams::Few(list) => list.iter().copied().for_each(each),
                Streams::Many(many) => many.iter().for_each(each),
            },
        }
    }

    /// Whether `is_it` says yes to any stream; none after that is asked for.
    pub fn any(&self, mut is_it: impl FnMut(u32) -> bool) -> bool {
        match self {
            Self::One(only) => is_it(*only),
            Self::Shared(shared) => match &shared.streams {
                Streams::Few(list) => list.iter().copied().any(is_it),
                Streams::Many(many) => many.iter().any(is_it),
            },
        }
    }

    /// Adds its streams: few to a list, in no order, many to a set.
    pub fn add_to(&self, few: &mut Vec<u32>, many: &mut RoaringBitmap) {
        match self {
            Self::One(only) => few.push(*only),
            Self::Shared(shared) => match &shared.streams {
                Streams::Few(list) => few.extend(list),
                Streams::Many(set) => *many |= set,
            },
        }
    }
}

impl Streams {
    fn insert(&mut self, stream: u32) {
        match self {
            Self::Few(list) if list.len() < LISTED_MAX => {
                let at = list.partition_point(|known| *known < stream);
                list.insert(at, stream);
            }
            Self::Few(list) => {
                let mut set: RoaringBitmap = list.iter().copied().collect();
                set.insert(stream);
                *self = Self::Many(set);
            }
            Self::Many(set) => drop(set.insert(stream)),
        }
    }
}
