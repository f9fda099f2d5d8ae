//! Why an agent does not start, or had to stop.

use std::io;
use std::path::PathBuf;

/// Why an agent does not run. What goes wrong later it tells its log, and goes on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting cannot be what it is.
    #[error("agent configuration: {key} {what}")]
    Config {
        /// The key.
        key: &'static str,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// The folder of the buffer cannot be used.
    #[error("agent buffer {}: {what}: {source}; set buffer_dir to a folder it may write to", .dir.display())]
    Buffer {
        /// The folder.
        dir: PathBuf,
        /// What was tried.
        what: &'static str,
        /// How it failed.
        source: io::Error,
    },
    /// Another agent uses the folder of the buffer.
    #[error("agent buffer {}: another agent uses it; stop that one or set another buffer_dir", .dir.display())]
    BufferInUse {
        /// The folder.
        dir: PathBuf,
    },
}
