//! Pages of blocks that were read, within a bound of memory: their bytes, or what was parsed
//! out of them where every question needs that.
//!
//! One for the whole store, in shards, each with two queues (S3-FIFO: Yang et al., "FIFO queues
//! are all you need for cache eviction", SOSP 2023): what is *young* leaves soon unless it is
//! asked for again, so that a scan over all of history takes a tenth of the room and no more;
//! what is *proven* leaves when it was not asked for since it was last looked at, so that pages
//! of blocks that were merged away do not stay. Keys of what left young are remembered for a
//! while: what comes back is proven. Pages are checked when they are read, so that a hit
//! costs a look-up and no copy.

use hashbrown::{HashMap, HashSet};
use parking_lot::Mutex;
use std::any::Any;
use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Threads that look up different pages rarely wait for each other.
const SHARDS: usize = 16;
/// What a page takes beside its bytes: its entries in table and queue, the `Arc`, and a key
/// that is remembered.
const ENTRY_BYTES: u64 = 160;
/// Young pages have this share of the room: enough that most of what is asked for twice
/// within a question or two is seen to be.
const YOUNG_SHARE: u64 = 10;

/// The bytes of a page, without its checksum.
#[derive(Clone, Debug)]
pub struct Page(Arc<[u8]>);

impl Page {
    /// A page of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl Deref for Page {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Which block (by a number of this process), and where in its file.
pub type Key = (u64, u64);

/// Pages that were read.
#[derive(Debug)]
pub struct Cache {
    shards: Box<[Mutex<Shard>]>,
    shard_bytes_max: u64,
    blocks: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Debug, Default)]
struct Shard {
    entries: HashMap<Key, Entry>,
    /// Those that came first at the front.
    young: VecDeque<Key>,
    proven: VecDeque<Key>,
    /// What left young, at most as many as there are entries.
    left: VecDeque<Key>,
    is_left: HashSet<Key>,
    bytes: u64,
    young_bytes: u64,
}

#[derive(Debug)]
struct Entry {
    held: Held,
    bytes: u64,
    was_used: bool,
}

/// What an entry holds.
#[derive(Clone, Debug)]
enum Held {
    Page(Page),
    Parsed(Arc<dyn Any + Send + Sync>),
}

/// What a cache holds and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Memory of its pages.
    pub bytes: u64,
    /// Pages that were found.
    pub hits: u64,
    /// Pages that had to be read.
    pub misses: u64,
}

impl Cache {
    /// An empty cache that holds at most about `bytes_max`.
    pub fn new(bytes_max: u64) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            shard_bytes_max: bytes_max / SHARDS as u64,
            blocks: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// A number for a block, never given twice.
    pub fn number(&self) -> u64 {
        self.blocks.fetch_add(1, Ordering::Relaxed)
    }

    /// A page, if it is here.
    pub fn get(&self, key: Key) -> Option<Page> {
        let found = self.peek(key);
        match found {
            Some(_) => drop(self.hits.fetch_add(1, Ordering::Relaxed)),
            None => self.count_miss(),
        }
        found
    }

    /// A page, if it is here, which is not counted.
    pub fn peek(&self, key: Key) -> Option<Page> {
        match self.find(key) {
            Some(Held::Page(page)) => Some(page),
            _ => None,
        }
    }

    /// What was parsed out of a page, if it is here; else nothing is counted yet.
    pub fn parsed<T: Any + Send + Sync>(&self, key: Key) -> Option<Arc<T>> {
        let found = match self.find(key) {
            Some(Held::Parsed(parsed)) => parsed.downcast().ok(),
            _ => None,
        };
        self.hits.fetch_add(u64::from(found.is_some()), Ordering::Relaxed);
        found
    }

    /// Counts a page that had to be read.
    pub fn count_miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    fn find(&self, key: Key) -> Option<Held> {
        let mut shard = self.shard(key).lock();
        let entry = shard.entries.get_mut(&key)?;
        entry.was_used = true;
        Some(entry.held.clone())
    }

    /// Keeps a page; one that would take more than a shard's share is not kept.
    pub fn put(&self, key: Key, page: &Page) {
        self.keep(key, Held::Page(page.clone()), page.len());
    }

    /// Keeps what takes `bytes`; answers whether it is not more than a shard's share.
    pub fn put_parsed<T: Any + Send + Sync>(
        &self,
        key: Key,
        parsed: &Arc<T>,
        bytes: usize,
    ) -> bool {
        self.keep(key, Held::Parsed(parsed.clone()), bytes)
    }

    fn keep(&self, key: Key, held: Held, bytes: usize) -> bool {
        let bytes = bytes as u64 + ENTRY_BYTES;
        if bytes > self.shard_bytes_max {
            return false;
        }
        let mut shard = self.shard(key).lock();
        if shard.entries.contains_key(&key) {
            return true;
        }
        while shard.bytes + bytes > self.shard_bytes_max {
            shard.evict(self.shard_bytes_max / YOUNG_SHARE);
        }
        shard.add(key, Entry { held, bytes, was_used: false });
        true
    }

    /// What it holds and did.
    pub fn usage(&self) -> Usage {
        Usage {
            bytes: self.shards.iter().map(|shard| shard.lock().bytes).sum(),
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }

    fn shard(&self, key: Key) -> &Mutex<Shard> {
        let mixed = (key.0 ^ key.1.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        &self.shards[(mixed >> 60) as usize % SHARDS]
    }
}

impl Shard {
    fn add(&mut self, key: Key, entry: Entry) {
        self.bytes += entry.bytes;
        // Its place among those that left stays, and is passed over when its turn comes.
        if self.is_left.remove(&key) {
            self.proven.push_back(key);
        } else {
            self.young_bytes += entry.bytes;
            self.young.push_back(key);
        }
        self.entries.insert(key, entry);
    }

    /// Takes out one page, if not what it looks at has proven itself. There is one at least.
    fn evict(&mut self, young_bytes_max: u64) {
        let is_young = self.young_bytes > young_bytes_max || self.proven.is_empty();
        let queue = if is_young { &mut self.young } else { &mut self.proven };
        let Some(key) = queue.pop_front() else { return };
        let entry = self.entries.get_mut(&key).expect("what is in a queue has an entry");
        let bytes = entry.bytes;
        if is_young {
            self.young_bytes -= bytes;
        }
        if std::mem::take(&mut entry.was_used) {
            self.proven.push_back(key);
            return;
        }
        self.entries.remove(&key);
        self.bytes -= bytes;
        if is_young {
            self.remember(key);
        }
    }

    fn remember(&mut self, key: Key) {
        self.left.push_back(key);
        self.is_left.insert(key);
        while self.left.len() > self.entries.len() {
            let Some(oldest) = self.left.pop_front() else { return };
            self.is_left.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests;
