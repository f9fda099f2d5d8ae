//! Whether the disk has room for more: writes are refused before it is full, so that what was
//! acknowledged can still be flushed, merged and deleted.

use crate::disk::Disk;
use model::port::{Clock, WriteError};
use model::{ByteSize, Span, Timestamp};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// How often the disk is asked at most.
const ASK_EVERY: Span = Span::SECOND;
/// What is kept free where nobody says how much: what is in memory and in the log by
/// default can still be written to blocks.
const FREE_MIN: u64 = 1 << 30;
/// A small disk then keeps a share of itself free, 1 in so many, where that is less.
const SHARE: u64 = 20;

/// A size without what nobody needs to read.
fn rounded(bytes: u64) -> ByteSize {
    ByteSize(if bytes < 10 << 20 { bytes } else { bytes & !((1 << 20) - 1) })
}

/// Watches the free space of the data folder's disk.
pub struct Room {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    folder: PathBuf,
    free_min: Option<u64>,
    asked_at: AtomicI64,
    is_short: AtomicBool,
    /// As of the last look.
    free: AtomicU64,
    /// What was to be kept free of that disk.
    floor: AtomicU64,
}

impl Room {
    /// Watches the disk of `folder`, of which `free_min` bytes are to stay free.
    pub fn new(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        folder: PathBuf,
        free_min: Option<u64>,
    ) -> Self {
        Self {
            disk,
            clock,
            folder,
            free_min,
            asked_at: AtomicI64::new(i64::MIN),
            is_short: AtomicBool::new(false),
            free: AtomicU64::new(u64::MAX),
            floor: AtomicU64::new(0),
        }
    }

    /// Whether more may be written; asks the disk where the last answer is old.
    pub fn is_short(&self) -> bool {
        let now = self.clock.now();
        let asked_at = self.asked_at.load(Ordering::Relaxed);
        let is_fresh = Timestamp(asked_at.saturating_add(ASK_EVERY.0)) > now && now.0 >= asked_at;
        // Whoever changes the time asks; the others take the last answer.
        if !is_fresh
            && self
                .asked_at
                .compare_exchange(asked_at, now.0, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            self.ask();
        }
        self.is_short.load(Ordering::Relaxed)
    }

    /// # Errors
    /// When no more may be written.
    pub fn check(&self) -> Result<(), WriteError> {
        if !self.is_short() {
            return Ok(());
        }
        let what = format!(
            "{} are free on the disk of {}, and {} are kept for what was written before: free some space, shorten the retention, or lower disk_free_min; queries and deletes go on",
            rounded(self.free()),
            self.folder.display(),
            rounded(self.floor()),
        );
        Err(WriteError::DiskFull { what })
    }

    /// Free bytes as of the last look.
    pub fn free(&self) -> u64 {
        self.free.load(Ordering::Relaxed)
    }

    /// What is kept free, as of the last look.
    pub fn floor(&self) -> u64 {
        self.floor.load(Ordering::Relaxed)
    }

    fn ask(&self) {
        match self.disk.space(&self.folder) {
            Ok(space) => {
                let floor = self.free_min.unwrap_or(FREE_MIN.min(space.total / SHARE));
                self.free.store(space.free, Ordering::Relaxed);
                self.floor.store(floor, Ordering::Relaxed);
                self.is_short.store(space.free < floor, Ordering::Relaxed);
            }
            // A write that finds no room fails by itself.
            Err(error) => {
                self.is_short.store(false, Ordering::Relaxed);
                tracing::warn!(%error, "free space is not known");
            }
        }
    }
}
