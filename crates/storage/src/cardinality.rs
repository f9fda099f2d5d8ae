//! How many series there are, by name and by label: out of indexes alone, without names of
//! single streams.
//!
//! Whatever knows streams is a [`Source`]: a partition of the head, a block. A stream that
//! several sources have counts once, as the first of them knows it; partitions share no
//! stream, so that they follow each other and only one is kept in mind. A series is a
//! stream and one of its columns, called as PromQL calls it.
//!
//! Memory: 8 bytes a stream of one partition, 4 a stream of one of its sources, 24 for each
//! value of a label, and the texts of what is at the top.

mod sources;

pub use sources::{BlockSource, HeadSource};

use crate::error::Error;
use crate::identity::PolicyId;
use crate::shape::Shape;
use hashbrown::{HashMap, HashSet};
use model::name::metric_name;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// How many of something there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Of what.
    pub name: Arc<str>,
    /// How many.
    pub count: u64,
}

/// How many series have a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The label's name.
    pub name: Arc<str>,
    /// Its value.
    pub value: Arc<str>,
    /// Series that have it.
    pub series: u64,
}

/// How many series there are, the most first and no more of each than was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cardinality {
    /// Streams: measurement and tags.
    pub streams: u64,
    /// Series: streams and one of their columns each.
    pub series: u64,
    /// Pairs of a label's name and value.
    pub pairs: u64,
    /// Series by metric.
    pub metrics: Vec<Counted>,
    /// Series by measurement.
    pub measurements: Vec<Counted>,
    /// Values by label.
    pub values: Vec<Counted>,
    /// Bytes of values by label: the length of each, as often as series have it.
    pub bytes: Vec<Counted>,
    /// Series by label and value.
    pub top: Vec<Pair>,
}

/// A stream as a source knows it.
pub struct Known<'a> {
    /// What the source calls it.
    pub ordinal: u32,
    /// Who it is, without its policy.
    pub hash: u128,
    /// Its policy.
    pub policy: PolicyId,
    /// Its measurement.
    pub measurement: &'a Arc<str>,
    /// Its columns.
    pub shape: &'a Arc<Shape>,
}

/// Knows streams.
pub trait Source {
    /// Ordinals are below.
    fn bound(&self) -> usize;

    /// Hands every stream that counts to `each`.
    ///
    /// # Errors
    /// When the index cannot be read.
    fn streams(&self, each: &mut dyn FnMut(Known<'_>)) -> Result<(), Error>;

    /// Hands every value of every label with the streams that have it to `each`: first its
    /// name and value, then the function that adds up what `weight` says of each stream.
    ///
    /// # Errors
    /// When the index cannot be read.
    fn labels(
        &self,
        weight: &dyn Fn(u32) -> u64,
        each: &mut dyn FnMut(&str, &str, u64),
    ) -> Result<(), Error>;
}

/// Counts the series of sources.
pub struct Counting {
    limit: usize,
    seen: HashSet<u64>,
    streams: u64,
    series: u64,
    shapes: HashMap<(Arc<str>, u32), (Arc<Shape>, u64)>,
    labels: HashMap<Arc<str>, Label>,
    pairs: HashMap<u64, u64>,
    candidates: Candidates,
}

#[derive(Default)]
struct Label {
    number: u64,
    values: u64,
    bytes: u64,
}

impl Counting {
    /// Counts nothing yet; it answers `limit` of each at most.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            seen: HashSet::new(),
            streams: 0,
            series: 0,
            shapes: HashMap::new(),
            labels: HashMap::new(),
            pairs: HashMap::new(),
            candidates: Candidates { limit, least: 0, texts: HashMap::new() },
        }
    }

    /// Begins the next partition: its streams are others.
    pub fn next_partition(&mut self) {
        self.seen.clear();
    }

    /// Adds what a source knows, from the newest to the oldest.
    ///
    /// # Errors
    /// When its index cannot be read; then some of it may be counted.
    pub fn add(&mut self, source: &dyn Source) -> Result<(), Error> {
        let mut weights = vec![0u32; source.bound()];
        let mut added = 0;
        source.streams(&mut |known| {
            // The partition was chosen by the high half; the policy makes it another stream.
            let id = known.hash as u64 ^ u64::from(known.policy.0).wrapping_mul(0x9e37_79b9);
            let Some(weight) = weights.get_mut(known.ordinal as usize) else { return };
            if !self.seen.insert(id) {
                return;
            }
            *weight = known.shape.len() as u32;
            added += u64::from(*weight);
            self.streams += 1;
            let key = (known.measurement.clone(), known.shape.id());
            self.shapes.entry(key).or_insert_with(|| (known.shape.clone(), 0)).1 += 1;
        })?;
        self.series += added;
        if added == 0 {
            return Ok(());
        }
        let weight = |ordinal: u32| u64::from(weights.get(ordinal as usize).copied().unwrap_or(0));
        let Self { labels, pairs, candidates, .. } = self;
        source.labels(&weight, &mut |name, value, series| {
            if series == 0 {
                return;
            }
            let next = labels.len() as u64;
            let label = match labels.get_mut(name) {
                Some(label) => label,
                None => labels
                    .entry(name.into())
                    .or_insert_with(|| Label { number: next, ..Label::default() }),
            };
            let id = xxh3_64_with_seed(value.as_bytes(), label.number);
            let count = pairs.entry(id).or_insert(0);
            label.values += u64::from(*count == 0);
            label.bytes += series * value.len() as u64;
            *count += series;
            candidates.offer(id, *count, name, value);
        })
    }

    /// Series by metric, as far as they are counted.
    pub fn metrics(&self) -> BTreeMap<Arc<str>, u64> {
        let mut metrics = BTreeMap::new();
        for ((measurement, _), (shape, streams)) in &self.shapes {
            for column in shape.columns() {
                let name = metric_name(measurement, &column.name);
                *metrics.entry(Arc::from(name.as_ref())).or_insert(0) += streams;
            }
        }
        metrics
    }

    /// What was counted.
    pub fn finish(self) -> Cardinality {
        let (metrics, mut measurements) = (self.metrics(), BTreeMap::new());
        for ((measurement, _), (shape, streams)) in &self.shapes {
            *measurements.entry(measurement.clone()).or_insert(0) += streams * shape.len() as u64;
        }
        let labels =
            |of: fn(&Label) -> u64| self.labels.iter().map(move |(n, l)| (n.clone(), of(l)));
        let names = metrics.len() as u64;
        let name_bytes = metrics.iter().map(|(name, count)| name.len() as u64 * count).sum();
        let with_name = |count: u64| (self.streams > 0).then(|| ("__name__".into(), count));
        let mut top = self.candidates.finish();
        let named = |(name, series): (&Arc<str>, &u64)| Pair {
            name: "__name__".into(),
            value: name.clone(),
            series: *series,
        };
        top.extend(metrics.iter().map(named));
        top.sort_by(|a, b| {
            b.series.cmp(&a.series).then_with(|| (&a.name, &a.value).cmp(&(&b.name, &b.value)))
        });
        top.truncate(self.limit);
        Cardinality {
            streams: self.streams,
            series: self.series,
            pairs: self.pairs.len() as u64 + names,
            values: most(labels(|l| l.values).chain(with_name(names)), self.limit),
            bytes: most(labels(|l| l.bytes).chain(with_name(name_bytes)), self.limit),
            metrics: most(metrics, self.limit),
            measurements: most(measurements, self.limit),
            top,
        }
    }
}

/// The largest, at most `limit` of them.
fn most(all: impl IntoIterator<Item = (Arc<str>, u64)>, limit: usize) -> Vec<Counted> {
    let mut all: Vec<_> = all.into_iter().map(|(name, count)| Counted { name, count }).collect();
    all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    all.truncate(limit);
    all
}

/// The texts of what may be at the top. Counts only grow, so that what falls below the
/// least of the top and belongs there in the end is offered again when it grows.
struct Candidates {
    limit: usize,
    /// As many pairs as are wanted have this count at least.
    least: u64,
    texts: HashMap<u64, Pair>,
}

impl Candidates {
    fn offer(&mut self, id: u64, series: u64, name: &str, value: &str) {
        match self.texts.get_mut(&id) {
            Some(known) => known.series = series,
            None if series <= self.least => return,
            None => {
                let pair = Pair { name: name.into(), value: value.into(), series };
                self.texts.insert(id, pair);
            }
        }
        if self.texts.len() >= self.limit.saturating_mul(4).saturating_add(64) {
            self.prune();
        }
    }

    fn prune(&mut self) {
        let mut all: Vec<(u64, Pair)> = self.texts.drain().collect();
        all.sort_by_key(|(_, pair)| Reverse(pair.series));
        all.truncate(self.limit);
        self.least = all.last().map_or(0, |(_, pair)| pair.series);
        self.texts.extend(all);
    }

    fn finish(self) -> Vec<Pair> {
        self.texts.into_values().collect()
    }
}
