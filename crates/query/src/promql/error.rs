//! Why a query has no answer.

use super::position::Position;
use model::limits::Exceeded;
use model::port::SourceError;

/// What is wrong in a text, and where. Prints as Prometheus words it: `1:5: parse error: …`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{line}:{column}: parse error: {message}")]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes from 0.
    pub offset: usize,
    /// Line, from 1.
    pub line: u32,
    /// Column in that line, from 1, in characters.
    pub column: u32,
}

/// Why a query has no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The text is not an expression.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// What was asked around the expression (times, step, kind of answer) cannot be.
    #[error("{0}")]
    Request(String),
    /// The expression cannot be answered over the data there is.
    #[error("{0}")]
    Execution(String),
    /// The samples could not be read, or the query used up its budget.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl Error {
    pub(crate) fn execution(message: impl Into<String>) -> Self {
        Self::Execution(message.into())
    }

    /// Two outputs with one label set, which no vector may hold.
    pub(crate) fn same_labelset() -> Self {
        Self::execution("vector cannot contain metrics with the same labelset")
    }
}

impl From<Exceeded> for Error {
    fn from(exceeded: Exceeded) -> Self {
        Self::Source(SourceError::Exceeded(exceeded))
    }
}

/// A fault before its offset was turned into line and column.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub position: Position,
    pub message: String,
}

impl Fault {
    pub fn new(position: Position, message: impl Into<String>) -> Self {
        Self { position, message: message.into() }
    }

    pub fn locate(self, text: &str) -> ParseError {
        let (line, column) = self.position.line_column(text);
        ParseError { message: self.message, offset: self.position.start, line, column }
    }
}
