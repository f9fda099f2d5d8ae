//! What can go wrong: a text that does not parse, and a statement that cannot be answered.
//!
//! The texts are InfluxDB's wherever it has one, so that clients which match on them keep
//! working.

use model::limits::Exceeded;
use model::port::{CatalogError, SourceError};

/// A text that is not InfluxQL. Nothing of it was run.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("error parsing query: {message}")]
pub struct ParseError {
    /// What is wrong, with the place where InfluxDB names it ("… at line 1, char 17").
    pub message: String,
    /// Where, in bytes from the start.
    pub offset: usize,
    /// Where, in lines from 1.
    pub line: u32,
    /// Where in that line, in characters from 1.
    pub column: u32,
}

/// Why one statement has no answer.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The statement contradicts itself or the data; the text is complete.
    #[error("{0}")]
    Invalid(String),
    /// The statement is InfluxQL, but this server has no answer to it.
    #[error("{0} is not supported by this server")]
    Unsupported(String),
    /// The request names no database, and neither does the statement.
    #[error("database name required")]
    NoDatabase,
    /// Samples could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The catalog refused.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// More windows than one query may make.
    #[error("max-select-buckets limit exceeded: ({buckets}/{limit})")]
    Buckets {
        /// How many it would make, at least.
        buckets: u64,
        /// How many it may make.
        limit: u64,
    },
    /// A statement that changes something came in a request that may only read.
    #[error("deprecated use of '{0}' in a read only context, please use a POST request instead")]
    ReadOnly(String),
    /// An earlier statement of the same text failed.
    #[error("not executed")]
    NotExecuted,
}

impl Error {
    /// A statement that contradicts itself or the data.
    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }
}

impl From<Exceeded> for Error {
    fn from(exceeded: Exceeded) -> Self {
        Self::Source(SourceError::Exceeded(exceeded))
    }
}
