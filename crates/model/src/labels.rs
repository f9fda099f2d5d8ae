//! Labels as PromQL sees them: sorted names with values, no name twice, no empty value.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The label that holds the metric's name.
pub const NAME: &str = "__name__";

/// A sorted set of labels.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Labels(Vec<(Arc<str>, Arc<str>)>);

impl Ord for Labels {
    /// By name and value of the first label that differs. Series of one answer share most
    /// texts, which then need no look.
    fn cmp(&self, other: &Self) -> Ordering {
        let text = |a: &Arc<str>, b: &Arc<str>| {
            if Arc::ptr_eq(a, b) { Ordering::Equal } else { a.cmp(b) }
        };
        for (ours, theirs) in self.0.iter().zip(&other.0) {
            let order = text(&ours.0, &theirs.0).then_with(|| text(&ours.1, &theirs.1));
            if order.is_ne() {
                return order;
            }
        }
        self.0.len().cmp(&other.0.len())
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Labels {
    /// From pairs in any order; an empty value means the label is absent, the last of
    /// several with one name stays.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<Arc<str>>,
        V: Into<Arc<str>>,
    {
        let mut labels = Self::default();
        for (name, value) in pairs {
            labels.set(name, value);
        }
        labels
    }

    /// From pairs that are sorted by name, no name twice, no value empty, and room for `more`.
    ///
    /// # Panics
    /// In tests, where they are not.
    pub fn from_sorted<'a>(
        pairs: impl Iterator<Item = (&'a Arc<str>, &'a Arc<str>)>,
        more: usize,
    ) -> Self {
        let mut labels = Vec::with_capacity(pairs.size_hint().0 + more);
        labels.extend(pairs.map(|(name, value)| (name.clone(), value.clone())));
        debug_assert!(labels.is_sorted_by(|a, b| a.0 < b.0), "names rise: {labels:?}");
        debug_assert!(labels.iter().all(|(_, value)| !value.is_empty()), "no value is empty");
        Self(labels)
    }

    /// Sets one label; an empty value removes it.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) {
        let (name, value) = (name.into(), value.into());
        match self.0.binary_search_by(|(n, _)| n.as_ref().cmp(&name)) {
            Ok(at) if value.is_empty() => drop(self.0.remove(at)),
            Ok(at) => self.0[at].1 = value,
            Err(_) if value.is_empty() => {}
            Err(at) => self.0.insert(at, (name, value)),
        }
    }

    /// The label's value, or `""` where it is absent.
    pub fn get(&self, name: &str) -> &str {
        self.find(name).map_or("", |value| value)
    }

    /// The label's value where it is present.
    pub fn find(&self, name: &str) -> Option<&Arc<str>> {
        let at = self.0.binary_search_by(|(n, _)| n.as_ref().cmp(name)).ok()?;
        Some(&self.0[at].1)
    }

    /// Keeps the labels whose names `keep` says yes to.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }

    /// Names and values in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no label.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Labels {
    /// Prints `name{a="b"}` as Prometheus does.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.get(NAME);
        out.write_str(name)?;
        if self.len() > usize::from(!name.is_empty()) || name.is_empty() {
            out.write_str("{")?;
            let others = self.iter().filter(|(n, _)| n.as_ref() != NAME);
            for (index, (n, v)) in others.enumerate() {
                write!(out, "{}{n}={v:?}", if index > 0 { ", " } else { "" })?;
            }
            out.write_str("}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
