//! A copy of the database as it is at one moment, while others read and write it.

use super::BUSY_TIMEOUT;
use crate::Error;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// Copies the database at `from` into the new file `to`, which the caller makes durable.
///
/// # Errors
/// When `from` is no database or cannot be read, or `to` is there or cannot be written.
pub fn copy_database(from: &Path, to: &Path) -> Result<(), Error> {
    let doing = "copy alert database";
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags).map_err(Error::sqlite(doing))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(Error::sqlite(doing))?;
    let invalid = || Error::sqlite(doing)(rusqlite::Error::InvalidPath(to.to_owned()));
    let name = to.to_str().ok_or_else(invalid)?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(Error::sqlite(doing))?;
    Ok(())
}
