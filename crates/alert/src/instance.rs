//! One label set of a rule: who it is, and how far it has come.
//!
//! Invariants: `epoch` counts firings and never falls; `fired_at` and `peak` are there
//! exactly while it is firing or recovering; pending means that the last judged value was
//! wrong.

use model::{Labels, Span, Timestamp};
use xxhash_rust::xxh3::Xxh3;

/// How an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is wrong, and nothing was.
    Inactive,
    /// Wrong, but not for long enough.
    Pending,
    /// Wrong for long enough.
    Firing,
    /// Not wrong any more, but not beyond the recovery threshold.
    Recovering,
    /// It fired, and is over.
    Resolved,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Inactive, Self::Pending, Self::Firing, Self::Recovering, Self::Resolved];

    /// The word in answers and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Recovering => "recovering",
            Self::Resolved => "resolved",
        }
    }

    /// Reads [`State::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether a firing is open.
    pub fn is_burning(self) -> bool {
        matches!(self, Self::Firing | Self::Recovering)
    }

    /// Whether it must be carried over a restart.
    pub fn is_open(self) -> bool {
        self.is_burning() || self == Self::Pending
    }

    /// How bad it is beside others: the worst instance is the state of its rule.
    pub fn rank(self) -> u8 {
        match self {
            Self::Inactive => 0,
            Self::Resolved => 1,
            Self::Recovering => 2,
            Self::Pending => 3,
            Self::Firing => 4,
        }
    }
}

/// Whether there is data to judge by. It stands beside the state and never changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// There is.
    Ok,
    /// It stopped coming.
    NoData,
    /// It could not be read.
    Error,
}

impl Health {
    /// The word in answers and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NoData => "no_data",
            Self::Error => "error",
        }
    }

    /// Reads [`Health::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Ok, Self::NoData, Self::Error].into_iter().find(|health| health.word() == word)
    }
}

/// Who an instance is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Its rule.
    pub rule_id: String,
    /// [`hash`] of its labels.
    pub hash: String,
}

impl Key {
    /// The instance of a rule that has these labels.
    pub fn new(rule_id: &str, labels: &Labels) -> Self {
        Self { rule_id: rule_id.to_owned(), hash: hash(labels) }
    }

    /// What a receiver knows one firing by: the same for its trigger and its resolve, and
    /// for everyone who computes it from recorded state.
    pub fn dedup_key(&self, epoch: i64) -> String {
        format!("barograph/{}/{}/{epoch}", self.rule_id, self.hash)
    }
}

/// 128 bits of the labels, as 32 hexadecimal digits.
pub fn hash(labels: &Labels) -> String {
    let mut hasher = Xxh3::new();
    for (name, value) in labels.iter() {
        // Lengths keep {a="bc"} and {ab="c"} apart.
        for text in [name, value] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
    }
    format!("{:032x}", hasher.digest128())
}

/// How far an instance has come; what [`crate::decide`] reads and writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// How it stands.
    pub state: State,
    /// Since when: a pending one since its first wrong sample.
    pub since: Timestamp,
    /// How often it has fired.
    pub epoch: i64,
    /// When the open firing began.
    pub fired_at: Option<Timestamp>,
    /// The time of the last sample that was judged.
    pub judged_at: Option<Timestamp>,
    /// How far apart samples are, as far as is known.
    pub interval: Option<Span>,
    /// The last judged value.
    pub value: Option<f64>,
    /// The worst value of the open firing.
    pub peak: Option<f64>,
    /// Whether there is data to judge by.
    pub health: Health,
}

impl Progress {
    /// Of an instance that is seen for the first time.
    pub fn new(now: Timestamp) -> Self {
        Self {
            state: State::Inactive,
            since: now,
            epoch: 0,
            fired_at: None,
            judged_at: None,
            interval: None,
            value: None,
            peak: None,
            health: Health::Ok,
        }
    }
}

/// An instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Who it is.
    pub key: Key,
    /// Its labels; without the metric's name where the rule names the metric.
    pub labels: Labels,
    /// How far it has come.
    pub progress: Progress,
    /// Until when new firings are held back.
    pub cooldown_until: Option<Timestamp>,
}

#[cfg(test)]
mod tests;
