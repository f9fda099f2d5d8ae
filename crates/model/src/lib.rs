//! Shared nouns, mergeable accumulators and the ports between rooms.
//!
//! Every other room speaks in these words. This crate knows no storage, no protocol, no
//! language, no clock and no async runtime; it holds what crosses a wall and nothing else.

pub mod accumulator;
pub mod accumulators;
pub mod change;
pub mod column;
pub mod labels;
pub mod limits;
pub mod matcher;
pub mod name;
pub mod pattern;
pub mod port;
pub mod row;
pub mod series;
pub mod size;
pub mod span;
pub mod time;
pub mod value;

pub use accumulator::Accumulator;
pub use accumulators::{Accumulators, Needs};
pub use change::Change;
pub use column::{Column, Samples, Strings};
pub use labels::Labels;
pub use matcher::{Attribute, MatchOp, Matcher, Predicate};
pub use pattern::Pattern;
pub use row::{Field, Refusal, Refused, Row, Target, WriteReport};
pub use series::{SeriesMeta, StreamKey, Tags};
pub use size::ByteSize;
pub use span::Span;
pub use time::{TimeRange, Timestamp};
pub use value::{Kind, Value, ValueRef};

/// The database that PromQL sees without a `db` label.
pub const DEFAULT_DATABASE: &str = "metrics";
/// The retention policy that every database is born with.
pub const DEFAULT_POLICY: &str = "autogen";
