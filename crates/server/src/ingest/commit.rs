//! One thread that commits for all bodies that were begun, for as long as there are some,
//! and the telling of those whose bodies were kept.

use model::WriteReport;
use model::port::{Sink, WriteError};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// What became of a body.
pub type Outcome = Result<WriteReport, WriteError>;

/// Who waits for it. Nobody listens where the client has gone.
pub type Told = oneshot::Sender<Outcome>;

/// Sees to it that what was begun is committed.
pub struct Commit {
    sink: Arc<dyn Sink>,
    /// Bodies begun that no commit has ended after. Above 0 a thread commits.
    begun: AtomicUsize,
    /// Who is to be told what.
    news: Mutex<Vec<(Told, Outcome)>>,
}

impl Commit {
    /// Nothing was begun.
    pub fn new(sink: Arc<dyn Sink>) -> Arc<Self> {
        Arc::new(Self { sink, begun: AtomicUsize::new(0), news: Mutex::default() })
    }

    /// Notes that a body was begun. A thread that commits goes on; without one, one starts.
    pub fn begun(self: &Arc<Self>) {
        if self.begun.fetch_add(1, Ordering::AcqRel) == 0 {
            let this = self.clone();
            tokio::task::spawn_blocking(move || this.run());
        }
    }

    /// Tells somebody what became of a body. The first of a group wakes a task that tells all:
    /// a task that wakes others puts them into a queue of its own thread, where to wake each
    /// from here would take a lock, and often a system call.
    pub fn tell(self: &Arc<Self>, told: Told, outcome: Outcome) {
        let Ok(runtime) = Handle::try_current() else {
            drop(told.send(outcome));
            return;
        };
        let mut news = self.news.lock();
        news.push((told, outcome));
        let is_first = news.len() == 1;
        drop(news);
        if is_first {
            let this = self.clone();
            runtime.spawn(async move {
                let news = std::mem::take(&mut *this.news.lock());
                news.into_iter().for_each(|(told, outcome)| drop(told.send(outcome)));
            });
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
