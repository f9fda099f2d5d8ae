//! Who a stream is, once for the whole store.
//!
//! Head and blocks know a stream by the hash of its names and its policy. Blocks share
//! their identities by the [`Interner`]; the head makes one where it is asked for.

use hashbrown::HashTable;
use model::{StreamKey, Tags};
use parking_lot::Mutex;
use std::cmp::Ordering;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// A retention policy of a database; never given to another, so that data of a dropped one
/// stays unreachable when one of the same name is made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PolicyId(pub u32);

/// What a stream's policy is called, and its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyName {
    /// The number that stands on disk.
    pub id: PolicyId,
    /// Its database.
    pub database: Arc<str>,
    /// Its name.
    pub policy: Arc<str>,
}

/// A pair of tag name and value.
pub type Pair = (Arc<str>, Arc<str>);

/// A text that a table of texts can look up, and keep where it is new.
pub trait Text: AsRef<str> + Clone + Into<Arc<str>> {}

impl<T: AsRef<str> + Clone + Into<Arc<str>>> Text for T {}

/// Who a stream is.
#[derive(Debug)]
pub struct Identity {
    /// Its policy.
    pub policy: PolicyId,
    /// Its names.
    pub key: Arc<StreamKey>,
    hash: u128,
}

impl Identity {
    /// Who has these names, `hash` being theirs.
    pub fn new(policy: PolicyId, key: StreamKey, hash: u128) -> Self {
        Self { policy, key: Arc::new(key), hash }
    }

    /// The hash of measurement and tags. With the policy it tells streams apart: that two
    /// of 10^12 have one hash has a chance of 10^-15.
    pub fn hash(&self) -> u128 {
        self.hash
    }

    /// The order in which blocks hold streams: measurement, tags, policy.
    pub fn order(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.key, &other.key);
        text_order(&a.measurement, &b.measurement)
            .then_with(|| tags_order(&a.tags, &b.tags))
            .then_with(|| self.policy.cmp(&other.policy))
    }

    fn is(&self, policy: PolicyId, measurement: &str, pairs: &[Pair]) -> bool {
        let key = &self.key;
        self.policy == policy
            && key.measurement.as_ref() == measurement
            && key.tags.len() == pairs.len()
            && key.tags.iter().zip(pairs).all(|(a, b)| a.0 == &b.0 && a.1 == &b.1)
    }
}

/// Streams of one partition share most of their texts, which need not be read then.
fn text_order(a: &Arc<str>, b: &Arc<str>) -> Ordering {
    if Arc::ptr_eq(a, b) { Ordering::Equal } else { a.cmp(b) }
}

fn tags_order(a: &Tags, b: &Tags) -> Ordering {
    let pair = |((a, x), (b, y))| text_order(a, b).then_with(|| text_order(x, y));
    let order = a.iter().zip(b.iter()).map(pair).find(|order| order.is_ne());
    order.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// Every identity that is alive.
#[derive(Default)]
pub struct Interner {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    entries: HashTable<Arc<Identity>>,
    scratch: Vec<u8>,
}

impl Interner {
    /// The stream with this name. `pairs` are sorted by name, no name twice.
    pub fn intern(
        &self,
        policy: &PolicyName,
        measurement: &Arc<str>,
        pairs: &[Pair],
    ) -> Arc<Identity> {
        let mut table = self.table.lock();
        let Table { entries, scratch } = &mut *table;
        let hash = hash(scratch, measurement, pairs);
        let slot = hash as u64 ^ u64::from(policy.id.0);
        let found = entries.find(slot, |known| known.is(policy.id, measurement, pairs));
        if let Some(known) = found {
            return known.clone();
        }
        let identity = Arc::new(Identity {
            policy: policy.id,
            key: Arc::new(StreamKey {
                database: policy.database.clone(),
                policy: policy.policy.clone(),
                measurement: measurement.clone(),
                tags: Tags::new(pairs.to_vec()),
            }),
            hash,
        });
        let slot_of = |known: &Arc<Identity>| known.hash as u64 ^ u64::from(known.policy.0);
        entries.insert_unique(slot, identity.clone(), slot_of);
        identity
    }

    /// Forgets those that nobody holds any more.
    pub fn sweep(&self) {
        let mut table = self.table.lock();
        table.entries.retain(|identity| Arc::strong_count(identity) > 1);
    }
}

/// Which of `partitions` holds the streams with this hash. The policy does not matter, so
/// that what one host sends under several policies stays together.
pub fn partition_of(hash: u128, partitions: u16) -> u16 {
    // The high half: the low one chooses the slot in hash tables.
    ((hash >> 64) as u64 % u64::from(partitions)) as u16
}

/// Hashes measurement and tags. 0xff cannot stand in UTF-8, so that it separates safely.
pub fn hash<T: AsRef<str>>(scratch: &mut Vec<u8>, measurement: &str, pairs: &[(T, T)]) -> u128 {
    scratch.clear();
    scratch.extend_from_slice(measurement.as_bytes());
    for part in pairs.iter().flat_map(|(name, value)| [name, value]) {
        scratch.push(0xff);
        scratch.extend_from_slice(part.as_ref().as_bytes());
    }
    // Partitions on disk depend on this hash: it can never change.
    xxh3_128_with_seed(scratch, 0)
}

#[cfg(test)]
mod tests;
