//! The same work on each of a few places, over the cores.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many threads look through so many streams in `places` places: fewer than `each` are done
/// before another thread has begun.
pub fn of(streams: u64, each: u64, places: usize) -> usize {
    let most = usize::try_from(streams / each.max(1)).unwrap_or(usize::MAX).saturating_add(1);
    // To ask for the cores costs more than a few streams: the system reads files for it.
    match most.min(places) {
        0 | 1 => 1,
        most => std::thread::available_parallelism().map_or(1, |cores| cores.get()).min(most),
    }
}

/// What `work` makes of each number below `count`, in their order.
pub fn map<T: Send + Sync>(
    threads: usize,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    if threads < 2 {
        return (0..count).map(work).collect();
    }
    let made: Vec<OnceLock<T>> = (0..count).map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let run = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(place) = made.get(number) else { break };
            // Each number is taken once, so that nothing was set before.
            let _ = place.set(work(number));
        }
    };
    std::thread::scope(|scope| {
        (1..threads).for_each(|_| drop(scope.spawn(run)));
        run();
    });
    made.into_iter().filter_map(OnceLock::into_inner).collect()
}
