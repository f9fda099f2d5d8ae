//! Where queries run: a bounded number at a time, on blocking threads, each with a budget
//! that ends when its time is over or its client has gone away.

use crate::metrics::{Language, Metrics};
use model::limits::{Budget, End};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How many queries may wait for a place. More than this would wait past their timeout.
const WAITING_MAX: usize = 1_000;
/// How much of a slow query's text is logged.
const LOGGED_CHARS_MAX: usize = 500;

/// A door for queries.
pub struct Gate {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    metrics: Arc<Metrics>,
    limits: Limits,
}

/// What one query may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub concurrent_max: usize,
    pub timeout: Duration,
    pub samples_max: u64,
    pub slow: Duration,
}

/// A query on its way in.
pub struct Job {
    pub language: Language,
    /// For the log of slow queries.
    pub text: String,
    /// What the client asks for; the limit's timeout is the most it gets.
    pub timeout: Option<Duration>,
}

/// Why a query did not run to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too many run and wait.
    #[error("too many queries run and wait; try again in a second")]
    Busy,
    /// Its time is over.
    #[error("query timed out: shorten its range, narrow its selectors, or raise query.timeout")]
    Timeout,
    /// It broke an invariant; the log says which.
    #[error("the query failed inside the server; its log says where")]
    Broken,
}

/// Ends a budget when the request is dropped, which happens when its client goes away.
struct EndOnDrop {
    budget: Arc<Budget>,
    why: End,
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.budget.end(self.why);
    }
}

/// Counts a query as waiting for as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    pub fn new(limits: Limits, metrics: Arc<Metrics>) -> Self {
        let places = Arc::new(Semaphore::new(limits.concurrent_max));
        Self { places, waiting: AtomicUsize::new(0), metrics, limits }
    }

    /// Runs `work` on a blocking thread once there is a place.
    ///
    /// # Errors
    /// When there is no place, or its time is over.
    pub async fn run<T, F>(&self, job: Job, work: F) -> Result<T, Refused>
    where
        T: Send + 'static,
        F: FnOnce(&Budget) -> T + Send + 'static,
    {
        let began = Instant::now();
        let timeout = job.timeout.map_or(self.limits.timeout, |it| it.min(self.limits.timeout));
        let deadline = began + timeout;
        let place = self.place(deadline).await?;

        let budget = Arc::new(Budget::new(self.limits.samples_max));
        let mut end = EndOnDrop { budget: budget.clone(), why: End::Killed };
        let running = self.metrics.queries_running.enter();
        let task = tokio::task::spawn_blocking(move || {
            let answer = work(&budget);
            drop((place, running));
            answer
        });
        let done = tokio::time::timeout_at(deadline, task).await;
        self.note(&job, began, end.budget.samples());
        match done {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(Refused::Broken),
            Err(_) => {
                // The thread winds down by itself, and keeps its place until it has.
                end.why = End::Timeout;
                Err(Refused::Timeout)
            }
        }
    }

    async fn place(&self, deadline: Instant) -> Result<tokio::sync::OwnedSemaphorePermit, Refused> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Refused::Busy);
        }
        let _waiting = Waiting(&self.waiting);
        match tokio::time::timeout_at(deadline, self.places.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Refused::Busy),
        }
    }

    fn note(&self, job: &Job, began: Instant, samples: u64) {
        let took = began.elapsed();
        self.metrics.query_seconds(job.language).observe(took.as_secs_f64());
        self.metrics.query_samples.add(samples);
        if took >= self.limits.slow {
            let text: String = job.text.chars().take(LOGGED_CHARS_MAX).collect();
            let language = job.language.name();
            tracing::warn!(
                language,
                seconds = took.as_secs_f64(),
                samples,
                query = text,
                "slow query"
            );
        }
    }
}

#[cfg(test)]
mod tests;
