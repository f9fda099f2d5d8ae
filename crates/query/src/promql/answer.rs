//! What a query gives.

use model::{Labels, Timestamp};

/// A value, and what must be said about it.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// The value.
    pub value: AnswerValue,
    /// What may be wrong with it.
    pub warnings: Vec<String>,
    /// What may be wrong with the query.
    pub infos: Vec<String>,
    /// Whether the source said that something is missing.
    pub partial: bool,
}

/// A value of one of the four types.
#[derive(Clone, PartialEq, Debug)]
pub enum AnswerValue {
    /// A number at a time.
    Scalar(Timestamp, f64),
    /// A text at a time.
    String(Timestamp, String),
    /// A number for each series, in the order the expression asks for.
    Vector(Vec<InstantSample>),
    /// Numbers for each series, sorted by labels.
    Matrix(Vec<RangeSeries>),
}

/// One series at one time.
#[derive(Clone, PartialEq, Debug)]
pub struct InstantSample {
    /// Who it is.
    pub labels: Labels,
    /// The time of the query.
    pub at: Timestamp,
    /// Its value then.
    pub value: f64,
}

/// One series over time.
#[derive(Clone, PartialEq, Debug)]
pub struct RangeSeries {
    /// Who it is.
    pub labels: Labels,
    /// At least one point, in the order of time.
    pub points: Vec<(Timestamp, f64)>,
}
