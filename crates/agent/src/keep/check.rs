//! Reads every record of a buffer on disk, and changes nothing.

use super::Limits;
use super::buffer::list;
use super::segment::{self, Next, Reader};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A place of a buffer that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The segment.
    pub path: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// What is there, and what becomes of it.
    pub what: String,
}

/// What a buffer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Segments.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether an agent has the buffer, so that nothing was read.
    pub is_in_use: bool,
    /// What cannot be read. The end of a segment that a kill cut off is among it.
    pub lost: Vec<Lost>,
}

/// Whether a folder holds, or held, an agent's buffer.
pub fn is_buffer(dir: &Path) -> bool {
    dir.join("lock").exists() && list(dir).is_ok_and(|all| !all.is_empty())
}

/// Reads every record of the buffer in `dir`.
///
/// # Errors
/// When the folder or a segment cannot be read.
pub fn check_buffer(dir: &Path) -> io::Result<Checked> {
    let lock = File::open(dir.join("lock"))?;
    match lock.try_lock_shared() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Ok(Checked { is_in_use: true, ..Checked::default() });
        }
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut checked = Checked::default();
    for segment in list(dir)? {
        checked.segments += 1;
        checked.bytes += segment.bytes;
        if let Some((offset, what)) = check_segment(dir, segment.id)? {
            checked.lost.push(Lost { path: segment::path(dir, segment.id), offset, what });
        }
    }
    Ok(checked)
}

/// Where a segment cannot be read any more, and why; none where all of it can.
fn check_segment(dir: &Path, id: u64) -> io::Result<Option<(u64, String)>> {
    let reader = Reader::open(dir, id)?;
    let Some(mut offset) = reader.start()? else {
        return Ok(Some((0, "is no segment of this version; the agent passes it over".into())));
    };
    let mut payload = Vec::new();
    let all = Limits { lines: usize::MAX, bytes: usize::MAX };
    loop {
        payload.clear();
        match reader.read(offset, all, &mut payload)? {
            Next::Record { end, .. } => offset = end,
            Next::Damaged { bytes } => {
                let what = format!("{bytes} bytes are no records; the agent passes them over");
                return Ok(Some((offset, what)));
            }
            Next::NoRoom | Next::End => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
