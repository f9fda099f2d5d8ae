use super::*;
use crate::store::{contract, read, write};
use std::path::PathBuf;

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("alerts.db")
}

#[test]
fn it_does_what_every_store_must() {
    let folder = tempfile::tempdir().unwrap();
    contract::check(&Sqlite::open(&file(&folder)).unwrap());
}

#[test]
fn what_is_written_survives_its_writer() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&file(&folder)).unwrap();
    write(&store, |tx| tx.insert_rule(&contract::rule("kept"))).unwrap();
    // Not closed: as a process that was killed leaves it.
    std::mem::forget(store);
    let again = Sqlite::open(&file(&folder)).unwrap();
    assert_eq!(read(&again, |r| r.rule("kept")).unwrap(), Some(contract::rule("kept")));
}

#[test]
fn a_database_of_a_later_version_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(Sqlite::open(&file(&folder)).unwrap());
    let raw = Connection::open(file(&folder)).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    let said = Sqlite::open(&file(&folder)).err().unwrap().to_string();
    assert!(said.contains("schema version 99 is newer than 1"), "{said}");
    let version: i64 = raw.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 99);
}

#[test]
fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(file(&folder), "a shopping list, rather longer than a header".repeat(99))
        .unwrap();
    assert!(Sqlite::open(&file(&folder)).is_err());
    assert!(Sqlite::open(&folder.path().join("no/such/folder.db")).is_err());
}

#[test]
fn durability_is_what_it_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&file(&folder)).unwrap();
    for connection in [store.writer.lock(), store.reader.lock()] {
        let text = |name| connection.pragma_query_value(None, name, |row| row.get::<_, String>(0));
        let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        assert_eq!(text("journal_mode").unwrap(), "wal");
        assert_eq!(number("synchronous").unwrap(), 2, "FULL");
        assert_eq!(number("foreign_keys").unwrap(), 1);
    }
}

#[test]
fn a_damaged_row_is_named_and_nothing_panics() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&file(&folder)).unwrap();
    write(&store, |tx| tx.insert_rule(&contract::rule("r"))).unwrap();
    let raw = Connection::open(file(&folder)).unwrap();
    for (column, value) in [("created_at", "soon"), ("duration", "long"), ("notify", "nobody")] {
        let sql = format!("UPDATE alerts SET {column} = ?1");
        let good: String =
            raw.query_row(&format!("SELECT {column} FROM alerts"), [], |row| row.get(0)).unwrap();
        raw.execute(&sql, [value]).unwrap();
        let said = read(&store, |reader| reader.rules()).err().unwrap().to_string();
        assert!(said.contains(column) && said.contains(value), "{said}");
        raw.execute(&sql, [&good]).unwrap();
    }
    assert_eq!(read(&store, |reader| reader.rules()).unwrap().len(), 1);
}

#[test]
fn the_documents_query_works() {
    let folder = tempfile::tempdir().unwrap();
    drop(Sqlite::open(&file(&folder)).unwrap());
    let raw = Connection::open(file(&folder)).unwrap();
    let document = include_str!("../../../SCHEMA.md");
    let blocks: Vec<_> =
        document.split("```sql").skip(1).filter_map(|b| b.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for sql in blocks {
        raw.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
    // Every column of every table is explained.
    let mut tables = raw
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .unwrap();
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for table in tables {
        assert!(document.contains(&format!("## {table}")), "{table}");
        let mut columns =
            raw.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).unwrap();
        for column in columns.query_map([], |row| row.get::<_, String>(0)).unwrap() {
            let column = column.unwrap();
            assert!(document.contains(&format!("`{column}`")), "{table}.{column}");
        }
    }
}

#[test]
fn a_long_history_does_not_slow_the_outbox_down() {
    let folder = tempfile::tempdir().unwrap();
    drop(Sqlite::open(&file(&folder)).unwrap());
    let raw = Connection::open(file(&folder)).unwrap();
    for sql in outbox::statements() {
        let mut plan = raw.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = plan.parameter_count();
        let nulls = vec![rusqlite::types::Null; count];
        let steps = plan.query_map(rusqlite::params_from_iter(nulls), |row| row.get("detail"));
        let steps: Vec<String> = steps.unwrap().map(Result::unwrap).collect();
        for step in steps.iter().filter(|step| step.contains("SCAN") || step.contains("SEARCH")) {
            let narrow = step.contains("INDEX") || step.contains("PRIMARY KEY");
            assert!(narrow, "{sql}\nreads the whole table: {steps:#?}");
        }
    }
}
