//! Window functions of many series at once, merged by group.
//!
//! Series are taken in batches, by whichever thread is free. A batch is accumulated into
//! groups of its own; these are merged into the answer in the order of batches, so that the
//! same data give the same sums to the last bit on any number of threads, and so that a
//! question with as many groups as series keeps them once.

mod batch;
mod cut;
mod kernel;
mod merged;
mod series;

use crate::series::Stored;
use crate::stats::Counters;
use batch::Worker;
use cut::Cut;
use merged::Merged;
use model::limits::{Budget, Exceeded};
use model::port::{Aggregation, Groups, Reduction, Series as _};
use model::{Attribute, Needs};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many series a thread takes at a time: some hundred microseconds of work, so that
/// taking them costs nothing and threads end together.
const BATCH: usize = 64;

/// Accumulates `series`, which are numeric.
///
/// # Errors
/// When the budget is used up.
pub fn run(
    series: &[Stored],
    asked: &Aggregation<'_>,
    budget: &Budget,
    counters: &Counters,
) -> Result<Groups, Exceeded> {
    let (keys, numbers) = number_groups(series, asked.group_by);
    let windows = asked.windows.count;
    let merged = Merged::new(windows, asked.needs, budget);
    let next = AtomicUsize::new(0);
    let task = Task { series, numbers: &numbers, asked, cut: Cut::new(&asked.windows) };
    let work = || {
        let _guard = merged.guard();
        let mut worker = Worker::new(&task, budget, counters);
        while let Some(number) = take(&next, series.len().div_ceil(BATCH)) {
            let result = worker.accumulate(number);
            let is_failed = result.is_err();
            if !merged.add(number, result) || is_failed {
                break;
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let threads = cores.min(series.len().div_ceil(BATCH)).max(1);
    std::thread::scope(|scope| {
        (1..threads).for_each(|_| drop(scope.spawn(work)));
        work();
    });
    let (found, cells) = merged.finish()?;
    let attributes = asked.group_by.len();
    let keys = found.iter().flat_map(|group| &keys[*group as usize * attributes..][..attributes]);
    Ok(Groups::new(found.len(), (attributes, keys.cloned().collect()), (windows, cells)))
}

/// The next number below `count` that no thread has taken.
fn take(next: &AtomicUsize, count: usize) -> Option<usize> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    (number < count).then_some(number)
}

/// What every thread works at.
struct Task<'a> {
    series: &'a [Stored],
    /// The group of each series.
    numbers: &'a [u32],
    asked: &'a Aggregation<'a>,
    cut: Cut,
}

impl Task<'_> {
    /// What must be known of each window of one series.
    fn needs_of_series(&self) -> Needs {
        match self.asked.reduction {
            Reduction::Pooled => self.asked.needs,
            Reduction::PerSeries(function) => function.needs(),
        }
    }
}

/// The keys of all groups, end to end, and the number of the group each series is of.
fn number_groups(series: &[Stored], group_by: &[Attribute]) -> (Vec<Arc<str>>, Vec<u32>) {
    let mut keys: Vec<Arc<str>> = Vec::new();
    let mut found: hashbrown::HashMap<Vec<Arc<str>>, u32> = hashbrown::HashMap::new();
    let mut key: Vec<Arc<str>> = Vec::new();
    let number = |one: &Stored| {
        key.clear();
        key.extend(group_by.iter().map(|attribute| value_of(one, attribute)));
        if let Some(number) = found.get(&key) {
            return *number;
        }
        let number = found.len() as u32;
        keys.extend(key.iter().cloned());
        found.insert(key.clone(), number);
        number
    };
    let numbers = series.iter().map(number).collect();
    (keys, numbers)
}

/// The value by which a series is grouped, shared where it can be.
fn value_of(series: &Stored, attribute: &Attribute) -> Arc<str> {
    let meta = series.meta();
    match attribute {
        Attribute::Tag(name) => meta.stream.tags.find(name).cloned().unwrap_or_default(),
        Attribute::Measurement => meta.stream.measurement.clone(),
        Attribute::Database => meta.stream.database.clone(),
        Attribute::Policy => meta.stream.policy.clone(),
        Attribute::Field => meta.field.clone(),
        Attribute::Name => match attribute.value(&meta.stream, &meta.field) {
            Cow::Borrowed(name) => name.into(),
            Cow::Owned(name) => name.into(),
        },
    }
}
