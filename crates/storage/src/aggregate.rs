//! Window functions of many series at once, merged by group.
//!
//! Series are found as numbers (`find`), without their names, and taken in batches by
//! whichever thread is free. A batch is accumulated into groups of its own; these are merged
//! into the answer in the order of batches, so that the same data give the same sums to the
//! last bit on any number of threads, and so that a question with as many groups as series
//! keeps them once.

mod batch;
mod changes;
mod cut;
mod find;
mod found;
mod kernel;
mod keys;
mod merged;
mod number;
mod series;
mod shares;
mod walk;
mod windows;

pub use find::{Places, Seen};

use crate::stats::Counters;
use batch::Worker;
use cut::Cut;
use found::Found;
use merged::Merged;
use model::Needs;
use model::limits::{Budget, Exceeded};
use model::port::{Aggregation, Groups, Reduction, WindowFunction};
use std::sync::atomic::{AtomicUsize, Ordering};
use windows::Windows;

/// How many series a thread takes at a time where there are many: some hundred microseconds
/// of work, and about two groups of a block.
const BATCH: usize = 256;
/// And where there are few, so that all threads have some.
const SMALL_BATCH: usize = 16;
/// From this many series on they are many.
const MANY: usize = 2048;

/// Answers `asked` from what is at `places`.
///
/// # Errors
/// When the budget is used up.
pub fn run(places: &Places<'_>, asked: &Aggregation<'_>) -> Result<Groups, Exceeded> {
    let found = find::find(places, asked.predicate, asked.group_by)?;
    accumulate(&found, asked, places.budget, places.counters)
}

fn accumulate(
    found: &Found,
    asked: &Aggregation<'_>,
    budget: &Budget,
    counters: &Counters,
) -> Result<Groups, Exceeded> {
    let windows = asked.windows.count;
    let merged = Merged::new(windows, asked.needs, budget);
    let next = AtomicUsize::new(0);
    let batch = if found.series.len() >= MANY { BATCH } else { SMALL_BATCH };
    let batches = found.series.len().div_ceil(batch);
    let task = Task { found, asked, cut: Cut::new(&asked.windows), batch };
    let work = || {
        let _guard = merged.guard();
        let mut worker = Worker::new(&task, budget, counters);
        while let Some(number) = take(&next, batches) {
            let result = worker.accumulate(number);
            let is_failed = result.is_err();
            if !merged.add(number, result) || is_failed {
                break;
            }
        }
    };
    // To ask for the cores costs more than a batch: the system reads files for it.
    let cores = match batches {
        0 | 1 => 1,
        _ => std::thread::available_parallelism().map_or(1, |cores| cores.get()),
    };
    std::thread::scope(|scope| {
        (1..cores.min(batches)).for_each(|_| drop(scope.spawn(work)));
        work();
    });
    let (numbers, cells) = merged.finish()?;
    let attributes = asked.group_by.len();
    let key = |group: &u32| &found.keys[*group as usize * attributes..][..attributes];
    let keys = numbers.iter().flat_map(key).cloned().collect();
    Ok(Groups::new(numbers.len(), (attributes, keys), (windows, cells)))
}

/// The next number below `count` that no thread has taken.
fn take(next: &AtomicUsize, count: usize) -> Option<usize> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    (number < count).then_some(number)
}

/// What every thread works at.
struct Task<'a> {
    found: &'a Found,
    asked: &'a Aggregation<'a>,
    cut: Cut,
    /// How many series are a batch.
    batch: usize,
}

impl Task<'_> {
    /// The windows of one series, for what must be known of them.
    fn windows_of_series(&self) -> Windows {
        let (needs, change) = match self.asked.reduction {
            Reduction::Pooled => (self.asked.needs, None),
            Reduction::PerSeries(WindowFunction::Change(change)) => (Needs::COUNT, Some(change)),
            Reduction::PerSeries(function) => (function.needs(), None),
        };
        Windows::new(self.cut, needs, change)
    }
}
