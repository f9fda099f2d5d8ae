//! Frames that are written and synced together, and what became of them.

use crate::error::is_disk_full;
use model::port::WriteError;
use parking_lot::Mutex;
use std::io;
use std::sync::{Arc, OnceLock};

/// Why frames could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    is_full: bool,
    what: String,
}

impl Failure {
    /// From what the disk said.
    pub fn new(error: &io::Error) -> Self {
        Self { is_full: is_disk_full(error), what: error.to_string() }
    }
}

impl From<Failure> for WriteError {
    fn from(failure: Failure) -> Self {
        let Failure { is_full, what } = failure;
        if is_full {
            let what = format!("{what}; free some space on the disk of the data folder");
            Self::DiskFull { what }
        } else {
            Self::Failed { what }
        }
    }
}

/// What is done once it is known what became of a batch.
pub type Listener = Box<dyn FnOnce() + Send>;

/// What became of a batch, once that is known.
#[derive(Clone, Default)]
pub struct Outcome(Arc<Fate>);

#[derive(Default)]
struct Fate {
    known: OnceLock<Result<(), Failure>>,
    listeners: Mutex<Vec<Listener>>,
}

impl Outcome {
    /// What became of it.
    pub fn get(&self) -> Option<&Result<(), Failure>> {
        self.0.known.get()
    }

    /// Says what became of it; answers who is to be told.
    #[must_use]
    pub fn set(&self, outcome: Result<(), Failure>) -> Vec<Listener> {
        let is_first = self.0.known.set(outcome).is_ok();
        assert!(is_first, "a batch is written once");
        std::mem::take(&mut *self.0.listeners.lock())
    }

    /// Whether somebody is to be told.
    pub fn has_listeners(&self) -> bool {
        !self.0.listeners.lock().is_empty()
    }
}

/// Stands for frames that were appended.
#[derive(Clone)]
pub struct Ticket(pub(super) Outcome);

impl Ticket {
    /// Whether both stand for the same batch.
    pub fn is_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.0, &other.0.0)
    }

    /// What became of the frames.
    pub fn outcome(&self) -> Option<&Result<(), Failure>> {
        self.0.get()
    }

    /// Calls `listener` once it is known what became of the frames: some thread must lead.
    pub fn listen(&self, listener: Listener) {
        let mut listeners = self.0.0.listeners.lock();
        // Said under the lock: whoever says it takes the listeners after that.
        if self.0.get().is_none() {
            listeners.push(listener);
        } else {
            drop(listeners);
            listener();
        }
    }
}

/// Frames for one segment.
pub struct Batch {
    /// The segment they were made for.
    pub segment: u64,
    /// The frames.
    pub bytes: Vec<u8>,
    /// What their writers wait for.
    pub outcome: Outcome,
}
