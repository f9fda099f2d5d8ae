//! One thread that commits for all bodies that were begun, for as long as there are some.

use model::port::Sink;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Sees to it that what was begun is committed.
pub struct Commit {
    sink: Arc<dyn Sink>,
    /// Bodies begun that no commit has ended after. Above 0 a thread commits.
    begun: AtomicUsize,
}

impl Commit {
    /// Nothing was begun.
    pub fn new(sink: Arc<dyn Sink>) -> Arc<Self> {
        Arc::new(Self { sink, begun: AtomicUsize::new(0) })
    }

    /// Notes that a body was begun. A thread that commits goes on; without one, one starts.
    pub fn begun(self: &Arc<Self>) {
        if self.begun.fetch_add(1, Ordering::AcqRel) == 0 {
            let this = self.clone();
            tokio::task::spawn_blocking(move || this.run());
        }
    }

    fn run(&self) {
        loop {
            // Those that are counted were begun before this commit.
            let begun = self.begun.load(Ordering::Acquire);
            self.sink.commit();
            if self.begun.fetch_sub(begun, Ordering::AcqRel) == begun {
                return;
            }
        }
    }
}
