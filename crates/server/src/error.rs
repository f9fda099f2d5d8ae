//! Why the program ends with a failure, and with which exit code.

use std::io::ErrorKind;
use std::path::PathBuf;

/// Exit code where the command line or a file it names is wrong.
pub const EXIT_USAGE: u8 = 2;
/// Exit code where anything else went wrong.
pub const EXIT_FAILURE: u8 = 1;

/// Why the program ends. Each message is one line: what, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration file is wrong.
    #[error(transparent)]
    Config(#[from] crate::config::Fault),
    /// The command line, or a value it gives, is wrong.
    #[error("{0}")]
    Usage(String),
    /// The address cannot be listened on.
    #[error("listen on {address}: {what}")]
    Listen {
        /// The address as it was given.
        address: String,
        /// Why not, and what to do.
        what: String,
    },
    /// The store does not open.
    #[error("{0}{advice}", advice = advice(.0))]
    Store(#[from] storage::Error),
    /// The alert room does not open.
    #[error("open the rules in {}: {what}", .path.display())]
    Alerts {
        /// The database file.
        path: PathBuf,
        /// Why not.
        what: String,
    },
    /// A part of the running server failed.
    #[error("{0}")]
    Failed(String),
    /// There is no room for what was to be written.
    #[error("{0}: free some space there, or choose another place, then run it again")]
    Full(String),
    /// A server that was asked refused, or does not answer.
    #[error("{0}")]
    Client(String),
}

impl Error {
    /// The exit code that goes with it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Usage(_) => EXIT_USAGE,
            _ => EXIT_FAILURE,
        }
    }
}

/// What to do about a store that does not open, where the error does not say it itself.
fn advice(error: &storage::Error) -> &'static str {
    let storage::Error::Io(error) = error else {
        return match error {
            storage::Error::Damaged { .. } => {
                ": restore that file from a backup, or choose another folder with --data-dir; nothing was changed"
            }
            _ => "",
        };
    };
    match error.kind() {
        ErrorKind::PermissionDenied => {
            ": let this user read and write it, or choose another folder with --data-dir"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ": free some space and start again; nothing was lost"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            ": that is no folder; choose one with --data-dir"
        }
        _ => ": see to the disk, or choose another folder with --data-dir; nothing was lost",
    }
}

#[cfg(test)]
mod tests;
