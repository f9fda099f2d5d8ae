//! How the alert room asks a query language for values.

use crate::{Labels, Span, Timestamp};

/// A comparison with a threshold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compare {
    /// Greater than.
    Gt,
    /// Less than.
    Lt,
    /// Greater than or equal.
    Gte,
    /// Less than or equal.
    Lte,
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
}

impl Compare {
    /// Whether `value` compared with `threshold` holds. NaN holds only under [`Compare::Ne`].
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Gt => value > threshold,
            Self::Lt => value < threshold,
            Self::Gte => value >= threshold,
            Self::Lte => value <= threshold,
            Self::Eq => value == threshold,
            Self::Ne => value != threshold,
        }
    }
}

/// An expression whose outermost comparison with a number was split off, so that a value
/// that is missing differs from one that does not hold.
#[derive(Clone, PartialEq, Debug)]
pub struct Split {
    /// What is compared.
    pub expr: String,
    /// How.
    pub compare: Compare,
    /// With what.
    pub threshold: f64,
}

/// What an expression gave at one time.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Evaluation {
    /// One value for each label set; no label set twice.
    pub samples: Vec<(Labels, f64)>,
    /// Whether something is missing from the answer, so that absence proves nothing.
    pub partial: bool,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The text is not an expression.
    #[error("{message} (line {line}, column {column})")]
    Parse {
        /// From 1.
        line: u32,
        /// From 1, in characters.
        column: u32,
        /// What is wrong.
        message: String,
    },
    /// It could not be answered now.
    #[error("{0}")]
    Failed(String),
}

/// A query language that answers at points in time.
pub trait Evaluate: Send + Sync {
    /// Reads `expr` without answering it, and splits an outermost comparison off.
    ///
    /// # Errors
    /// When it is not an expression that gives a vector or a scalar.
    fn check(&self, expr: &str) -> Result<Option<Split>, EvaluateError>;

    /// What `expr` gives at `at`.
    ///
    /// # Errors
    /// When it does not parse, or could not be answered.
    fn instant(&self, expr: &str, at: Timestamp) -> Result<Evaluation, EvaluateError>;

    /// What `expr` gives at `start`, and each `step` later up to `end`.
    ///
    /// # Errors
    /// When it does not parse, or could not be answered.
    fn range(
        &self,
        expr: &str,
        start: Timestamp,
        end: Timestamp,
        step: Span,
    ) -> Result<Vec<(Timestamp, Evaluation)>, EvaluateError>;
}
