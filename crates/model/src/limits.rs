//! What one query may use, counted while it runs.
//!
//! A budget is shared by the threads of one query and by whoever may end it: a timer, a
//! person, a shutdown. Rooms below the server never look at a clock; they charge the budget
//! and stop when it says so.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// Why a query was ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Exceeded {
    /// It read more samples than one query may.
    #[error(
        "query reads more than {limit} samples: shorten its range, narrow its selectors, or raise query.samples_max"
    )]
    Samples {
        /// The most it may read.
        limit: u64,
    },
    /// It made more intermediate results than one query may keep in memory.
    #[error(
        "query holds more than {limit} bytes: shorten its range, narrow its selectors, or choose a longer step"
    )]
    Bytes {
        /// The most it may hold.
        limit: u64,
    },
    /// It ran longer than one query may.
    #[error("query timed out: shorten its range, narrow its selectors, or raise query.timeout")]
    Timeout,
    /// Somebody killed it.
    #[error("query was killed")]
    Killed,
}

/// Why [`Budget::end`] is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum End {
    /// Its time is over.
    Timeout = 1,
    /// Somebody killed it, or its client went away.
    Killed = 2,
}

/// Nothing has ended it.
const GOES_ON: u8 = 0;
/// It goes on for as long as its owner has patience.
const IS_TIMED: u8 = 3;
/// It was timed, and used more than it may.
const IS_GIVEN_UP: u8 = 4;

/// What one query may use.
pub struct Budget {
    samples_max: u64,
    samples: AtomicU64,
    bytes_max: u64,
    bytes: AtomicU64,
    ended: AtomicU8,
    /// Whether a timed one is over.
    is_over: Option<Box<dyn Fn() -> bool + Send + Sync>>,
    warnings: Mutex<Vec<String>>,
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (samples, ended) = (self.samples(), self.ended.load(Ordering::Relaxed));
        f.debug_struct("Budget").field("samples", &samples).field("ended", &ended).finish()
    }
}

impl Budget {
    /// How many warnings an answer may carry.
    pub const WARNINGS_MAX: usize = 32;

    /// How much one query may hold: some 130 million cells of PromQL, far above what a dashboard
    /// asks for, and a few such queries at a time still fit a small machine.
    pub const BYTES_MAX: u64 = 1 << 30;

    /// A budget of this many samples, and of [`Budget::BYTES_MAX`].
    pub fn new(samples_max: u64) -> Self {
        Self {
            samples_max,
            samples: AtomicU64::new(0),
            bytes_max: Self::BYTES_MAX,
            bytes: AtomicU64::new(0),
            ended: AtomicU8::new(GOES_ON),
            is_over: None,
            warnings: Mutex::default(),
        }
    }

    /// A budget that only [`Budget::end`] ends.
    pub fn unlimited() -> Self {
        Self::new(u64::MAX).holding(u64::MAX)
    }

    /// The same budget, with this many bytes to hold.
    #[must_use]
    pub fn holding(self, bytes_max: u64) -> Self {
        Self { bytes_max, ..self }
    }

    /// The same budget for a first try, which is given up once `is_over` says so, or once more
    /// is read or held than it allows: [`Budget::is_given_up`] tells.
    #[must_use]
    pub fn until(self, is_over: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { ended: AtomicU8::new(IS_TIMED), is_over: Some(Box::new(is_over)), ..self }
    }

    /// Whether a try was given up.
    pub fn is_given_up(&self) -> bool {
        self.ended.load(Ordering::Relaxed) == IS_GIVEN_UP
    }

    /// Counts `samples` as read.
    ///
    /// # Errors
    /// When they are too many, or the query was ended meanwhile.
    pub fn charge(&self, samples: u64) -> Result<(), Exceeded> {
        let used = self.samples.fetch_add(samples, Ordering::Relaxed).saturating_add(samples);
        if used > self.samples_max {
            self.give_up();
            return Err(Exceeded::Samples { limit: self.samples_max });
        }
        self.check()
    }

    /// Counts `bytes` as held in memory until the query ends. What is freed before is counted
    /// too, but for [`Holding`]: the count is a bound, not a measure.
    ///
    /// # Errors
    /// When they are too many, or the query was ended meanwhile.
    pub fn hold(&self, bytes: u64) -> Result<(), Exceeded> {
        let held = self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if held > self.bytes_max {
            self.give_up();
            return Err(Exceeded::Bytes { limit: self.bytes_max });
        }
        self.check()
    }

    /// # Errors
    /// When the query was ended.
    pub fn check(&self) -> Result<(), Exceeded> {
        match self.ended.load(Ordering::Relaxed) {
            GOES_ON => Ok(()),
            1 => Err(Exceeded::Timeout),
            IS_TIMED if !self.is_over.as_ref().is_some_and(|is_over| is_over()) => Ok(()),
            IS_TIMED => {
                self.give_up();
                Err(Exceeded::Killed)
            }
            _ => Err(Exceeded::Killed),
        }
    }

    /// Ends a try.
    fn give_up(&self) {
        let (from, to) = (IS_TIMED, IS_GIVEN_UP);
        // Where it is no try, or over already, nothing changes.
        let _ = self.ended.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Ends the query at its next check.
    pub fn end(&self, why: End) {
        self.ended.store(why as u8, Ordering::Relaxed);
    }

    /// Notes what the reader of the answer must know: a part that could not be read, a
    /// tier that is not exact. Said once each, [`Budget::WARNINGS_MAX`] at most.
    pub fn warn(&self, warning: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(|broken| broken.into_inner());
        if warnings.len() < Self::WARNINGS_MAX && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// What was noted so far.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(|broken| broken.into_inner()).clone()
    }

    /// What was noted so far, which is then noted no more: what one statement of several is
    /// told, the next is told again.
    pub fn take_warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.lock().unwrap_or_else(|broken| broken.into_inner());
        std::mem::take(&mut *warnings)
    }

    /// How many samples were read so far.
    pub fn samples(&self) -> u64 {
        self.samples.load(Ordering::Relaxed)
    }
}

/// Bytes of a budget that are given back before the query ends.
#[derive(Debug)]
pub struct Holding<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl<'a> Holding<'a> {
    /// Holds nothing yet.
    pub fn new(budget: &'a Budget) -> Self {
        Self { budget, bytes: 0 }
    }

    /// The budget they are of.
    pub fn budget(&self) -> &'a Budget {
        self.budget
    }

    /// Counts `bytes` as held until this is dropped.
    ///
    /// # Errors
    /// When they are too many, or the query was ended meanwhile.
    pub fn hold(&mut self, bytes: u64) -> Result<(), Exceeded> {
        self.bytes = self.bytes.saturating_add(bytes);
        self.budget.hold(bytes)
    }

    /// Holds what `other` held, too.
    pub fn take(&mut self, mut other: Self) {
        self.bytes = self.bytes.saturating_add(std::mem::take(&mut other.bytes));
    }

    /// Lets them be held until the query ends.
    pub fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.budget.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
