//! How a body becomes points on disk: admit, decompress, decode, keep.
//!
//! A small body is decoded and appended where it arrived, and no thread waits for its fsync:
//! the store tells when it is on disk, so that a thousand connections need no thousand
//! threads. Large bodies, and all of them while the store has no room, go to blocking
//! threads, a bounded number at a time. Many bodies share one fsync, which is the store's
//! group commit. A body is acknowledged after the store said that it is kept, never before.

mod body;
mod commit;
mod memory;
mod report;

pub use body::{BodyError, Held, read};
pub use memory::Memory;
pub use report::partial_write;

use crate::metrics::Metrics;
use commit::{Commit, Outcome};
use model::port::{Clock, Kept, Sink, WriteError};
use model::row::Rows;
use model::{Target, WriteReport};
use protocol::{line, remote_write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::sync::{Semaphore, oneshot};

/// How many bodies are decoded, or wait for an fsync, at one time. Each takes a thread;
/// 64 of them fill an fsync of 5 ms well beyond what one disk and core can decode.
const WRITERS_MAX: usize = 64;
/// How many bodies may wait for a writer. They are in memory already, which
/// `inflight_bytes_max` bounds; this bounds how long the last of them waits.
const WAITING_MAX: usize = 1_024;
/// Bodies up to this size, decompressed, are decoded where they arrived: that takes less
/// than a millisecond, during which one core serves nobody else.
const SMALL_BYTES_MAX: u64 = 128 << 10;
/// A gzip does not say how long it is, and grows by a factor of a thousand at most.
const SMALL_GZIP_BYTES_MAX: u64 = 4 << 10;
/// When a client whose body found no room may try again.
pub const RETRY_AFTER_SECS: u32 = 1;

/// Largest bodies.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// As they come; `body_bytes_max`.
    pub body_bytes_max: u64,
    /// Decompressed; `body_decompressed_bytes_max`.
    pub decompressed_bytes_max: u64,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Line protocol with timestamps of this unit.
    Line { precision: line::Precision, gzip: bool },
    /// Prometheus remote write 1.0, snappy-compressed.
    RemoteWrite,
}

impl Wire {
    /// Its name in `/metrics`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Line { .. } => "line",
            Self::RemoteWrite => "remote_write",
        }
    }

    /// Whether a body is soon decoded.
    fn is_small(self, body: &Held) -> bool {
        let length = body.bytes().len() as u64;
        match self {
            Self::Line { gzip: true, .. } => length <= SMALL_GZIP_BYTES_MAX,
            Self::Line { gzip: false, .. } => length <= SMALL_BYTES_MAX,
            Self::RemoteWrite => body.snappy_length() <= SMALL_BYTES_MAX,
        }
    }
}

/// Why nothing of a body was kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is larger than it may be, or there is no room for it now, or it is damaged.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// It is not what its protocol says.
    #[error("{0}")]
    Malformed(String),
    /// The store does not take it.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Too many bodies wait.
    #[error("overloaded: too many writes wait; send the same body again after a second")]
    Busy,
    /// An invariant broke while it was written; the log says which.
    #[error("the write failed inside the server; its log says where")]
    Broken,
}

impl Error {
    /// The key of the limit that stood in the way of a whole body.
    pub fn limit(&self) -> Option<&'static str> {
        match self {
            Self::Body(error) => error.limit(),
            Self::Write(WriteError::Overloaded { .. }) => Some("head_bytes_max"),
            Self::Write(WriteError::DiskFull { .. }) => Some("disk_free_min"),
            _ => None,
        }
    }
}

/// The way in.
pub struct Ingest {
    sink: Arc<dyn Sink>,
    commit: Arc<Commit>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    limits: Limits,
    writers: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Ingest {
    pub fn new(
        sink: Arc<dyn Sink>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        limits: Limits,
    ) -> Self {
        let writers = Arc::new(Semaphore::new(WRITERS_MAX));
        let commit = Commit::new(sink.clone());
        Self { sink, commit, clock, metrics, limits, writers, waiting: AtomicUsize::new(0) }
    }

    /// Keeps what `body` holds.
    ///
    /// # Errors
    /// When nothing of it was kept.
    pub async fn keep(&self, target: Target, wire: Wire, body: Held) -> Result<WriteReport, Error> {
        let began = Instant::now();
        let report = match self.begin(&target, wire, &body)? {
            Some(outcome) => {
                // Its bytes are in the log's memory now.
                drop(body);
                outcome.await.map_err(|_| Error::Broken)??
            }
            None => self.write(target, wire, body).await?,
        };
        self.metrics.write_seconds.observe(began.elapsed().as_secs_f64());
        self.note(wire.name(), &report);
        Ok(report)
    }

    /// Takes a small body in without waiting for the disk; answers where its outcome will
    /// come. None where the body is large, or the store has no room now.
    fn begin(
        &self,
        target: &Target,
        wire: Wire,
        body: &Held,
    ) -> Result<Option<oneshot::Receiver<Outcome>>, Error> {
        if !wire.is_small(body) {
            return Ok(None);
        }
        let (told, outcome) = oneshot::channel();
        let commit = self.commit.clone();
        let mut kept: Option<Kept> = Some(Box::new(move |outcome| commit.tell(told, outcome)));
        decode(&*self.clock, self.limits, wire, body, |rows| {
            kept = self.sink.begin(target, rows, kept.take().expect("it is decoded once"));
        })?;
        if kept.is_some() {
            return Ok(None);
        }
        self.commit.begun();
        Ok(Some(outcome))
    }

    /// Writes a body on a thread that waits for the disk.
    async fn write(&self, target: Target, wire: Wire, body: Held) -> Result<WriteReport, Error> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::Busy);
        }
        let writer = self.writers.clone().acquire_owned().await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let writer = writer.map_err(|_| Error::Write(WriteError::ShuttingDown))?;
        let (sink, clock, limits) = (self.sink.clone(), self.clock.clone(), self.limits);
        let task = tokio::task::spawn_blocking(move || {
            let report = decode(&*clock, limits, wire, &body, |rows| sink.write(&target, rows))??;
            drop(writer);
            Ok(report)
        });
        task.await.map_err(|_| Error::Broken)?
    }

    /// Keeps rows that this process itself made, on the caller's thread.
    ///
    /// # Errors
    /// When nothing can be promised.
    pub fn keep_now(
        &self,
        name: &'static str,
        target: &Target,
        rows: &mut dyn Rows,
    ) -> Result<WriteReport, WriteError> {
        let report = self.sink.write(target, rows)?;
        self.note(name, &report);
        Ok(report)
    }

    fn note(&self, name: &'static str, report: &WriteReport) {
        self.metrics.rows.add([name], report.rows);
        self.metrics.values.add([name], report.values);
        for (reason, count) in &report.reasons {
            self.metrics.refused.add([reason], *count);
        }
        for (limit, count) in &report.limits {
            self.metrics.limit_refused.add([limit], *count);
        }
    }
}

/// Lends the rows of a body to `each`, once.
fn decode<T>(
    clock: &dyn Clock,
    limits: Limits,
    wire: Wire,
    body: &Held,
    each: impl FnOnce(&mut dyn Rows) -> T,
) -> Result<T, Error> {
    let decompressed_max = limits.decompressed_bytes_max;
    match wire {
        Wire::Line { precision, gzip } => {
            let plain = if gzip { Some(body.gunzip(decompressed_max)?) } else { None };
            let bytes = plain.as_ref().unwrap_or(body).bytes();
            Ok(each(&mut line::Decoder::new(bytes, precision, clock.now())))
        }
        Wire::RemoteWrite => {
            let plain = body.unsnap(decompressed_max)?;
            let mut rows = remote_write::Decoder::new(plain.bytes())
                .map_err(|error| Error::Malformed(error.to_string()))?;
            Ok(each(&mut rows))
        }
    }
}

#[cfg(test)]
mod tests;
