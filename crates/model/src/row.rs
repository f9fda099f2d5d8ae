//! Rows on their way in, and what became of them.
//!
//! A decoder of any protocol is a [`Rows`]: it lends one row at a time out of the body it
//! reads, so that nothing is copied before the store takes it. The raw key is what the
//! store remembers a stream by; it is parsed once, by the [`Identify`] of the same decoder.

use crate::{Kind, Tags, Timestamp, ValueRef};
use std::sync::Arc;

/// One field of a row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Field<'a> {
    /// Its name, unescaped.
    pub name: &'a str,
    /// Its value.
    pub value: ValueRef<'a>,
}

/// One row: a stream, a time, and at least one field.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Row<'a> {
    /// Where it stands in the body, from 1: the line, or the index of the sample.
    pub line: u64,
    /// The bytes that name the stream, as they came (with their escapes).
    pub key: &'a [u8],
    /// Its time.
    pub timestamp: Timestamp,
    /// Its fields, in the order they came. Of two with one name the last wins.
    pub fields: &'a [Field<'a>],
}

/// Measurement and tags of a raw key.
pub type Identity = (Arc<str>, Tags);

/// Parses a raw key.
pub type Identify = fn(&[u8]) -> Result<Identity, Refusal>;

/// How a raw key is spelled. Two dialects may spell different streams alike, so the store
/// keeps them apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Dialect {
    /// `measurement,tag=value`, escapes as in the body.
    Line = 1,
    /// Labels of a Prometheus remote write series, as protobuf bytes.
    RemoteWrite = 2,
    /// Anything else that decodes to plain parts, in the canonical form of its decoder.
    Plain = 3,
}

/// A decoder that lends rows.
pub trait Rows {
    /// The next row, a refusal of the next, or the end.
    fn next_row(&mut self) -> Option<Result<Row<'_>, Refused>>;

    /// What parses this decoder's keys.
    fn identify(&self) -> Identify;

    /// How this decoder's keys are spelled.
    fn dialect(&self) -> Dialect;
}

/// Where rows go.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Target {
    /// Database, made by the first write where the configuration allows it.
    pub database: Arc<str>,
    /// Retention policy; none means the database's default.
    pub policy: Option<Arc<str>>,
}

/// Why a row was refused. The text is complete but for the line number.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum Refusal {
    /// It is not what the protocol says a row is.
    #[error("unable to parse '{text}': {reason}")]
    Malformed {
        /// The row, cut to a readable length.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A field has another type than before.
    #[error("field type conflict: input field \"{field}\" on measurement \"{measurement}\" is type {}, already exists as type {}", .given.influx_name(), .stored.influx_name())]
    TypeConflict {
        /// The field.
        field: String,
        /// The measurement.
        measurement: String,
        /// The type that came.
        given: Kind,
        /// The type that is kept.
        stored: Kind,
    },
    /// It is older than its retention policy keeps.
    #[error(
        "points beyond retention policy: timestamp {timestamp} is older than the retention of {retention}"
    )]
    TooOld {
        /// Nanoseconds since the epoch.
        timestamp: i64,
        /// How long is kept, as text.
        retention: String,
    },
    /// It is too far ahead of this server's clock.
    #[error("timestamp {timestamp} is more than {allowed} ahead of this server's clock")]
    TooNew {
        /// Nanoseconds since the epoch.
        timestamp: i64,
        /// How far ahead is allowed, as text.
        allowed: String,
    },
    /// A limit stands in the way.
    #[error("{limit}")]
    Limit {
        /// Its key in the configuration, or what it is called where it is fixed.
        name: &'static str,
        /// Which limit, how high it is, and how to raise it.
        limit: String,
    },
}

impl Refusal {
    /// A short word for `/metrics`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::TypeConflict { .. } => "type_conflict",
            Self::TooOld { .. } => "too_old",
            Self::TooNew { .. } => "too_new",
            Self::Limit { .. } => "limit",
        }
    }

    /// The name of the limit that stood in the way.
    pub fn limit(&self) -> Option<&'static str> {
        match self {
            Self::Limit { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// A row that was refused.
#[derive(Clone, PartialEq, Debug)]
pub struct Refused {
    /// Where it stood in the body, from 1.
    pub line: u64,
    /// Why.
    pub why: Refusal,
}

/// What became of a body.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WriteReport {
    /// Rows kept, and on disk.
    pub rows: u64,
    /// Field values kept.
    pub values: u64,
    /// Rows refused, all of them counted.
    pub refused_count: u64,
    /// The first refusals, [`WriteReport::REFUSED_MAX`] at most.
    pub refused: Vec<Refused>,
    /// Refusals by [`Refusal::reason`], for `/metrics`.
    pub reasons: Vec<(&'static str, u64)>,
    /// Refusals by [`Refusal::limit`], for `/metrics`.
    pub limits: Vec<(&'static str, u64)>,
}

impl WriteReport {
    /// How many refusals are told one by one.
    pub const REFUSED_MAX: usize = 20;

    /// Notes a refusal.
    pub fn refuse(&mut self, refused: Refused) {
        self.refused_count += 1;
        count(&mut self.reasons, refused.why.reason());
        if let Some(limit) = refused.why.limit() {
            count(&mut self.limits, limit);
        }
        if self.refused.len() < Self::REFUSED_MAX {
            self.refused.push(refused);
        }
    }
}

/// Counts one more under `name`.
fn count(counts: &mut Vec<(&'static str, u64)>, name: &'static str) {
    match counts.iter_mut().find(|(known, _)| *known == name) {
        Some((_, count)) => *count += 1,
        None => counts.push((name, 1)),
    }
}

#[cfg(test)]
mod tests;
