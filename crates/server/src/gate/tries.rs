//! Who is tried on the thread of the connection first, and for how long.
//!
//! A short query costs less than to wake the thread that would run it and to be woken by it.
//! What is not done within a moment is given up and runs where everything else does; its
//! text is then not tried again for a while, so that a panel that is asked again and again
//! does not lose that moment each time.

use model::limits::Budget;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a try may take: ten times what two wake-ups cost, and less than a body of writes
/// keeps the same thread.
pub const PATIENCE: Duration = Duration::from_micros(500);
/// The most samples a try may read, about what can be read in that time.
const SAMPLES_MAX: u64 = 1 << 16;
/// And the most it may hold.
const BYTES_MAX: u64 = 4 << 20;
/// How long a text that was given up is not tried again.
const REST: Duration = Duration::from_secs(10);
/// How many texts rest at a time; then all are forgotten.
const RESTING_MAX: usize = 1_024;

/// Tries, of which so few run at a time that other requests find a thread.
pub struct Tries {
    at_once_max: usize,
    running: AtomicUsize,
    /// Texts that were given up, by hash, and until when they rest.
    resting: Mutex<HashMap<u64, Instant>>,
    hasher: std::hash::RandomState,
}

/// One that runs.
pub struct Try<'a> {
    tries: &'a Tries,
    text: u64,
}

impl Tries {
    /// None yet; the server has so many threads for connections.
    pub fn new(threads: usize) -> Self {
        Self {
            at_once_max: threads.saturating_sub(1).max(1),
            running: AtomicUsize::new(0),
            resting: Mutex::default(),
            hasher: std::hash::RandomState::new(),
        }
    }

    /// Begins to try `text`, if it is worth it and there is room.
    pub fn begin(&self, text: &str) -> Option<Try<'_>> {
        let text = self.hasher.hash_one(text);
        if self.resting.lock().get(&text).is_some_and(|until| Instant::now() < *until) {
            return None;
        }
        if self.running.fetch_add(1, Ordering::Relaxed) >= self.at_once_max {
            self.running.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Try { tries: self, text })
    }
}

impl Try<'_> {
    /// What it may use, of `samples_max` in all.
    pub fn budget(&self, samples_max: u64) -> Budget {
        let end = Instant::now() + PATIENCE;
        let budget = Budget::new(samples_max.min(SAMPLES_MAX)).holding(BYTES_MAX);
        budget.until(move || Instant::now() >= end)
    }

    /// Notes that it took too long.
    pub fn give_up(self) {
        let mut resting = self.tries.resting.lock();
        if resting.len() >= RESTING_MAX {
            resting.clear();
        }
        resting.insert(self.text, Instant::now() + REST);
    }
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        self.tries.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
