//! Blocks with which something does not work now: it is tried again, ever more rarely, and
//! nothing else waits for them.
//!
//! Each trouble is told once in the log when it begins and once when it is over; between
//! the two, answers over its time say that they miss something.

use crate::block::Name;
use crate::error::Error;
use hashbrown::HashMap;
use model::limits::Budget;
use model::{Span, TimeRange, Timestamp};
use parking_lot::Mutex;

/// How soon something is tried again the first time; then each time twice as late.
const AGAIN_FIRST: Span = Span(10 * Span::SECOND.0);
/// How late at most. A disk that was mended is noticed within this.
const AGAIN_MOST: Span = Span::HOUR;
/// After so many doublings the longest wait is reached.
const DOUBLINGS_MAX: u32 = 9;
const _: () = assert!(AGAIN_FIRST.0 << DOUBLINGS_MAX >= AGAIN_MOST.0);

/// What does not work.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// The disk refuses to read footer or root: nothing of the block is served.
    Open,
    /// The measurements cannot be read, so that it is not known which fields it has.
    Fields,
    /// It cannot be merged; it is served as far as it can be read.
    Merge,
}

impl Kind {
    fn meaning(self) -> &'static str {
        match self {
            Self::Open => "a block cannot be opened; the others are served, and it is tried again",
            Self::Fields => {
                "some measurements of a block cannot be read; fields that only they have may change their type"
            }
            Self::Merge => "a block cannot be merged; the others are, and it is tried again",
        }
    }
}

struct Trouble {
    range: TimeRange,
    what: String,
    tries: u32,
    again_at: Timestamp,
}

/// Every trouble there is.
#[derive(Default)]
pub struct Troubles(Mutex<HashMap<(Kind, Name), Trouble>>);

impl Troubles {
    /// Notes that something does not work with a block whose rows are in `range`; answers
    /// whether that is new.
    pub fn note(
        &self,
        (kind, name): (Kind, Name),
        range: TimeRange,
        error: &Error,
        now: Timestamp,
    ) -> bool {
        let mut troubles = self.0.lock();
        let begun = || Trouble { range, what: String::new(), tries: 0, again_at: now };
        let trouble = troubles.entry((kind, name)).or_insert_with(begun);
        let doubled = Span(AGAIN_FIRST.0 << trouble.tries.min(DOUBLINGS_MAX));
        trouble.again_at = now + doubled.min(AGAIN_MOST);
        trouble.tries = trouble.tries.saturating_add(1);
        trouble.what = error.to_string();
        if trouble.tries == 1 {
            tracing::error!(block = %name, %error, "{}", kind.meaning());
        }
        trouble.tries == 1
    }

    /// Notes that something works again, or that the block is gone.
    pub fn end(&self, kind: Kind, name: Name) {
        if self.0.lock().remove(&(kind, name)).is_some() {
            tracing::info!(block = %name, ?kind, "a block in trouble works again or is gone");
        }
    }

    /// Which are to be tried again.
    pub fn due(&self, kind: Kind, now: Timestamp) -> Vec<Name> {
        self.names(|of, trouble| of == kind && trouble.again_at <= now)
    }

    /// Which are of a kind.
    pub fn of(&self, kind: Kind) -> Vec<Name> {
        self.names(|of, _| of == kind)
    }

    /// How many blocks are served in part or not at all.
    pub fn unread(&self) -> u64 {
        let mut names = self.names(|of, _| of != Kind::Merge);
        names.sort_unstable();
        names.dedup();
        names.len() as u64
    }

    /// Which are to be left alone by merges.
    pub fn unmerged(&self, now: Timestamp) -> Vec<Name> {
        self.names(|of, trouble| of == Kind::Merge && trouble.again_at > now)
    }

    fn names(&self, is_it: impl Fn(Kind, &Trouble) -> bool) -> Vec<Name> {
        let troubles = self.0.lock();
        let found = troubles.iter().filter(|((kind, _), trouble)| is_it(*kind, trouble));
        found.map(|((_, name), _)| *name).collect()
    }

    /// Says with an answer over `range` what it may miss. What cannot be merged is read, and
    /// told by whoever reads it.
    pub fn tell(&self, range: TimeRange, budget: &Budget) {
        for ((kind, name), trouble) in self.0.lock().iter() {
            if *kind != Kind::Merge && trouble.range.overlaps(&range) {
                let what = &trouble.what;
                budget.warn(format!(
                    "{what}: samples of block {name} may be missing from this answer"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests;
