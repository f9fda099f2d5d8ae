//! Finds streams by the bytes their keys came in.
//!
//! A row's key is first compared with that of the stream which followed the last row's one
//! the last time (agents send the same streams in the same order), then looked up by a
//! 128-bit hash; only a spelling that was never seen is parsed. Several spellings of one
//! stream lead to the same stream.

use super::stream::Stream;
use crate::identity::Identity;
use hashbrown::HashTable;
use model::Refusal;
use model::row::{Dialect, Identify, Identity as Names};
use parking_lot::{RwLock, RwLockReadGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::identity::PolicyId;

/// Stands for "not known" where an index of a spelling is expected.
const NONE: u32 = u32::MAX;

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

/// One way a stream's key was spelled.
struct Spelling {
    key: Box<[u8]>,
    scope: Scope,
    hash: u128,
    stream: Arc<Stream>,
    /// The spelling that followed this one last time.
    successor: AtomicU32,
}

#[derive(Default)]
struct Inner {
    /// Places are taken again only while nobody reads.
    spellings: Vec<Option<Spelling>>,
    vacant: Vec<u32>,
    by_hash: HashTable<u32>,
    streams: HashTable<Arc<Stream>>,
}

/// All spellings of all streams.
#[derive(Default)]
pub struct Directory {
    inner: RwLock<Inner>,
}

impl Directory {
    /// How many streams there are.
    pub fn len(&self) -> u64 {
        self.inner.read().streams.len() as u64
    }

    /// Finds streams for the rows of one body.
    pub fn resolver(&self) -> Resolver<'_> {
        Resolver { directory: self, reading: Some(self.inner.read()), last: NONE }
    }

    /// The stream with this identity; `place` makes it where it is not known.
    pub fn stream(
        &self,
        identity: Arc<Identity>,
        place: impl FnOnce(Arc<Identity>) -> Arc<Stream>,
    ) -> Arc<Stream> {
        self.inner.write().stream(identity, place)
    }

    /// Forgets streams with all their spellings.
    pub fn forget(&self, is_gone: impl Fn(&Stream) -> bool) {
        let mut inner = self.inner.write();
        let Inner { spellings, vacant, by_hash, streams } = &mut *inner;
        for (at, place) in (0..).zip(spellings.iter_mut()) {
            if place.as_ref().is_some_and(|spelling| is_gone(&spelling.stream)) {
                *place = None;
                vacant.push(at);
            }
        }
        by_hash.retain(|at| spellings[*at as usize].is_some());
        streams.retain(|stream| !is_gone(stream));
    }
}

impl Inner {
    fn stream(
        &mut self,
        identity: Arc<Identity>,
        place: impl FnOnce(Arc<Identity>) -> Arc<Stream>,
    ) -> Arc<Stream> {
        if let Some(known) = self.known(&identity) {
            return known.clone();
        }
        let hash = address(&identity);
        let stream = place(identity);
        self.streams.insert_unique(hash, stream.clone(), |stream| address(&stream.identity));
        stream
    }

    fn known(&self, identity: &Arc<Identity>) -> Option<&Arc<Stream>> {
        let same = |stream: &Arc<Stream>| Arc::ptr_eq(&stream.identity, identity);
        self.streams.find(address(identity), same)
    }

    fn find(&self, hash: u128, scope: Scope, key: &[u8]) -> Option<u32> {
        let is_it = |at: &u32| self.spelling(*at).is_some_and(|known| known.is(scope, key));
        self.by_hash.find(hash as u64, is_it).copied()
    }

    fn spelling(&self, at: u32) -> Option<&Spelling> {
        self.spellings.get(at as usize)?.as_ref()
    }

    fn add(&mut self, spelling: Spelling) -> u32 {
        let hash = spelling.hash as u64;
        let at = match self.vacant.pop() {
            Some(at) => {
                self.spellings[at as usize] = Some(spelling);
                at
            }
            None => {
                self.spellings.push(Some(spelling));
                (self.spellings.len() - 1) as u32
            }
        };
        let Self { spellings, by_hash, .. } = self;
        let hash_of = |at: &u32| spellings[*at as usize].as_ref().map_or(0, |s| s.hash as u64);
        by_hash.insert_unique(hash, at, hash_of);
        at
    }
}

impl Spelling {
    #[inline]
    fn is(&self, scope: Scope, key: &[u8]) -> bool {
        self.key.as_ref() == key && self.scope == scope
    }
}

/// Identities are unique, so that their address tells them apart.
fn address(identity: &Arc<Identity>) -> u64 {
    let address = Arc::as_ptr(identity) as usize as u64;
    // Allocations are aligned: a multiplication brings their high bits into play.
    address.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32)
}

/// Finds streams for the rows of one body. It reads the directory all the while, so that
/// no step is taken per row; only a new spelling makes it let go for a moment.
pub struct Resolver<'a> {
    directory: &'a Directory,
    reading: Option<RwLockReadGuard<'a, Inner>>,
    last: u32,
}

impl<'a> Resolver<'a> {
    /// The stream that `key` means. `place` makes a stream out of its parsed names.
    ///
    /// # Errors
    /// When the key cannot be parsed, or the stream may not be made.
    #[inline]
    pub fn find(
        &mut self,
        scope: Scope,
        key: &[u8],
        identify: Identify,
        place: impl FnOnce(Names, &mut Placing<'_>) -> Result<Arc<Stream>, Refusal>,
    ) -> Result<&Stream, Refusal> {
        let at = match self.predict(scope, key) {
            Some(at) => at,
            None => self.look_up(scope, key, identify, place)?,
        };
        self.last = at;
        let spelling = self.inner().spelling(at);
        Ok(&spelling.expect("spellings stay while the directory is read").stream)
    }

    #[inline]
    fn predict(&self, scope: Scope, key: &[u8]) -> Option<u32> {
        let inner = self.inner();
        let at = inner.spelling(self.last)?.successor.load(Ordering::Relaxed);
        inner.spelling(at)?.is(scope, key).then_some(at)
    }

    fn look_up(
        &mut self,
        scope: Scope,
        key: &[u8],
        identify: Identify,
        place: impl FnOnce(Names, &mut Placing<'_>) -> Result<Arc<Stream>, Refusal>,
    ) -> Result<u32, Refusal> {
        let hash = xxh3_128_with_seed(key, scope.seed());
        let at = match self.inner().find(hash, scope, key) {
            Some(at) => at,
            None => self.learn(hash, scope, key, identify, place)?,
        };
        if let Some(last) = self.inner().spelling(self.last) {
            last.successor.store(at, Ordering::Relaxed);
        }
        Ok(at)
    }

    /// Adds a spelling that is not known, and its stream where that is not either.
    fn learn(
        &mut self,
        hash: u128,
        scope: Scope,
        key: &[u8],
        identify: Identify,
        place: impl FnOnce(Names, &mut Placing<'_>) -> Result<Arc<Stream>, Refusal>,
    ) -> Result<u32, Refusal> {
        let names = identify(key)?;
        self.reading = None;
        let mut inner = self.directory.inner.write();
        // Another body may have brought it since this one let go.
        let at = match inner.find(hash, scope, key) {
            Some(at) => Ok(at),
            None => place(names, &mut Placing { inner: &mut inner }).map(|stream| {
                let successor = AtomicU32::new(NONE);
                inner.add(Spelling { key: key.into(), scope, hash, stream, successor })
            }),
        };
        self.reading = Some(parking_lot::RwLockWriteGuard::downgrade(inner));
        at
    }

    #[inline]
    fn inner(&self) -> &Inner {
        self.reading.as_ref().expect("it reads except while it learns")
    }
}

/// Lets a new spelling find or make its stream.
pub struct Placing<'a> {
    inner: &'a mut Inner,
}

impl Placing<'_> {
    /// How many streams there are.
    pub fn streams(&self) -> u64 {
        self.inner.streams.len() as u64
    }

    /// The stream with this identity, where it is known.
    pub fn known(&self, identity: &Arc<Identity>) -> Option<Arc<Stream>> {
        self.inner.known(identity).cloned()
    }

    /// The stream with this identity; `place` makes it where it is not known.
    pub fn stream(
        &mut self,
        identity: Arc<Identity>,
        place: impl FnOnce(Arc<Identity>) -> Arc<Stream>,
    ) -> Arc<Stream> {
        self.inner.stream(identity, place)
    }
}
