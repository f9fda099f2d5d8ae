//! Who a stream is, once for the whole store.
//!
//! Head and blocks know a stream by the hash of its names and its policy, and make its
//! names where they are asked for.

use model::StreamKey;
#[cfg(test)]
use model::Tags;
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
    /// of 10^9 have one hash has a chance of 10^-11.
    pub fn hash(&self) -> u128 {
        self.hash
    }

    /// The stream with these names, tags sorted.
    #[cfg(test)]
    pub fn of(policy: &PolicyName, measurement: &str, pairs: &[Pair]) -> Arc<Self> {
        let hash = hash(&mut Vec::new(), measurement, pairs);
        let key = StreamKey {
            database: policy.database.clone(),
            policy: policy.policy.clone(),
            measurement: measurement.into(),
            tags: Tags::new(pairs.to_vec()),
        };
        Arc::new(Self::new(policy.id, key, hash))
    }
}

/// How many bytes of a stream's hash there are: what blocks keep of each stream, and so as
/// short as chance allows.
pub const HASH_BYTES: usize = 12;

/// Which of `partitions` holds the streams with this hash. The policy does not matter, so
/// that what one host sends under several policies stays together.
pub fn partition_of(hash: u128, partitions: u16) -> u16 {
    // The high bits: the low ones choose the slot in hash tables.
    ((hash >> 32) as u64 % u64::from(partitions)) as u16
}

/// Hashes measurement and tags to [`HASH_BYTES`] bytes. 0xff cannot stand in UTF-8, so that it separates safely.
pub fn hash<T: AsRef<str>>(scratch: &mut Vec<u8>, measurement: &str, pairs: &[(T, T)]) -> u128 {
    scratch.clear();
    scratch.extend_from_slice(measurement.as_bytes());
    for part in pairs.iter().flat_map(|(name, value)| [name, value]) {
        scratch.push(0xff);
        scratch.extend_from_slice(part.as_ref().as_bytes());
    }
    // Partitions on disk depend on this hash: it can never change.
    xxh3_128_with_seed(scratch, 0) >> (128 - 8 * HASH_BYTES)
}

#[cfg(test)]
mod tests;
