//! Finds streams by the bytes their keys came in.
//!
//! A key is known by a 128-bit hash of its bytes, of where it goes and of a number drawn at
//! the start: the bytes themselves are not kept, as 200 of them for each of millions of
//! series would be most of what these take. Two keys are alike by chance once in 10^15 tries
//! with 10^12 keys, and as the number is not known outside, not by intent either. A row's
//! key is first compared with that of the stream which followed the last row's one the last
//! time (agents send the same streams in the same order), then looked up; only a spelling
//! that was never seen is parsed. Several spellings of one stream lead to the same stream.

use super::paged::Paged;
use crate::identity::PolicyId;
use hashbrown::{HashSet, HashTable};
use model::Refusal;
use model::row::{Dialect, Identify, Identity as Names};
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// Stands for "not known" where an index of a spelling is expected.
const NONE: u32 = u32::MAX;
/// Tables by the high bits of hashes: one that grows stops writers for its share only.
const TABLES: usize = 64;

/// Where a key means a stream: the same bytes are another stream elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scope {
    /// Where the row goes.
    pub policy: PolicyId,
    /// How the key is spelled.
    pub dialect: Dialect,
}

impl Scope {
    fn seed(self) -> u64 {
        u64::from(self.policy.0) << 8 | self.dialect as u64
    }
}

/// One way a stream's key was spelled. Half a cache line; those that came one after the
/// other stand so, and mostly come so again.
struct Spelling {
    hash: [u64; 2],
    slot: u32,
    /// Columns the stream has, or had.
    shape: AtomicU32,
    /// The spelling that followed this one last time.
    successor: AtomicU32,
    partition: u16,
    is_vacant: bool,
}

const _: () = assert!(size_of::<Spelling>() == 32);

/// Where a key's stream is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    /// The partition that holds its rows.
    pub partition: u16,
    /// Its place in that partition, while it is in the head.
    pub slot: u32,
}

/// Where a key's stream is, and columns it has.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Where it is.
    pub place: Place,
    /// The number of a shape that it has, or had before it gained more columns.
    pub shape: u32,
    spelling: u32,
}

struct Inner {
    /// Places are taken again only while nobody reads.
    spellings: Paged<Spelling>,
    vacant: Vec<u32>,
    by_hash: Box<[HashTable<u32>]>,
    /// Streams that were spelled since forgetting began; none where nobody forgets.
    spelled_again: Option<HashSet<Place>>,
}

/// All spellings of all streams.
pub struct Directory {
    inner: RwLock<Inner>,
    /// Drawn at the start.
    seed: u64,
}

impl Default for Directory {
    fn default() -> Self {
        let by_hash = (0..TABLES).map(|_| HashTable::new()).collect();
        let inner =
            Inner { spellings: Paged::default(), vacant: Vec::new(), by_hash, spelled_again: None };
        Self { inner: RwLock::new(inner), seed: RandomState::new().hash_one(0u64) }
    }
}

impl Directory {
    /// Finds streams for the rows of one body.
    pub fn resolver(&self) -> Resolver<'_> {
        Resolver { directory: self, reading: Some(self.inner.read()), last: NONE }
    }

    /// Forgets all spellings of streams, page by page, so that nobody waits for long.
    /// Streams that are spelled again from here on are noted, until that is ended.
    pub fn forget(&self, is_gone: impl Fn(Place) -> bool) {
        let mut inner = self.inner.write();
        inner.spelled_again = Some(HashSet::new());
        // What is added from here on is not gone.
        let pages = inner.spellings.pages();
        drop(inner);
        for page in 0..pages {
            self.inner.write().forget(page, &is_gone);
        }
    }

    /// Whether a stream was spelled since forgetting began.
    pub fn is_spelled_again(&self, place: Place) -> bool {
        let inner = self.inner.read();
        inner.spelled_again.as_ref().is_some_and(|again| again.contains(&place))
    }

    /// No longer notes which streams are spelled again.
    pub fn end_forgetting(&self) {
        self.inner.write().spelled_again = None;
    }
}

impl Inner {
    fn forget(&mut self, page: usize, is_gone: impl Fn(Place) -> bool) {
        let Self { spellings, vacant, by_hash, spelled_again } = self;
        let is_new = |place| spelled_again.as_ref().is_some_and(|again| again.contains(&place));
        for (at, spelling) in spellings.page_mut(page) {
            let place = spelling.place();
            if spelling.is_vacant || !is_gone(place) || is_new(place) {
                continue;
            }
            spelling.is_vacant = true;
            // So that nobody is led here who remembers it as a successor.
            let hash = std::mem::take(&mut spelling.hash);
            if let Ok(found) = by_hash[table(hash)].find_entry(hash[0], |known| *known == at) {
                found.remove();
            }
            vacant.push(at);
        }
    }

    fn find(&self, hash: [u64; 2]) -> Option<u32> {
        let is_it = |at: &u32| self.spellings[*at].hash == hash;
        self.by_hash[table(hash)].find(hash[0], is_it).copied()
    }

    fn add(&mut self, hash: [u64; 2], place: Place) -> u32 {
        let spelling = Spelling {
            hash,
            slot: place.slot,
            shape: AtomicU32::new(0),
            successor: AtomicU32::new(NONE),
            partition: place.partition,
            is_vacant: false,
        };
        let Self { spellings, vacant, by_hash, spelled_again } = self;
        if let Some(again) = spelled_again {
            again.insert(place);
        }
        let at = match vacant.pop() {
            Some(at) => {
                spellings[at] = spelling;
                at
            }
            None => spellings.push(spelling),
        };
        by_hash[table(hash)].insert_unique(hash[0], at, |at| spellings[*at].hash[0]);
        at
    }
}

fn table(hash: [u64; 2]) -> usize {
    hash[1] as usize % TABLES
}

impl Spelling {
    fn place(&self) -> Place {
        Place { partition: self.partition, slot: self.slot }
    }

    fn found(&self, spelling: u32) -> Found {
        let shape = self.shape.load(Ordering::Relaxed);
        Found { place: self.place(), shape, spelling }
    }
}

/// Finds streams for the rows of one body. It reads the directory all the while, so that
/// no step is taken per row; it lets go for a moment for a new spelling, of its own or
/// of others.
pub struct Resolver<'a> {
    directory: &'a Directory,
    reading: Option<RwLockReadGuard<'a, Inner>>,
    last: u32,
}

impl Resolver<'_> {
    /// The stream that `key` means. `place` finds or makes a stream by its parsed names.
    ///
    /// # Errors
    /// When the key cannot be parsed, or the stream may not be made.
    #[inline]
    pub fn find(
        &mut self,
        scope: Scope,
        key: &[u8],
        identify: Identify,
        place: impl FnOnce(Names) -> Result<Place, Refusal>,
    ) -> Result<Found, Refusal> {
        if let Some(reading) = &mut self.reading {
            // Costs nothing where nobody waits to add a spelling.
            RwLockReadGuard::bump(reading);
        }
        let predicted = self.predict();
        let hash = xxh3_128_with_seed(key, self.directory.seed ^ scope.seed());
        let hash = [hash as u64, (hash >> 64) as u64];
        if let Some((at, next)) = predicted.filter(|(_, next)| next.hash == hash) {
            let found = next.found(at);
            self.last = at;
            return Ok(found);
        }
        let at = match self.inner().find(hash) {
            Some(at) => at,
            None => self.learn(hash, key, identify, place)?,
        };
        let inner = self.inner();
        if let Some(last) = inner.spellings.get(self.last) {
            last.successor.store(at, Ordering::Relaxed);
        }
        let found = inner.spellings[at].found(at);
        self.last = at;
        Ok(found)
    }

    /// Notes which columns a stream has that was found.
    pub fn note_shape(&self, found: &Found, shape: u32) {
        self.inner().spellings[found.spelling].shape.store(shape, Ordering::Relaxed);
    }

    #[inline]
    fn predict(&self) -> Option<(u32, &Spelling)> {
        let spellings = &self.inner().spellings;
        let at = spellings.get(self.last)?.successor.load(Ordering::Relaxed);
        Some((at, spellings.get(at)?))
    }

    /// Adds a spelling that is not known, and its stream where that is not either.
    #[cold]
    fn learn(
        &mut self,
        hash: [u64; 2],
        key: &[u8],
        identify: Identify,
        place: impl FnOnce(Names) -> Result<Place, Refusal>,
    ) -> Result<u32, Refusal> {
        // Before a wait for the stream's partition, so that nobody else waits for this reader.
        self.reading = None;
        let place = match identify(key).and_then(place) {
            Ok(place) => place,
            Err(refused) => {
                self.reading = Some(self.directory.inner.read());
                return Err(refused);
            }
        };
        let mut inner = self.directory.inner.write();
        // Another body may have brought it since this one let go.
        let known = inner.find(hash);
        let at = known.unwrap_or_else(|| inner.add(hash, place));
        self.reading = Some(RwLockWriteGuard::downgrade(inner));
        Ok(at)
    }

    #[inline]
    fn inner(&self) -> &Inner {
        self.reading.as_ref().expect("it reads except while it learns")
    }
}
