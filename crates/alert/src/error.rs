//! What can go wrong here, for the code that runs it and for the people who call the API.

/// Why the alert room did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused.
    #[error("{doing}: {source}")]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The database was written by a later version.
    #[error(
        "alert database {path}: schema version {found} is newer than {known}, the latest this program knows; start the newer barograph, or restore a backup"
    )]
    NewerSchema {
        /// Where it is.
        path: String,
        /// What it has.
        found: i64,
        /// What we know.
        known: i64,
    },
    /// A row holds what this program never writes.
    #[error("{table}: column {column} holds {value:?}, which is not {wanted}")]
    Corrupt {
        /// In which table.
        table: &'static str,
        /// In which column.
        column: &'static str,
        /// What stands there.
        value: String,
        /// What should.
        wanted: &'static str,
    },
    /// A channel's configuration cannot work.
    #[error("channel {name:?}: {what}")]
    Channel {
        /// Which channel.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// A thread could not be started.
    #[error("start thread {name}: {source}")]
    Thread {
        /// Which thread.
        name: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// Whether the database's disk is full, so that space is what it wants.
    pub fn is_disk_full(&self) -> bool {
        let Self::Sqlite { source, .. } = self else { return false };
        source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
    }

    /// Wraps what SQLite said with what was being done.
    pub(crate) fn sqlite(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Sqlite { doing, source }
    }
}

/// Why a caller of the API gets no answer; each maps to one HTTP status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// What was asked cannot be (400).
    #[error("{0}")]
    BadRequest(String),
    /// There is no such thing (404).
    #[error("{0}")]
    NotFound(String),
    /// It contradicts what is (409).
    #[error("{0}")]
    Conflict(String),
    /// It failed here (500).
    #[error("{0}")]
    Internal(String),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::Internal(error.to_string())
    }
}
