//! How a body becomes points on disk: admit, decompress, decode, keep.
//!
//! Decoding and keeping run on blocking threads, a bounded number at a time; many bodies
//! wait for one fsync together, which is the store's group commit. A body is acknowledged
//! after [`model::port::Sink::write`] has returned, and never before.

mod body;
mod memory;
mod report;

pub use body::{BodyError, Held, read};
pub use memory::Memory;
pub use report::partial_write;

use crate::metrics::Metrics;
use model::port::{Clock, Sink, WriteError};
use model::row::Rows;
use model::{Target, WriteReport};
use protocol::{line, remote_write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::sync::Semaphore;

/// How many bodies are decoded, or wait for an fsync, at one time. Each takes a thread;
/// 64 of them fill an fsync of 5 ms well beyond what one disk and core can decode.
const WRITERS_MAX: usize = 64;
/// How many bodies may wait for a writer. They are in memory already, which
/// `inflight_bytes_max` bounds; this bounds how long the last of them waits.
const WAITING_MAX: usize = 1_024;
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

/// The way in.
pub struct Ingest {
    sink: Arc<dyn Sink>,
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
        Self { sink, clock, metrics, limits, writers, waiting: AtomicUsize::new(0) }
    }

    /// Keeps what `body` holds.
    ///
    /// # Errors
    /// When nothing of it was kept.
    pub async fn keep(&self, target: Target, wire: Wire, body: Held) -> Result<WriteReport, Error> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::Busy);
        }
        let writer = self.writers.clone().acquire_owned().await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let writer = writer.map_err(|_| Error::Write(WriteError::ShuttingDown))?;
        let (sink, clock, limits) = (self.sink.clone(), self.clock.clone(), self.limits);
        let task = tokio::task::spawn_blocking(move || {
            let report = write(&*sink, &*clock, limits, &target, wire, body);
            drop(writer);
            report
        });
        let began = Instant::now();
        let report = task.await.map_err(|_| Error::Broken)??;
        self.metrics.write_seconds.observe(began.elapsed().as_secs_f64());
        self.note(wire.name(), &report);
        Ok(report)
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
    }
}

fn write(
    sink: &dyn Sink,
    clock: &dyn Clock,
    limits: Limits,
    target: &Target,
    wire: Wire,
    mut body: Held,
) -> Result<WriteReport, Error> {
    match wire {
        Wire::Line { precision, gzip } => {
            if gzip {
                body = body.gunzip(limits.decompressed_bytes_max)?;
            }
            let mut rows = line::Decoder::new(body.bytes(), precision, clock.now());
            Ok(sink.write(target, &mut rows)?)
        }
        Wire::RemoteWrite => {
            let body = body.unsnap(limits.decompressed_bytes_max)?;
            let mut rows = remote_write::Decoder::new(body.bytes())
                .map_err(|error| Error::Malformed(error.to_string()))?;
            Ok(sink.write(target, &mut rows)?)
        }
    }
}

#[cfg(test)]
mod tests;
