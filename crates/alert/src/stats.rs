//! Counts for `/metrics`.

use crate::instance::State;
use crate::store::{Backlog, Outcome};
use model::Span;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// What has happened since the start, and how things stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Firings that began here.
    pub fired: u64,
    /// Firings that ended here.
    pub resolved: u64,
    /// Changes that another evaluator had made already.
    pub lost: u64,
    /// Attempts by channel and outcome (`delivered`, `retry`, `failed`).
    pub attempts: Vec<(String, &'static str, u64)>,
    /// What is not delivered yet.
    pub backlog: Backlog,
    /// Rounds of judging.
    pub ticks: u64,
    /// How long all of them took together.
    pub tick_time: Span,
    /// How long the last one took.
    pub tick_last: Span,
    /// Rounds that failed as a whole, or panicked.
    pub tick_errors: u64,
    /// Rounds of delivery that failed as a whole, or panicked.
    pub delivery_errors: u64,
    /// Rules there are.
    pub rules: u64,
    /// Rules that could not be judged in the last round.
    pub rules_in_error: u64,
    /// Instances in memory, by the word of their state.
    pub instances: Vec<(&'static str, u64)>,
}

/// What is counted as it happens.
#[derive(Default)]
pub(crate) struct Counters {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    stats: Stats,
    attempts: BTreeMap<(String, Outcome), u64>,
}

impl Counters {
    pub fn note(&self, change: impl FnOnce(&mut Stats)) {
        change(&mut self.inner.lock().stats);
    }

    pub fn attempt(&self, channel: &str, outcome: Outcome) {
        *self.inner.lock().attempts.entry((channel.to_owned(), outcome)).or_default() += 1;
    }

    /// Everything counted so far, with how things stand now.
    pub fn snapshot(&self, backlog: Backlog) -> Stats {
        let inner = self.inner.lock();
        let attempts = inner.attempts.iter();
        Stats {
            attempts: attempts.map(|((c, outcome), n)| (c.clone(), outcome.word(), *n)).collect(),
            backlog,
            ..inner.stats.clone()
        }
    }
}

/// Counts of states, every state named.
pub(crate) fn by_state(states: impl Iterator<Item = State>) -> Vec<(&'static str, u64)> {
    let mut counts = State::ALL.map(|state| (state.word(), 0));
    for state in states {
        let place = State::ALL.iter().position(|known| *known == state).unwrap_or(0);
        counts[place].1 += 1;
    }
    counts.to_vec()
}
