//! The rows of a partition on their way to blocks, stream by stream as blocks have them.
//!
//! Streams are sorted by the ranks of their labels, a few bytes for each; their names are
//! made when it is their turn, so that a flush of a million streams holds those of one.

use super::generation::Generation;
use super::names::Names;
use super::partition::Frozen;
use crate::identity::PolicyId;
use model::TimeRange;
use parking_lot::RwLock;
use std::cmp::Ordering;
use std::sync::Arc;

/// After so many streams or labels, whoever reads lets writers in.
const NAMES_PER_LOCK: usize = 1024;

/// The rows of a partition, which no longer grow.
pub struct Frost<'a> {
    names: &'a RwLock<Names>,
    generations: Vec<Arc<Generation>>,
    /// Slots and whose they are, in the order of blocks.
    order: std::vec::IntoIter<(u32, u32)>,
}

impl<'a> Frost<'a> {
    /// Sorts the streams of some generations.
    pub fn new(names: &'a RwLock<Names>, generations: Vec<Arc<Generation>>) -> Self {
        let mut slots: Vec<(u32, u32)> = generations.iter().flat_map(|g| g.slots()).collect();
        // Only after a flush that failed is there more than one generation.
        if generations.len() > 1 {
            slots.sort_unstable();
            slots.dedup();
        }
        let order = Streams::read(names, slots).sorted(names).into_iter();
        Self { names, generations, order }
    }
}

impl Iterator for Frost<'_> {
    type Item = Frozen;

    /// The next stream; those that were dropped meanwhile are passed over.
    fn next(&mut self) -> Option<Frozen> {
        loop {
            let (slot, epoch) = self.order.next()?;
            let names = self.names.read();
            let Some(identity) = names.identity(slot, epoch) else { continue };
            let Some(shape) = names.shape(slot).map(|(shape, _)| shape.clone()) else { continue };
            drop(names);
            let mut parts = Vec::new();
            for generation in &self.generations {
                if generation.trail(slot).is_some_and(|trail| trail.epoch == epoch) {
                    generation.frozen_parts(slot, &shape, TimeRange::ALL, &mut parts);
                }
            }
            return Some(Frozen { identity, shape, parts });
        }
    }
}

/// Streams and their labels, these behind each other.
struct Streams {
    streams: Vec<Stream>,
    labels: Vec<u32>,
}

struct Stream {
    slot: u32,
    epoch: u32,
    policy: PolicyId,
    /// Where its labels begin, and how many there are.
    labels: usize,
    count: u32,
}

impl Streams {
    fn read(names: &RwLock<Names>, slots: Vec<(u32, u32)>) -> Self {
        let mut streams = Vec::with_capacity(slots.len());
        let mut labels: Vec<u32> = Vec::new();
        for batch in slots.chunks(NAMES_PER_LOCK) {
            let names = names.read();
            for (slot, epoch) in batch.iter().copied() {
                let Some((policy, own)) = names.labels(slot, epoch) else { continue };
                let count = own.len() as u32;
                streams.push(Stream { slot, epoch, policy, labels: labels.len(), count });
                labels.extend_from_slice(own);
            }
        }
        Self { streams, labels }
    }

    /// Slots and epochs in the order of measurement, tags and policy.
    fn sorted(self, names: &RwLock<Names>) -> Vec<(u32, u32)> {
        let Self { mut streams, mut labels } = self;
        rank(names, &mut labels);
        let ranks = |stream: &Stream| &labels[stream.labels..][..stream.count as usize];
        streams
            .sort_unstable_by(|a, b| ranks(a).cmp(ranks(b)).then_with(|| a.policy.cmp(&b.policy)));
        streams.into_iter().map(|stream| (stream.slot, stream.epoch)).collect()
    }
}

/// Replaces labels by their places in the order of names and values.
fn rank(names: &RwLock<Names>, labels: &mut [u32]) {
    let bound = labels.iter().max().map_or(0, |last| *last as usize + 1);
    let mut ranks = vec![u32::MAX; bound];
    let mut known: Vec<u32> = Vec::new();
    for label in labels.iter() {
        if std::mem::replace(&mut ranks[*label as usize], 0) == u32::MAX {
            known.push(*label);
        }
    }
    let mut texts: Vec<(Arc<str>, Arc<str>, u32)> = Vec::with_capacity(known.len());
    for batch in known.chunks(NAMES_PER_LOCK) {
        let names = names.read();
        // A label that is gone by now was of streams that are gone, which nobody asks for.
        let text = |label: &u32| {
            let (name, value) = names.pair(*label)?;
            Some((name.clone(), value, *label))
        };
        texts.extend(batch.iter().filter_map(text));
    }
    texts.sort_unstable_by(|a, b| text_order(&a.0, &b.0).then_with(|| a.1.cmp(&b.1)));
    for (place, (.., label)) in (0..).zip(&texts) {
        ranks[*label as usize] = place;
    }
    labels.iter_mut().for_each(|label| *label = ranks[*label as usize]);
}

/// Labels of one name share its text, which need not be read then.
fn text_order(a: &Arc<str>, b: &Arc<str>) -> Ordering {
    if Arc::ptr_eq(a, b) { Ordering::Equal } else { a.cmp(b) }
}

#[cfg(test)]
mod tests;
