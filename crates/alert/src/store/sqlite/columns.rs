//! Columns of one row as what they mean. What stands there may be anything: people have
//! the file too.

use crate::Error;
use crate::time::{from_column, to_column};
use model::{Labels, Span, Timestamp};
use rusqlite::types::FromSql;
use rusqlite::{Connection, Params, Row};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// A row of a table.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    table: &'static str,
}

impl Columns<'_> {
    /// A column as SQLite has it.
    pub fn get<T: FromSql>(&self, name: &'static str) -> Result<T, Error> {
        self.row.get(name).map_err(Error::sqlite("read column"))
    }

    pub fn time(&self, name: &'static str) -> Result<Timestamp, Error> {
        let text: String = self.get(name)?;
        from_column(&text).ok_or_else(|| self.corrupt(name, text, "a time in RFC 3339"))
    }

    pub fn maybe_time(&self, name: &'static str) -> Result<Option<Timestamp>, Error> {
        match self.get::<Option<String>>(name)? {
            Some(_) => self.time(name).map(Some),
            None => Ok(None),
        }
    }

    pub fn nanos(&self, name: &'static str) -> Result<Option<Timestamp>, Error> {
        Ok(self.get::<Option<i64>>(name)?.map(Timestamp))
    }

    pub fn span(&self, name: &'static str) -> Result<Span, Error> {
        let text: String = self.get(name)?;
        text.parse().map_err(|_| self.corrupt(name, text, "a duration"))
    }

    /// A word that `read` knows.
    pub fn word<T>(
        &self,
        name: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Error> {
        let text: String = self.get(name)?;
        read(&text).ok_or_else(|| self.corrupt(name, text, "one of its words"))
    }

    pub fn json<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, Error> {
        let text: String = self.get(name)?;
        serde_json::from_str(&text).map_err(|_| self.corrupt(name, text, "its JSON"))
    }

    pub fn labels(&self, name: &'static str) -> Result<Labels, Error> {
        Ok(Labels::from_pairs(self.json::<BTreeMap<String, String>>(name)?))
    }

    pub fn corrupt(&self, column: &'static str, value: String, wanted: &'static str) -> Error {
        Error::Corrupt { table: self.table, column, value, wanted }
    }
}

/// Every row `sql` finds in `table`, as `read` makes of it.
pub(super) fn rows<T>(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Columns<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut statement = connection.prepare(sql).map_err(Error::sqlite("prepare query"))?;
    let mut rows = statement.query(params).map_err(Error::sqlite("query"))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(Error::sqlite("read row"))? {
        found.push(read(&Columns { row, table })?);
    }
    Ok(found)
}

/// How many rows `sql` changed.
pub(super) fn change(
    connection: &Connection,
    doing: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<usize, Error> {
    connection.execute(sql, params).map_err(Error::sqlite(doing))
}

/// A time that may be missing, as a column.
pub(super) fn maybe(at: Option<Timestamp>) -> Option<String> {
    at.map(to_column)
}

/// Labels as a JSON object, names sorted.
pub(super) fn labels_column(labels: &Labels) -> String {
    let map: BTreeMap<&str, &str> = labels.iter().map(|(n, v)| (&**n, &**v)).collect();
    json_column(&map)
}

/// Anything as JSON text.
pub(super) fn json_column(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("maps of strings and plain structs serialize")
}
