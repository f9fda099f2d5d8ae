//! Whether the file of a database is whole, as far as SQLite can tell.

use crate::Error;
use rusqlite::{Connection, Row};
use std::path::Path;

/// What SQLite finds wrong with the database at `path`: its pages and indexes, and rows that
/// name others which are not there. It may write beside the file, so that a caller who wants
/// nothing changed hands it a copy.
///
/// # Errors
/// When it is no database, or cannot be read.
pub fn check_database(path: &Path) -> Result<Vec<String>, Error> {
    let doing = "check alert database";
    let connection = Connection::open(path).map_err(Error::sqlite(doing))?;
    let ask = |statement, line: fn(&Row<'_>) -> rusqlite::Result<String>| {
        let mut statement = connection.prepare(statement)?;
        let lines = statement.query_map([], line)?;
        lines.collect::<rusqlite::Result<Vec<String>>>()
    };
    let pages = ask("PRAGMA integrity_check", |row| row.get(0));
    let mut found = pages.map_err(Error::sqlite(doing))?;
    found.retain(|line| line != "ok");
    let orphans = ask("PRAGMA foreign_key_check", |row| {
        let (of, named): (String, String) = (row.get(0)?, row.get(2)?);
        Ok(format!("a row of {of} names one of {named} that is not there"))
    });
    found.extend(orphans.map_err(Error::sqlite(doing))?);
    Ok(found)
}
