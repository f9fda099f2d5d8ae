//! Files of the log: their names and their headers.

use crate::envelope::{ENVELOPE_BYTES, Seal};
use crate::error::Error;
use std::path::{Path, PathBuf};

/// What a segment's header is.
const SEAL: Seal = Seal { magic: b"BAROWAL\0", version: 1, what: "log segment header" };
/// How long the header is.
pub const HEADER_BYTES: usize = ENVELOPE_BYTES + 8;
const SUFFIX: &str = ".wal";
// `FORMAT.md` names it.
const _: () = assert!(HEADER_BYTES == 21);

/// Where the segment with this number is.
pub fn path(folder: &Path, number: u64) -> PathBuf {
    // Sixteen digits of hexadecimal, so that names sort as numbers do.
    folder.join(format!("{number:016x}{SUFFIX}"))
}

/// The number in the name of a segment; none where it is no segment.
pub fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    (digits.len() == 16).then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}

/// What a segment begins with.
pub fn header(number: u64) -> Vec<u8> {
    SEAL.wrap(&number.to_le_bytes())
}

/// Checks what a segment begins with.
///
/// # Errors
/// When it is of another version, damaged, or of another segment.
pub fn check_header(bytes: &[u8], number: u64, path: &Path) -> Result<(), Error> {
    let header = bytes.get(..HEADER_BYTES).unwrap_or(bytes);
    let body = SEAL.unwrap(header, path, 0)?;
    if body == number.to_le_bytes() {
        return Ok(());
    }
    Err(Error::damaged(path, 9, "log segment header has the number of another segment"))
}
