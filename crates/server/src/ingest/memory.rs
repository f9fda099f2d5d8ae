//! How much memory all bodies together may take.

use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many buffers are kept for the next bodies, and how large one of them may be: what two
/// cores decompress at one time, of what agents send at one time.
const SPARES_MAX: usize = 8;
const SPARE_BYTES_MAX: usize = 2 << 20;

/// A bounded amount of memory that bodies take from and give back to.
#[derive(Debug)]
pub struct Memory {
    used: AtomicU64,
    bytes_max: u64,
    spares: Mutex<Vec<Vec<u8>>>,
}

/// A share of the memory, given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    from: Arc<Memory>,
    bytes: u64,
}

impl Memory {
    pub fn new(bytes_max: u64) -> Arc<Self> {
        Arc::new(Self { used: AtomicU64::new(0), bytes_max, spares: Mutex::default() })
    }

    /// An empty share, to be grown.
    pub fn share(self: &Arc<Self>) -> Share {
        Share { from: self.clone(), bytes: 0 }
    }

    /// How much may be taken.
    pub fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// How much is taken now.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Another, empty share of the same memory.
    pub fn sibling(&self) -> Self {
        self.from.share()
    }

    /// A buffer whose bytes are of no meaning: one that was given back, or an empty one.
    pub fn buffer(&self) -> Vec<u8> {
        self.from.spares.lock().pop().unwrap_or_default()
    }

    /// Takes a buffer back for the next body.
    pub fn give_back(&self, buffer: Vec<u8>) {
        if (1..=SPARE_BYTES_MAX).contains(&buffer.capacity()) {
            let mut spares = self.from.spares.lock();
            if spares.len() < SPARES_MAX {
                spares.push(buffer);
            }
        }
    }

    /// Takes `more`; false, and nothing taken, where that is not there.
    #[must_use]
    pub fn grow(&mut self, more: u64) -> bool {
        let max = self.from.bytes_max;
        let taken = self.from.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(more).filter(|sum| *sum <= max)
        });
        if taken.is_ok() {
            self.bytes += more;
        }
        taken.is_ok()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.from.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
