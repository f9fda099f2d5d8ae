//! Who the streams of a partition are: names, labels and columns, in few bytes each.
//!
//! A stream is found by the 128-bit hash of its names and its policy, which is taken for
//! the names themselves: of 10^12 streams two are alike by chance once in 10^15 tries. An
//! [`Identity`] with all texts is made where one is asked for.

use super::index::Index;
use super::paged::Paged;
use super::pool::Pool;
use super::postings::Postings;
use crate::cardinality::Known;
use crate::identity::{Identity, PolicyId, PolicyName, Text};
use crate::index::evaluate;
use crate::shape::Shape;
use hashbrown::HashTable;
use model::{Predicate, StreamKey, Tags};
use roaring::RoaringBitmap;
use std::sync::Arc;

/// Who one stream is.
struct Named {
    hash: [u64; 2],
    shape: Arc<Shape>,
    policy: PolicyId,
    /// Tells it from those that had its slot before.
    epoch: u32,
    /// Its labels: measurement, then tags in the order of their names.
    labels: u32,
    label_count: u32,
}

/// Who the streams of a partition are, by their slots.
#[derive(Default)]
pub struct Names {
    streams: Paged<Option<Named>>,
    vacant: Vec<u32>,
    by_hash: HashTable<u32>,
    labels: Pool<u32, 1>,
    index: Index,
    epochs: u32,
}

impl Named {
    fn is(&self, hash: u128, policy: PolicyId) -> bool {
        self.hash == halves(hash) && self.policy == policy
    }

    /// Where it is in the table of hashes.
    fn key(&self) -> u64 {
        key(self.hash, self.policy)
    }
}

fn halves(hash: u128) -> [u64; 2] {
    [hash as u64, (hash >> 64) as u64]
}

/// The high half chose the partition.
fn key(hash: [u64; 2], policy: PolicyId) -> u64 {
    hash[0] ^ u64::from(policy.0)
}

impl Names {
    /// The slot of a stream that is known.
    pub fn find(&self, hash: u128, policy: PolicyId) -> Option<u32> {
        let is_it = |slot: &u32| self.named(*slot).is_some_and(|named| named.is(hash, policy));
        self.by_hash.find(key(halves(hash), policy), is_it).copied()
    }

    /// Gives a stream that is not known a slot. `pairs` are sorted by name, no name twice.
    pub fn add<T: Text>(
        &mut self,
        hash: u128,
        policy: &PolicyName,
        measurement: &T,
        pairs: &[(T, T)],
    ) -> u32 {
        self.add_alike(hash, policy, measurement, pairs, |_| None)
    }

    /// The same where `known` may tell the label of the measurement, at 0, and of each tag
    /// after it: of a stream that is here.
    pub fn add_alike<T: Text>(
        &mut self,
        hash: u128,
        policy: &PolicyName,
        measurement: &T,
        pairs: &[(T, T)],
        known: impl Fn(usize) -> Option<u32>,
    ) -> u32 {
        let slot = self.vacant.pop().unwrap_or_else(|| self.streams.push(None));
        let label_count = pairs.len() as u32 + 1;
        let labels = self.labels.take(label_count as usize);
        let list = self.labels.get_mut(labels, label_count as usize);
        self.index.join(slot, policy);
        for (place, label) in list.iter_mut().enumerate() {
            *label = match (known(place), place.checked_sub(1)) {
                (Some(known), _) => self.index.add_known(slot, known),
                (None, None) => self.index.add_measurement(slot, measurement),
                (None, Some(tag)) => self.index.add_tag(slot, &pairs[tag].0, &pairs[tag].1),
            };
        }
        // 0 stands for no stream; after 2^32 streams numbers come again, long after their
        // first owners left.
        self.epochs = self.epochs.wrapping_add(1).max(1);
        let (hash, policy, epoch) = (halves(hash), policy.id, self.epochs);
        let named = Named { hash, shape: Arc::default(), policy, epoch, labels, label_count };
        self.streams[slot] = Some(named);
        let Self { streams, by_hash, .. } = self;
        let rehash = |slot: &u32| streams[*slot].as_ref().map_or(0, Named::key);
        by_hash.insert_unique(key(hash, policy), slot, rehash);
        slot
    }

    /// Takes a stream out; answers how many columns it had.
    pub fn remove(&mut self, slot: u32) -> u64 {
        let Some(named) = self.streams.get_mut(slot).and_then(Option::take) else { return 0 };
        if let Ok(found) = self.by_hash.find_entry(named.key(), |known| *known == slot) {
            found.remove();
        }
        let count = named.label_count as usize;
        for label in self.labels.get(named.labels, count) {
            self.index.remove(slot, *label);
        }
        self.index.leave(slot, named.policy);
        self.labels.give(named.labels, count);
        self.vacant.push(slot);
        named.shape.len() as u64
    }

    /// How many streams there are.
    pub fn len(&self) -> usize {
        self.by_hash.len()
    }

    fn named(&self, slot: u32) -> Option<&Named> {
        self.streams.get(slot)?.as_ref()
    }

    /// Every slot with its stream's policy.
    pub fn policies(&self) -> impl Iterator<Item = (u32, PolicyId)> {
        self.streams.iter().filter_map(|(slot, named)| Some((slot, named.as_ref()?.policy)))
    }

    /// A stream's columns, and what tells it from others of its slot.
    pub fn shape(&self, slot: u32) -> Option<(&Arc<Shape>, u32)> {
        self.named(slot).map(|named| (&named.shape, named.epoch))
    }

    /// A stream's columns, to be widened.
    pub fn shape_mut(&mut self, slot: u32) -> Option<&mut Arc<Shape>> {
        Some(&mut self.streams.get_mut(slot)?.as_mut()?.shape)
    }

    /// A stream's policy and measurement.
    pub fn measurement(&self, slot: u32) -> Option<(PolicyId, Arc<str>)> {
        let named = self.named(slot)?;
        let first = self.labels.get(named.labels, 1)[0];
        Some((named.policy, self.index.measurement(first).clone()))
    }

    /// The names of a policy that streams are of.
    pub fn policy(&self, id: PolicyId) -> &PolicyName {
        self.index.policy(id)
    }

    /// A stream's policy, and numbers of its measurement and tags, where `slot` is still its
    /// own.
    pub fn labels(&self, slot: u32, epoch: u32) -> Option<(PolicyId, &[u32])> {
        let named = self.named(slot).filter(|named| named.epoch == epoch)?;
        Some((named.policy, self.labels.get(named.labels, named.label_count as usize)))
    }

    /// Numbers of the measurement and tags of a stream that is here.
    pub fn own_labels(&self, slot: u32) -> &[u32] {
        let named = self.named(slot).expect("a stream keeps its slot");
        self.labels.get(named.labels, named.label_count as usize)
    }

    /// Name and value of a label; a measurement has no name.
    pub fn label(&self, at: u32) -> (&str, &str) {
        let (name, value) = self.index.label(at);
        (name, value)
    }

    /// The same of a label that may be gone.
    pub fn pair(&self, at: u32) -> Option<(&Arc<str>, Arc<str>)> {
        self.index.pair(at)
    }

    /// A stream's policy, the label of its measurement, its columns, and what tells it from
    /// others of its slot.
    pub fn kind(&self, slot: u32) -> Option<(PolicyId, u32, &Arc<Shape>, u32)> {
        let named = self.named(slot)?;
        let measurement = self.labels.get(named.labels, 1)[0];
        Some((named.policy, measurement, &named.shape, named.epoch))
    }

    /// The measurement that a label is; none where it is gone, or another's.
    pub fn try_measurement(&self, at: u32) -> Option<&Arc<str>> {
        self.index.try_measurement(at)
    }

    /// The name of a label that may be gone.
    pub fn label_name(&self, at: u32) -> Option<&Arc<str>> {
        self.index.name(at)
    }

    /// The labels of a tag, in no order.
    pub fn labels_of(&self, tag: &str) -> Vec<u32> {
        self.index.labels_of_tag(tag)
    }

    /// The value that a label is of a tag, and the streams that have it; none where it is no
    /// label of that tag.
    pub fn tag_value(&self, tag: &str, label: u32) -> Option<(&str, &Postings)> {
        self.index.tag_value(tag, label)
    }

    /// The label that a stream has of a tag, and its value.
    pub fn label_of(&self, slot: u32, tag: &str) -> Option<(u32, &str)> {
        let named = self.named(slot)?;
        let labels = self.labels.get(named.labels, named.label_count as usize);
        let mut values = labels[1..].iter();
        values.find_map(|label| Some((*label, self.index.tag_value(tag, *label)?.0)))
    }

    /// Who a stream is, where `slot` is still its own.
    pub fn identity(&self, slot: u32, epoch: u32) -> Option<Arc<Identity>> {
        let named = self.named(slot).filter(|named| named.epoch == epoch)?;
        let labels = self.labels.get(named.labels, named.label_count as usize);
        let pair = |label: &u32| {
            let (name, value) = self.index.pair(*label).expect("a stream's labels are there");
            (name.clone(), value)
        };
        let policy = self.index.policy(named.policy);
        let key = StreamKey {
            database: policy.database.clone(),
            policy: policy.policy.clone(),
            measurement: self.index.measurement(labels[0]).clone(),
            tags: Tags::new(labels[1..].iter().map(pair).collect()),
        };
        let hash = u128::from(named.hash[1]) << 64 | u128::from(named.hash[0]);
        Some(Arc::new(Identity::new(named.policy, key, hash)))
    }

    /// Hands every stream to `each`.
    pub fn each(&self, mut each: impl FnMut(Known<'_>)) {
        for (ordinal, named) in self.streams.iter() {
            let Some(named) = named else { continue };
            let first = self.labels.get(named.labels, 1)[0];
            let hash = u128::from(named.hash[1]) << 64 | u128::from(named.hash[0]);
            let (measurement, shape) = (self.index.measurement(first), &named.shape);
            each(Known { ordinal, hash, policy: named.policy, measurement, shape });
        }
    }

    /// Slots are below.
    pub fn bound(&self) -> usize {
        self.streams.iter().last().map_or(0, |(slot, _)| slot as usize + 1)
    }

    /// Hands name and value of every tag to `each`; see the index.
    pub fn each_tag(&self, weight: &dyn Fn(u32) -> u64, each: &mut dyn FnMut(&str, &str, u64)) {
        self.index.each_tag(weight, each);
    }

    /// Every stream that may fit.
    pub fn candidates(&self, predicate: &Predicate) -> RoaringBitmap {
        let Ok(found) = evaluate(&self.index, predicate);
        found.set
    }
}

#[cfg(test)]
mod tests;
