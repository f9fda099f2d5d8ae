//! What the store counts, and how it tells.

use crate::jobs::Jobs;
use model::Span;
use std::sync::atomic::{AtomicU64, Ordering};

/// Plain numbers about a store; those that count only rise while it is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Series that are written to: columns of streams in the head.
    pub series: u64,
    /// Streams that are written to.
    pub streams: u64,
    /// Memory that rows outside blocks take.
    pub head_bytes: u64,
    /// The most memory they may take.
    pub head_bytes_max: u64,
    /// Memory that the lists of columns of streams and blocks take, but for the names.
    pub shape_bytes: u64,
    /// Size of the log.
    pub wal_bytes: u64,
    /// Files of the log.
    pub wal_segments: u64,
    /// How often the log was synced.
    pub wal_fsync_count: u64,
    /// How long that took in all, in nanoseconds.
    pub wal_fsync_ns: u64,
    /// Rows that were acknowledged.
    pub rows_written: u64,
    /// Values that were acknowledged.
    pub values_written: u64,
    /// Rows that were refused.
    pub rows_refused: u64,
    /// Rows that came after a later one of their stream, those read back from the log included.
    pub rows_late: u64,
    /// Bytes that may still be written.
    pub disk_free_bytes: u64,
    /// Blocks there are.
    pub block_count: u64,
    /// Their size.
    pub block_bytes: u64,
    /// Deletes whose rows are in blocks that were not merged since.
    pub tombstones: u64,
    /// Values in them; what was rewritten and not yet merged counts twice.
    pub block_values: u64,
    /// Memory that blocks take while nobody looks at them.
    pub block_memory_bytes: u64,
    /// Memory of pages of blocks that were read.
    pub cache_bytes: u64,
    /// Pages that were found in memory.
    pub cache_hits: u64,
    /// Pages that had to be read.
    pub cache_misses: u64,
    /// Flushes of a partition.
    pub flushes: u64,
    /// Merges of blocks.
    pub merges: u64,
    /// Values that merges took over as they were encoded.
    pub values_copied: u64,
    /// Blocks that retention dropped.
    pub slices_dropped: u64,
    /// Streams that left the head because nobody wrote to them.
    pub streams_evicted: u64,
    /// Rows that were read back from the log at the start.
    pub replayed_rows: u64,
    /// Places where data was found to be damaged.
    pub corruption_found: u64,
    /// Damaged files that lie put aside.
    pub files_aside: u64,
    /// Blocks that are not served, or in part, since they cannot be read now.
    pub blocks_unread: u64,
    /// Blocks that could not be merged the last time.
    pub blocks_unmerged: u64,
}

/// What one round of background work did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Maintained {
    /// Partitions that were flushed.
    pub flushed: u64,
    /// Merges of blocks.
    pub merged: u64,
    /// Blocks that retention dropped.
    pub dropped: u64,
    /// Streams that left the head.
    pub evicted: u64,
}

/// Counts while the store runs.
#[derive(Debug, Default)]
pub struct Counters {
    /// How background jobs are.
    pub jobs: Jobs,
    fsync_count: AtomicU64,
    fsync_ns: AtomicU64,
    rows_written: AtomicU64,
    values_written: AtomicU64,
    rows_refused: AtomicU64,
    flushes: AtomicU64,
    merges: AtomicU64,
    values_copied: AtomicU64,
    slices_dropped: AtomicU64,
    streams_evicted: AtomicU64,
    replayed_rows: AtomicU64,
    corruption_found: AtomicU64,
}

impl Counters {
    /// The log was synced.
    pub fn fsync(&self, took: Span) {
        add(&self.fsync_count, 1);
        add(&self.fsync_ns, took.0.unsigned_abs());
    }

    /// A body was acknowledged.
    pub fn written(&self, rows: u64, values: u64, refused: u64) {
        add(&self.rows_written, rows);
        add(&self.values_written, values);
        add(&self.rows_refused, refused);
    }

    /// A round of background work was done.
    pub fn maintained(&self, done: &Maintained) {
        add(&self.flushes, done.flushed);
        add(&self.merges, done.merged);
        add(&self.slices_dropped, done.dropped);
        add(&self.streams_evicted, done.evicted);
    }

    /// Rows were read back from the log.
    pub fn replayed(&self, rows: u64) {
        add(&self.replayed_rows, rows);
    }

    /// Data was found to be damaged.
    pub fn corruption(&self) {
        add(&self.corruption_found, 1);
    }

    /// Counts values that a merge took over as they were encoded.
    pub fn copied(&self, values: u64) {
        add(&self.values_copied, values);
    }

    /// Fills in what is counted here.
    pub fn fill(&self, stats: &mut Stats) {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        stats.wal_fsync_count = get(&self.fsync_count);
        stats.wal_fsync_ns = get(&self.fsync_ns);
        stats.rows_written = get(&self.rows_written);
        stats.values_written = get(&self.values_written);
        stats.rows_refused = get(&self.rows_refused);
        stats.flushes = get(&self.flushes);
        stats.merges = get(&self.merges);
        stats.values_copied = get(&self.values_copied);
        stats.slices_dropped = get(&self.slices_dropped);
        stats.streams_evicted = get(&self.streams_evicted);
        stats.replayed_rows = get(&self.replayed_rows);
        stats.corruption_found = get(&self.corruption_found);
    }
}

fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}
