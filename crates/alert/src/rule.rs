//! What a rule is once it has been read and found sound.
//!
//! Invariants: the id is one path segment; a metric rule has a condition; a recovery
//! threshold stands on the healthy side of the threshold. What was not said stays as the
//! defaults of [`input`] have it.

pub mod file;
mod id;
pub mod input;

use model::port::Compare;
use model::{Span, Timestamp};
use std::collections::BTreeMap;
use std::fmt;

/// What is watched.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// Every series of this name, sample by sample.
    Metric(String),
    /// What this expression gives at each tick.
    Expr(String),
}

/// When a value is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The comparison as its author spelled it, which is how it is answered.
    pub word: String,
    /// The comparison.
    pub compare: Compare,
    /// What values are compared with; never NaN.
    pub threshold: f64,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody must act now; its notifications are retried without end.
    Critical,
    /// Somebody must look.
    Warning,
    /// Somebody may want to know.
    Info,
}

impl Severity {
    /// The word in answers, in the database and in notifications.
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }

    /// Reads [`Severity::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Critical, Self::Warning, Self::Info].into_iter().find(|s| s.word() == word)
    }
}

/// A rule as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Who it is.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What is watched.
    pub query: Query,
    /// When a value is wrong; none where the expression itself says so.
    pub condition: Option<Condition>,
    /// A firing ends only beyond this value, where it is set.
    pub recovery_threshold: Option<f64>,
    /// How long it must be wrong.
    pub duration: Span,
    /// How bad that is.
    pub severity: Severity,
    /// Labels an instance must have.
    pub tags_filter: BTreeMap<String, String>,
    /// Who is told: names of channels, or `#room` of a Slack channel.
    pub notify: Vec<String>,
    /// How long after a notification the same instance keeps quiet.
    pub cooldown: Span,
    /// Whether it is judged at all.
    pub enabled: bool,
    /// Who wrote it.
    pub created_by: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was made or last replaced; nothing earlier makes it fire.
    pub updated_at: Timestamp,
    /// Rises with each replacement, so that a tick never acts on an old text.
    pub revision: i64,
    /// Up to when it was judged, as of the last checkpoint; at first, when it was made.
    pub judged_at: Timestamp,
}

impl Rule {
    /// Whether instances of `self` are instances of `other`: the same is watched.
    pub fn watches_as(&self, other: &Self) -> bool {
        self.query == other.query && self.tags_filter == other.tags_filter
    }

    /// What is watched, as text.
    pub fn watched(&self) -> &str {
        match &self.query {
            Query::Metric(text) | Query::Expr(text) => text,
        }
    }
}

/// The sign of a comparison.
pub fn symbol(compare: Compare) -> &'static str {
    match compare {
        Compare::Gt => ">",
        Compare::Lt => "<",
        Compare::Gte => ">=",
        Compare::Lte => "<=",
        Compare::Eq => "==",
        Compare::Ne => "!=",
    }
}

/// The comparison a word of a rule means.
pub fn compare_from_word(word: &str) -> Option<Compare> {
    Some(match word {
        "greater_than" | "gt" | ">" => Compare::Gt,
        "less_than" | "lt" | "<" => Compare::Lt,
        "greater_than_or_equal" | "greater_or_equal" | "gte" | ">=" => Compare::Gte,
        "less_than_or_equal" | "less_or_equal" | "lte" | "<=" => Compare::Lte,
        "equal" | "equals" | "equal_to" | "eq" | "==" => Compare::Eq,
        "not_equal" | "not_equals" | "not_equal_to" | "ne" | "!=" => Compare::Ne,
        _ => return None,
    })
}

impl fmt::Display for Rule {
    /// Prints what makes it fire: `cpu_usage > 90 for 5m`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.watched())?;
        if let Some(condition) = &self.condition {
            write!(out, " {} {}", symbol(condition.compare), condition.threshold)?;
        }
        if self.duration > Span::ZERO {
            write!(out, " for {}", self.duration)?;
        }
        Ok(())
    }
}
