//! What a series is: a stream (database, policy, measurement, tags) and one of its columns.

use crate::Kind;
use std::sync::Arc;

/// Tags sorted by name, no name twice, no empty value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Tags(Box<[(Arc<str>, Arc<str>)]>);

impl Tags {
    /// From pairs in any order; the last of several with one name stays, and an empty
    /// value means the tag is absent.
    pub fn new(mut pairs: Vec<(Arc<str>, Arc<str>)>) -> Self {
        // As a store has them.
        if pairs.is_sorted_by(|a, b| a.0 < b.0) && pairs.iter().all(|(_, it)| !it.is_empty()) {
            return Self(pairs.into_boxed_slice());
        }
        pairs.reverse();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|later, kept| later.0 == kept.0);
        pairs.retain(|(_, value)| !value.is_empty());
        Self(pairs.into_boxed_slice())
    }

    /// The tag's value, or `""` where it is absent.
    pub fn get(&self, name: &str) -> &str {
        self.find(name).map_or("", |value| value)
    }

    /// The tag's value where it is present.
    pub fn find(&self, name: &str) -> Option<&Arc<str>> {
        let at = self.0.binary_search_by(|(n, _)| n.as_ref().cmp(name)).ok()?;
        Some(&self.0[at].1)
    }

    /// Names and values in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// How many tags there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no tag.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Who a stream is. Its rows share timestamps; its columns are its fields.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StreamKey {
    /// Database.
    pub database: Arc<str>,
    /// Retention policy.
    pub policy: Arc<str>,
    /// Measurement, or the metric name of a Prometheus sample.
    pub measurement: Arc<str>,
    /// Tags, or the other labels of a Prometheus sample.
    pub tags: Tags,
}

/// One series as an answer names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeriesMeta {
    /// The stream it belongs to.
    pub stream: Arc<StreamKey>,
    /// The column of that stream.
    pub field: Arc<str>,
    /// What its values are.
    pub kind: Kind,
}
