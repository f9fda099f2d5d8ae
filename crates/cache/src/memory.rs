//! A cache in memory, bounded in bytes.
//!
//! Where room is short, the entry that would expire first goes first. So expired ones go
//! before live ones, and a dashboard's answer of 30 seconds before an alert's cooldown of 30
//! minutes; reading an entry does not keep it. Keys are spread over shards with a lock and
//! a share of the bytes each. An entry larger than a shard's share is not kept at all.
//!
//! Invariants, in each shard: `expiries` holds exactly the entries, each under its
//! expiry and number; `bytes` is the sum of their weights and at most the shard's share.

use model::port::{Cache, CacheError, Clock};
use model::{Span, Timestamp};
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::collections::hash_map::{HashMap, RandomState};
use std::hash::BuildHasher;
use std::sync::Arc;

/// The most shards: enough that a few dozen threads seldom wait for each other.
const SHARDS_MAX: u64 = 16;

/// The least share of a shard, so that small caches still take large answers.
const SHARD_BYTES_MIN: u64 = 1 << 20;

/// What an entry takes beside key and value: two map slots, which are half empty at worst,
/// reference counts and the allocator's rounding. By their sizes that is 130 to 220 bytes.
const ENTRY_BYTES: u64 = 200;

/// How full a cache is and has been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Entries, some perhaps expired and not swept yet.
    pub entries: u64,
    /// What they take, keys and book-keeping included.
    pub bytes: u64,
    /// Entries that had to go before they expired.
    pub evictions: u64,
}

/// A cache in the memory of this process.
pub struct Memory {
    shards: Box<[RwLock<Shard>]>,
    hasher: RandomState,
    clock: Arc<dyn Clock>,
}

impl Memory {
    /// A cache of at most `bytes_max` bytes, whose entries expire by `clock`.
    pub fn new(bytes_max: u64, clock: Arc<dyn Clock>) -> Self {
        let count = (bytes_max / SHARD_BYTES_MIN).clamp(1, SHARDS_MAX);
        let shard = || RwLock::new(Shard { bytes_max: bytes_max / count, ..Shard::default() });
        let shards = std::iter::repeat_with(shard).take(count as usize).collect();
        Self { shards, hasher: RandomState::new(), clock }
    }

    /// How full it is and has been.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for shard in &self.shards {
            let shard = shard.read();
            stats.entries += shard.entries.len() as u64;
            stats.bytes += shard.bytes;
            stats.evictions += shard.evictions;
        }
        stats
    }

    fn shard(&self, key: &str) -> &RwLock<Shard> {
        let hash = self.hasher.hash_one(key);
        &self.shards[(hash % self.shards.len() as u64) as usize]
    }
}

impl Cache for Memory {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        let now = self.clock.now();
        let shard = self.shard(key).read();
        Ok(shard.live(key, now).map(|entry| entry.value.to_vec()))
    }

    fn set(&self, key: &str, value: &[u8], ttl: Span) -> Result<(), CacheError> {
        let now = self.clock.now();
        self.shard(key).write().set(key, value, now, now + ttl);
        Ok(())
    }

    fn set_if_absent(&self, key: &str, value: &[u8], ttl: Span) -> Result<bool, CacheError> {
        let now = self.clock.now();
        let mut shard = self.shard(key).write();
        let is_absent = shard.live(key, now).is_none();
        if is_absent {
            shard.set(key, value, now, now + ttl);
        }
        Ok(is_absent)
    }

    fn remove(&self, key: &str) -> Result<(), CacheError> {
        self.shard(key).write().remove(key);
        Ok(())
    }
}

/// Where an entry stands in the order of expiry; numbers tell equal times apart.
type Turn = (Timestamp, u64);

struct Entry {
    value: Box<[u8]>,
    turn: Turn,
}

/// A share of the keys.
#[derive(Default)]
struct Shard {
    entries: HashMap<Arc<str>, Entry>,
    expiries: BTreeMap<Turn, Arc<str>>,
    bytes: u64,
    bytes_max: u64,
    /// The next entry's number.
    number: u64,
    evictions: u64,
}

impl Shard {
    fn live(&self, key: &str, now: Timestamp) -> Option<&Entry> {
        self.entries.get(key).filter(|entry| now < entry.turn.0)
    }

    fn set(&mut self, key: &str, value: &[u8], now: Timestamp, expiry: Timestamp) {
        let weight = weight(key, value);
        self.remove(key);
        self.sweep(now);
        if expiry <= now || weight > self.bytes_max {
            return;
        }
        while self.bytes + weight > self.bytes_max && self.remove_first() {
            self.evictions += 1;
        }
        let turn = (expiry, self.number);
        self.number += 1;
        let key: Arc<str> = key.into();
        self.expiries.insert(turn, Arc::clone(&key));
        self.entries.insert(key, Entry { value: value.into(), turn });
        self.bytes += weight;
    }

    /// Drops what has expired.
    fn sweep(&mut self, now: Timestamp) {
        while self.expiries.first_key_value().is_some_and(|((expiry, _), _)| *expiry <= now) {
            self.remove_first();
        }
    }

    /// Drops the entry that expires first; false where there is none.
    fn remove_first(&mut self) -> bool {
        let first = self.expiries.first_key_value().map(|(_, key)| Arc::clone(key));
        first.is_some_and(|key| self.remove(&key))
    }

    /// Drops an entry; false where there is none.
    fn remove(&mut self, key: &str) -> bool {
        let Some((key, entry)) = self.entries.remove_entry(key) else { return false };
        self.expiries.remove(&entry.turn);
        self.bytes -= weight(&key, &entry.value);
        true
    }
}

/// What an entry counts against the bound.
fn weight(key: &str, value: &[u8]) -> u64 {
    key.len() as u64 + value.len() as u64 + ENTRY_BYTES
}

#[cfg(test)]
mod tests;
