//! Work spread over threads.

use crate::influxql::error::Error;

/// Below this many items a thread is not worth starting: most items are series of a few
/// hundred samples, which are read in microseconds.
const ITEMS_PER_THREAD: usize = 16;

/// Cuts `items` into runs, lets `work` do each on a thread of its own, and gives the
/// results in the order of the runs.
///
/// # Errors
/// The first error of any run.
pub(crate) fn over_threads<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&[T]) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let threads = threads.min(items.len() / ITEMS_PER_THREAD).max(1);
    if threads == 1 {
        return Ok(vec![work(items)?]);
    }
    let run = items.len().div_ceil(threads);
    std::thread::scope(|scope| {
        let work = &work;
        let handles: Vec<_> = items.chunks(run).map(|run| scope.spawn(move || work(run))).collect();
        let results = handles.into_iter().map(|handle| match handle.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        results.collect()
    })
}
