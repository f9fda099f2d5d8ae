//! The same work on many series, over all cores.

use crate::promql::error::Error;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many items a thread takes at a time: enough that taking costs nothing, few enough
/// that threads end together.
pub(crate) const BLOCK: usize = 16;

/// What `work` makes of each item, in the order of items. Every thread has one `Scratch`.
///
/// # Errors
/// The first error of any thread; the others then stop at their next block.
pub(crate) fn map<T, R, Scratch>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T, &mut Scratch) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error>
where
    T: Sync,
    R: Send,
    Scratch: Default,
{
    map_blocks(items, threads, BLOCK, work)
}

/// The same, with `block` items taken at a time.
///
/// # Errors
/// As [`map`].
pub(crate) fn map_blocks<T, R, Scratch>(
    items: &[T],
    threads: usize,
    block_items: usize,
    work: impl Fn(&T, &mut Scratch) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error>
where
    T: Sync,
    R: Send,
    Scratch: Default,
{
    let threads = threads.min(items.len().div_ceil(block_items));
    if threads < 2 {
        let mut scratch = Scratch::default();
        return items.iter().map(|item| work(item, &mut scratch)).collect();
    }
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    let blocks: Vec<Vec<(usize, Vec<R>)>> = std::thread::scope(|scope| {
        let run = || {
            let mut scratch = Scratch::default();
            let mut done = Vec::new();
            loop {
                let start = next.fetch_add(block_items, Ordering::Relaxed);
                let Some(block) = items.get(start..(start + block_items).min(items.len())) else {
                    return done;
                };
                if block.is_empty() {
                    return done;
                }
                match block.iter().map(|item| work(item, &mut scratch)).collect() {
                    Ok(results) => done.push((start, results)),
                    Err(error) => {
                        // Past the end, so that no thread finds another block.
                        next.store(items.len(), Ordering::Relaxed);
                        let mut first = failure.lock().unwrap_or_else(|broken| broken.into_inner());
                        first.get_or_insert(error);
                        return done;
                    }
                }
            }
        };
        // The caller works, too: starting a thread costs as much as some dozen series.
        let handles: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let own = run();
        // A panic in a thread goes on in the caller, where it is reported.
        let join = |handle: std::thread::ScopedJoinHandle<'_, _>| {
            handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        std::iter::once(own).chain(handles.into_iter().map(join)).collect()
    });
    if let Some(error) = failure.into_inner().unwrap_or_else(|broken| broken.into_inner()) {
        return Err(error);
    }
    let mut blocks: Vec<(usize, Vec<R>)> = blocks.into_iter().flatten().collect();
    blocks.sort_by_key(|(start, _)| *start);
    Ok(blocks.into_iter().flat_map(|(_, results)| results).collect())
}
