//! What the server counts about itself, and the Prometheus text it is told in.

mod exposition;
mod process;

pub use exposition::{Kind, Text};
pub use process::{Process, raise_open_files};

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counters by the values of some labels. The values come from short lists in the code,
/// so that there are few.
#[derive(Debug)]
pub struct Family<const N: usize>(Mutex<BTreeMap<[&'static str; N], u64>>);

impl<const N: usize> Default for Family<N> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<const N: usize> Family<N> {
    pub fn add(&self, labels: [&'static str; N], more: u64) {
        *self.0.lock().entry(labels).or_default() += more;
    }

    pub fn snapshot(&self) -> BTreeMap<[&'static str; N], u64> {
        self.0.lock().clone()
    }
}

/// How many of something there are now.
#[derive(Debug, Default)]
pub struct Gauge(Arc<AtomicU64>);

/// One of what a [`Gauge`] counts, for as long as it lives.
#[derive(Debug)]
pub struct Entered(Arc<AtomicU64>);

impl Gauge {
    pub fn enter(&self) -> Entered {
        self.0.fetch_add(1, Ordering::Relaxed);
        Entered(self.0.clone())
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Upper ends of the buckets of every histogram of seconds: a factor of about three from
/// the time of one cached answer to the longest query allowed.
pub const SECONDS_BOUNDS: [f64; 11] =
    [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0];

/// How often something took how long.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One for each bound, and one beyond the last.
    buckets: [AtomicU64; SECONDS_BOUNDS.len() + 1],
    sum_ns: AtomicU64,
}

/// A histogram at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistogramSnapshot {
    /// How many were at most as long as each bound, and in all.
    pub cumulative: [u64; SECONDS_BOUNDS.len() + 1],
    pub sum: f64,
}

impl Histogram {
    pub fn observe(&self, seconds: f64) {
        let bucket = SECONDS_BOUNDS.iter().position(|bound| seconds <= *bound);
        self.buckets[bucket.unwrap_or(SECONDS_BOUNDS.len())].fetch_add(1, Ordering::Relaxed);
        self.sum_ns.fetch_add((seconds * 1e9) as u64, Ordering::Relaxed);
    }

    pub fn snapshot(&self) -> HistogramSnapshot {
        let mut total = 0;
        let cumulative = std::array::from_fn(|index| {
            total += self.buckets[index].load(Ordering::Relaxed);
            total
        });
        HistogramSnapshot { cumulative, sum: self.sum_ns.load(Ordering::Relaxed) as f64 / 1e9 }
    }
}

/// The language of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Promql,
    Influxql,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::Promql, Self::Influxql];

    pub fn name(self) -> &'static str {
        match self {
            Self::Promql => "promql",
            Self::Influxql => "influxql",
        }
    }
}

/// Everything the server itself counts. What the rooms count, they are asked for.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Rows kept, by protocol.
    pub rows: Family<1>,
    /// Field values kept, by protocol.
    pub values: Family<1>,
    /// Rows refused, by reason.
    pub refused: Family<1>,
    /// Points and bodies that a limit refused, by the limit's key in the configuration.
    pub limit_refused: Family<1>,
    /// Write requests by protocol and status.
    pub write_requests: Family<2>,
    /// How long writes took from the whole body to the acknowledgement.
    pub write_seconds: Histogram,
    /// Bytes of write bodies as they came.
    pub write_bytes: Counter,
    queries: [Histogram; 2],
    /// Samples that queries read.
    pub query_samples: Counter,
    /// Queries that run now.
    pub queries_running: Gauge,
    /// Queries that failed, by language and reason.
    pub query_failures: Family<2>,
    /// Answers from the cache, joined to a running query, or computed, where `max_age` let.
    pub cached_answers: Family<1>,
    /// Connections that are open now.
    pub connections: Gauge,
    /// Requests by status class.
    pub http_requests: Family<1>,
    /// Requests whose token was missing or wrong, or whose origin was another site.
    pub http_denied: Family<1>,
    /// Readings of this host.
    pub collections: Counter,
    /// Readings of this host that could not be kept, in part or as a whole.
    pub collection_failures: Counter,
    /// Rounds of background work that failed.
    pub maintenance_failures: Counter,
}

impl Metrics {
    /// How long queries of a language took.
    pub fn query_seconds(&self, language: Language) -> &Histogram {
        &self.queries[language as usize]
    }

    /// Field values kept so far, over all protocols.
    pub fn values_total(&self) -> u64 {
        self.values.snapshot().values().sum()
    }
}

#[cfg(test)]
mod tests;
