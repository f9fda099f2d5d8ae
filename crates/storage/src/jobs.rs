//! How background jobs are: what runs, how far it is, and how those before it ended.

use crate::error::Error;
use model::{Span, Timestamp};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// A job that takes longer is told in the log: that it runs, and when it has ended.
const QUIET: Span = Span::SECOND;

/// A kind of background job. One of each kind runs at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobKind {
    /// The head becomes blocks.
    Flush,
    /// Blocks become one.
    Merge,
    /// Blocks that nothing keeps are dropped.
    Retention,
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Flush, Self::Merge, Self::Retention];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flush => "flush",
            Self::Merge => "merge",
            Self::Retention => "retention",
        }
    }
}

/// How the jobs of one kind are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct JobStats {
    /// Whether one runs.
    pub is_running: bool,
    /// Bytes it has done, or the last one had.
    pub bytes_done: u64,
    /// Bytes it has to do, or the last one had: of the head for a flush, of files else.
    pub bytes: u64,
    /// Jobs that have ended.
    pub ended: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// How long they took, in nanoseconds.
    pub took_ns: u64,
    /// When the last one failed.
    pub failed_at: Option<Timestamp>,
}

/// How the jobs of each kind are.
#[derive(Debug, Default)]
pub struct Jobs([Job; JobKind::ALL.len()]);

#[derive(Debug, Default)]
struct Job {
    is_running: AtomicBool,
    /// Whether the log knows of the one that runs.
    is_told: AtomicBool,
    began: AtomicI64,
    bytes_done: AtomicU64,
    bytes: AtomicU64,
    ended: AtomicU64,
    failed: AtomicU64,
    took_ns: AtomicU64,
    failed_at: AtomicI64,
}

impl Jobs {
    fn job(&self, kind: JobKind) -> &Job {
        &self.0[kind as usize]
    }

    /// One begins, which has so many bytes to do.
    pub fn begin(&self, kind: JobKind, bytes: u64, now: Timestamp) {
        let job = self.job(kind);
        job.is_told.store(false, Ordering::Relaxed);
        job.began.store(now.0, Ordering::Relaxed);
        job.bytes_done.store(0, Ordering::Relaxed);
        job.bytes.store(bytes, Ordering::Relaxed);
        job.is_running.store(true, Ordering::Relaxed);
    }

    /// The one that runs has done so many bytes in all.
    pub fn reach(&self, kind: JobKind, done: u64, now: Timestamp) {
        let job = self.job(kind);
        let bytes = job.bytes.load(Ordering::Relaxed);
        job.bytes_done.store(done.min(bytes), Ordering::Relaxed);
        let is_long = now - job.began() >= QUIET;
        if is_long && !job.is_told.swap(true, Ordering::Relaxed) {
            tracing::info!(job = kind.name(), done, bytes, "a background job takes a while");
        }
    }

    /// The one that runs has done so many bytes more.
    pub fn advance(&self, kind: JobKind, more: u64, now: Timestamp) {
        let done = self.job(kind).bytes_done.load(Ordering::Relaxed).saturating_add(more);
        self.reach(kind, done, now);
    }

    /// The one that runs has ended.
    pub fn end(&self, kind: JobKind, error: Option<&Error>, now: Timestamp) {
        let job = self.job(kind);
        let took = (now - job.began()).max(Span(0));
        job.is_running.store(false, Ordering::Relaxed);
        job.ended.fetch_add(1, Ordering::Relaxed);
        job.took_ns.fetch_add(took.0.unsigned_abs(), Ordering::Relaxed);
        let (job_name, bytes) = (kind.name(), job.bytes.load(Ordering::Relaxed));
        if let Some(error) = error {
            job.failed.fetch_add(1, Ordering::Relaxed);
            job.failed_at.store(now.0, Ordering::Relaxed);
            tracing::warn!(job = job_name, bytes, %took, %error, "a background job failed");
        } else if took >= QUIET {
            job.bytes_done.store(bytes, Ordering::Relaxed);
            tracing::info!(job = job_name, bytes, %took, "a background job has ended");
        } else {
            job.bytes_done.store(bytes, Ordering::Relaxed);
        }
    }

    /// How the jobs of a kind are.
    pub fn stats(&self, kind: JobKind) -> JobStats {
        let job = self.job(kind);
        let failed_at = job.failed_at.load(Ordering::Relaxed);
        JobStats {
            is_running: job.is_running.load(Ordering::Relaxed),
            bytes_done: job.bytes_done.load(Ordering::Relaxed),
            bytes: job.bytes.load(Ordering::Relaxed),
            ended: job.ended.load(Ordering::Relaxed),
            failed: job.failed.load(Ordering::Relaxed),
            took_ns: job.took_ns.load(Ordering::Relaxed),
            failed_at: (failed_at != 0).then_some(Timestamp(failed_at)),
        }
    }
}

impl Job {
    fn began(&self) -> Timestamp {
        Timestamp(self.began.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests;
