//! Where rows are written.

use crate::row::Rows;
use crate::{Target, WriteReport};

/// Why nothing of a body can be promised to be kept.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WriteError {
    /// Memory for unwritten data is full; the same body may be sent again later.
    #[error("overloaded: {what}; send the same body again after {retry_after_secs} s")]
    Overloaded {
        /// What is full.
        what: String,
        /// When to try again.
        retry_after_secs: u32,
    },
    /// The database does not exist and may not be made by a write.
    #[error("database not found: {name:?}")]
    NoDatabase {
        /// Its name.
        name: String,
    },
    /// The retention policy does not exist.
    #[error("retention policy not found: {name}")]
    NoPolicy {
        /// Its name.
        name: String,
    },
    /// A name in the target cannot be one.
    #[error("{what}")]
    BadTarget {
        /// Which name, and why.
        what: String,
    },
    /// The disk is full; nothing was acknowledged, queries go on.
    #[error("no space left: {what}")]
    DiskFull {
        /// Which file, and what to do.
        what: String,
    },
    /// The disk failed; nothing was acknowledged.
    #[error("write failed: {what}")]
    Failed {
        /// Which file, and how.
        what: String,
    },
    /// The server is on its way down.
    #[error("shutting down: send the same body again after the restart")]
    ShuttingDown,
}

/// Is told what became of a body, once that is known; perhaps on another thread.
pub type Kept = Box<dyn FnOnce(Result<WriteReport, WriteError>) + Send>;

/// A place that keeps rows.
pub trait Sink: Send + Sync {
    /// Keeps every row that `rows` lends, or refuses it with its reason. Returns once what
    /// is reported as kept is on disk and visible to the next query.
    ///
    /// # Errors
    /// When nothing can be promised; the same body may then be sent again.
    fn write(&self, target: &Target, rows: &mut dyn Rows) -> Result<WriteReport, WriteError>;

    /// The same without waiting for the disk: takes the rows in and returns; `kept` is told
    /// once they are on disk, for which some thread must [`Sink::commit`]. Where taking them
    /// in would have to wait for room, nothing is read of `rows`, and `kept` is given back.
    fn begin(&self, target: &Target, rows: &mut dyn Rows, kept: Kept) -> Option<Kept>;

    /// Returns once everybody was told whose body was begun before.
    fn commit(&self);
}
