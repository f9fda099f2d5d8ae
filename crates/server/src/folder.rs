//! The commands that look at a data folder themselves, without a server.

pub mod backup;
pub mod inspect;
mod progress;
pub mod scratch;
pub mod verify;

use crate::error::Error;
use std::io::Write;
use std::path::Path;

/// The fault of a command that only reads: a server that runs is no reason to stop it.
fn fault(error: storage::Error) -> Error {
    match error {
        storage::Error::InUse { folder } => in_use(&folder),
        other => Error::Failed(other.to_string()),
    }
}

fn in_use(folder: &Path) -> Error {
    Error::Failed(format!(
        "{} is in use by a running server: look at a snapshot of it (POST /api/v1/admin/tsdb/snapshot makes one in its folder snapshots), or stop the server",
        folder.display()
    ))
}

/// Prints to the end; a reader such as `head` that has gone away is no failure.
pub fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Bytes as people read them, such as `1.5 MiB`.
pub fn bytes(count: u64) -> String {
    let mut scaled = count as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter().peekable();
    while let Some(unit) = units.next() {
        if scaled < 1024.0 || units.peek().is_none() {
            let digits = usize::from(unit != "B" && scaled < 100.0);
            return format!("{scaled:.digits$} {unit}");
        }
        scaled /= 1024.0;
    }
    unreachable!("the last unit has no bound")
}

#[cfg(test)]
mod tests;
