//! Where queries run: a bounded number at a time, each with a budget that ends when its time
//! is over or its client has gone away. They run on blocking threads, but for those that are
//! done within a moment.

mod tries;

use crate::metrics::{Language, Metrics};
use model::limits::{Budget, End};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tries::Tries;

/// How many queries may wait for a place. More than this would wait past their timeout.
const WAITING_MAX: usize = 1_000;
/// How much of a slow query's text is logged.
const LOGGED_CHARS_MAX: usize = 500;

/// A door for queries.
pub struct Gate {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    tries: Tries,
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
        // As many as the runtime has for connections.
        let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let tries = Tries::new(threads);
        Self { places, waiting: AtomicUsize::new(0), tries, metrics, limits }
    }

    /// As [`Gate::run`], of work that changes nothing, so that it may run twice: it is tried on
    /// this thread first.
    ///
    /// # Errors
    /// As [`Gate::run`].
    pub async fn ask<T, F>(&self, job: Job, work: F) -> Result<T, Refused>
    where
        T: Send + 'static,
        F: Fn(&Budget) -> T + Send + 'static,
    {
        match self.tried(&job, &work) {
            Some(answer) => answer,
            None => self.run(job, work).await,
        }
    }

    /// What `work` answers within a moment; none where it does not, or others are at it.
    fn tried<T>(&self, job: &Job, work: impl Fn(&Budget) -> T) -> Option<Result<T, Refused>> {
        if self.timeout(job) <= tries::PATIENCE {
            return None;
        }
        let tried = self.tries.begin(&job.text)?;
        // Who waits for a place came first.
        let place = self.places.try_acquire().ok()?;
        let (began, running) = (Instant::now(), self.metrics.queries_running.enter());
        let budget = tried.budget(self.limits.samples_max);
        let answer = catch_unwind(AssertUnwindSafe(|| work(&budget)));
        drop((place, running));
        if budget.is_given_up() {
            tried.give_up();
            return None;
        }
        self.note(job, began, budget.samples());
        Some(answer.map_err(|_| Refused::Broken))
    }

    fn timeout(&self, job: &Job) -> Duration {
        job.timeout.map_or(self.limits.timeout, |it| it.min(self.limits.timeout))
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
        let deadline = began + self.timeout(&job);
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
