//! Streams that have one value: mostly one, a few, or very many.

use roaring::RoaringBitmap;

/// Up to so many stand in a plain list, which takes less than containers would.
const LISTED_MAX: usize = 64;

/// A set of streams.
#[derive(Debug)]
pub enum Postings {
    /// One stream, as a pod's name has.
    One(u32),
    /// Few streams, or none, rising.
    Few(Vec<u32>),
    /// Many streams.
    Many(Box<RoaringBitmap>),
}

impl Postings {
    /// Adds a stream that is not in it.
    pub fn insert(&mut self, stream: u32) {
        match self {
            Self::One(first) => {
                let list = vec![stream.min(*first), stream.max(*first)];
                *self = Self::Few(list);
            }
            Self::Few(list) if list.len() < LISTED_MAX => {
                let at = list.partition_point(|known| *known < stream);
                list.insert(at, stream);
            }
            Self::Few(list) => {
                let mut set: RoaringBitmap = list.iter().copied().collect();
                set.insert(stream);
                *self = Self::Many(Box::new(set));
            }
            Self::Many(set) => drop(set.insert(stream)),
        }
    }

    /// Takes a stream out; answers whether none is left.
    pub fn remove(&mut self, stream: u32) -> bool {
        match self {
            Self::One(only) => *only == stream,
            Self::Few(list) => {
                list.retain(|known| *known != stream);
                list.is_empty()
            }
            Self::Many(set) => {
                set.remove(stream);
                set.is_empty()
            }
        }
    }

    /// Hands each stream to `each`.
    pub fn for_each(&self, mut each: impl FnMut(u32)) {
        match self {
            Self::One(only) => each(*only),
            Self::Few(list) => list.iter().copied().for_each(each),
            Self::Many(many) => many.iter().for_each(each),
        }
    }

    /// Whether `is_it` says yes to any stream; none after that is asked for.
    pub fn any(&self, mut is_it: impl FnMut(u32) -> bool) -> bool {
        match self {
            Self::One(only) => is_it(*only),
            Self::Few(list) => list.iter().copied().any(is_it),
            Self::Many(many) => many.iter().any(is_it),
        }
    }

    /// Adds its streams to `set`.
    pub fn add_to(&self, set: &mut RoaringBitmap) {
        match self {
            Self::One(only) => drop(set.insert(*only)),
            Self::Few(list) => set.extend(list.iter().copied()),
            Self::Many(many) => *set |= many.as_ref(),
        }
    }
}
