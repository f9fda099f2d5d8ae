//! How many block files are open at one time.

use std::sync::atomic::{AtomicU32, Ordering};

/// The most files kept open: below the 1,024 that a process may have unless told
/// otherwise, with room for connections.
const OPEN_MAX: u32 = 512;

/// Counts open block files.
#[derive(Debug, Default)]
pub struct Handles {
    open: AtomicU32,
}

impl Handles {
    /// Whether one more may stay open; a file beyond that is closed after the read.
    pub fn take(&self) -> bool {
        let more = |open| (open < OPEN_MAX).then_some(open + 1);
        self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// One was closed.
    pub fn give_back(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether so many are open that idle ones should be closed.
    pub fn is_scarce(&self) -> bool {
        self.open.load(Ordering::Relaxed) > OPEN_MAX / 2
    }
}
