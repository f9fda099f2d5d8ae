//! The rows a store keeps, apart from rules and instances.

use crate::decide::Cause;
use crate::instance::{Key, Progress, State};
use crate::notice::{Kind, Notice};
use crate::rule::Severity;
use model::{Labels, Span, Timestamp};

/// How an instance must stand for a change to be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// Its epoch.
    pub epoch: i64,
    /// Its state.
    pub state: State,
    /// Since when, so that one pending is not taken for another.
    pub since: Timestamp,
}

impl Guard {
    /// That it stands as in `progress`.
    pub fn of(progress: &Progress) -> Self {
        Self { epoch: progress.epoch, state: progress.state, since: progress.since }
    }
}

/// How far judging has come.
pub enum Checkpoint<'a> {
    /// Of a rule.
    Rule {
        /// Which.
        id: &'a str,
        /// Up to when.
        judged_at: Timestamp,
    },
    /// Of an instance that still stands as `guard` says.
    Instance {
        /// Which.
        key: &'a Key,
        /// How it stands in the database.
        guard: Guard,
        /// How far it has come.
        progress: &'a Progress,
    },
}

/// Who took a firing.
#[derive(Clone, Debug, PartialEq)]
pub struct Acknowledgement {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Option<String>,
    /// What they said.
    pub comment: Option<String>,
}

/// One firing, from its beginning to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct FiringRecord {
    /// Which instance.
    pub key: Key,
    /// Which of its firings.
    pub epoch: i64,
    /// The rule's name then.
    pub rule_name: String,
    /// The rule's severity then.
    pub severity: Severity,
    /// The instance's labels.
    pub labels: Labels,
    /// The value it fired with.
    pub value: Option<f64>,
    /// The worst value; of an open firing as of its last checkpoint.
    pub peak_value: Option<f64>,
    /// When it began.
    pub fired_at: Timestamp,
    /// When and why it ended.
    pub resolved: Option<(Timestamp, Cause)>,
    /// Who took it.
    pub acknowledged: Option<Acknowledgement>,
}

/// How a notification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// To be sent once it is due.
    Queued,
    /// Held back by a cooldown until it is due.
    Held,
    /// Being sent by somebody, until their lease ends.
    Claimed,
    /// Sent and accepted.
    Sent,
    /// Given up.
    Failed,
    /// Not to be sent at all.
    Suppressed,
}

impl Status {
    const ALL: [Self; 6] =
        [Self::Queued, Self::Held, Self::Claimed, Self::Sent, Self::Failed, Self::Suppressed];

    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Claimed => "claimed",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Suppressed => "suppressed",
        }
    }

    /// Reads [`Status::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// One row of the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Its number; rising, so that it orders. 0 before it is enqueued.
    pub id: i64,
    /// Of which instance.
    pub key: Key,
    /// Of which firing.
    pub epoch: i64,
    /// What is said of it.
    pub kind: Kind,
    /// To whom, as the rule's `notify` has it.
    pub target: String,
    /// Through which configured channel.
    pub channel: String,
    /// What is said.
    pub notice: Notice,
    /// How it stands.
    pub status: Status,
    /// Why it stands so, where that needs saying.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was first to be sent.
    pub first_due_at: Timestamp,
    /// When it is next to be sent.
    pub due_at: Timestamp,
    /// How often sending was begun.
    pub attempts: i64,
}

/// What to claim.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Of which channel.
    pub channel: &'a str,
    /// What is due at this time.
    pub now: Timestamp,
    /// When others may claim it again.
    pub until: Timestamp,
    /// Who claims.
    pub owner: &'a str,
    /// How many at most.
    pub count_max: usize,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The receiver took it.
    Delivered,
    /// It will be tried again.
    Retry,
    /// The receiver will never take it, or it was tried for too long.
    Failed,
}

impl Outcome {
    /// The word in the database and in `/metrics`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry => "retry",
            Self::Failed => "failed",
        }
    }

    /// Reads [`Outcome::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Delivered, Self::Retry, Self::Failed].into_iter().find(|o| o.word() == word)
    }
}

/// One attempt to send a notification.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Of which notification.
    pub notification: i64,
    /// When it began.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// How long it took.
    pub latency: Span,
    /// The beginning of what came back, or what went wrong.
    pub response: String,
}

/// What becomes of a notification after an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It was delivered.
    Sent,
    /// It is due again then.
    Again(Timestamp),
    /// It is given up, for this reason.
    Failed(String),
}

/// What is not delivered yet.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Backlog {
    /// How many notifications are to be sent, held ones aside.
    pub queued: u64,
    /// How many are held back by a cooldown.
    pub held: u64,
    /// How long the oldest of those that are due has been due.
    pub oldest: Option<Span>,
}

/// Who changed what.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// When.
    pub at: Timestamp,
    /// Who, where that is known.
    pub who: Option<String>,
    /// `create`, `replace`, `enable`, `disable`, `delete` or `acknowledge`.
    pub action: String,
    /// Which rule.
    pub rule_id: String,
    /// The rule before, as JSON.
    pub before: Option<serde_json::Value>,
    /// The rule after, or what was acknowledged, as JSON.
    pub after: Option<serde_json::Value>,
}
